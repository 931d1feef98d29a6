//! Looking, before anything is written, whether the rows seen last still are there and as far as they were.
//!
//! It costs one read by key for each table whose rows may be written or passed on; a run with nothing to do looks only at
//! the table that changed last.

use std::collections::{BTreeMap, BTreeSet};

use tracing::info;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::feed::Read;
use crate::agent::plan::gather::{Tries, ready};
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::model::{ConnectionName, RowId, Side, TableName, Timestamp, Trace};
use crate::store::StoreError;
use crate::sync;
use crate::systems::KeyedRead;

use super::examine::{Suspicion, examine};
use super::traces::Traces;

/// How many rows of a table are looked at.
const LOOKED_AT: usize = 5;

/// Which mappings may go on.
#[derive(Debug, Default)]
pub struct Sound {
    frozen: BTreeSet<ConnectionName>,
    unclear: BTreeSet<(ConnectionName, TableName)>,
}

impl Sound {
    /// Returns whether both systems of a mapping are the ones that were read.
    #[must_use]
    pub fn allows(&self, prepared: &Prepared) -> bool {
        let mapping = &prepared.mapping;
        Side::BOTH.iter().all(|side| {
            let place = (mapping.connections[*side].clone(), mapping.tables[*side].clone());
            !self.frozen.contains(&place.0) && !self.unclear.contains(&place)
        })
    }

    fn leave(&mut self, connection: &ConnectionName) {
        self.frozen.insert(connection.clone());
    }
}

/// Leaves out the connections that were frozen meanwhile.
pub fn still_sound(engine: &Engine, prepared: &[Prepared], mut sound: Sound) -> Result<Sound, StoreError> {
    let snapshot = engine.store().snapshot()?;
    for connection in tables(prepared.iter()).keys() {
        if snapshot.freeze(connection)?.is_some() {
            sound.leave(connection);
        }
    }
    Ok(sound)
}

/// Looks at every connection whose tables were read. What cannot be looked at is left alone in this run, and never taken for
/// set back.
pub async fn look(
    engine: &Engine,
    prepared: &[Prepared],
    known: &Traces,
    read: &Read,
    state: &mut RunState,
    is_scheduled: bool,
) -> Result<Sound, StoreError> {
    let mut sound = Sound::default();
    // A table that cannot be read holds up nothing but itself (I26).
    let readable: Vec<_> = prepared.iter().filter(|mapping| read.is_complete(mapping)).cloned().collect();
    let looks_at_all = !is_scheduled || is_anything_ready(engine, prepared)?;
    for (connection, tables) in tables(readable.iter()) {
        if engine.store().snapshot()?.freeze(&connection)?.is_some() {
            sound.leave(&connection);
            continue;
        }
        let latest = tables.keys().max_by_key(|table| latest(known, &connection, table)).cloned();
        let mut suspicion = Suspicion::default();
        for (table, (mapping, side)) in tables {
            if !looks_at_all && Some(&table) != latest.as_ref() {
                continue;
            }
            let traces = known.get(&(connection.clone(), table.clone())).map_or(&[][..], Vec::as_slice);
            let outcome = look_at(mapping, side, &traces[..traces.len().min(LOOKED_AT)]).await;
            match state.note(None, outcome)? {
                Some(behind) if behind.is_empty() => {}
                Some(behind) => suspicion.note(&table, behind),
                None => {
                    sound.unclear.insert((connection.clone(), table));
                }
            }
        }
        if !suspicion.is_empty() {
            info!(%connection, "Rows seen last are gone or older; looking closer");
            let outcome = examine(engine, &readable, known, &connection, suspicion).await;
            if state.note(None, outcome)?.is_none() {
                sound.leave(&connection);
            }
        }
    }
    Ok(sound)
}

/// The tables of each connection, each with a mapping that reads it.
type Tables<'a> = BTreeMap<ConnectionName, BTreeMap<TableName, (&'a Prepared, Side)>>;

fn tables<'a>(prepared: impl Iterator<Item = &'a Prepared>) -> Tables<'a> {
    let mut tables = Tables::new();
    for (mapping, side) in prepared.flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
        let of_connection = tables.entry(mapping.mapping.connections[side].clone()).or_default();
        of_connection.entry(mapping.mapping.tables[side].clone()).or_insert((mapping, side));
    }
    tables
}

fn latest(known: &Traces, connection: &ConnectionName, table: &TableName) -> Option<Timestamp> {
    known.get(&(connection.clone(), table.clone()))?.first()?.modified_at
}

/// Returns whether a pass may write: some row waits for nothing.
fn is_anything_ready(engine: &Engine, prepared: &[Prepared]) -> Result<bool, StoreError> {
    let snapshot = engine.store().snapshot()?;
    for (mapping, side) in prepared.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
        if !ready(&snapshot, mapping.name(), side, &Tries::default())?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads traced rows by key. Returns those that are gone, or behind where they were, as they are found.
async fn look_at(
    prepared: &Prepared,
    side: Side,
    traces: &[Trace],
) -> Result<BTreeMap<RowId, Option<Trace>>, EngineError> {
    let rows: Vec<_> = traces.iter().map(|trace| trace.row.clone()).collect();
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (table, columns) = (&prepared.mapping.tables[side], &prepared.columns[side]);
    let reads = prepared.systems[side].rows(table, columns, &rows).await?;
    let behind = traces.iter().zip(reads).filter_map(|(seen, read)| match read {
        KeyedRead::Found(row) => {
            let found = Trace::of(&row);
            sync::is_older(&found, seen).then(|| (seen.row.clone(), Some(found)))
        }
        KeyedRead::Absent => Some((seen.row.clone(), None)),
        KeyedRead::Unreadable(_) => None,
    });
    Ok(behind.collect())
}
