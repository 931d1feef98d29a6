//! After an interruption: looking what became of writes whose answer was lost, before anything else is written.

mod created;
mod trace;

use tracing::info;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::{observe::Observer, reread::reread};
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::model::{CauseOfWrite, Intent, IntentVerb, Record, Row, RowId, Timestamp, Version};
use crate::systems::KeyedRead;

use super::commit::Commit;
use super::landed::Landed;

/// Looks up every open intent of a mapping. What landed is committed; what did not is forgotten, and the pass decides
/// anew. A create that cannot be told apart yet, and a deletion that may yet come about, keep their rows waiting.
pub async fn recover(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<(), EngineError> {
    let intents = engine.store().snapshot()?.intents()?;
    let ours = intents.into_iter().filter(|intent| &intent.mapping == prepared.name());
    for intent in ours {
        // One of several about the same row may have told of the others.
        if !engine.store().snapshot()?.intents()?.contains(&intent) {
            continue;
        }
        info!(side = %intent.side, "Looking up a write whose answer was lost");
        let inquiry = Inquiry { engine, prepared, intent: &intent };
        // One that cannot be told keeps its own row waiting, and nothing else.
        let outcome = inquiry.conclude(state).await;
        state.note(Some(prepared.name()), outcome)?;
    }
    Ok(())
}

/// One write whose answer was lost.
struct Inquiry<'a> {
    engine: &'a Engine,
    prepared: &'a Prepared,
    intent: &'a Intent,
}

impl Inquiry<'_> {
    async fn conclude(&self, state: &mut RunState) -> Result<(), EngineError> {
        let cause = CauseOfWrite::Recovery;
        match &self.intent.verb {
            IntentVerb::Update { coupling, row, version, sent } => {
                let landed = self.look_up(row).await?;
                let Some((found, _)) = landed.filter(|(_, record)| record.holds(sent)) else {
                    return self.forget(row).await;
                };
                let mut transaction = self.engine.store().transaction()?;
                let known = transaction.coupling(self.prepared.name(), *coupling)?;
                let before = known.map(|coupling| coupling.base).unwrap_or_default();
                let landed = Landed { version: version.as_ref(), sent, before: &before, row: Some(found) };
                self.commit().updated(&mut transaction, state, *coupling, landed, &cause)?;
                transaction.remove_intent(self.intent.id)?;
                Ok(transaction.commit()?)
            }
            IntentVerb::Delete { coupling, row, version } => {
                match self.deletion(row, version.as_ref()).await? {
                    Deletion::Landed => {
                        let mut transaction = self.engine.store().transaction()?;
                        transaction.remove_intent(self.intent.id)?;
                        self.commit().deleted(
                            &mut transaction,
                            state,
                            *coupling,
                            version.as_ref(),
                            &cause,
                        )?;
                        Ok(transaction.commit()?)
                    }
                    Deletion::MayComeAbout => Ok(()),
                    Deletion::Failed => self.forget(row).await,
                }
            }
            IntentVerb::Remove { row, version } => match self.deletion(row, Some(version)).await? {
                Deletion::Landed => {
                    let mut transaction = self.engine.store().transaction()?;
                    transaction.remove_intent(self.intent.id)?;
                    let label = row.as_str();
                    self.commit().removed(&mut transaction, state, row, Some(version), label, &cause)?;
                    Ok(transaction.commit()?)
                }
                Deletion::MayComeAbout => Ok(()),
                Deletion::Failed => self.forget(row).await,
            },
            IntentVerb::Create { .. } | IntentVerb::Late { .. } | IntentVerb::Restore { .. } => {
                self.conclude_create(state).await
            }
        }
    }

    /// The write did not land: what its row holds now decides anew.
    async fn forget(&self, row: &RowId) -> Result<(), EngineError> {
        let mut transaction = self.engine.store().transaction()?;
        transaction.remove_intent(self.intent.id)?;
        transaction.commit()?;
        reread(self.engine, self.prepared, self.intent.side, std::slice::from_ref(row)).await
    }

    /// Tells what became of a deletion. One that was under way takes effect on the row that it was sent for, although by
    /// then a person may want the row back: until it can no longer come, nothing else is decided about the row.
    async fn deletion(&self, row: &RowId, version: Option<&Version>) -> Result<Deletion, EngineError> {
        let found = match self.read(row).await? {
            Some(KeyedRead::Absent) => return Ok(Deletion::Landed),
            Some(KeyedRead::Found(found)) => found.version,
            Some(KeyedRead::Unreadable(_)) | None => None,
        };
        let is_another = version.is_some() && found.is_some() && found.as_ref() != version;
        match is_another || self.is_past() {
            true => Ok(Deletion::Failed),
            false => Ok(Deletion::MayComeAbout),
        }
    }

    async fn read(&self, row: &RowId) -> Result<Option<KeyedRead>, EngineError> {
        let (side, prepared) = (self.intent.side, self.prepared);
        let (table, columns) = (&prepared.mapping.tables[side], &prepared.columns[side]);
        Ok(prepared.systems[side].rows(table, columns, std::slice::from_ref(row)).await?.pop())
    }

    async fn look_up(&self, row: &RowId) -> Result<Option<(Row, Record)>, EngineError> {
        let Some(KeyedRead::Found(row)) = self.read(row).await? else { return Ok(None) };
        let snapshot = self.engine.store().snapshot()?;
        let record = self.observer().record(&snapshot, self.intent.side, &row)?.ok();
        Ok(record.map(|record| (row, record)))
    }

    /// Returns whether the request can no longer take effect.
    fn is_past(&self) -> bool {
        let settle = self.prepared.systems[self.intent.side].abilities().settle;
        self.engine.now() >= self.intent.stored_at.checked_add(settle).unwrap_or(Timestamp::MAX)
    }

    fn commit(&self) -> Commit<'_> {
        Commit { engine: self.engine, prepared: self.prepared, side: self.intent.side }
    }

    fn observer(&self) -> Observer<'_> {
        Observer { prepared: self.prepared, now: self.engine.now() }
    }
}

/// What became of a deletion.
enum Deletion {
    Landed,
    /// The row still is as it was, and the request may be on its way.
    MayComeAbout,
    Failed,
}
