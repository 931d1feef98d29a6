//! After an interruption: looking what became of writes whose answer was lost, before anything else is written.

use tracing::info;

use crate::model::{CauseOfWrite, Intent, IntentVerb, Record, Row, RowId, Side, Timestamp};
use crate::store::StoreError;
use crate::systems::{KeyedRead, Search};

use super::commit::Commit;
use super::engine::Engine;
use super::error::EngineError;
use super::observe::Observer;
use super::prepare::Prepared;
use super::reread::reread;
use super::run_state::RunState;

/// The system's clock is only known to the second; a row it stamped may look that much older than the floor.
const FLOOR_SLACK_SECS: i64 = 5;

/// Looks up every open intent of a mapping. What landed is committed; what did not is forgotten, and the pass decides
/// anew. A create that cannot be told apart yet keeps its row waiting.
pub async fn recover(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<(), EngineError> {
    let intents = engine.store().snapshot()?.intents()?;
    let ours = intents.into_iter().filter(|intent| &intent.mapping == prepared.name());
    for intent in ours {
        info!(mapping = %prepared.name(), side = %intent.side, "Looking up a write whose answer was lost");
        match intent.verb.clone() {
            IntentVerb::Update { coupling, row, sent, .. } => {
                let landed = look_up(engine, prepared, intent.side, &row).await?;
                let landed = landed.filter(|(_, record)| holds(record, &sent));
                match landed {
                    Some((found, _)) => {
                        let commit = Commit { engine, prepared, side: intent.side };
                        let mut transaction = engine.store().transaction()?;
                        commit.updated(&mut transaction, state, coupling, &sent, Some(found))?;
                        transaction.remove_intent(intent.id)?;
                        transaction.commit()?;
                    }
                    None => {
                        close(engine, &intent)?;
                        reread(engine, prepared, intent.side, &[row]).await?;
                    }
                }
            }
            IntentVerb::Delete { row, .. } => {
                close(engine, &intent)?;
                reread(engine, prepared, intent.side, &[row]).await?;
            }
            IntentVerb::Create { source, minted, sent, floor } => {
                let found = match &minted {
                    Some(id) => look_up(engine, prepared, intent.side, id).await?.map(|(row, _)| row),
                    None => find_created(engine, prepared, &intent, &sent, floor).await?,
                };
                finish_create(engine, prepared, state, &intent, (&source, &sent), found)?;
            }
        }
    }
    Ok(())
}

fn close(engine: &Engine, intent: &Intent) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    transaction.remove_intent(intent.id)?;
    transaction.commit()
}

async fn look_up(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    row: &RowId,
) -> Result<Option<(Row, Record)>, EngineError> {
    let table = &prepared.mapping.tables[side];
    let columns = prepared.columns(side);
    let read = prepared.systems[side].rows(table, &columns, std::slice::from_ref(row)).await?.pop();
    let Some(KeyedRead::Found(row)) = read else { return Ok(None) };
    let snapshot = engine.store().snapshot()?;
    let observer = Observer { prepared, now: engine.now() };
    Ok(observer.record(&snapshot, side, &row)?.ok().map(|record| (row, record)))
}

/// Returns whether a record holds everything that was sent.
fn holds(record: &Record, sent: &Record) -> bool {
    sent.0.iter().all(|(field, value)| record.get(field) == Some(value))
}

/// Finds the row that a create without an id of ours made: young enough, not coupled, with all the values sent.
async fn find_created(
    engine: &Engine,
    prepared: &Prepared,
    intent: &Intent,
    sent: &Record,
    floor: Option<Timestamp>,
) -> Result<Option<Row>, EngineError> {
    let side = intent.side;
    let slack = jiff::SignedDuration::from_secs(FLOOR_SLACK_SECS);
    let floor = floor.unwrap_or(intent.stored_at).checked_sub(slack).unwrap_or(Timestamp::MIN);
    let table = &prepared.mapping.tables[side];
    let columns = prepared.columns(side);
    let young = prepared.systems[side].search(table, &columns, &Search::ModifiedSince(floor)).await?;
    let observer = Observer { prepared, now: engine.now() };
    let snapshot = engine.store().snapshot()?;
    for row in young {
        let is_free = snapshot.coupling_of(prepared.name(), side, &row.id)?.is_none();
        if is_free && observer.record(&snapshot, side, &row)?.is_ok_and(|record| holds(&record, sent)) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn finish_create(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    intent: &Intent,
    (source, sent): (&RowId, &Record),
    found: Option<Row>,
) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    match found {
        Some(row) => {
            let id = row.id.clone();
            let commit = Commit { engine, prepared, side: intent.side };
            let observer = Observer { prepared, now: engine.now() };
            let label = observer.label(intent.side, &row);
            let is_free = transaction.coupling_of(prepared.name(), intent.side.other(), source)?.is_none()
                && transaction.coupling_of(prepared.name(), intent.side, &id)?.is_none();
            if is_free {
                let cause = CauseOfWrite::Recovery;
                commit.created(&mut transaction, state, source, &id, sent, Some(row), &label, &cause)?;
            }
            transaction.remove_intent(intent.id)?;
        }
        None if is_settled(engine, prepared, intent) => transaction.remove_intent(intent.id)?,
        None => {}
    }
    transaction.commit()
}

/// Returns whether absence is proof: a create with an id of ours may be repeated at once, any other only after the time
/// that an accepted request may still take effect.
fn is_settled(engine: &Engine, prepared: &Prepared, intent: &Intent) -> bool {
    let abilities = prepared.systems[intent.side].abilities();
    let has_id = matches!(&intent.verb, IntentVerb::Create { minted: Some(_), .. });
    let settled_at = intent.stored_at.checked_add(abilities.settle).unwrap_or(Timestamp::MAX);
    has_id || engine.now() >= settled_at
}
