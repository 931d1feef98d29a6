//! Doing what was decided: intents stored, writes sent in batches, outcomes committed.
//!
//! There are no choices left here. A kill at any point is made good by `recover`: an intent without an outcome is looked
//! up before anything else is written for its row.

use std::collections::BTreeSet;

use tracing::debug;
use uuid::Uuid;

use crate::mapping::{self, FieldKind, Mapping};
use crate::model::{
    Action, CauseOfWrite, Content, Coupling, CouplingId, CouplingState, FieldChange, Intent, IntentId,
    IntentVerb, JournalEntry, Outcome, Pair, Reason, Record, Row, RowId, Side, Standing, Version,
    WakeCondition,
};
use crate::store::{StoreError, Transaction};
use crate::sync;
use crate::systems::{KeyedRead, Refusal, SystemError, Verb, Write, WriteOutcome};

use super::conflicts;
use super::couple::wake_waiting;
use super::engine::{Engine, Progress, RunState};
use super::error::EngineError;
use super::observe::Observer;
use super::pass::unfit_reason;
use super::prepare::Prepared;
use super::report::{FieldLine, Line, LineAction, reason_text};
use super::resolve::with_resolver;

/// One write to do.
#[derive(Clone, Debug)]
pub struct Work {
    pub job: Job,
    /// What people call the row.
    pub label: String,
    pub cause: CauseOfWrite,
}

/// What to write.
#[derive(Clone, Debug)]
pub enum Job {
    Create {
        source: RowId,
        /// The id Tandem mints, where the system takes one.
        minted: Option<RowId>,
        sent: Record,
        /// The coupling whose deleted row is created again.
        replaces: Option<CouplingId>,
    },
    Update {
        coupling: CouplingId,
        row: RowId,
        version: Version,
        sent: Record,
        before: Record,
    },
    Delete {
        coupling: CouplingId,
        row: RowId,
        version: Version,
    },
}

/// Returns the job that creates a row on `on` from a row of the other side.
#[must_use]
pub fn create(prepared: &Prepared, on: Side, source: &Row, sent: Record, replaces: Option<&Coupling>) -> Job {
    let takes_ids = prepared.systems[on].abilities().takes_ids;
    let replaced = replaces.map(|coupling| &coupling.rows[on]);
    Job::Create {
        source: source.id.clone(),
        minted: takes_ids.then(|| mint(prepared, on, &source.id, replaced)),
        sent,
        replaces: replaces.map(|coupling| coupling.id),
    }
}

/// Returns the job that creates a deleted row again.
pub fn restore(
    engine: &Engine,
    prepared: &Prepared,
    on: Side,
    source: &Row,
    coupling: &Coupling,
) -> Result<Job, StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let snapshot = engine.store().snapshot()?;
    let record = observer.record(&snapshot, on.other(), source)?.unwrap_or_default();
    let sent = sent_on_create(&prepared.mapping, on, &record);
    Ok(create(prepared, on, source, sent, Some(coupling)))
}

