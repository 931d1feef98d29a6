//! One pass of one mapping: count what is to be done, hold it against the brakes, then gather what is ready, let `sync`
//! decide, apply, until nothing is ready.

use tracing::error;

use crate::model::{
    CauseOfWrite, ConflictKind, Content, Coupling, Pair, PlannedWrite, Reason, RowId, Side, Standing,
    Version, WakeCondition,
};
use crate::store::StoreError;
use crate::sync::Finding;

use super::brake::gate::{Admission, Gate};
use super::brake::{done, pace};
use super::engine::Engine;
use super::error::EngineError;
use super::look::observe::Observer;
use super::look::reread::{confirm, reread};
use super::plan::apart::leave_to_others;
use super::plan::conflicts;
use super::plan::couple::couple;
use super::plan::create::create;
use super::plan::doubts::settle_doubts;
use super::plan::gather::{ROUND, Tries, authors, gather, is_twin, ready};
use super::plan::judge::{Judged, Verdict, judge};
use super::plan::settle::{agree, park, settle};
use super::plan::standing::wake;
use super::prepare::Prepared;
use super::run_state::RunState;
use super::write::apply::apply;
use super::write::in_doubt::InDoubt;
use super::write::job::Work;

/// Runs one pass of one mapping. `is_last`: no other of it follows in the same run; only then may its first sync end.
pub async fn pass(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    is_last: bool,
) -> Result<(), EngineError> {
    // Before the first coupling is made: by that a first sync is told.
    pace::begin(engine, prepared)?;
    wake_due(engine, prepared)?;
    conflicts::close_settled(engine, prepared, state)?;
    leave_to_others(engine, prepared)?;
    couple(engine, prepared, state).await?;
    settle_doubts(engine, prepared)?;
    let mut tries = Tries::default();
    let mut gate = Gate::set(engine, prepared, state, &mut tries).await?;
    loop {
        settle_doubts(engine, prepared)?;
        let round = Round::decide(engine, prepared, state, &mut tries, &mut gate)?;
        if !round.is_begun {
            break;
        }
        for side in Side::BOTH {
            tries.note_reads(side, &round.rereads[side]);
        }
        round.carry_out(engine, prepared, state, &mut gate).await?;
    }
    if gate.is_overrun() {
        gate = Gate::set(engine, prepared, state, &mut tries).await?;
    }
    if is_last && !state.only_approved {
        pace::end(engine, prepared, gate.is_holding())?;
    }
    Ok(())
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
    /// Some row was looked at, if only to let it wait.
    is_begun: bool,
}

