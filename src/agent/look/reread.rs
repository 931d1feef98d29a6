//! Reading single rows by key, where a decision needs more than the feed has told.

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::identity::traces;
use crate::agent::prepare::Prepared;
use crate::model::{Content, Row, RowId, Side, Standing, Version};
use crate::store::{StoreError, Transaction};
use crate::systems::KeyedRead;

use super::observe::Observer;

/// How many rows are read before what was seen is stored.
const ROWS_AT_ONCE: usize = 500;

/// Reads rows by key and stores what was seen.
pub async fn reread(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    ids: &[RowId],
) -> Result<(), EngineError> {
    let columns = &prepared.columns[side];
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let reads = prepared.systems[side].rows(&prepared.mapping.tables[side], columns, ids).await?;
        let observer = Observer { prepared, now: engine.now() };
        let mut transaction = engine.store().transaction()?;
        let found = reads.iter().filter_map(|read| match read {
            KeyedRead::Found(row) => Some(row),
            KeyedRead::Absent | KeyedRead::Unreadable(_) => None,
        });
        let (connection, table) = (&prepared.mapping.connections[side], &prepared.mapping.tables[side]);
        traces::note(&mut transaction, connection, table, found, &[])?;
        for (id, read) in ids.iter().zip(reads) {
            match read {
                KeyedRead::Found(row) => {
                    if is_held(&transaction, prepared, side, id)? {
                        observer.row(&mut transaction, side, row)?;
                        continue;
                    }
                    // It was asked for because it is needed, also where its version is known.
                    forget_version(&mut transaction, prepared, side, id)?;
                    observer.row(&mut transaction, side, row.clone())?;
                    if let Some(coupling) = transaction.coupling_of(prepared.name(), side, id)? {
                        observer.keep_of_gone(&mut transaction, &coupling, side, row)?;
                        observer.wake(&mut transaction, side.other(), &coupling.rows[side.other()])?;
                    }
                }
                KeyedRead::Unreadable(error) => observer.unread(&mut transaction, side, error)?,
                KeyedRead::Absent => {
                    super::deletions::suspect(&mut transaction, prepared, side, id, observer.now)?;
                }
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

fn is_held(
    transaction: &Transaction,
    prepared: &Prepared,
    side: Side,
    id: &RowId,
) -> Result<bool, StoreError> {
    let seen = transaction.observation(prepared.name(), side, id)?;
    Ok(seen.is_some_and(|seen| seen.standing == Standing::Held))
}

fn forget_version(
    transaction: &mut Transaction,
    prepared: &Prepared,
    side: Side,
    id: &RowId,
) -> Result<(), StoreError> {
    // That a row was gone has to be known where it is back.
    let seen = transaction.observation(prepared.name(), side, id)?;
    if !seen.is_some_and(|seen| matches!(seen.content, Content::Gone(_))) {
        transaction.remove_observation(prepared.name(), side, id)?;
    }
    if let Some(mut coupling) = transaction.coupling_of(prepared.name(), side, id)? {
        coupling.versions[side] = None;
        transaction.put_coupling(&coupling)?;
    }
    Ok(())
}

/// Returns the rows from which others are to be created. Where reads can be dirty each is read again first: a row that
/// is gone was never committed.
pub async fn confirm(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    rows: Vec<(RowId, Option<Version>)>,
) -> Result<Vec<Row>, EngineError> {
    let ids: Vec<_> = rows.into_iter().map(|(id, _)| id).collect();
    if prepared.tables[side].abilities.dirty_reads {
        reread(engine, prepared, side, &ids).await?;
    }
    let snapshot = engine.store().snapshot()?;
    let mut confirmed = Vec::with_capacity(ids.len());
    for id in ids {
        let observation = snapshot.observation(prepared.name(), side, &id)?;
        match observation {
            Some(observation) if observation.standing == Standing::Ready => {
                if let Content::Row(row) = observation.content {
                    confirmed.push(row);
                }
            }
            _ => {}
        }
    }
    Ok(confirmed)
}
