//! One pass of one mapping: gather what is ready, let `sync` decide, apply, until nothing is ready.

use std::collections::BTreeMap;

use crate::mapping;
use crate::model::{
    Author, CauseOfWrite, ConflictKind, Content, Coupling, MappingName, Observation, Pair, Reason, Record,
    Row, RowId, Side, Standing, Version, WakeCondition,
};
use crate::store::{Snapshot, StoreError};
use crate::sync::{self, Decision, Merge, Pending, Seen};

use super::apply::apply;
use super::conflicts;
use super::couple::couple;
use super::engine::Engine;
use super::error::EngineError;
use super::in_doubt::InDoubt;
use super::job::{self, Job, Work};
use super::observe::Observer;
use super::prepare::Prepared;
use super::report::{Line, LineAction, reason_text};
use super::reread::{confirm, reread};
use super::resolve::with_resolver;
use super::run_state::RunState;
use super::standing::{unfit_reason, wake};

/// How many rows one round decides.
const ROUND: usize = 1000;

/// How often one row is decided again within a pass (stale versions, re-reads, values rewritten by the server).
const MAX_TRIES: u8 = 4;

/// Runs one pass of one mapping.
pub async fn pass(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<(), EngineError> {
    wake_due(engine, prepared)?;
    conflicts::close_settled(engine, prepared, state)?;
    couple(engine, prepared, state)?;
    let mut tries: BTreeMap<(Side, RowId), u8> = BTreeMap::new();
    loop {
        let round = Round::decide(engine, prepared, state, &mut tries)?;
        if round.is_empty() {
            return Ok(());
        }
        round.carry_out(engine, prepared, state).await?;
    }
}

/// Puts back to ready what was parked until a moment that has come.
fn wake_due(engine: &Engine, prepared: &Prepared) -> Result<(), StoreError> {
    let now = engine.now();
    let mut transaction = engine.store().transaction()?;
    for side in Side::BOTH {
        wake(
            &mut transaction,
            prepared.name(),
            side,
            |observation| matches!(&observation.standing, Standing::Parked { wake: WakeCondition::At(at), .. } if *at <= now),
        )?;
    }
    transaction.commit()
}

/// What one round of a pass does.
#[derive(Default)]
struct Round {
    /// Rows to read by key before anything can be decided.
    rereads: Pair<Vec<RowId>>,
    work: Pair<Vec<Work>>,
    /// Rows from which others are created; re-read first where reads can be dirty.
    creates: Pair<Vec<(RowId, Option<Version>)>>,
    /// Something was settled in the store alone.
    settled: bool,
}

impl Round {
    fn is_empty(&self) -> bool {
        let nothing = |side: Side| {
            self.rereads[side].is_empty() && self.work[side].is_empty() && self.creates[side].is_empty()
        };
        nothing(Side::Left) && nothing(Side::Right) && !self.settled
    }

    fn decide(
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
        tries: &mut BTreeMap<(Side, RowId), u8>,
    ) -> Result<Self, StoreError> {
        let mut round = Self::default();
        let snapshot = engine.store().snapshot()?;
        let in_doubt = InDoubt::gather(prepared, &snapshot)?;
        let mut pending = Vec::new();
        for side in Side::BOTH {
            for observation in ready(&snapshot, prepared.name(), side, tries)? {
                if pending.len() + round.creates.left.len() + round.creates.right.len() >= ROUND {
                    break;
                }
                if in_doubt.holds(side, &observation.row) {
                    continue;
                }
                if matches!(observation.content, Content::Unreadable(_)) {
                    count_try(tries, side, &observation.row);
                    round.rereads[side].push(observation.row);
                    continue;
                }
                match snapshot.coupling_of(prepared.name(), side, &observation.row)? {
                    Some(coupling) if in_doubt.holds(side.other(), &coupling.rows[side.other()]) => {}
                    Some(coupling) if is_twin(&snapshot, prepared, side, &coupling, tries)? => {}
                    Some(coupling) => {
                        count_try(tries, side, &observation.row);
                        pending.push(gather(engine, prepared, &snapshot, coupling)?);
                    }
                    None if in_doubt.holds_creates_from(side) => {}
                    None => {
                        count_try(tries, side, &observation.row);
                        if let Content::Row(row) = observation.content {
                            round.creates[side].push((row.id, row.version));
                        }
                    }
                }
            }
        }
        drop(snapshot);
        for pending in pending {
            round.take(engine, prepared, state, pending)?;
        }
        Ok(round)
    }

    /// Turns one decision into work, or carries it out where only the store is concerned.
    fn take(
        &mut self,
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
        gathered: Gathered,
    ) -> Result<(), StoreError> {
        let decision = sync::decide(&prepared.mapping, &gathered.pending);
        let Gathered { pending, rows } = gathered;
        let coupling = pending.coupling;
        let cause = |side: Side| match &pending.conflict {
            Some(conflict) if conflict.answer.is_some() => CauseOfWrite::Answer { conflict: conflict.id },
            _ => CauseOfWrite::Edit { side: side.other() },
        };
        match decision {
            Decision::Wait => {}
            Decision::Reread(side) => self.rereads[side].push(coupling.rows[side].clone()),
            Decision::Settle(merge) => {
                self.settled = true;
                settle(engine, prepared, state, coupling, &merge)?;
            }
            Decision::Park { reason, wake } => {
                self.settled = true;
                let standing = Standing::Parked { reason: reason.clone(), wake };
                park(engine, prepared, state, &coupling, &standing, &reason)?;
            }
            Decision::Write { merge, versions } => {
                let records = Pair::from_fn(|side| record_of(&pending.seen[side], &coupling.base));
                let problem =
                    Side::BOTH.into_iter().find_map(|side| unfit(prepared, side, &merge.writes[side]));
                if let Some(reason) = problem {
                    let standing =
                        Standing::Parked { reason: reason.clone(), wake: WakeCondition::RowChanges };
                    self.settled = true;
                    return park(engine, prepared, state, &coupling, &standing, &reason);
                }
                self.settled |= agree(engine, prepared, state, &coupling, &merge, &rows)?;
                for side in Side::BOTH {
                    if let (false, Some(version)) = (merge.writes[side].0.is_empty(), &versions[side]) {
                        let job = Job::Update {
                            coupling: coupling.id,
                            row: coupling.rows[side].clone(),
                            version: version.clone(),
                            sent: merge.writes[side].clone(),
                            before: records[side].clone(),
                        };
                        self.work[side].push(Work { job, label: coupling.label.clone(), cause: cause(side) });
                    }
                }
            }
            Decision::Delete { on, version } => {
                let row = coupling.rows[on].clone();
                let job = Job::Delete { coupling: coupling.id, row, version };
                self.work[on].push(Work { job, label: coupling.label.clone(), cause: cause(on) });
            }
            Decision::Restore { on } => match &rows[on.other()] {
                Some(row) => {
                    let job = job::restore(engine, prepared, on, row, &coupling)?;
                    self.work[on].push(Work { job, label: coupling.label.clone(), cause: cause(on) });
                }
                None => self.rereads[on.other()].push(coupling.rows[on.other()].clone()),
            },
            Decision::LeaveDeletion { on } => {
                self.settled = true;
                conflicts::leave_deletion(engine, prepared, state, coupling, on)?;
            }
            Decision::AskDeletion { on } => {
                self.settled = true;
                conflicts::raise(
                    engine,
                    prepared,
                    state,
                    &coupling,
                    ConflictKind::Deleted { on },
                    authors(&rows),
                )?;
            }
            Decision::Uncouple => {
                self.settled = true;
                conflicts::uncouple(engine, prepared, state, &coupling, cause(Side::Right))?;
            }
        }
        Ok(())
    }

    async fn carry_out(
        self,
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
    ) -> Result<(), EngineError> {
        for side in Side::BOTH {
            reread(engine, prepared, side, &self.rereads[side]).await?;
        }
        let mut work = self.work;
        for side in Side::BOTH {
            let confirmed = confirm(engine, prepared, side, self.creates[side].clone()).await?;
            for row in confirmed {
                if let Some(create) = create(engine, prepared, state, side, &row)? {
                    work[side.other()].push(create);
                }
            }
        }
        // The right side first, as the order of lines in a preview has to be one order.
        for side in [Side::Right, Side::Left] {
            apply(engine, prepared, state, side, std::mem::take(&mut work[side])).await?;
        }
        Ok(())
    }
}

/// The observations of one side that are ready and were not tried too often.
fn ready(
    snapshot: &Snapshot,
    mapping: &MappingName,
    side: Side,
    tries: &BTreeMap<(Side, RowId), u8>,
) -> Result<Vec<Observation>, StoreError> {
    let mut found = Vec::new();
    let mut after = None;
    while found.len() < ROUND {
        let page = snapshot.observations(mapping, side, after.take(), 500)?;
        let Some(last) = page.last() else { break };
        after = Some(last.row.clone());
        found.extend(page.into_iter().filter(|observation| {
            let tried = tries.get(&(side, observation.row.clone())).copied().unwrap_or(0);
            observation.standing == Standing::Ready && tried < MAX_TRIES
        }));
    }
    Ok(found)
}

fn count_try(tries: &mut BTreeMap<(Side, RowId), u8>, side: Side, row: &RowId) {
    *tries.entry((side, row.clone())).or_default() += 1;
}

/// Returns whether the coupling is decided through its ready left row already.
fn is_twin(
    snapshot: &Snapshot,
    prepared: &Prepared,
    side: Side,
    coupling: &Coupling,
    tries: &BTreeMap<(Side, RowId), u8>,
) -> Result<bool, StoreError> {
    if side == Side::Left {
        return Ok(false);
    }
    let left = snapshot.observation(prepared.name(), Side::Left, &coupling.rows.left)?;
    let tried = tries.get(&(Side::Left, coupling.rows.left.clone())).copied().unwrap_or(0);
    Ok(left.is_some_and(|left| left.standing == Standing::Ready) && tried > 0)
}

/// A coupling with all that is known, and the rows as read.
struct Gathered {
    pending: Pending,
    rows: Pair<Option<Row>>,
}

fn gather(
    engine: &Engine,
    prepared: &Prepared,
    snapshot: &Snapshot,
    coupling: Coupling,
) -> Result<Gathered, StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let mut seen = Pair::default();
    let mut rows = Pair::default();
    for side in Side::BOTH {
        let observation = snapshot.observation(prepared.name(), side, &coupling.rows[side])?;
        seen[side] = match observation.map(|observation| observation.content) {
            None => None,
            Some(Content::Gone(evidence)) => Some(Seen::Gone(evidence)),
            Some(Content::Missing { .. } | Content::Unreadable(_)) => Some(Seen::Unclear),
            Some(Content::Row(row)) => match observer.record(snapshot, side, &row)? {
                Ok(record) => {
                    let version = row.version.clone();
                    rows[side] = Some(row);
                    Some(Seen::Record { record, version })
                }
                Err(_) => Some(Seen::Unclear),
            },
        };
    }
    let mut conflict = snapshot.conflict_of(prepared.name(), &coupling.rows)?;
    if let Some(open) = &mut conflict
        && matches!(open.kind, ConflictKind::Deleted { .. })
        && open.stamp != conflicts::stamp(snapshot, &coupling, &open.kind)?
    {
        // The answer was for another state of the surviving row; it is asked again with the answer as a suggestion.
        open.answer = None;
    }
    Ok(Gathered { pending: Pending { coupling, seen, conflict }, rows })
}

