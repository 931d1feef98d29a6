//! After an interruption: looking what became of writes whose answer was lost, before anything else is written.

use tracing::info;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::{observe::Observer, reread::reread};
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::model::{CauseOfWrite, CouplingId, Intent, IntentVerb, Record, Row, RowId, Side, Timestamp};
use crate::store::{Doubt, Snapshot, StoreError, Transaction};
use crate::sync;
use crate::systems::{KeyedRead, RowError, Search};

use super::commit::Commit;
use super::deleted::Restored;
use super::landed::{Landed, Made};

/// The system's clock is only known to the second; a row it stamped may look that much older than the floor.
const FLOOR_SLACK_SECS: i64 = 5;

/// Looks up every open intent of a mapping. What landed is committed; what did not is forgotten, and the pass decides
/// anew. A create that cannot be told apart yet keeps its row waiting.
pub async fn recover(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<(), EngineError> {
    let intents = engine.store().snapshot()?.intents()?;
    let ours = intents.into_iter().filter(|intent| &intent.mapping == prepared.name());
    for intent in ours {
        info!(side = %intent.side, "Looking up a write whose answer was lost");
        // One that cannot be told keeps its own row waiting, and nothing else.
        let outcome = look_into(engine, prepared, state, &intent).await;
        state.note(Some(prepared.name()), outcome)?;
    }
    Ok(())
}

async fn look_into(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    intent: &Intent,
) -> Result<(), EngineError> {
    match &intent.verb {
        IntentVerb::Update { coupling, row, version, sent } => {
            let landed = look_up(engine, prepared, intent.side, row).await?;
            match landed.filter(|(_, record)| holds(record, sent)) {
                Some((found, _)) => {
                    let commit = Commit { engine, prepared, side: intent.side };
                    let mut transaction = engine.store().transaction()?;
                    let known = transaction.coupling(prepared.name(), *coupling)?;
                    let before = known.map(|coupling| coupling.base).unwrap_or_default();
                    let landed =
                        Landed { version: version.as_ref(), sent, before: &before, row: Some(found) };
                    commit.updated(&mut transaction, state, *coupling, landed, &CauseOfWrite::Recovery)?;
                    transaction.remove_intent(intent.id)?;
                    transaction.commit()?;
                }
                None => {
                    close(engine, intent)?;
                    reread(engine, prepared, intent.side, std::slice::from_ref(row)).await?;
                }
            }
        }
        IntentVerb::Delete { coupling, row, version } => {
            let is_gone = is_absent(prepared, intent.side, row).await?;
            let mut transaction = engine.store().transaction()?;
            transaction.remove_intent(intent.id)?;
            if is_gone {
                let commit = Commit { engine, prepared, side: intent.side };
                let (version, cause) = (version.as_ref(), CauseOfWrite::Recovery);
                commit.deleted(&mut transaction, state, *coupling, version, &cause)?;
            }
            transaction.commit()?;
            if !is_gone {
                reread(engine, prepared, intent.side, std::slice::from_ref(row)).await?;
            }
        }
        IntentVerb::Create { source, minted, sent, floor, replaces } => {
            let found = match minted {
                Some(id) => look_up(engine, prepared, intent.side, id).await?.map(|(row, _)| row),
                None => match find_created(engine, prepared, intent, sent, *floor).await? {
                    Trace::Row(row) => Some(*row),
                    Trace::None => None,
                    // It may be the row that cannot be read: created again it would be there twice.
                    Trace::Unclear => return Ok(()),
                },
            };
            let create = Create { source, sent, replaces: *replaces };
            finish_create(engine, prepared, state, intent, &create, found)?;
        }
        IntentVerb::Late { source, minted, sent, replaces } => {
            let found = look_up(engine, prepared, intent.side, minted).await?.map(|(row, _)| row);
            let create = Create { source, sent, replaces: *replaces };
            finish_create(engine, prepared, state, intent, &create, found)?;
        }
        IntentVerb::Restore { replaces, minted, sent, floor } => {
            let found = match minted {
                Some(id) => look_up(engine, prepared, intent.side, id).await?.map(|(row, _)| row),
                None => match find_created(engine, prepared, intent, sent, *floor).await? {
                    Trace::Row(row) => Some(*row),
                    Trace::None => None,
                    Trace::Unclear => return Ok(()),
                },
            };
            finish_restore(engine, prepared, state, intent, replaces, sent, found)?;
        }
        IntentVerb::Remove { row, version } => {
            let is_gone = is_absent(prepared, intent.side, row).await?;
            let mut transaction = engine.store().transaction()?;
            transaction.remove_intent(intent.id)?;
            if is_gone {
                let commit = Commit { engine, prepared, side: intent.side };
                let (label, cause) = (row.as_str(), CauseOfWrite::Recovery);
                commit.removed(&mut transaction, state, row, Some(version), label, &cause)?;
            }
            transaction.commit()?;
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
    let columns = &prepared.columns[side];
    let read = prepared.systems[side].rows(table, columns, std::slice::from_ref(row)).await?.pop();
    let Some(KeyedRead::Found(row)) = read else { return Ok(None) };
    let snapshot = engine.store().snapshot()?;
    let observer = Observer { prepared, now: engine.now() };
    Ok(observer.record(&snapshot, side, &row)?.ok().map(|record| (row, record)))
}

async fn is_absent(prepared: &Prepared, side: Side, row: &RowId) -> Result<bool, EngineError> {
    let table = &prepared.mapping.tables[side];
    let read = prepared.systems[side].rows(table, &prepared.columns[side], std::slice::from_ref(row)).await?;
    Ok(read.first() == Some(&KeyedRead::Absent))
}

/// Returns whether a record holds everything that was sent.
fn holds(record: &Record, sent: &Record) -> bool {
    sent.0.iter().all(|(field, value)| record.get(field) == Some(value))
}

/// What an interrupted create left behind.
#[derive(Debug)]
enum Trace {
    Row(Box<Row>),
    None,
    /// A row that is not coupled cannot be read; it may be the one.
    Unclear,
}

/// Finds the row that a create without an id of ours made: young enough, not coupled, with all the values sent.
async fn find_created(
    engine: &Engine,
    prepared: &Prepared,
    intent: &Intent,
    sent: &Record,
    floor: Option<Timestamp>,
) -> Result<Trace, EngineError> {
    let side = intent.side;
    let slack = jiff::SignedDuration::from_secs(FLOOR_SLACK_SECS);
    let floor = floor.unwrap_or(intent.stored_at).checked_sub(slack).unwrap_or(Timestamp::MIN);
    let table = &prepared.mapping.tables[side];
    let columns = &prepared.columns[side];
    let young = prepared.systems[side].search(table, columns, &Search::ModifiedSince(floor)).await?;
    let observer = Observer { prepared, now: engine.now() };
    let snapshot = engine.store().snapshot()?;
    let wanted = sync::keys_of(&prepared.mapping, intent_source(intent), sent);
    let others = sent_by_others(&snapshot, intent)?;
    let (mut alike, mut is_clear) = (Vec::new(), true);
    let label = &prepared.mapping.label;
    for row in young {
        let row = match row {
            Ok(row) => row,
            Err(RowError { id, .. }) => {
                is_clear &= match id {
                    Some(id) => snapshot.coupling_of(prepared.name(), side, &id)?.is_some(),
                    None => false,
                };
                continue;
            }
        };
        if snapshot.coupling_of(prepared.name(), side, &row.id)?.is_some() {
            continue;
        }
        let Ok(record) = observer.record(&snapshot, side, &row)? else { continue };
        if holds(&record, sent) {
            return Ok(Trace::Row(Box::new(row)));
        }
        if others.iter().any(|other| holds(&record, other)) {
            // Made by another create whose answer was lost, however alike the two are.
            continue;
        }
        let keys = sync::keys_of(&prepared.mapping, row.id.clone(), &record);
        let shares_key =
            keys.keys.iter().zip(&wanted.keys).any(|(key, wanted)| key.is_some() && key == wanted);
        let resemblance = Resemblance::of(&record, sent);
        let has_label = record.get(label).is_some_and(|name| sent.get(label) == Some(name));
        if shares_key || has_label && resemblance.is_close() {
            alike.push((resemblance, row));
        }
    }
    // Edited, or rewritten by the server, since it was made: its key still tells it, or its name and most of the rest.
    Ok(trace(alike, is_clear))
}

/// Returns what the other creates in doubt of the same table sent.
fn sent_by_others(snapshot: &Snapshot, intent: &Intent) -> Result<Vec<Record>, StoreError> {
    let others = snapshot.intents()?.into_iter().filter(|other| {
        other.id != intent.id && other.mapping == intent.mapping && other.side == intent.side
    });
    Ok(others
        .filter_map(|other| match other.verb {
            IntentVerb::Create { sent, .. }
            | IntentVerb::Restore { sent, .. }
            | IntentVerb::Late { sent, .. } => Some(sent),
            IntentVerb::Update { .. } | IntentVerb::Delete { .. } | IntentVerb::Remove { .. } => None,
        })
        .collect())
}

/// How many of the values sent, blank ones aside, a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resemblance {
    held: usize,
    sent: usize,
}

impl Resemblance {
    fn of(record: &Record, sent: &Record) -> Self {
        let values = sent.0.iter().filter(|(_, value)| !value.is_blank());
        let held = values.clone().filter(|(field, value)| record.get(field) == Some(value)).count();
        Self { held, sent: values.count() }
    }

    /// Returns whether so little differs that it is rather a row somebody touched than another of the same name.
    fn is_close(self) -> bool {
        (self.sent - self.held) * 4 <= self.sent
    }
}

/// Says what rows that resemble the one sent, and rows that cannot be read, tell of a create. Of several the most alike is
/// taken: the others may be creates of their own, and made again it would be there twice.
fn trace(alike: Vec<(Resemblance, Row)>, is_clear: bool) -> Trace {
    match alike.into_iter().max_by_key(|(resemblance, _)| resemblance.held) {
        Some((_, row)) => Trace::Row(Box::new(row)),
        None if is_clear => Trace::None,
        None => Trace::Unclear,
    }
}

fn intent_source(intent: &Intent) -> RowId {
    match &intent.verb {
        IntentVerb::Create { source, .. } | IntentVerb::Late { source, .. } => source.clone(),
        IntentVerb::Update { row, .. } | IntentVerb::Delete { row, .. } => row.clone(),
        IntentVerb::Restore { replaces: row, .. } | IntentVerb::Remove { row, .. } => row.clone(),
    }
}

/// What an interrupted create was about.
struct Create<'a> {
    source: &'a RowId,
    sent: &'a Record,
    replaces: Option<CouplingId>,
}

fn finish_create(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    intent: &Intent,
    create: &Create<'_>,
    found: Option<Row>,
) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    match found {
        Some(row) => {
            let id = row.id.clone();
            let commit = Commit { engine, prepared, side: intent.side };
            let observer = Observer { prepared, now: engine.now() };
            let label = observer.label(intent.side, &row);
            let replaces = commit.replace(&mut transaction, state, create.replaces)?;
            let made = Made {
                source: create.source,
                id: &id,
                sent: create.sent,
                row: Some(row),
                label: &label,
                cause: &CauseOfWrite::Recovery,
                replaces,
            };
            commit.created(&mut transaction, state, made)?;
            if intent.stored_at == Intent::OF_A_BACKUP
                && let Some(made) = transaction.coupling_of(prepared.name(), intent.side, &id)?
            {
                // Both rows may have been changed, and changed back, since it was sent.
                transaction.put_doubt(prepared.name(), made.id, &Doubt::default())?;
            }
            transaction.remove_intent(intent.id)?;
        }
        None if is_past(engine, prepared, intent) => transaction.remove_intent(intent.id)?,
        None if is_settled(engine, prepared, intent) => let_come_late(&mut transaction, intent)?,
        None => {}
    }
    transaction.commit()
}