impl Round {
    fn decide(
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
        tries: &mut Tries,
        gate: &mut Gate,
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
                round.is_begun = true;
                tries.count(side, &observation.row);
                if in_doubt.holds(side, &observation.row) {
                    continue;
                }
                if matches!(observation.content, Content::Unreadable(_)) {
                    round.rereads[side].push(observation.row);
                    continue;
                }
                match snapshot.coupling_of(prepared.name(), side, &observation.row)? {
                    Some(coupling) if in_doubt.holds(side.other(), &coupling.rows[side.other()]) => {}
                    Some(coupling) if is_twin(&snapshot, prepared, side, &coupling, tries)? => {}
                    Some(coupling) => {
                        pending.push(gather(engine, prepared, &snapshot, coupling, tries)?);
                    }
                    None if in_doubt.holds_creates_from(side) => {}
                    None => {
                        if let Content::Row(row) = observation.content {
                            round.creates[side].push((row.id, row.version));
                        }
                    }
                }
            }
        }
        drop(snapshot);
        for pending in pending {
            let judged = judge(engine, prepared, pending)?;
            round.take(engine, prepared, state, gate, judged)?;
        }
        Ok(round)
    }

    /// Takes what is to become of a coupling: as work, or carried out at once where only the store is concerned.
    fn take(
        &mut self,
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
        gate: &mut Gate,
        judged: Judged,
    ) -> Result<(), StoreError> {
        let planned = judged.planned();
        let Judged { coupling, rows, verdict, cause, .. } = judged;
        let is_consent = cause.is_some();
        match verdict {
            Verdict::Wait => {}
            Verdict::Reread(side) => self.rereads[side].push(coupling.rows[side].clone()),
            Verdict::Settle(merge) => settle(engine, prepared, state, coupling, &merge)?,
            Verdict::Park { reason, wake } => {
                let standing = Standing::Parked { reason: reason.clone(), wake };
                park(engine, prepared, state, &coupling, &standing, &reason)?;
            }
            Verdict::Write { merge, work } => {
                let mut admitted = Vec::with_capacity(work.len());
                let (mut is_braked, mut is_later) = (false, false);
                for ((on, mut work), planned) in work.into_iter().zip(planned) {
                    match gate.admit(engine, prepared.name(), state, &planned, is_consent)? {
                        Admission::Go(approval) => {
                            work.cause = approval.unwrap_or(work.cause);
                            admitted.push((on, work));
                        }
                        Admission::Brake => is_braked = true,
                        Admission::Later => is_later = true,
                    }
                }
                if admitted.is_empty() && is_braked {
                    return brake(engine, prepared, &coupling);
                }
                if admitted.is_empty() && is_later {
                    return Ok(());
                }
                agree(engine, prepared, state, &coupling, &merge, &rows)?;
                for (on, work) in admitted {
                    self.work[on].push(work);
                }
            }
            Verdict::LeaveDeletion { on, became } => {
                conflicts::leave_deletion(engine, prepared, state, coupling, on, became)?;
            }
            Verdict::AskDeletion { on } => {
                if !pass_on(engine, prepared, state, gate, &coupling, &planned, cause.as_ref())? {
                    return Ok(());
                }
                let kind = ConflictKind::Deleted { on };
                conflicts::raise(engine, prepared, state, &coupling, kind, authors(&rows))?;
            }
            Verdict::Uncouple => {
                if pass_on(engine, prepared, state, gate, &coupling, &planned, cause.as_ref())? {
                    let cause = cause.unwrap_or(CauseOfWrite::Edit { side: Side::Left });
                    conflicts::uncouple(engine, prepared, state, &coupling, cause)?;
                }
            }
            Verdict::Forget => conflicts::forget(engine, prepared, state, &coupling)?,
            Verdict::Unsafe(finding) => stop(engine, prepared, state, &coupling, &finding)?,
        }
        Ok(())
    }

    async fn carry_out(
        self,
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
        gate: &mut Gate,
    ) -> Result<(), EngineError> {
        for side in Side::BOTH {
            reread(engine, prepared, side, &self.rereads[side]).await?;
        }
        let mut work = self.work;
        for side in Side::BOTH {
            let confirmed = confirm(engine, prepared, side, self.creates[side].clone()).await?;
            for row in confirmed {
                let Some(mut new) = create(engine, prepared, state, side, &row).await? else { continue };
                let planned = new.planned(side.other());
                match gate.admit(engine, prepared.name(), state, &planned, false)? {
                    Admission::Go(approval) => {
                        new.cause = approval.unwrap_or(new.cause);
                        work[side.other()].push(new);
                    }
                    Admission::Brake => brake_row(engine, prepared, side, &row.id)?,
                    Admission::Later => {}
                }
            }
        }
        // The right side first, as the order of lines in a preview has to be one order.
        let right = apply(engine, prepared, state, Side::Right, work.right).await;
        // A side that cannot be written holds up nothing but what goes there.
        let left = apply(engine, prepared, state, Side::Left, work.left).await;
        right.and(left)
    }
}

/// Returns whether a deletion is passed on that is no write; where it is, that is noted.
#[expect(clippy::too_many_arguments, reason = "a deletion passed on has that many parts")]
fn pass_on(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    gate: &mut Gate,
    coupling: &Coupling,
    planned: &[PlannedWrite],
    cause: Option<&CauseOfWrite>,
) -> Result<bool, StoreError> {
    for planned in planned {
        match gate.admit(engine, prepared.name(), state, planned, cause.is_some())? {
            Admission::Go(_) => {
                let cause = cause.cloned().unwrap_or(CauseOfWrite::Edit { side: planned.on.other() });
                let mut transaction = engine.store().transaction()?;
                done::note(engine, &mut transaction, prepared.name(), planned, &cause)?;
                transaction.commit()?;
            }
            Admission::Brake => {
                brake(engine, prepared, coupling)?;
                return Ok(false);
            }
            Admission::Later => return Ok(false),
        }
    }
    Ok(true)
}

/// Both rows wait for a person.
fn brake(engine: &Engine, prepared: &Prepared, coupling: &Coupling) -> Result<(), StoreError> {
    Side::BOTH.into_iter().try_for_each(|side| brake_row(engine, prepared, side, &coupling.rows[side]))
}

fn brake_row(engine: &Engine, prepared: &Prepared, side: Side, row: &RowId) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    let seen = transaction.observation(prepared.name(), side, row)?;
    if seen.is_some_and(|seen| seen.standing == Standing::Ready) {
        let observer = Observer { prepared, now: engine.now() };
        observer.park(&mut transaction, side, row, Standing::Braked)?;
    }
    transaction.commit()
}

/// A rule is broken that no decision may break: the row is stopped, and said so loudly.
fn stop(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
    finding: &Finding,
) -> Result<(), StoreError> {
    error!(mapping = %prepared.name(), coupling = coupling.id.0, %finding, "A decision breaks a rule; its row is stopped");
    let reason = Reason::Unsafe { message: finding.to_string() };
    let standing = Standing::Parked { reason: reason.clone(), wake: WakeCondition::RowChanges };
    park(engine, prepared, state, coupling, &standing, &reason)?;
    let label = coupling.label.clone();
    let error =
        EngineError::Unsafe { mapping: prepared.name().clone(), row: label, finding: finding.clone() };
    state.note(Some(prepared.name()), Err(error)).map(|_: Option<()>| ())
}
