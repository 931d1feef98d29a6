//! Noticing that most rows of a table are not there, although nobody told of their deletion.

use std::collections::BTreeSet;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::prepare::Prepared;
use crate::model::{Action, Content, CouplingState, FreezeCause, JournalEntry, Outcome, RowId, Side};
use crate::store::{Snapshot, StoreError};
use crate::sync;

use super::freeze::freeze;

/// The ids of a table, as bytes.
pub type Present = BTreeSet<[u8; 16]>;

/// Lists the ids of a table.
pub async fn list(prepared: &Prepared, side: Side) -> Result<Present, EngineError> {
    let mut present = Present::new();
    let mut page = None;
    loop {
        let answer = prepared.systems[side].ids(&prepared.mapping.tables[side], page.as_ref()).await?;
        present.extend(answer.ids.iter().map(RowId::to_bytes));
        page = answer.next;
        if page.is_none() {
            return Ok(present);
        }
    }
}

/// Freezes the connection where most of the coupled rows of a table are missing from its listing (I14).
pub fn check(engine: &Engine, prepared: &Prepared, side: Side, present: &Present) -> Result<(), EngineError> {
    let (coupled, gone) = count(engine, &engine.store().snapshot()?, prepared, side, present)?;
    if !sync::is_wiped(coupled, gone) {
        return Ok(());
    }
    let table = prepared.mapping.tables[side].clone();
    let cause = FreezeCause::Wiped { table, coupled, gone };
    Err(freeze(engine, &prepared.mapping.connections[side], cause)?)
}

/// Counts the rows that ought to be there, and those of them that are not. Rows suspected or known to be gone before, and
/// those nothing was agreed about yet, are expected nowhere; nor are those that Tandem deleted for another mapping.
fn count(
    engine: &Engine,
    snapshot: &Snapshot,
    prepared: &Prepared,
    side: Side,
    present: &Present,
) -> Result<(u64, u64), StoreError> {
    let (mut coupled, mut gone, mut after) = (0, 0, None);
    loop {
        let couplings = snapshot.couplings(prepared.name(), after, 500)?;
        let Some(last) = couplings.last() else { return Ok((coupled, gone)) };
        after = Some(last.id);
        for coupling in couplings {
            let is_active = matches!(coupling.state, CouplingState::Active { .. });
            if !is_active || coupling.base.0.is_empty() {
                continue;
            }
            let row = &coupling.rows[side];
            let seen = snapshot.observation(prepared.name(), side, row)?.map(|seen| seen.content);
            if matches!(seen, Some(Content::Gone(_) | Content::Missing { .. })) {
                continue;
            }
            let is_gone = !present.contains(&row.to_bytes());
            if is_gone && is_deleted_by_us(engine, snapshot, prepared, side, row)? {
                continue;
            }
            coupled += 1;
            gone += u64::from(is_gone);
        }
    }
}

/// Returns whether the journal tells that Tandem deleted a row, whichever mapping of its table asked for that.
fn is_deleted_by_us(
    engine: &Engine,
    snapshot: &Snapshot,
    prepared: &Prepared,
    side: Side,
    row: &RowId,
) -> Result<bool, StoreError> {
    let (connection, table) = (&prepared.mapping.connections[side], &prepared.mapping.tables[side]);
    for (mapping, side) in engine.config().mappings_of(connection, table) {
        let is_deletion = |entry: &JournalEntry| {
            let is_of_row = entry.side == side && entry.row.as_ref() == Some(row);
            let is_done = matches!(entry.outcome, Outcome::Done | Outcome::DoneUnguarded);
            entry.action == Action::Deleted && is_of_row && is_done
        };
        let entries = snapshot.journal_of_row(&mapping.name, side, row, None, usize::MAX)?;
        if entries.iter().any(|(_, entry)| is_deletion(entry)) {
            return Ok(true);
        }
    }
    Ok(false)
}
