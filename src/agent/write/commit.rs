//! What became of writes: bases, versions, observations and journal, one transaction a batch.

use crate::agent::brake::done;
use crate::agent::engine::Engine;
use crate::agent::identity::traces;
use crate::agent::look::observe::Observer;
use crate::agent::plan::{conflicts, standing::wake_waiting};
use crate::agent::prepare::Prepared;
use crate::agent::report::{FieldLine, Line, LineAction};
use crate::agent::run_state::RunState;
use crate::model::{
    Action, CauseOfWrite, Content, Coupling, CouplingId, CouplingState, FieldChange, IntentId, JournalEntry,
    Links, Outcome, Pair, PlanVerb, PlannedWrite, Reason, Record, Row, RowId, Side, Standing, Version,
    WakeCondition,
};
use crate::store::{StoreError, Transaction};
use crate::sync;
use crate::systems::{Refusal, SystemError, WriteOutcome};

use super::deleted::Restored;
use super::echo;
use super::job::{Job, Work, changes};

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

/// An update that landed.
pub struct Landed<'a> {
    /// The version it was decided from.
    pub version: Option<&'a Version>,
    pub sent: &'a Record,
    /// What the row held before, as far as it is known.
    pub before: &'a Record,
    /// The row as it is now, where the answer showed it.
    pub row: Option<Row>,
}