fn record_of(seen: &Option<Seen>, base: &Record) -> Record {
    match seen {
        Some(Seen::Record { record, .. }) => record.clone(),
        _ => base.clone(),
    }
}

fn authors(rows: &Pair<Option<Row>>) -> Pair<Author> {
    rows.as_ref().map(|row| row.as_ref().map(Author::of).unwrap_or_default())
}

/// Nothing is to be written: what agrees becomes base, and both rows are settled.
fn settle(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    mut coupling: Coupling,
    merge: &Merge,
) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    for (field, value) in &merge.agreed.0 {
        coupling.base.set(field.clone(), value.clone());
    }
    for side in Side::BOTH {
        let observation = transaction.observation(prepared.name(), side, &coupling.rows[side])?;
        if let Some(Content::Row(row)) = observation.map(|observation| observation.content) {
            coupling.versions[side] = row.version;
            transaction.remove_observation(prepared.name(), side, &coupling.rows[side])?;
        }
    }
    transaction.put_coupling(&coupling)?;
    conflicts::close_if_settled(engine, prepared, &mut transaction, state, &coupling)?;
    transaction.commit()
}

/// Before a write leaves: fields that agree become base (I32), and what collides is raised. Returns whether only that
/// is left to do.
fn agree(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
    merge: &Merge,
    rows: &Pair<Option<Row>>,
) -> Result<bool, StoreError> {
    if !merge.agreed.0.is_empty() {
        let mut transaction = engine.store().transaction()?;
        let mut coupling = coupling.clone();
        for (field, value) in &merge.agreed.0 {
            coupling.base.set(field.clone(), value.clone());
        }
        transaction.put_coupling(&coupling)?;
        transaction.commit()?;
    }
    let is_written = Side::BOTH.iter().any(|side| !merge.writes[*side].0.is_empty());
    if is_written || merge.conflicts.is_empty() {
        // What collides is raised when the rest has arrived, in the next round.
        return Ok(false);
    }
    let kind = ConflictKind::Fields(merge.conflicts.clone());
    conflicts::raise(engine, prepared, state, coupling, kind, authors(rows))?;
    Ok(true)
}

