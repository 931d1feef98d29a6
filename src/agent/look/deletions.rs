//! Deletions where no feed names them: sweeping ids, and gathering the evidence that I8 asks for.

use std::collections::BTreeSet;

use tracing::info;

use crate::agent::brake::gate;
use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::identity::wiped::{self, Present};
use crate::agent::prepare::Prepared;
use crate::model::{
    ConnectionName, Content, CouplingState, Evidence, Observation, Pair, Reason, RowId, Side, Standing,
    TableName, Timestamp, Value, WakeCondition,
};
use crate::store::{StoreError, Transaction};
use crate::systems::{Fate, KeyedRead, Search};

use super::fate;
use super::observe::Observer;
use super::reread::reread;

/// How many other rows are read beside a suspect, to see that rows can be read at all.
const NEIGHBOURS: usize = 5;

/// Sweeps where it is due.
pub async fn sweep_due(engine: &Engine, prepared: &Prepared, force: bool) -> Result<(), EngineError> {
    for side in Side::BOTH {
        if is_due(engine, prepared, side, force)? {
            sweep(engine, prepared, side).await?;
        }
    }
    Ok(())
}

/// Confirms earlier suspicions, or finds that there is nothing in them.
pub async fn confirm_suspects(engine: &Engine, prepared: &Prepared) -> Result<(), EngineError> {
    let suspects =
        Pair::new(suspects(engine, prepared, Side::Left)?, suspects(engine, prepared, Side::Right)?);
    if suspects.left.is_empty() && suspects.right.is_empty() {
        return Ok(());
    }
    // Counted before anything is read: a table that was wiped stops right here (I8).
    let held = gate::held_suspects(engine, prepared)?;
    for side in Side::BOTH {
        let held: BTreeSet<_> = held[side].iter().collect();
        let free = suspects[side].iter().filter(|(row, _)| !held.contains(row)).cloned();
        confirm(engine, prepared, side, free.collect()).await?;
    }
    Ok(())
}

/// Notes that a table has to be swept whatever its feed can do: the feed was read from the start. Where nothing is
/// coupled yet, nothing can be missing.
pub fn owe_sweep(
    transaction: &mut Transaction,
    prepared: &Prepared,
    side: Side,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (connection, table) = place(prepared, side);
    if transaction.count_couplings(prepared.name())? > 0 {
        return transaction.put_sweep(&connection, &table, Timestamp::UNIX_EPOCH);
    }
    if prepared.tables[side].abilities.lists_deletions {
        return transaction.put_sweep(&connection, &table, now);
    }
    Ok(())
}

fn is_due(engine: &Engine, prepared: &Prepared, side: Side, force: bool) -> Result<bool, StoreError> {
    let (connection, table) = place(prepared, side);
    let last = engine.store().snapshot()?.sweep(&connection, &table)?;
    if last == Some(Timestamp::UNIX_EPOCH) {
        return Ok(true);
    }
    let settings = &engine.config().settings;
    let every = match prepared.tables[side].abilities.lists_deletions {
        false => settings.sweep_secs,
        // A feed can miss a deletion, too, only more rarely.
        true if settings.full_sweep_secs == 0 => return Ok(force),
        true => settings.full_sweep_secs,
    };
    let every = std::time::Duration::from_secs(every);
    let due = last.and_then(|last| last.checked_add(every).ok());
    Ok(force || due.is_none_or(|due| engine.now() >= due))
}

/// Where a mapping's sweeps are noted. Two mappings may share a table; each sweeps for its own couplings.
fn place(prepared: &Prepared, side: Side) -> (ConnectionName, TableName) {
    let table = format!("{} for {}", prepared.mapping.tables[side], prepared.name());
    (prepared.mapping.connections[side].clone(), TableName::new(table))
}

/// Absence in a list is no evidence; it only makes a suspect.
async fn sweep(engine: &Engine, prepared: &Prepared, side: Side) -> Result<(), EngineError> {
    let started_at = engine.now();
    let present = wiped::list(prepared, side).await?;
    wiped::check(engine, prepared, side, &present)?;
    let mut after = None;
    loop {
        let mut transaction = engine.store().transaction()?;
        let couplings = transaction.couplings(prepared.name(), after, 500)?;
        let Some(last) = couplings.last() else { break };
        after = Some(last.id);
        for coupling in couplings {
            let row = &coupling.rows[side];
            if !present.contains(&row.to_bytes()) {
                suspect(&mut transaction, prepared, side, row, started_at)?;
            }
        }
        transaction.commit()?;
    }
    // Rows without partner have nothing to settle; but one that is gone must not be taken for a partner.
    let lonely = uncoupled_not_in(engine, prepared, side, &present)?;
    reread(engine, prepared, side, &lonely).await?;
    let (connection, table) = place(prepared, side);
    let mut transaction = engine.store().transaction()?;
    transaction.put_sweep(&connection, &table, started_at)?;
    transaction.commit()?;
    Ok(())
}

fn uncoupled_not_in(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    present: &Present,
) -> Result<Vec<RowId>, StoreError> {
    let (name, snapshot) = (prepared.name(), engine.store().snapshot()?);
    let mut absent = Vec::new();
    snapshot.visit_observations(name, side, |observation| {
        let is_coupled = snapshot.coupling_of(name, side, &observation.row)?.is_some();
        if !is_coupled && !present.contains(&observation.row.to_bytes()) {
            absent.push(observation.row);
        }
        Ok(())
    })?;
    Ok(absent)
}

