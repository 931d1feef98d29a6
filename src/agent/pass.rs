//! One pass of one mapping: gather what is ready, let `sync` decide, apply, until nothing is ready.

use crate::mapping;
use crate::model::{
    CauseOfWrite, ConflictKind, Content, Pair, Reason, Record, RowId, Side, Standing, Version, WakeCondition,
};
use crate::store::StoreError;
use crate::sync::{self, Decision};

use super::engine::Engine;
use super::error::EngineError;
use super::look::reread::{confirm, reread};
use super::plan::conflicts;
use super::plan::couple::couple;
use super::plan::create::create;
use super::plan::doubts::settle_doubts;
use super::plan::gather::{Gathered, ROUND, Tries, authors, gather, is_twin, ready, record_of};
use super::plan::settle::{agree, park, settle};
use super::plan::standing::{unfit_reason, wake};
use super::prepare::Prepared;
use super::run_state::RunState;
use super::write::apply::apply;
use super::write::echo;
use super::write::in_doubt::InDoubt;
use super::write::job::{self, Job, Work};

/// Runs one pass of one mapping.
pub async fn pass(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<(), EngineError> {
    wake_due(engine, prepared)?;
    conflicts::close_settled(engine, prepared, state)?;
    couple(engine, prepared, state).await?;
    let mut tries = Tries::default();
    loop {
        settle_doubts(engine, prepared)?;
        let round = Round::decide(engine, prepared, state, &mut tries)?;
        if !round.is_begun {
            return Ok(());
        }
        for side in Side::BOTH {
            tries.note_reads(side, &round.rereads[side]);
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
    /// Some row was looked at, if only to let it wait.
    is_begun: bool,
}

impl Round {
    fn decide(
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
        tries: &mut Tries,
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
            Some(conflict) if conflict.answer.is_some() => conflict.as_cause(),
            _ => CauseOfWrite::Edit { side: side.other() },
        };
        match decision {
            Decision::Wait => {}
            Decision::Reread(side) => self.rereads[side].push(coupling.rows[side].clone()),
            Decision::Settle(merge) => {
                settle(engine, prepared, state, coupling, &merge)?;
            }
            Decision::Park { reason, wake } => {
                let standing = Standing::Parked { reason: reason.clone(), wake };
                park(engine, prepared, state, &coupling, &standing, &reason)?;
            }
            Decision::Write { merge, versions } => {
                let records = Pair::from_fn(|side| record_of(&pending.seen[side], &coupling.base));
                let problem =
                    Side::BOTH.into_iter().find_map(|side| unfit(prepared, side, &merge.writes[side]));
                let problem = match (problem, cause(Side::Left)) {
                    (None, CauseOfWrite::Edit { .. }) => {
                        let snapshot = engine.store().snapshot()?;
                        echo::never_rests(&snapshot, prepared, &coupling, &merge, &records, &versions)?
                    }
                    (problem, _) => problem,
                };
                if let Some(reason) = problem {
                    let standing =
                        Standing::Parked { reason: reason.clone(), wake: WakeCondition::RowChanges };
                    return park(engine, prepared, state, &coupling, &standing, &reason);
                }
                agree(engine, prepared, state, &coupling, &merge, &rows)?;
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
            Decision::Restore { on } => {
                match job::restore(engine, prepared, on, rows[on.other()].as_ref(), &coupling)? {
                    Ok(job) => {
                        let label = coupling.label.clone();
                        self.work[on].push(Work { job, label, cause: cause(on) });
                    }
                    Err(unfit) => {
                        let (reason, wake) = (unfit_reason(unfit), WakeCondition::RowChanges);
                        let standing = Standing::Parked { reason: reason.clone(), wake };
                        park(engine, prepared, state, &coupling, &standing, &reason)?;
                    }
                }
            }
            Decision::LeaveDeletion { on, became } => {
                conflicts::leave_deletion(engine, prepared, state, coupling, on, became)?;
            }
            Decision::AskDeletion { on } => {
                conflicts::raise(
                    engine,
                    prepared,
                    state,
                    &coupling,
                    ConflictKind::Deleted { on },
                    authors(&rows),
                )?;
            }
            Decision::Forget => {
                conflicts::forget(engine, prepared, state, &coupling)?;
            }
            Decision::Uncouple => {
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
                if let Some(create) = create(engine, prepared, state, side, &row).await? {
                    work[side.other()].push(create);
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

fn unfit(prepared: &Prepared, side: Side, record: &Record) -> Option<Reason> {
    let error = mapping::fits(&prepared.mapping, side, record, &prepared.tables[side]).err()?;
    Some(unfit_reason(error))
}