/// A create that landed.
pub struct Made<'a> {
    /// The row on the other side that it was made from.
    pub source: &'a RowId,
    pub id: &'a RowId,
    /// Nothing where an earlier life of Tandem made it.
    pub sent: &'a Record,
    /// The new row, where the answer showed it.
    pub row: Option<Row>,
    pub label: &'a str,
    pub cause: &'a CauseOfWrite,
    /// The deleted row that it stands in for.
    pub replaces: Option<RowId>,
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
            let is_closed = self.outcome(&mut transaction, state, work, outcome, &mut rest)?;
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
        work: &Work,
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
                // An earlier life of Tandem made it. What the two rows hold by now is for first contact to see.
                let replaces = self.replace(transaction, state, *replaces)?;
                let (sent, cause, label) = (&Record::default(), &CauseOfWrite::Recovery, &work.label);
                let made = Made { source, id, sent, row: None, label, cause, replaces };
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
            (WriteOutcome::Refused(refusal) | WriteOutcome::DuplicateKey(refusal), _) => {
                self.refused(transaction, state, work, refusal, WakeCondition::RowChanges)?;
            }
            (WriteOutcome::NotPermitted(refusal), _) => {
                self.not_permitted(transaction, state, work, refusal)?;
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
            Job::Create { source, minted, sent, replaces } => {
                let Some(id) = id.or_else(|| minted.clone()) else { return Ok(()) };
                if row.is_none() {
                    rest.rereads.push(id.clone());
                }
                let replaces = self.replace(transaction, state, *replaces)?;
                let (label, cause) = (&work.label, &work.cause);
                let made = Made { source, id: &id, sent, row, label, cause, replaces };
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

    /// Forgets a coupling whose deleted row was created again; the answer that asked for it is carried out. Returns the
    /// deleted row.
    pub fn replace(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        replaced: Option<CouplingId>,
    ) -> Result<Option<RowId>, StoreError> {
        let name = self.prepared.name();
        let Some(replaced) = replaced else { return Ok(None) };
        let Some(coupling) = transaction.coupling(name, replaced)? else { return Ok(None) };
        transaction.remove_coupling(name, replaced)?;
        transaction.remove_observation(name, self.side, &coupling.rows[self.side])?;
        conflicts::close(self.engine, self.prepared, transaction, state, &coupling)?;
        Ok(Some(coupling.rows[self.side].clone()))
    }

    /// A new row exists: the two are one from here on.
    pub fn created(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        made: Made<'_>,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let Made { source, id, sent, row, label, cause, replaces } = made;
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        if transaction.partner(name, side.other(), source)?.is_some() {
            return Ok(());
        }
        if let Some(partner) = transaction.partner(name, side, id)? {
            // Somebody else's by now: the source is listed, nothing is coupled twice (I4).
            let reason = Reason::PartnerTaken { partner };
            let standing = Standing::Parked { reason, wake: WakeCondition::RowChanges };
            return observer.park(transaction, side.other(), source, standing);
        }
        let rows = match side {
            Side::Left => Pair::new(id.clone(), source.clone()),
            Side::Right => Pair::new(source.clone(), id.clone()),
        };
        let mut coupling = Coupling {
            id: transaction.next_coupling_id()?,
            mapping: name.clone(),
            rows,
            base: self.base_of_new(transaction, source, sent, row.as_ref())?,
            versions: Pair::default(),
            state: CouplingState::IN_SCOPE,
            label: label.to_owned(),
        };
        let links = Links {
            coupling: Some(coupling.id),
            partner: Some(source.clone()),
            version: row.as_ref().and_then(|row| row.version.clone()),
            replaces,
            ..Links::default()
        };
        transaction.remove_observation(name, side, id)?;
        transaction.put_coupling(&coupling)?;
        if let Some(row) = row {
            observer.row(transaction, side, row)?;
            coupling = transaction.coupling(name, coupling.id)?.unwrap_or(coupling);
        }
        observer.wake(transaction, side.other(), source)?;
        observer.refresh(transaction, &mut coupling, side.other())?;
        conflicts::close_if_settled(self.engine, self.prepared, transaction, state, &coupling)?;
        wake_waiting(self.engine, transaction, &coupling)?;
        let is_new = !sent.0.is_empty();
        let cause =
            &self.note_done(transaction, PlanVerb::Create, source, changes(sent, None), cause, is_new)?;
        if is_new {
            state.counts(name).created[side] += 1;
        } else {
            state.counts(name).coupled += 1;
        }
        let fields = FieldLine::of(transaction, &self.prepared.mapping, sent, None)?;
        state.report.add(Line {
            mapping: name.to_string(),
            action: if is_new { LineAction::Create } else { LineAction::Couple },
            on: is_new.then(|| self.prepared.mapping.connections[side].to_string()),
            row: label.to_owned(),
            fields,
            note: None,
        });
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: observer.now,
            mapping: name.clone(),
            action: if is_new { Action::Created } else { Action::Coupled },
            side,
            row: Some(id.clone()),
            label: label.to_owned(),
            cause: cause.clone(),
            fields: changes(sent, None),
            outcome: Outcome::Done,
            links,
        })
    }

    /// The base of a new coupling: what was sent, and what the two rows agree on beside it.
    fn base_of_new(
        &self,
        transaction: &Transaction,
        source: &RowId,
        sent: &Record,
        row: Option<&Row>,
    ) -> Result<Record, StoreError> {
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let (name, from) = (self.prepared.name(), self.side.other());
        let observation = transaction.observation(name, from, source)?;
        let mut base = match (observation.map(|observation| observation.content), row) {
            (Some(Content::Row(source)), Some(row)) => {
                let left = observer.record(transaction, from, &source)?.unwrap_or_default();
                let right = observer.record(transaction, self.side, row)?.unwrap_or_default();
                sync::agreed(&self.prepared.mapping, &left, &right)
            }
            _ => Record::default(),
        };
        for (field, value) in &sent.0 {
            base.set(field.clone(), value.clone());
        }
        Ok(base)
    }

    /// An update landed: what was sent is what both sides agree on.
    pub fn updated(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        coupling: CouplingId,
        landed: Landed<'_>,
        cause: &CauseOfWrite,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let Some(mut coupling) = transaction.coupling(name, coupling)? else { return Ok(()) };
        let Landed { version, sent, before, row } = landed;
        state.counts(name).updated[side] += 1;
        state.report.add(Line {
            mapping: name.to_string(),
            action: LineAction::Update,
            on: Some(self.prepared.mapping.connections[side].to_string()),
            row: coupling.label.clone(),
            fields: FieldLine::of(transaction, &self.prepared.mapping, sent, Some(before))?,
            note: None,
        });
        let row_id = &coupling.rows[side];
        let changed = changes(sent, Some(before));
        let cause = &self.note_done(transaction, PlanVerb::Update, row_id, changed.clone(), cause, true)?;
        let version_left = row.as_ref().and_then(|row| row.version.clone());
        transaction.add_journal(&JournalEntry {
            fields: changed,
            outcome: Outcome::done_to(version),
            links: Links { version: version_left, ..links(&coupling, side) },
            ..self.entry(state, &coupling, Action::Updated, cause)
        })?;
        for (field, value) in &sent.0 {
            if !conflicts::note_half_answer(transaction, &coupling, side, field, value)? {
                coupling.base.set(field.clone(), value.clone());
            }
        }
        coupling.versions[side] = None;
        transaction.put_coupling(&coupling)?;
        echo::note(&observer, transaction, &coupling, side, sent, row.as_ref())?;
        if let Some(row) = row {
            transaction.remove_observation(name, side, &row.id)?;
            observer.row(transaction, side, row)?;
            coupling = transaction.coupling(name, coupling.id)?.unwrap_or(coupling);
        }
        observer.refresh(transaction, &mut coupling, side.other())?;
        conflicts::close_if_settled(self.engine, self.prepared, transaction, state, &coupling)
    }

    /// Keeps for the brakes what was done. Returns the cause that the journal names. `is_counted`: it was really done, and not
    /// found to be there already.
    #[expect(clippy::too_many_arguments, reason = "one outcome has that many parts")]
    pub(super) fn note_done(
        &self,
        transaction: &mut Transaction,
        verb: PlanVerb,
        row: &RowId,
        fields: Vec<FieldChange>,
        cause: &CauseOfWrite,
        is_counted: bool,
    ) -> Result<CauseOfWrite, StoreError> {
        let planned = PlannedWrite { on: self.side, verb, row: row.clone(), label: String::new(), fields };
        let name = self.prepared.name();
        if is_counted {
            return done::note(self.engine, transaction, name, &planned, cause);
        }
        transaction.remove_approved_row(name, &planned.key())?;
        Ok(cause.clone())
    }

    /// Starts the journal entry of something done to a coupling's row.
    pub(super) fn entry(
        &self,
        state: &RunState,
        coupling: &Coupling,
        action: Action,
        cause: &CauseOfWrite,
    ) -> JournalEntry {
        JournalEntry {
            run: state.id,
            at: self.engine.now(),
            mapping: self.prepared.name().clone(),
            action,
            side: self.side,
            row: Some(coupling.rows[self.side].clone()),
            label: coupling.label.clone(),
            cause: cause.clone(),
            fields: Vec::new(),
            outcome: Outcome::Done,
            links: links(coupling, self.side),
        }
    }
}

/// Ties an entry about a coupling's row on one side to the other.
pub(super) fn links(coupling: &Coupling, side: Side) -> Links {
    Links {
        coupling: Some(coupling.id),
        partner: Some(coupling.rows[side.other()].clone()),
        ..Links::default()
    }
}
