//! Writes that did not land: the rows behind them wait, each with its reason.

use std::time::Duration;

use tracing::debug;

use crate::agent::look::observe::Observer;
use crate::agent::report::{Line, LineAction, reason_text};
use crate::agent::run_state::RunState;
use crate::model::{JournalEntry, Outcome, Reason, Standing, WakeCondition};
use crate::store::{StoreError, Transaction};
use crate::systems::{Refusal, SystemError};

use super::commit::{Commit, Rest};
use super::job::{Job, Work, park_behind};

/// How long a row is left alone whose write the system could not carry out.
const ROW_PAUSE: Duration = Duration::from_secs(60);

/// How long a row is left alone whose write is refused for what may change without it: permissions, rows that point to it.
const CIRCUMSTANCES_PAUSE: Duration = Duration::from_secs(15 * 60);

impl Commit<'_> {
    /// A write was certainly not applied. Where the system is well otherwise, only this row waits.
    pub(super) fn put_off(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        error: SystemError,
        rest: &mut Rest,
    ) -> Result<(), StoreError> {
        let is_for_all = matches!(
            error,
            SystemError::Throttled { .. } | SystemError::DayUsedUp { .. } | SystemError::SignIn { .. }
        );
        if !rest.is_alive || is_for_all {
            rest.stop.get_or_insert(error);
            return Ok(());
        }
        self.put_row_off(transaction, state, work, error)
    }

    /// A write was certainly not applied, and only its row is concerned: it waits a little.
    pub(super) fn put_row_off(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        error: SystemError,
    ) -> Result<(), StoreError> {
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let reason = Reason::Refused { code: "NotApplied".to_owned(), message: error.to_string() };
        let standing = Standing::Parked { reason, wake: WakeCondition::after(observer.now, ROW_PAUSE) };
        park_behind(&observer, transaction, self.side, &work.job, &standing)?;
        state.note(Some(self.prepared.name()), Err(error.into())).map(|_: Option<()>| ())
    }

    /// The sign-in may not write the row, or others point to a row that is to go: that changes without a change of the row,
    /// so it is tried again later.
    pub(super) fn refused_for_now(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let wake = WakeCondition::after(self.engine.now(), CIRCUMSTANCES_PAUSE);
        self.refused(transaction, state, work, refusal, wake)
    }

    /// The system refused the row: it is left alone until then, and listed with the reason.
    pub(super) fn refused(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        refusal: Refusal,
        wake: WakeCondition,
    ) -> Result<(), StoreError> {
        let name = self.prepared.name();
        debug!(mapping = %name, refusal.status, refusal.code, refusal.message, "Row refused");
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let reason = Reason::Refused { code: refusal.code.clone(), message: refusal.message };
        let standing = Standing::Parked { reason: reason.clone(), wake };
        park_behind(&observer, transaction, self.side, &work.job, &standing)?;
        if let Job::Update { row, is_one_of_two: true, .. } = &work.job {
            // What the refused row has to give is written in the same round, and settles it. If that does not land,
            // nothing else would bring it up again.
            let wake = WakeCondition::after(observer.now, ROW_PAUSE);
            observer.park(transaction, self.side, row, Standing::Parked { reason: reason.clone(), wake })?;
        }
        state.counts(name).refused += 1;
        state.report.add(Line {
            mapping: name.to_string(),
            action: LineAction::Leave,
            on: Some(self.prepared.mapping.connections[self.side].to_string()),
            row: work.label.clone(),
            fields: Vec::new(),
            note: Some(reason_text(&reason, &self.prepared.mapping)),
        });
        self.journal_attempt(transaction, state, work, Outcome::Refused { code: refusal.code })
    }

    /// Journals a write that was tried and did not land.
    pub(super) fn journal_attempt(
        &self,
        transaction: &mut Transaction,
        state: &RunState,
        work: &Work,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let name = self.prepared.name();
        let (action, fields) = work.job.told();
        let (row, links) = work.job.tied(transaction, name, self.side)?;
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: self.engine.now(),
            mapping: name.clone(),
            action,
            side: self.side,
            row,
            label: work.label.clone(),
            cause: work.cause.clone(),
            fields,
            outcome,
            links,
        })
    }
}