fn park(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
    standing: &Standing,
    reason: &Reason,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let mut transaction = engine.store().transaction()?;
    for side in Side::BOTH {
        observer.park(&mut transaction, side, &coupling.rows[side], standing.clone())?;
    }
    transaction.commit()?;
    state.report.add(leave_line(prepared, &coupling.label, reason));
    Ok(())
}

fn leave_line(prepared: &Prepared, label: &str, reason: &Reason) -> Line {
    Line {
        mapping: prepared.name().to_string(),
        action: LineAction::Leave,
        on: None,
        row: label.to_owned(),
        fields: Vec::new(),
        note: Some(reason_text(reason, &prepared.mapping)),
    }
}

fn unfit(prepared: &Prepared, side: Side, record: &Record) -> Option<Reason> {
    let error = mapping::fits(&prepared.mapping, side, record, &prepared.tables[side]).err()?;
    Some(unfit_reason(error))
}

/// Returns the create that follows from an uncoupled row, or parks the row with the reason why there is none.
fn create(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    from: Side,
    row: &Row,
) -> Result<Option<Work>, StoreError> {
    let on = from.other();
    let observer = Observer { prepared, now: engine.now() };
    let snapshot = engine.store().snapshot()?;
    let Ok(record) = observer.record(&snapshot, from, row)? else { return Ok(None) };
    let sent = job::sent_on_create(&prepared.mapping, on, &record);
    let fits = mapping::fits(&prepared.mapping, on, &sent, &prepared.tables[on]);
    let values = with_resolver(&snapshot, &prepared.base_currency, |resolver| {
        mapping::to_values(&prepared.mapping, on, &sent, resolver)
    })?;
    drop(snapshot);
    let label = observer.label(from, row);
    match fits.and(values.map(drop)) {
        Ok(()) => {
            let cause = CauseOfWrite::Edit { side: from };
            let job = job::create(prepared, on, row, sent, None);
            Ok(Some(Work { job, label, cause }))
        }
        Err(error) => {
            let reason = unfit_reason(error);
            let wake = match &reason {
                Reason::WaitingForReference { mapping, side, row, .. } => {
                    WakeCondition::Coupled { mapping: mapping.clone(), side: *side, row: row.clone() }
                }
                _ => WakeCondition::RowChanges,
            };
            let mut transaction = engine.store().transaction()?;
            let standing = Standing::Parked { reason: reason.clone(), wake };
            observer.park(&mut transaction, from, &row.id, standing)?;
            transaction.commit()?;
            state.report.add(leave_line(prepared, &label, &reason));
            Ok(None)
        }
    }
}
