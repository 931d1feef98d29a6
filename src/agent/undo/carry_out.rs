//! Undoing a run, step by step: what can be undone is held first, then written back; the rest is listed with the reason.
//!
//! Rows are held before anything is written, so that a kill at any point leaves nothing for a pass to do again; each write
//! has its intent like any other. What is as before the run already is passed by, so that undoing twice is undoing once.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{Instrument, info_span};

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::observe::Observer;
use crate::agent::plan::resolve::with_resolver;
use crate::agent::prepare::Prepared;
use crate::agent::report::{Line, LineAction, RunReport};
use crate::agent::run::RunOptions;
use crate::agent::run_state::RunState;
use crate::agent::write::apply::apply;
use crate::agent::write::in_doubt::InDoubt;
use crate::agent::write::job::{Job, Work};
use crate::agent::write::recover;
use crate::mapping;
use crate::model::{
    CauseOfWrite, Counts, Coupling, CouplingState, MappingName, Pair, Record, Row, RowId, RunId, Side,
};
use crate::store::{Snapshot, Source, StoreError, View};
use crate::systems::KeyedRead;

use super::goal::{Goal, goals, is_deed};
use super::judge::{Now, Verdict, judge};

/// How many goals are read and written at once.
const CHUNK: usize = 500;

/// How many entries are held in memory at once. What belongs to one pair of rows and lies in two pages is undone in two
/// steps.
const PAGE: usize = 50_000;

impl Engine {
    /// Undoes a run. Undoing is a run itself, with a journal, and can be undone.
    pub async fn undo(&self, run: RunId) -> Result<RunReport, StoreError> {
        let started_at = self.now();
        let id = self.number_run(started_at)?;
        let mut state = RunState::new(id, started_at);
        let span = info_span!("undo", id = id.0, undone = run.0);
        self.undo_all(&mut state, run).instrument(span).await?;
        let options = RunOptions::of("undo");
        self.finish(&mut state, &options)?;
        Ok(state.report)
    }

    async fn undo_all(&self, state: &mut RunState, run: RunId) -> Result<(), StoreError> {
        let facts = self.identify_all(state).await?;
        let prepared = self.prepare_all(state, &facts).await?;
        let mut untold = self.done_in(run)?;
        let (mut concerned, mut before) = (BTreeSet::new(), None);
        loop {
            let mut entries = self.store().snapshot()?.journal(Some(run), before, PAGE)?;
            let Some((last, _)) = entries.last() else { break };
            before = Some(*last);
            for (_, entry) in entries.iter().filter(|(_, entry)| entry.is_done() && is_deed(entry.action)) {
                let rest = untold.entry(entry.mapping.clone()).or_default();
                *rest = rest.saturating_sub(1);
            }
            entries.reverse();
            for (name, goals) in by_mapping(goals(&entries)) {
                let Some(prepared) = prepared.iter().find(|prepared| prepared.name() == &name) else {
                    for goal in &goals {
                        state.report.add(left(&name, None, &goal.label, "its mapping cannot be used"));
                    }
                    continue;
                };
                let undone = Undo { engine: self, prepared, run }.mapping(state, &goals).await;
                state.note(Some(&name), undone)?;
                concerned.insert(name);
            }
        }
        for (name, rest) in untold.iter().filter(|(_, rest)| **rest > 0) {
            let what = format!("{rest} more");
            state.report.add(left(name, None, &what, "the journal does not tell of them any more"));
        }
        let concerned: Vec<_> =
            prepared.into_iter().filter(|prepared| concerned.contains(prepared.name())).collect();
        self.describe_rest(state, concerned.iter())
    }

    /// Returns how much a run did in each mapping, by its own count.
    fn done_in(&self, run: RunId) -> Result<BTreeMap<MappingName, u64>, StoreError> {
        let counts = self.store().snapshot()?.run(run)?.map(|run| run.counts).unwrap_or_default();
        let pair = |pair: Pair<u64>| pair.left + pair.right;
        let done = |counts: Counts| {
            let Counts { coupled, created, updated, deleted, uncoupled, .. } = counts;
            coupled + pair(created) + pair(updated) + pair(deleted) + uncoupled
        };
        Ok(counts.into_iter().map(|(name, counts)| (name, done(counts))).collect())
    }
}

/// Parts goals by their mapping, in the order in which the mappings turn up.
fn by_mapping(goals: Vec<Goal>) -> Vec<(MappingName, Vec<Goal>)> {
    let mut parts: Vec<(MappingName, Vec<Goal>)> = Vec::new();
    for goal in goals {
        match parts.iter_mut().find(|(name, _)| *name == goal.mapping) {
            Some((_, part)) => part.push(goal),
            None => parts.push((goal.mapping.clone(), vec![goal])),
        }
    }
    parts
}