/// Lets the source of a create be decided about anew, while the row that may yet appear is nobody's new row: the source may
/// be edited, blocked or deleted by then, so that nothing is sent under that id again.
fn let_come_late(transaction: &mut Transaction, intent: &Intent) -> Result<(), StoreError> {
    let IntentVerb::Create { source, minted: Some(minted), sent, replaces, .. } = &intent.verb else {
        return Ok(());
    };
    let (source, minted, sent) = (source.clone(), minted.clone(), sent.clone());
    let verb = IntentVerb::Late { source, minted, sent, replaces: *replaces };
    transaction.put_intent(&Intent { verb, ..intent.clone() })
}

#[expect(clippy::too_many_arguments, reason = "one outcome has that many parts")]
fn finish_restore(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    intent: &Intent,
    replaces: &RowId,
    sent: &Record,
    found: Option<Row>,
) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    match found {
        Some(row) => {
            let (id, observer) = (row.id.clone(), Observer { prepared, now: engine.now() });
            let label = observer.label(intent.side, &row);
            let cause = &CauseOfWrite::Recovery;
            let restored = Restored { id: &id, replaces, sent, row: Some(row), label: &label, cause };
            let commit = Commit { engine, prepared, side: intent.side };
            commit.restored(&mut transaction, state, restored)?;
            transaction.remove_intent(intent.id)?;
        }
        None if is_settled(engine, prepared, intent) => transaction.remove_intent(intent.id)?,
        None => {}
    }
    transaction.commit()
}

