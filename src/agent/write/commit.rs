//! What became of a batch of writes, outcome by outcome, in one transaction.

use std::slice;

use crate::agent::engine::Engine;
use crate::agent::identity::traces;
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::model::{CauseOfWrite, IntentId, Outcome, Row, RowId, Side, WakeCondition};
use crate::store::{StoreError, Transaction};
use crate::systems::{Refusal, SystemError, WriteOutcome};

use super::deleted::Restored;
use super::job::{self, Job, Work};
use super::landed::{Landed, Made};
use super::late;

/// What is left to do after a batch.
#[derive(Debug, Default)]
pub struct Rest {
    /// Rows to read by key.
    pub rereads: Vec<RowId>,
    /// The system cannot be written now.
    pub stop: Option<SystemError>,
    /// Some write of the batch got a proper answer: what went wrong with another is that row's own affair.
    pub(super) is_alive: bool,
}

/// Commits outcomes of writes to one side.
pub struct Commit<'a> {
    pub engine: &'a Engine,
    pub prepared: &'a Prepared,
    pub side: Side,
}

impl Commit<'_> {
    /// Commits the outcomes of one batch.
    pub fn outcomes(
        &self,
        state: &mut RunState,
        sent: &[(&Work, IntentId)],
        outcomes: Vec<WriteOutcome>,
    ) -> Result<Rest, StoreError> {
        let is_answer = |outcome: &WriteOutcome| {
            !matches!(
                outcome,
                WriteOutcome::RowBusy(_) | WriteOutcome::NotApplied(_) | WriteOutcome::InDoubt(_)
            )
        };
        let mut rest = Rest { is_alive: outcomes.iter().any(is_answer), ..Rest::default() };
        let mut transaction = self.engine.store().transaction()?;
        self.trace(&mut transaction, sent, &outcomes)?;
        for ((work, intent), outcome) in sent.iter().zip(outcomes) {
            let is_closed = self.outcome(&mut transaction, state, (work, *intent), outcome, &mut rest)?;
            if is_closed {
                transaction.remove_intent(*intent)?;
            }
        }
        transaction.commit()?;
        Ok(rest)
    }

    /// Keeps where the written rows are by now.
    fn trace(
        &self,
        transaction: &mut Transaction,
        sent: &[(&Work, IntentId)],
        outcomes: &[WriteOutcome],
    ) -> Result<(), StoreError> {
        let mapping = &self.prepared.mapping;
        let written = outcomes.iter().filter_map(|outcome| match outcome {
            WriteOutcome::Written(row) => Some(row),
            _ => None,
        });
        let deleted: Vec<_> = sent
            .iter()
            .zip(outcomes)
            .filter_map(|((work, _), outcome)| match (&work.job, outcome) {
                (Job::Delete { row, .. }, WriteOutcome::Deleted | WriteOutcome::Missing) => Some(row.clone()),
                _ => None,
            })
            .collect();
        let (connection, table) = (&mapping.connections[self.side], &mapping.tables[self.side]);
        traces::note(transaction, connection, table, written, &deleted)
    }

    /// Commits one outcome. Returns whether the intent is closed by it.
    fn outcome(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        (work, intent): (&Work, IntentId),
        outcome: WriteOutcome,
        rest: &mut Rest,
    ) -> Result<bool, StoreError> {
        match (outcome, &work.job) {
            (WriteOutcome::Written(row), _) => {
                let id = row.id.clone();
                self.written(transaction, state, work, Some(id), Some(row), rest)?;
            }
            (
                WriteOutcome::WrittenUnseen(None),
                Job::Create { minted: None, .. } | Job::Restore { minted: None, .. },
            ) => {
                // It exists, but which row it is has to be looked up.
                rest.stop.get_or_insert(SystemError::UnexpectedAnswer {
                    connection: self.prepared.mapping.connections[self.side].clone(),
                    what: "a create".to_owned(),
                    detail: "the new row's id is missing; it is looked up".to_owned(),
                });
                return Ok(false);
            }
            (WriteOutcome::WrittenUnseen(id), _) => self.written(transaction, state, work, id, None, rest)?,
            (WriteOutcome::AlreadyThere, Job::Create { source, minted: Some(id), replaces, .. }) => {
                // A create that was looked for in vain made it after all. Or an earlier life of Tandem did: then what the
                // two rows hold by now is for first contact to see.
                let name = self.prepared.name();
                let attempts = late::attempts(transaction, name, self.side, id, intent)?;
                if attempts.len() > 1 {
                    // Which of them it was, only the row itself tells: it is looked up.
                    return Ok(false);
                }
                let mut attempts = late::close(transaction, attempts)?;
                let left_blank = job::left_blank(&self.prepared.mapping, self.side, &attempts);
                let sent = attempts.pop().unwrap_or_default();
                let replaces = self.replace(transaction, state, *replaces)?;
                let (cause, label) = (&CauseOfWrite::Recovery, &work.label);
                let made = Made { source, id, sent: &sent, left_blank, row: None, label, cause, replaces };
                self.created(transaction, state, made)?;
                rest.rereads.push(id.clone());
            }
            (WriteOutcome::AlreadyThere, Job::Restore { minted: Some(id), .. }) => {
                self.written(transaction, state, work, Some(id.clone()), None, rest)?;
            }
            (WriteOutcome::Missing, Job::Delete { coupling, .. }) => {
                self.deleted(transaction, state, *coupling, None, &work.cause)?;
            }
            (WriteOutcome::Missing, Job::Remove { row, .. }) => {
                self.removed(transaction, state, row, None, &work.label, &work.cause)?;
            }
            (WriteOutcome::Deleted, Job::Delete { .. } | Job::Remove { .. }) => {
                self.written(transaction, state, work, None, None, rest)?;
            }
            (
                WriteOutcome::Stale | WriteOutcome::Missing,
                Job::Update { row, .. } | Job::Delete { row, .. } | Job::Remove { row, .. },
            ) => {
                state.counts(self.prepared.name()).stale += 1;
                self.journal_attempt(transaction, state, work, Outcome::Stale)?;
                rest.rereads.push(row.clone());
            }
            (WriteOutcome::NotPermitted(refusal), _)
            | (WriteOutcome::Refused(refusal), Job::Delete { .. }) => {
                self.refused_for_now(transaction, state, work, refusal)?;
            }
            (WriteOutcome::Refused(refusal) | WriteOutcome::DuplicateKey(refusal), _) => {
                self.refused(transaction, state, work, refusal, WakeCondition::RowChanges)?;
            }
            (WriteOutcome::RowBusy(error), _) => self.put_row_off(transaction, state, work, error)?,
            (WriteOutcome::NotApplied(error), _) => self.put_off(transaction, state, work, error, rest)?,
            (WriteOutcome::InDoubt(error), _) => {
                if !rest.is_alive {
                    rest.stop.get_or_insert(error);
                }
                return Ok(false);
            }
            (outcome, _) => {
                let refusal = Refusal::ours("UnexpectedOutcome", format!("{outcome:?}"));
                self.refused(transaction, state, work, refusal, WakeCondition::RowChanges)?;
            }
        }
        Ok(true)
    }

    #[expect(clippy::too_many_arguments, reason = "one outcome has that many parts")]
    fn written(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        id: Option<RowId>,
        row: Option<Row>,
        rest: &mut Rest,
    ) -> Result<(), StoreError> {
        match &work.job {
            Job::Create { source, minted, sent, replaces, .. } => {
                let Some(id) = id.or_else(|| minted.clone()) else { return Ok(()) };
                if row.is_none() {
                    rest.rereads.push(id.clone());
                }
                let replaces = self.replace(transaction, state, *replaces)?;
                let (label, cause) = (&work.label, &work.cause);
                let left_blank = job::left_blank(&self.prepared.mapping, self.side, slice::from_ref(sent));
                let made = Made { source, id: &id, sent, left_blank, row, label, cause, replaces };
                self.created(transaction, state, made)
            }
            Job::Restore { replaces, minted, sent } => {
                let Some(id) = id.or_else(|| minted.clone()) else { return Ok(()) };
                if row.is_none() {
                    rest.rereads.push(id.clone());
                }
                let restored =
                    Restored { id: &id, replaces, sent, row, label: &work.label, cause: &work.cause };
                self.restored(transaction, state, restored)
            }
            Job::Update { coupling, row: id, version, sent, before, .. } => {
                if row.is_none() {
                    rest.rereads.push(id.clone());
                }
                self.updated(
                    transaction,
                    state,
                    *coupling,
                    Landed { version: Some(version), sent, before, row },
                    &work.cause,
                )
            }
            Job::Delete { coupling, version, .. } => {
                self.deleted(transaction, state, *coupling, Some(version), &work.cause)
            }
            Job::Remove { row, version } => {
                self.removed(transaction, state, row, Some(version), &work.label, &work.cause)
            }
        }
    }
}