/// Returns the line for what is not undone.
fn left(mapping: &MappingName, on: Option<String>, label: &str, note: &str) -> Line {
    Line {
        mapping: mapping.to_string(),
        action: LineAction::Leave,
        on,
        row: label.to_owned(),
        fields: Vec::new(),
        note: Some(format!("not undone: {note}")),
    }
}

/// The undoing of one run in one mapping.
pub struct Undo<'a> {
    pub engine: &'a Engine,
    pub prepared: &'a Prepared,
    /// The run that is undone.
    pub run: RunId,
}

/// Rows as they were just read.
pub type Read = Pair<BTreeMap<RowId, KeyedRead>>;

impl Undo<'_> {
    async fn mapping(&self, state: &mut RunState, goals: &[Goal]) -> Result<(), EngineError> {
        recover::recover(self.engine, self.prepared, state).await?;
        // The reverse of the order in which a run does it: couplings, rows made, fields, couplings taken back.
        for goals in goals.chunks(CHUNK) {
            self.couple_again(state, goals).await?;
            self.make_again(state, goals).await?;
            let kept = self.write_back(state, goals).await?;
            self.take_apart(state, goals, &kept).await?;
        }
        Ok(())
    }

    /// Returns the cause of all that is done here.
    pub fn cause(&self) -> CauseOfWrite {
        CauseOfWrite::Undo { run: self.run }
    }

    /// Lists what is not undone, and why.
    pub fn leave(&self, state: &mut RunState, goal: &Goal, side: Option<Side>, note: &str) {
        let on = side.map(|side| self.prepared.mapping.connections[side].to_string());
        state.report.add(left(self.prepared.name(), on, &goal.label, note));
    }

    /// Reads the rows of goals by key.
    pub async fn read(&self, goals: impl Iterator<Item = &Goal>) -> Result<Read, EngineError> {
        let mut wanted: Pair<BTreeSet<RowId>> = Pair::default();
        for goal in goals {
            for side in Side::BOTH {
                wanted[side].extend(goal.rows[side].clone());
            }
        }
        let mut read = Read::default();
        for side in Side::BOTH {
            let ids: Vec<_> = wanted[side].iter().cloned().collect();
            if ids.is_empty() {
                continue;
            }
            let (table, columns) = (&self.prepared.mapping.tables[side], &self.prepared.columns[side]);
            let rows = self.prepared.systems[side].rows(table, columns, &ids).await?;
            read[side] = ids.into_iter().zip(rows).collect();
        }
        Ok(read)
    }

    /// Translates what a row is by now.
    pub fn now(
        &self,
        view: &View<impl Source>,
        side: Side,
        read: Option<&KeyedRead>,
    ) -> Result<Now, StoreError> {
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        Ok(match read {
            Some(KeyedRead::Absent) => Now::Absent,
            Some(KeyedRead::Found(row)) => match observer.record(view, side, row)? {
                Ok(record) => Now::Row { record, version: row.version.clone() },
                Err(_) => Now::Unreadable,
            },
            Some(KeyedRead::Unreadable(_)) | None => Now::Unreadable,
        })
    }

    /// Returns the coupling that a goal's rows are in, if they still are in one.
    pub fn coupling(&self, view: &View<impl Source>, goal: &Goal) -> Result<Option<Coupling>, StoreError> {
        let name = self.prepared.name();
        for side in Side::BOTH {
            if let Some(row) = &goal.rows[side]
                && let Some(coupling) = view.coupling_of(name, side, row)?
            {
                let is_same =
                    goal.rows[side.other()].as_ref().is_none_or(|row| row == &coupling.rows[side.other()]);
                return Ok(is_same.then_some(coupling));
            }
        }
        Ok(None)
    }

    /// Returns why values cannot be written, if they cannot.
    pub fn unfit(
        &self,
        view: &View<impl Source>,
        side: Side,
        sent: &Record,
    ) -> Result<Option<String>, StoreError> {
        let mapping = &self.prepared.mapping;
        let fits = mapping::fits(mapping, side, sent, &self.prepared.tables[side]);
        let values = with_resolver(view, &self.prepared.base_currency, |resolver| {
            mapping::to_values(mapping, side, sent, resolver)
        })?;
        Ok(fits.and(values.map(drop)).err().map(|unfit| unfit.to_string()))
    }

    /// Puts fields back and deletes rows that the run made. Returns the goals of which a row was left.
    async fn write_back(&self, state: &mut RunState, goals: &[Goal]) -> Result<BTreeSet<u64>, EngineError> {
        let read = self.read(goals.iter()).await?;
        let mut left = BTreeSet::new();
        let mut steps = Vec::new();
        {
            let snapshot = self.engine.store().snapshot()?;
            let in_doubt = InDoubt::gather(self.prepared, &snapshot)?;
            for goal in goals {
                for side in Side::BOTH {
                    match self.step(&snapshot, &in_doubt, goal, side, &read)? {
                        Ok(Some(job)) => steps.push((goal, side, job)),
                        Ok(None) => {}
                        Err(note) => {
                            left.insert(goal.last);
                            self.leave(state, goal, Some(side), &note);
                        }
                    }
                }
            }
        }
        // Fields first: a coupling that ends with its row is needed to write the other one.
        let (deletes, updates): (Vec<_>, Vec<_>) =
            steps.into_iter().partition(|(_, _, job)| matches!(job, Job::Delete { .. } | Job::Remove { .. }));
        let updated = self.write(state, &updates, &read, &mut left).await;
        // A partner that was just written is held as it is by now.
        let read = match updates.is_empty() {
            true => read,
            false => self.read(deletes.iter().map(|(goal, ..)| *goal)).await?,
        };
        updated.and(self.write(state, &deletes, &read, &mut left).await).map(|()| left)
    }

    /// Holds rows, writes them, and sees what landed.
    async fn write(
        &self,
        state: &mut RunState,
        steps: &[(&Goal, Side, Job)],
        read: &Read,
        left: &mut BTreeSet<u64>,
    ) -> Result<(), EngineError> {
        self.hold(steps.iter().map(|(goal, ..)| *goal), read)?;
        let mut outcome = Ok(());
        for side in [Side::Right, Side::Left] {
            let of_side = steps.iter().filter(|(_, on, _)| *on == side);
            let work = of_side.map(|(goal, _, job)| self.work(goal, job.clone())).collect();
            outcome = outcome.and(apply(self.engine, self.prepared, state, side, work).await);
        }
        let snapshot = self.engine.store().snapshot()?;
        let in_doubt = InDoubt::gather(self.prepared, &snapshot)?;
        drop(snapshot);
        let mut transaction = self.engine.store().transaction()?;
        for (goal, side, job) in steps {
            let is_in_doubt = goal.rows[*side].as_ref().is_some_and(|row| in_doubt.holds(*side, row));
            if is_in_doubt || !self.settle_hold(&mut transaction, goal, *side, job)? {
                left.insert(goal.last);
                self.leave(state, goal, Some(*side), "it could not be written; undo the run again");
            }
        }
        transaction.commit()?;
        outcome
    }

    /// Puts a job to work in the name of this undoing.
    pub fn work(&self, goal: &Goal, job: Job) -> Work {
        Work { job, label: goal.label.clone(), cause: self.cause() }
    }

    /// Returns what is to be written to put one row back, or why it is left.
    fn step(
        &self,
        snapshot: &Snapshot,
        in_doubt: &InDoubt,
        goal: &Goal,
        side: Side,
        read: &Read,
    ) -> Result<Result<Option<Job>, String>, StoreError> {
        let (Some(deed), Some(row)) = (&goal.deeds[side], &goal.rows[side]) else { return Ok(Ok(None)) };
        let now = self.now(snapshot, side, read[side].get(row))?;
        let verdict = judge(&self.prepared.mapping, side, deed, &now);
        let waits = match verdict {
            Verdict::Delete { .. } => in_doubt.holds_from_deletion(side, row),
            _ => in_doubt.holds(side, row),
        };
        if waits {
            return Ok(Err("a write to it is still in doubt".to_owned()));
        }
        let coupling = self.coupling(snapshot, goal)?;
        let is_severed = coupling.as_ref().is_some_and(|coupling| coupling.state == CouplingState::Severed);
        let row = row.clone();
        Ok(match (verdict, coupling) {
            // Rows are made again elsewhere.
            (Verdict::Done | Verdict::Create { .. }, _) => Ok(None),
            (Verdict::Leave(why), _) => Err(why.text(self.prepared.mapping.connections[side].as_str())),
            _ if is_severed => Err("the two rows were uncoupled since".to_owned()),
            (Verdict::Delete { version }, Some(coupling)) => {
                Ok(Some(Job::Delete { coupling: coupling.id, row, version }))
            }
            (Verdict::Delete { version }, None) if goal.coupling.is_none() => {
                Ok(Some(Job::Remove { row, version }))
            }
            (Verdict::Update { version, sent, before }, Some(coupling)) => {
                match self.unfit(snapshot, side, &sent)? {
                    Some(unfit) => Err(unfit),
                    None => Ok(Some(Job::Update {
                        coupling: coupling.id,
                        row,
                        version,
                        sent,
                        before,
                        is_one_of_two: false,
                    })),
                }
            }
            (Verdict::Delete { .. } | Verdict::Update { .. }, None) => {
                Err("it is coupled otherwise by now, or not at all".to_owned())
            }
        })
    }
}

/// Returns a row that was found.
#[must_use]
pub fn found<'r>(read: &'r Read, side: Side, row: Option<&RowId>) -> Option<&'r Row> {
    match read[side].get(row?) {
        Some(KeyedRead::Found(row)) => Some(row),
        _ => None,
    }
}