/// Derives the id of a row to be created, so that a replay proves itself even after the store was lost (I3, I29).
fn mint(prepared: &Prepared, on: Side, source: &RowId, replaced: Option<&RowId>) -> RowId {
    let name = format!(
        "{}|{}|{}|{on}|{source}|{}",
        prepared.identities.left,
        prepared.identities.right,
        prepared.name(),
        replaced.map_or("", RowId::as_str),
    );
    RowId::from(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
}

/// Returns the fields sent when a row is created: those that flow there and are not blank.
#[must_use]
pub fn sent_on_create(mapping: &Mapping, on: Side, record: &Record) -> Record {
    mapping
        .fields
        .iter()
        .filter(|field| field.on_create[on])
        .filter_map(|field| {
            let value = record.get(&field.id)?;
            // A blank currency has to be said, or the system puts in its user's own.
            let says_blank = matches!(field.kind, FieldKind::Lookup { blank_is_base_currency: true, .. });
            (!value.is_blank() || says_blank).then(|| (field.id.clone(), value.clone()))
        })
        .collect()
}

/// Reads rows by key and stores what was seen.
pub async fn reread(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    ids: &[RowId],
) -> Result<(), EngineError> {
    let columns = prepared.columns(side);
    for ids in ids.chunks(100) {
        let reads = prepared.systems[side].rows(&prepared.mapping.tables[side], &columns, ids).await?;
        let observer = Observer { prepared, now: engine.now() };
        let mut transaction = engine.store().transaction()?;
        for (id, read) in ids.iter().zip(reads) {
            match read {
                KeyedRead::Found(row) => {
                    // It was asked for because it is needed, also where its version is known.
                    forget_version(&mut transaction, prepared, side, id)?;
                    observer.row(&mut transaction, side, row)?;
                    if let Some(coupling) = transaction.coupling_of(prepared.name(), side, id)? {
                        observer.wake(&mut transaction, side.other(), &coupling.rows[side.other()])?;
                    }
                }
                KeyedRead::Unreadable(error) => observer.unread(&mut transaction, side, error)?,
                KeyedRead::Absent => {
                    super::deletions::suspect(&mut transaction, prepared, side, id, observer.now)?
                }
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

fn forget_version(
    transaction: &mut Transaction,
    prepared: &Prepared,
    side: Side,
    id: &RowId,
) -> Result<(), StoreError> {
    transaction.remove_observation(prepared.name(), side, id)?;
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
    if prepared.systems[side].abilities().dirty_reads {
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

/// Sends writes to one side, batch by batch. Stops at the first sign that the system cannot be written now.
pub async fn apply(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    side: Side,
    work: Vec<Work>,
) -> Result<(), EngineError> {
    let system = &prepared.systems[side];
    let of = work.len() as u64;
    let mut done = 0;
    for batch in work.chunks(system.abilities().batch_size.max(1)) {
        let sending = store_intents(engine, prepared, state, side, batch)?;
        let writes: Vec<_> = sending.iter().map(|sending| sending.write.clone()).collect();
        if writes.is_empty() {
            continue;
        }
        let outcomes = system.write(&writes).await;
        let commit = Commit { engine, prepared, side };
        let rest = commit.outcomes(state, &sending, outcomes)?;
        reread(engine, prepared, side, &rest.rereads).await?;
        done += batch.len() as u64;
        engine.progress(Progress::Writing { mapping: prepared.name(), done, of });
        if let Some(error) = rest.stop {
            return Err(error.into());
        }
    }
    Ok(())
}

/// A write with its stored intent.
struct Sending<'a> {
    work: &'a Work,
    intent: IntentId,
    write: Write,
}

fn store_intents<'a>(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    side: Side,
    batch: &'a [Work],
) -> Result<Vec<Sending<'a>>, StoreError> {
    let mut sending = Vec::with_capacity(batch.len());
    let mut transaction = engine.store().transaction()?;
    for work in batch {
        let verb = match verb(prepared, &transaction, side, &work.job)? {
            Ok(verb) => verb,
            Err(error) => {
                park_unfit(engine, prepared, &mut transaction, side, work, error)?;
                continue;
            }
        };
        let intent = Intent {
            id: transaction.next_intent_id()?,
            run: state.id,
            mapping: prepared.name().clone(),
            side,
            verb: intent_verb(prepared, side, &work.job),
            stored_at: engine.now(),
        };
        transaction.put_intent(&intent)?;
        let write =
            Write { table: prepared.mapping.tables[side].clone(), verb, returning: prepared.columns(side) };
        sending.push(Sending { work, intent: intent.id, write });
    }
    transaction.commit()?;
    Ok(sending)
}

fn park_unfit(
    engine: &Engine,
    prepared: &Prepared,
    transaction: &mut Transaction,
    side: Side,
    work: &Work,
    error: mapping::Unfit,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let standing = Standing::Parked { reason: unfit_reason(error), wake: WakeCondition::RowChanges };
    for (side, row) in rows_behind(prepared, transaction, side, &work.job)? {
        observer.park(transaction, side, &row, standing.clone())?;
    }
    Ok(())
}

/// Returns the rows whose observations gave rise to a job.
fn rows_behind(
    prepared: &Prepared,
    transaction: &Transaction,
    side: Side,
    job: &Job,
) -> Result<Vec<(Side, RowId)>, StoreError> {
    match job {
        Job::Create { source, .. } => Ok(vec![(side.other(), source.clone())]),
        Job::Update { coupling, .. } | Job::Delete { coupling, .. } => {
            let coupling = transaction.coupling(prepared.name(), *coupling)?;
            Ok(coupling
                .map(|coupling| Side::BOTH.map(|side| (side, coupling.rows[side].clone())).to_vec())
                .unwrap_or_default())
        }
    }
}

fn verb(
    prepared: &Prepared,
    transaction: &Transaction,
    side: Side,
    job: &Job,
) -> Result<Result<Verb, mapping::Unfit>, StoreError> {
    let values = |record: &Record| {
        with_resolver(transaction, &prepared.base_currency, |resolver| {
            mapping::to_values(&prepared.mapping, side, record, resolver)
        })
    };
    Ok(match job {
        Job::Create { minted, sent, .. } => values(sent)?.map(|mut values| {
            let fixed = &prepared.mapping.new_row[side];
            let named: BTreeSet<_> = values.iter().map(|(column, _)| column.clone()).collect();
            values.extend(fixed.iter().filter(|(column, _)| !named.contains(column)).cloned());
            Verb::Create { id: minted.clone(), values }
        }),
        Job::Update { row, version, sent, .. } => {
            values(sent)?.map(|values| Verb::Update { id: row.clone(), version: version.clone(), values })
        }
        Job::Delete { row, version, .. } => Ok(Verb::Delete { id: row.clone(), version: version.clone() }),
    })
}

fn intent_verb(prepared: &Prepared, side: Side, job: &Job) -> IntentVerb {
    match job {
        Job::Create { source, minted, sent, .. } => IntentVerb::Create {
            source: source.clone(),
            minted: minted.clone(),
            sent: sent.clone(),
            floor: prepared.server_time[side],
        },
        Job::Update { coupling, row, version, sent, .. } => IntentVerb::Update {
            coupling: *coupling,
            row: row.clone(),
            version: Some(version.clone()),
            sent: sent.clone(),
        },
        Job::Delete { coupling, row, version } => {
            IntentVerb::Delete { coupling: *coupling, row: row.clone(), version: Some(version.clone()) }
        }
    }
}

/// What is left to do after a batch.
#[derive(Default)]
struct Rest {
    rereads: Vec<RowId>,
    /// The system cannot be written now.
    stop: Option<SystemError>,
}

/// Commits outcomes of writes to one side.
pub struct Commit<'a> {
    pub engine: &'a Engine,
    pub prepared: &'a Prepared,
    pub side: Side,
}

impl Commit<'_> {
    fn outcomes(
        &self,
        state: &mut RunState,
        sending: &[Sending<'_>],
        outcomes: Vec<WriteOutcome>,
    ) -> Result<Rest, StoreError> {
        let mut rest = Rest::default();
        let mut transaction = self.engine.store().transaction()?;
        for (sending, outcome) in sending.iter().zip(outcomes) {
            let is_closed = self.outcome(&mut transaction, state, sending.work, outcome, &mut rest)?;
            if is_closed {
                transaction.remove_intent(sending.intent)?;
            }
        }
        transaction.commit()?;
        Ok(rest)
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
            (WriteOutcome::Written(row), _) => self.written(transaction, state, work, Some(row), rest)?,
            (WriteOutcome::WrittenUnseen(_), Job::Create { minted: None, .. }) => {
                // It exists, but which row it is has to be looked up.
                rest.stop.get_or_insert(SystemError::UnexpectedAnswer {
                    connection: self.prepared.mapping.connections[self.side].clone(),
                    what: "a create".to_owned(),
                    detail: "the new row's id is missing; it is looked up".to_owned(),
                });
                return Ok(false);
            }
            (WriteOutcome::WrittenUnseen(_), _) => self.written(transaction, state, work, None, rest)?,
            (WriteOutcome::AlreadyThere, Job::Create { minted: Some(_), .. }) => {
                self.written(transaction, state, work, None, rest)?;
            }
            (WriteOutcome::Deleted | WriteOutcome::Missing, Job::Delete { coupling, .. }) => {
                self.deleted(transaction, state, work, *coupling)?;
            }
            (
                WriteOutcome::Stale | WriteOutcome::Missing,
                Job::Update { row, .. } | Job::Delete { row, .. },
            ) => {
                state.counts(self.prepared.name()).stale += 1;
                rest.rereads.push(row.clone());
            }
            (WriteOutcome::Refused(refusal) | WriteOutcome::DuplicateKey(refusal), _) => {
                self.refused(transaction, state, work, refusal)?;
            }
            (WriteOutcome::NotApplied(error), _) => {
                rest.stop.get_or_insert(error);
            }
            (WriteOutcome::InDoubt(error), _) => {
                rest.stop.get_or_insert(error);
                return Ok(false);
            }
            (outcome, _) => {
                let refusal = Refusal {
                    status: 0,
                    code: "UnexpectedOutcome".to_owned(),
                    message: format!("{outcome:?}"),
                };
                self.refused(transaction, state, work, refusal)?;
            }
        }
        Ok(true)
    }

    fn written(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        row: Option<Row>,
        rest: &mut Rest,
    ) -> Result<(), StoreError> {
        match &work.job {
            Job::Create { source, minted, sent, replaces } => {
                let id = row.as_ref().map(|row| row.id.clone()).or_else(|| minted.clone());
                let Some(id) = id else { return Ok(()) };
                if row.is_none() {
                    rest.rereads.push(id.clone());
                }
                if let Some(replaced) = replaces {
                    transaction.remove_coupling(self.prepared.name(), *replaced)?;
                }
                self.created(transaction, state, source, &id, sent, row, &work.label, &work.cause)
            }
            Job::Update { coupling, row: id, sent, before, .. } => {
                if row.is_none() {
                    rest.rereads.push(id.clone());
                }
                self.updated(transaction, state, *coupling, sent, row)?;
                state.counts(self.prepared.name()).updated[self.side] += 1;
                state.report.add(Line {
                    mapping: self.prepared.name().to_string(),
                    action: LineAction::Update,
                    on: Some(self.prepared.mapping.connections[self.side].to_string()),
                    row: work.label.clone(),
                    fields: FieldLine::of(transaction, &self.prepared.mapping, sent, Some(before))?,
                    note: None,
                });
                self.journal(
                    transaction,
                    state,
                    work,
                    Action::Updated,
                    Some(id),
                    changes(sent, Some(before)),
                    Outcome::Done,
                )
            }
            Job::Delete { coupling, .. } => self.deleted(transaction, state, work, *coupling),
        }
    }

    /// A new row exists: the two are one from here on.
    #[expect(
        clippy::too_many_arguments,
        reason = "one outcome has that many parts; a struct would only rename them"
    )]
    pub fn created(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        source: &RowId,
        id: &RowId,
        sent: &Record,
        row: Option<Row>,
        label: &str,
        cause: &CauseOfWrite,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
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
        state.counts(name).created[side] += 1;
        let fields = FieldLine::of(transaction, &self.prepared.mapping, sent, None)?;
        state.report.add(Line {
            mapping: name.to_string(),
            action: LineAction::Create,
            on: Some(self.prepared.mapping.connections[side].to_string()),
            row: label.to_owned(),
            fields,
            note: None,
        });
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: observer.now,
            mapping: name.clone(),
            action: Action::Created,
            side,
            row: Some(id.clone()),
            label: label.to_owned(),
            cause: cause.clone(),
            fields: changes(sent, None),
            outcome: Outcome::Done,
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

    /// A write landed: what was sent is what both sides agree on.
    pub fn updated(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        coupling: CouplingId,
        sent: &Record,
        row: Option<Row>,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let Some(mut coupling) = transaction.coupling(name, coupling)? else { return Ok(()) };
        for (field, value) in &sent.0 {
            coupling.base.set(field.clone(), value.clone());
        }
        coupling.versions[side] = None;
        transaction.put_coupling(&coupling)?;
        if let Some(row) = row {
            transaction.remove_observation(name, side, &row.id)?;
            observer.row(transaction, side, row)?;
            coupling = transaction.coupling(name, coupling.id)?.unwrap_or(coupling);
        }
        observer.refresh(transaction, &mut coupling, side.other())?;
        conflicts::close_if_settled(self.engine, self.prepared, transaction, state, &coupling)
    }

    fn deleted(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        coupling: CouplingId,
    ) -> Result<(), StoreError> {
        let name = self.prepared.name();
        let Some(coupling) = transaction.coupling(name, coupling)? else { return Ok(()) };
        transaction.remove_coupling(name, coupling.id)?;
        for side in Side::BOTH {
            transaction.remove_observation(name, side, &coupling.rows[side])?;
        }
        conflicts::close(self.engine, self.prepared, transaction, state, &coupling)?;
        state.counts(name).deleted[self.side] += 1;
        state.report.add(Line {
            mapping: name.to_string(),
            action: LineAction::Delete,
            on: Some(self.prepared.mapping.connections[self.side].to_string()),
            row: work.label.clone(),
            fields: Vec::new(),
            note: None,
        });
        let before = coupling.base.0.iter().map(|(field, value)| FieldChange {
            field: field.clone(),
            before: Some(value.clone()),
            after: crate::model::Value::Blank,
        });
        let row = &coupling.rows[self.side];
        self.journal(transaction, state, work, Action::Deleted, Some(row), before.collect(), Outcome::Done)
    }

    fn refused(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        work: &Work,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let name = self.prepared.name();
        debug!(mapping = %name, status = refusal.status, code = refusal.code, message = refusal.message, "Row refused");
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let reason = Reason::Refused { code: refusal.code.clone(), message: refusal.message };
        let standing = Standing::Parked { reason: reason.clone(), wake: WakeCondition::RowChanges };
        for (side, row) in rows_behind(self.prepared, transaction, self.side, &work.job)? {
            observer.park(transaction, side, &row, standing.clone())?;
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
        let (action, fields) = match &work.job {
            Job::Create { sent, .. } => (Action::Created, changes(sent, None)),
            Job::Update { sent, before, .. } => (Action::Updated, changes(sent, Some(before))),
            Job::Delete { .. } => (Action::Deleted, Vec::new()),
        };
        let outcome = Outcome::Refused { code: refusal.code };
        self.journal(transaction, state, work, action, None, fields, outcome)
    }

    #[expect(clippy::too_many_arguments, reason = "a journal entry has that many parts")]
    fn journal(
        &self,
        transaction: &mut Transaction,
        state: &RunState,
        work: &Work,
        action: Action,
        row: Option<&RowId>,
        fields: Vec<FieldChange>,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: self.engine.now(),
            mapping: self.prepared.name().clone(),
            action,
            side: self.side,
            row: row.cloned(),
            label: work.label.clone(),
            cause: work.cause.clone(),
            fields,
            outcome,
        })
    }
}

/// Lists the fields of a record as changes.
#[must_use]
pub fn changes(sent: &Record, before: Option<&Record>) -> Vec<FieldChange> {
    let change = |(field, value): (&crate::model::FieldId, &crate::model::Value)| FieldChange {
        field: field.clone(),
        before: before.and_then(|before| before.get(field)).cloned(),
        after: value.clone(),
    };
    sent.0.iter().map(change).collect()
}