/// Notes that a coupled row may be gone.
pub fn suspect(
    transaction: &mut Transaction,
    prepared: &Prepared,
    side: Side,
    row: &RowId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = prepared.name();
    let observer = Observer { prepared, now };
    let observation = transaction.observation(name, side, row)?;
    match transaction.coupling_of(name, side, row)? {
        // Never coupled: a row that is not there has nothing to settle.
        None => return observer.forget(transaction, side, row),
        Some(coupling) if coupling.state == CouplingState::Severed => return Ok(()),
        Some(_) => {}
    }
    match observation.map(|observation| observation.content) {
        Some(Content::Gone(_) | Content::Missing { .. }) => Ok(()),
        _ => put(transaction, &observer, side, row, None, Reason::PerhapsDeleted),
    }
}

fn put(
    transaction: &mut Transaction,
    observer: &Observer<'_>,
    side: Side,
    row: &RowId,
    first_confirmed: Option<Timestamp>,
    reason: Reason,
) -> Result<(), StoreError> {
    transaction.put_observation(&Observation {
        mapping: observer.prepared.name().clone(),
        side,
        row: row.clone(),
        content: Content::Missing { first_confirmed },
        standing: Standing::Parked { reason, wake: WakeCondition::RowChanges },
        seen_at: observer.now,
    })
}

/// Confirms suspicions: keyed read 404, filter empty, a neighbour readable; twice, some time apart (I8).
async fn confirm(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    suspects: Vec<Suspect>,
) -> Result<(), EngineError> {
    let apart = std::time::Duration::from_secs(engine.config().settings.deletion_confirm_secs);
    for (row, first_confirmed) in suspects {
        let now = engine.now();
        let due = first_confirmed.and_then(|first| first.checked_add(apart).ok());
        if due.is_some_and(|due| now < due) {
            continue;
        }
        let Some(is_absent) = is_absent(engine, prepared, side, &row).await? else { continue };
        let fate = match (&is_absent, first_confirmed) {
            (Absence::Absent, Some(_)) => fate::ask(engine, prepared, side, &row).await?,
            _ => Fate::Deleted,
        };
        let observer = Observer { prepared, now };
        let mut transaction = engine.store().transaction()?;
        match (is_absent, first_confirmed) {
            (Absence::Found(found), _) => {
                transaction.remove_observation(prepared.name(), side, &row)?;
                observer.row(&mut transaction, side, *found)?;
            }
            (Absence::Absent, None) => {
                put(&mut transaction, &observer, side, &row, Some(now), Reason::PerhapsDeleted)?;
            }
            (Absence::Absent, Some(first)) => match fate {
                Fate::Deleted => {
                    info!(mapping = %prepared.name(), %side, "Deletion confirmed");
                    let evidence = Evidence::ConfirmedAbsent { first, second: now };
                    observer.gone(&mut transaction, side, &row, evidence)?;
                }
                Fate::Became(became) => {
                    observer.gone(&mut transaction, side, &row, Evidence::Became(became))?;
                }
                Fate::CannotTell(message) => {
                    // Counted from here, so that it is asked again as seldom as suspicions are confirmed.
                    let reason = Reason::FateUnknown { message };
                    put(&mut transaction, &observer, side, &row, Some(now), reason)?;
                }
            },
        }
        transaction.commit()?;
    }
    Ok(())
}

type Suspect = (RowId, Option<Timestamp>);

fn suspects(engine: &Engine, prepared: &Prepared, side: Side) -> Result<Vec<Suspect>, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let mut suspects = Vec::new();
    snapshot.visit_observations(prepared.name(), side, |observation| {
        if let Content::Missing { first_confirmed } = observation.content {
            suspects.push((observation.row, first_confirmed));
        }
        Ok(())
    })?;
    Ok(suspects)
}

enum Absence {
    Found(Box<crate::model::Row>),
    Absent,
}

/// Returns nothing where it cannot be told: no neighbour was readable, or the two ways of asking disagree.
async fn is_absent(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    row: &RowId,
) -> Result<Option<Absence>, EngineError> {
    let system = &prepared.systems[side];
    let table = &prepared.mapping.tables[side];
    let columns = &prepared.columns[side];
    let neighbours = neighbours(engine, prepared, side, row)?;
    let mut asked = vec![row.clone()];
    asked.extend(neighbours);
    let mut reads = system.rows(table, columns, &asked).await?;
    if reads.is_empty() {
        return Ok(None);
    }
    match reads.remove(0) {
        KeyedRead::Found(row) => return Ok(Some(Absence::Found(Box::new(row)))),
        KeyedRead::Unreadable(_) => return Ok(None),
        KeyedRead::Absent => {}
    }
    let is_readable = reads.iter().any(|read| matches!(read, KeyedRead::Found(_)));
    if !is_readable {
        return Ok(None);
    }
    let key = prepared.tables[side].key.clone();
    let search = Search::Equals(key, Value::Reference(row.clone()));
    let found = system.search(table, columns, &search).await?;
    Ok(found.is_empty().then_some(Absence::Absent))
}

/// A few other coupled rows of the table that are not suspects themselves.
fn neighbours(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    row: &RowId,
) -> Result<Vec<RowId>, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let mut found = Vec::new();
    let mut after = None;
    while found.len() < NEIGHBOURS {
        let couplings = snapshot.couplings(prepared.name(), after, 500)?;
        let Some(last) = couplings.last() else { break };
        after = Some(last.id);
        for coupling in couplings {
            let other = &coupling.rows[side];
            let seen = snapshot.observation(prepared.name(), side, other)?;
            let is_suspect =
                seen.is_some_and(|seen| matches!(seen.content, Content::Missing { .. } | Content::Gone(_)));
            if other != row && !is_suspect {
                found.push(other.clone());
            }
        }
    }
    found.truncate(NEIGHBOURS);
    Ok(found)
}
