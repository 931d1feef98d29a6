//! What became of a create: the row under the id that was minted, or else the one that looks like it.

use crate::agent::error::EngineError;
use crate::agent::run_state::RunState;
use crate::agent::write::deleted::Restored;
use crate::agent::write::job;
use crate::agent::write::landed::Made;
use crate::agent::write::late;
use crate::model::{CauseOfWrite, Intent, IntentVerb, Record, Row, RowId};
use crate::store::{Doubt, StoreError, Transaction};
use crate::systems::KeyedRead;

use super::Inquiry;
use super::trace::Trace;

impl Inquiry<'_> {
    /// Commits a create that landed. One that did not is forgotten once it can be repeated.
    pub(super) async fn conclude_create(&self, state: &mut RunState) -> Result<(), EngineError> {
        let found = match self.find().await? {
            Trace::Row(row) => Some(*row),
            Trace::None => None,
            // It may be a row that cannot be read: created again it would be there twice, and so would its source.
            Trace::Unclear => return Ok(()),
        };
        let mut transaction = self.engine.store().transaction()?;
        match found {
            Some(row) => {
                self.book(&mut transaction, state, row)?;
                transaction.remove_intent(self.intent.id)?;
            }
            None => self.let_be(&mut transaction)?,
        }
        Ok(transaction.commit()?)
    }

    async fn find(&self) -> Result<Trace, EngineError> {
        let (minted, sent, floor) = match &self.intent.verb {
            IntentVerb::Create { minted, sent, floor, .. }
            | IntentVerb::Restore { minted, sent, floor, .. } => (minted.as_ref(), sent, *floor),
            IntentVerb::Late { minted, sent, .. } => (Some(minted), sent, None),
            IntentVerb::Update { .. } | IntentVerb::Delete { .. } | IntentVerb::Remove { .. } => {
                return Ok(Trace::None);
            }
        };
        let Some(id) = minted else { return self.find_alike(sent, floor).await };
        Ok(match self.read(id).await? {
            Some(KeyedRead::Found(row)) => Trace::Row(Box::new(row)),
            Some(KeyedRead::Unreadable(_)) => Trace::Unclear,
            Some(KeyedRead::Absent) | None => Trace::None,
        })
    }

    /// Books the row that was made.
    fn book(&self, transaction: &mut Transaction, state: &mut RunState, row: Row) -> Result<(), StoreError> {
        let label = self.observer().label(self.intent.side, &row);
        let (id, cause) = (row.id.clone(), &CauseOfWrite::Recovery);
        match &self.intent.verb {
            IntentVerb::Create { source, sent, replaces, .. }
            | IntentVerb::Late { source, sent, replaces, .. } => {
                let replaces = self.commit().replace(transaction, state, *replaces)?;
                let attempts = self.attempts(transaction, &row, sent)?;
                let left_blank = job::left_blank(&self.prepared.mapping, self.intent.side, &attempts);
                let found = self.observer().record(transaction, self.intent.side, &row)?.ok();
                let sent = &late::sent_by_one_of(attempts, found.as_ref()).unwrap_or_default();
                let row = Some(row);
                let made = Made { source, id: &id, sent, left_blank, row, label: &label, cause, replaces };
                self.commit().created(transaction, state, made)?;
                self.doubt_old(transaction, &id)
            }
            IntentVerb::Restore { replaces, sent, .. } => {
                let restored = Restored { id: &id, replaces, sent, row: Some(row), label: &label, cause };
                self.commit().restored(transaction, state, restored)
            }
            IntentVerb::Update { .. } | IntentVerb::Delete { .. } | IntentVerb::Remove { .. } => Ok(()),
        }
    }

    /// Returns what the row may have been made with: it may have been sent more than once, with other values each time.
    fn attempts(
        &self,
        transaction: &mut Transaction,
        row: &Row,
        sent: &Record,
    ) -> Result<Vec<Record>, StoreError> {
        let (name, side) = (self.prepared.name(), self.intent.side);
        let attempts = late::attempts(transaction, name, side, &row.id, self.intent.id)?;
        let mut attempts = late::close(transaction, attempts)?;
        attempts.push(sent.clone());
        Ok(attempts)
    }

    /// Both rows may have been changed, and changed back, since a create was sent that only a backup knows of.
    fn doubt_old(&self, transaction: &mut Transaction, id: &RowId) -> Result<(), StoreError> {
        let name = self.prepared.name();
        if self.intent.stored_at == Intent::OF_A_BACKUP
            && let Some(made) = transaction.coupling_of(name, self.intent.side, id)?
        {
            transaction.put_doubt(name, made.id, &Doubt::default())?;
        }
        Ok(())
    }

    /// The row is not there (yet). A create with an id of ours may be repeated at once, if the table still takes ids (its
    /// service may be another one by now); any other only after the time that an accepted request may still take effect.
    fn let_be(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let takes_ids = self.prepared.tables[self.intent.side].abilities.takes_ids;
        match &self.intent.verb {
            _ if self.is_past() => transaction.remove_intent(self.intent.id),
            IntentVerb::Create { minted: Some(_), .. } if takes_ids => {
                late::let_come(transaction, self.intent)
            }
            IntentVerb::Restore { minted: Some(_), .. } if takes_ids => {
                transaction.remove_intent(self.intent.id)
            }
            _ => Ok(()),
        }
    }
}
