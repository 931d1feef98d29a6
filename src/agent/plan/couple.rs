//! Finding partners for rows that have none, and saying what becomes of the rest.

use std::collections::BTreeMap;

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::agent::report::{Line, LineAction};
use crate::agent::run_state::RunState;
use crate::agent::write::in_doubt::InDoubt;
use crate::model::{
    Action, CauseOfWrite, Content, Coupling, CouplingState, FieldId, JournalEntry, Outcome, Pair, Reason,
    Record, Row, RowId, Side, Standing, WakeCondition,
};
use crate::store::{Snapshot, StoreError, Transaction};
use crate::sync::{self, Keys, Matching};

use super::standing::wake_waiting;

/// How many couplings one transaction makes.
const BATCH: usize = 500;

/// Looks for partners among all uncoupled rows of a mapping, if any of them is ready. Returns whether it did anything.
///
/// Rows without partner that may be created stay ready: `pass` creates them. All others are parked with the reason.
pub fn couple(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<bool, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let lonely = Lonely::gather(engine, prepared, &snapshot)?;
    drop(snapshot);
    if !lonely.is_any_ready {
        return Ok(false);
    }
    let matching = sync::find_partners(lonely.keys.as_ref().map(Vec::as_slice));
    for batch in matching.couples.chunks(BATCH) {
        let mut transaction = engine.store().transaction()?;
        for (rows, group) in batch {
            let key = key_name(prepared, *group);
            make(engine, prepared, &mut transaction, state, rows, &key)?;
        }
        transaction.commit()?;
    }
    park_rest(engine, prepared, state, &lonely, &matching)?;
    Ok(!matching.couples.is_empty())
}

/// The uncoupled rows of a mapping, as far as matching needs them.
#[derive(Default)]
struct Lonely {
    keys: Pair<Vec<Keys>>,
    labels: Pair<BTreeMap<RowId, String>>,
    is_any_ready: bool,
}

impl Lonely {
    fn gather(engine: &Engine, prepared: &Prepared, snapshot: &Snapshot) -> Result<Self, StoreError> {
        let mut lonely = Self::default();
        let in_doubt = InDoubt::gather(prepared, snapshot)?;
        let observer = Observer { prepared, now: engine.now() };
        for side in Side::BOTH {
            let mut after = None;
            loop {
                let page = snapshot.observations(prepared.name(), side, after.take(), BATCH)?;
                let Some(last) = page.last() else { break };
                after = Some(last.row.clone());
                for observation in page {
                    let is_coupled = snapshot.coupling_of(prepared.name(), side, &observation.row)?.is_some();
                    let Content::Row(row) = &observation.content else { continue };
                    if is_coupled || in_doubt.holds(side, &observation.row) {
                        continue;
                    }
                    // A row refused or unfit as a new one still is a partner for a row that turns up.
                    lonely.is_any_ready |= observation.standing == Standing::Ready;
                    if let Ok(record) = observer.record(snapshot, side, row)? {
                        lonely.add(prepared, &observer, side, row, &record);
                    }
                }
            }
        }
        Ok(lonely)
    }

    fn add(&mut self, prepared: &Prepared, observer: &Observer<'_>, side: Side, row: &Row, record: &Record) {
        self.labels[side].insert(row.id.clone(), observer.label(side, row));
        self.keys[side].push(sync::keys_of(&prepared.mapping, row.id.clone(), record));
    }
}

fn key_name(prepared: &Prepared, group: usize) -> String {
    let fields: Vec<_> = prepared.mapping.match_by[group].iter().map(FieldId::as_str).collect();
    fields.join(" and ")
}

fn make(
    engine: &Engine,
    prepared: &Prepared,
    transaction: &mut Transaction,
    state: &mut RunState,
    rows: &Pair<RowId>,
    key: &str,
) -> Result<(), StoreError> {
    let name = prepared.name();
    let observer = Observer { prepared, now: engine.now() };
    let mut versions = Pair::default();
    let mut label = rows.left.to_string();
    for side in Side::BOTH {
        observer.wake(transaction, side, &rows[side])?;
        let observation = transaction.observation(name, side, &rows[side])?;
        if let Some(Content::Row(row)) = observation.map(|observation| observation.content) {
            if side == Side::Left {
                label = observer.label(side, &row);
            }
            versions[side] = row.version;
        }
    }
    let coupling = Coupling {
        id: transaction.next_coupling_id()?,
        mapping: name.clone(),
        rows: rows.clone(),
        base: Record::default(),
        versions,
        state: CouplingState::IN_SCOPE,
        label: label.clone(),
    };
    transaction.put_coupling(&coupling)?;
    wake_waiting(engine, transaction, &coupling)?;
    transaction.add_journal(&JournalEntry {
        run: state.id,
        at: engine.now(),
        mapping: name.clone(),
        action: Action::Coupled,
        side: Side::Left,
        row: Some(rows.left.clone()),
        label: label.clone(),
        cause: CauseOfWrite::Match { key: key.to_owned() },
        fields: Vec::new(),
        outcome: Outcome::Done,
    })?;
    state.counts(name).coupled += 1;
    state.report.add(Line {
        mapping: name.to_string(),
        action: LineAction::Couple,
        on: None,
        row: label,
        fields: Vec::new(),
        note: Some(format!("same {key}")),
    });
    Ok(())
}

/// Parks the ready rows that found no partner and must not be created, and says why.
fn park_rest(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    lonely: &Lonely,
    matching: &Matching,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let mut transaction = engine.store().transaction()?;
    for side in Side::BOTH {
        for keys in &lonely.keys[side] {
            let is_coupled = transaction.coupling_of(prepared.name(), side, &keys.row)?.is_some();
            let standing = transaction
                .observation(prepared.name(), side, &keys.row)?
                .map(|observation| observation.standing);
            if is_coupled {
                continue;
            }
            let doubt = matching.doubts[side].get(&keys.row);
            let reason = match (doubt, &standing) {
                (Some(doubt), _) => {
                    Reason::Ambiguous { key: doubt.key.clone(), candidates: doubt.candidates }
                }
                // What was doubtful and no longer is may be created.
                (None, Some(Standing::Parked { reason: Reason::Ambiguous { .. }, .. } | Standing::Ready))
                    if prepared.mapping.create[side.other()] =>
                {
                    observer.wake(&mut transaction, side, &keys.row)?;
                    continue;
                }
                (None, Some(Standing::Parked { reason: Reason::Ambiguous { .. }, .. } | Standing::Ready)) => {
                    Reason::CreateOff { on: side.other() }
                }
                (None, _) => continue,
            };
            let parked = Standing::Parked { reason: reason.clone(), wake: WakeCondition::RowChanges };
            if standing.as_ref() == Some(&parked) {
                continue;
            }
            observer.park(&mut transaction, side, &keys.row, parked)?;
            state.report.add(Line {
                mapping: prepared.name().to_string(),
                action: LineAction::Leave,
                on: None,
                row: lonely.labels[side].get(&keys.row).cloned().unwrap_or_default(),
                fields: Vec::new(),
                note: Some(format!(
                    "in {}: {}",
                    prepared.mapping.connections[side],
                    crate::agent::report::reason_text(&reason, &prepared.mapping)
                )),
            });
        }
    }
    transaction.commit()
}