/// Returns whether absence is proof: a create with an id of ours may be repeated at once, if the table still takes ids
/// (its service may be another one by now); any other only after the time that an accepted request may still take effect.
fn is_settled(engine: &Engine, prepared: &Prepared, intent: &Intent) -> bool {
    let takes_ids = prepared.tables[intent.side].abilities.takes_ids;
    let has_id = takes_ids
        && matches!(
            &intent.verb,
            IntentVerb::Create { minted: Some(_), .. } | IntentVerb::Restore { minted: Some(_), .. }
        );
    has_id || is_past(engine, prepared, intent)
}

/// Returns whether a request can no longer take effect.
fn is_past(engine: &Engine, prepared: &Prepared, intent: &Intent) -> bool {
    let abilities = prepared.systems[intent.side].abilities();
    engine.now() >= intent.stored_at.checked_add(abilities.settle).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    /// I3: a row that cannot be read may be the one that was made, so none is made again.
    #[test]
    fn a_create_is_repeated_only_where_every_row_could_be_read() {
        let row = |id: &str| Row {
            id: RowId::new(id),
            version: None,
            modified_at: None,
            modified_by: None,
            values: [].into(),
        };
        assert!(matches!(trace(vec![], true), Trace::None));
        assert!(matches!(trace(vec![], false), Trace::Unclear));
        let found = |alike: &[(usize, &str)], is_clear| {
            let alike =
                alike.iter().map(|(held, id)| (Resemblance { held: *held, sent: 4 }, row(id))).collect();
            match trace(alike, is_clear) {
                Trace::Row(row) => row.id,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(found(&[(1, "a")], false), RowId::new("a"));
        assert_eq!(found(&[(1, "a"), (3, "b"), (2, "c")], true), RowId::new("b"), "the most alike");
    }

    /// I3, I8: another customer of that name, town and telephone is not the one that was made.
    #[test]
    fn a_row_that_differs_in_more_than_a_quarter_is_another_one() {
        let record = |values: &[(&str, &str)]| -> Record {
            values.iter().map(|(field, value)| ((*field).into(), Value::text(*value))).collect()
        };
        let sent = record(&[("tag", "1"), ("name", "A"), ("phone", "2"), ("street", "S"), ("city", "")]);
        let is_close = |values: &[(&str, &str)]| Resemblance::of(&record(values), &sent).is_close();
        assert!(is_close(&[("tag", "1"), ("name", "A"), ("phone", "3"), ("street", "S"), ("city", "C")]));
        assert!(!is_close(&[("tag", "9"), ("name", "A"), ("phone", "3"), ("street", "S"), ("city", "")]));
    }
}
