//! Decisions that concern the store alone: what agrees becomes base, and rows are parked.

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::agent::report::{Line, LineAction, reason_text};
use crate::agent::run_state::RunState;
use crate::model::{ConflictKind, Content, Coupling, Pair, Reason, Row, Side, Standing, WakeCondition};
use crate::store::StoreError;
use crate::sync::{Drifted, Merge};

use super::conflicts;
use super::gather::authors;

/// Nothing is to be written: what agrees becomes base, and both rows are settled. One that holds what the mapping lets
/// stand of another side's field waits for the owner's next edit.
pub fn settle(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    mut coupling: Coupling,
    merge: &Merge,
) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    for (field, value) in &merge.agreed.0 {
        coupling.base.set(field.clone(), value.clone());
    }
    for side in Side::BOTH {
        let observation = transaction.observation(prepared.name(), side, &coupling.rows[side])?;
        let Some(Content::Row(row)) = observation.map(|observation| observation.content) else { continue };
        match drift_reason(&merge.drifts, side) {
            Some(reason) => {
                let wake = WakeCondition::RowChanges;
                if matches!(reason, Reason::Drifted { .. }) {
                    state.report.add(leave_line(prepared, &coupling.label, &reason));
                }
                let observer = Observer { prepared, now: engine.now() };
                observer.park(&mut transaction, side, &row.id, Standing::Parked { reason, wake })?;
            }
            None => {
                coupling.versions[side] = row.version;
                transaction.remove_observation(prepared.name(), side, &coupling.rows[side])?;
            }
        }
    }
    transaction.put_coupling(&coupling)?;
    conflicts::close_if_settled(engine, prepared, &mut transaction, state, &coupling)?;
    transaction.commit()
}

/// Says what was changed on a side that does not own it: what the mapping wants listed, else that there is something.
fn drift_reason(drifts: &[Drifted], side: Side) -> Option<Reason> {
    let here = || drifts.iter().filter(|drift| drift.on == side);
    let listed: Vec<_> = here().filter(|drift| drift.is_reported).map(|drift| drift.field.as_str()).collect();
    if listed.is_empty() {
        return here().next().map(|_| Reason::DriftKept { on: side });
    }
    Some(Reason::Drifted { on: side, fields: listed.join(", ") })
}

/// Before a write leaves: fields that agree become base (I32), and what collides is raised. Returns whether only that
/// is left to do.
pub fn agree(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
    merge: &Merge,
    rows: &Pair<Option<Row>>,
) -> Result<(), StoreError> {
    if !merge.agreed.0.is_empty() {
        let mut transaction = engine.store().transaction()?;
        let mut coupling = coupling.clone();
        for (field, value) in &merge.agreed.0 {
            coupling.base.set(field.clone(), value.clone());
        }
        transaction.put_coupling(&coupling)?;
        transaction.commit()?;
    }
    let is_written = Side::BOTH.iter().any(|side| !merge.writes[*side].0.is_empty());
    if is_written || merge.conflicts.is_empty() {
        // What collides is raised when the rest has arrived, in the next round.
        return Ok(());
    }
    let kind = ConflictKind::Fields(merge.conflicts.clone());
    conflicts::raise(engine, prepared, state, coupling, kind, authors(rows))
}

/// Leaves both rows of a coupling alone, and says why.
pub fn park(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
    standing: &Standing,
    reason: &Reason,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let mut transaction = engine.store().transaction()?;
    for side in Side::BOTH {
        observer.park(&mut transaction, side, &coupling.rows[side], standing.clone())?;
    }
    transaction.commit()?;
    state.report.add(leave_line(prepared, &coupling.label, reason));
    Ok(())
}

/// Returns the line of a report for a row left alone.
pub fn leave_line(prepared: &Prepared, label: &str, reason: &Reason) -> Line {
    Line {
        mapping: prepared.name().to_string(),
        action: LineAction::Leave,
        on: None,
        row: label.to_owned(),
        fields: Vec::new(),
        note: Some(reason_text(reason, &prepared.mapping)),
    }
}
