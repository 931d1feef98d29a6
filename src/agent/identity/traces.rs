//! Keeping where rows were last seen, so that a system that was set back shows.

use std::collections::BTreeMap;

use crate::agent::prepare::Prepared;
use crate::model::{ConnectionName, Row, RowId, Side, TableName, Trace};
use crate::store::{Snapshot, StoreError, Transaction};
use crate::sync;

/// The traces of every table as they were when a run began: what the run itself reads must not take their place.
pub type Traces = BTreeMap<(ConnectionName, TableName), Vec<Trace>>;

/// Returns the traces of all tables that the mappings use.
pub fn known(snapshot: &Snapshot, prepared: &[Prepared]) -> Result<Traces, StoreError> {
    let mut traces = Traces::new();
    for (mapping, side) in prepared.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
        let (connection, table) = (&mapping.mapping.connections[side], &mapping.mapping.tables[side]);
        traces.insert((connection.clone(), table.clone()), snapshot.traces(connection, table)?);
    }
    Ok(traces)
}

/// Keeps the traces of rows just seen, and drops those of rows whose deletion was told.
pub fn note<'a>(
    transaction: &mut Transaction,
    connection: &ConnectionName,
    table: &TableName,
    rows: impl IntoIterator<Item = &'a Row>,
    deleted: &[RowId],
) -> Result<(), StoreError> {
    let known = transaction.traces(connection, table)?;
    let traces = sync::keep(known.clone(), rows.into_iter().map(Trace::of), deleted);
    if traces == known {
        return Ok(());
    }
    transaction.put_traces(connection, table, &traces)
}

/// Puts what was found in the place of traces that told nothing.
pub fn correct(
    transaction: &mut Transaction,
    connection: &ConnectionName,
    table: &TableName,
    found: &BTreeMap<RowId, Option<Trace>>,
) -> Result<(), StoreError> {
    let known = transaction.traces(connection, table)?;
    let kept = known.into_iter().filter(|trace| !found.contains_key(&trace.row)).collect();
    let traces = sync::keep(kept, found.values().flatten().cloned(), &[]);
    transaction.put_traces(connection, table, &traces)
}
