//! What is to become of one coupling: `sync::decide`, audited, in the form of work. Counting a plan and carrying it out
//! both come here, so that what was counted is what is done.

use crate::agent::engine::Engine;
use crate::agent::prepare::Prepared;
use crate::agent::write::echo;
use crate::agent::write::job::{self, Job, Work};
use crate::mapping;
use crate::model::{
    Became, CauseOfWrite, Conflict, ConflictKind, Coupling, Evidence, FieldChange, FieldId, Pair, PlanVerb,
    PlannedWrite, Reason, Record, Row, Side, Value, WakeCondition,
};
use crate::store::StoreError;
use crate::sync::{self, Decision, Finding, Merge, Pending, Seen};

use super::gather::{Gathered, record_of};
use super::standing::{unfit_reason, wake_of};

/// A coupling and what is to become of it.
pub struct Judged {
    pub coupling: Coupling,
    /// The rows as read.
    pub rows: Pair<Option<Row>>,
    pub verdict: Verdict,
    /// A person's answer asks for it.
    pub cause: Option<CauseOfWrite>,
    /// The side on which the row is gone.
    gone: Option<Side>,
    /// A person is asked about the deletion already, or wants to be.
    is_asked: bool,
}

/// What is to become of one coupling.
pub enum Verdict {
    Wait,
    Reread(Side),
    Settle(Merge),
    Park {
        reason: Reason,
        wake: WakeCondition,
    },
    /// Work for one or both sides, and what else the merge says.
    Write {
        merge: Merge,
        work: Vec<(Side, Work)>,
    },
    LeaveDeletion {
        on: Side,
        became: Option<Became>,
    },
    AskDeletion {
        on: Side,
    },
    Uncouple,
    Forget,
    /// A rule is broken that no decision may break.
    Unsafe(Finding),
}

/// Decides about a coupling.
pub fn judge(engine: &Engine, prepared: &Prepared, gathered: Gathered) -> Result<Judged, StoreError> {
    let Gathered { pending, rows } = gathered;
    let conflict = pending.conflict.as_ref();
    let cause = conflict.filter(|conflict| conflict.answer.is_some()).map(Conflict::as_cause);
    // A person who goes on from a system that was set back wants to be asked about what is gone.
    let is_wanted = |seen: &Option<Seen>| matches!(seen, Some(Seen::Gone(Evidence::Rebaselined { .. })));
    let is_asked = conflict.is_some_and(|conflict| matches!(conflict.kind, ConflictKind::Deleted { .. }))
        || Side::BOTH.iter().any(|side| is_wanted(&pending.seen[*side]));
    let gone = Side::BOTH.into_iter().find(|side| matches!(pending.seen[*side], Some(Seen::Gone(_))));
    let decision = sync::decide(&prepared.mapping, &pending);
    let verdict = match sync::audit(&prepared.mapping, &pending, &decision) {
        Some(finding) => Verdict::Unsafe(finding),
        None => verdict(engine, prepared, &pending, &rows, cause.as_ref(), decision)?,
    };
    Ok(Judged { coupling: pending.coupling, rows, verdict, cause, gone, is_asked })
}

fn verdict(
    engine: &Engine,
    prepared: &Prepared,
    pending: &Pending,
    rows: &Pair<Option<Row>>,
    cause: Option<&CauseOfWrite>,
    decision: Decision,
) -> Result<Verdict, StoreError> {
    let coupling = &pending.coupling;
    let work = |on: Side, job: Job| {
        let cause = cause.cloned().unwrap_or(CauseOfWrite::Edit { side: on.other() });
        (on, Work { job, label: coupling.label.clone(), cause })
    };
    let unfit = |reason: Reason| Verdict::Park { wake: wake_of(&reason), reason };
    Ok(match decision {
        Decision::Wait => Verdict::Wait,
        Decision::Reread(side) => Verdict::Reread(side),
        Decision::Settle(merge) => Verdict::Settle(merge),
        Decision::Park { reason, wake } => Verdict::Park { reason, wake },
        Decision::Write { merge, versions } => {
            let problem = Side::BOTH.into_iter().find_map(|side| {
                let (record, table) = (&merge.writes[side], &prepared.tables[side]);
                let fits = mapping::fits(&prepared.mapping, side, record, table);
                fits.and_then(|()| mapping::may_change(&prepared.mapping, side, record, table)).err()
            });
            let records = Pair::from_fn(|side| record_of(&pending.seen[side], &coupling.base));
            let problem = match problem {
                Some(problem) => Some(unfit_reason(problem)),
                None if cause.is_some() => None,
                None => {
                    let snapshot = engine.store().snapshot()?;
                    echo::never_rests(&snapshot, prepared, coupling, &merge, &records, &versions)?
                }
            };
            if let Some(reason) = problem {
                return Ok(unfit(reason));
            }
            let is_one_of_two = Side::BOTH.into_iter().all(|side| !merge.writes[side].0.is_empty());
            let update = |side: Side| {
                let version = versions[side].clone().filter(|_| !merge.writes[side].0.is_empty())?;
                let job = Job::Update {
                    coupling: coupling.id,
                    row: coupling.rows[side].clone(),
                    version,
                    sent: merge.writes[side].clone(),
                    before: records[side].clone(),
                    is_one_of_two,
                };
                Some(work(side, job))
            };
            let work = Side::BOTH.into_iter().filter_map(update).collect();
            Verdict::Write { merge, work }
        }
        Decision::Delete { on, version } => {
            let job = Job::Delete { coupling: coupling.id, row: coupling.rows[on].clone(), version };
            Verdict::Write { merge: Merge::default(), work: vec![work(on, job)] }
        }
        Decision::Restore { on } => {
            match job::restore(engine, prepared, on, rows[on.other()].as_ref(), coupling)? {
                Err(problem) => unfit(unfit_reason(problem)),
                Ok(job) => match audit_restored(prepared, on, &job, pending) {
                    Some(finding) => Verdict::Unsafe(finding),
                    None => Verdict::Write { merge: Merge::default(), work: vec![work(on, job)] },
                },
            }
        }
        Decision::LeaveDeletion { on, became } => Verdict::LeaveDeletion { on, became },
        Decision::AskDeletion { on } => Verdict::AskDeletion { on },
        Decision::Uncouple => Verdict::Uncouple,
        Decision::Forget => Verdict::Forget,
    })
}

fn audit_restored(prepared: &Prepared, on: Side, job: &Job, pending: &Pending) -> Option<Finding> {
    let Job::Create { sent, .. } = job else { return None };
    let source: Record = record_of(&pending.seen[on.other()], &pending.coupling.base);
    sync::audit_create(&prepared.mapping, on, sent, &source, true)
}

impl Judged {
    /// Returns what would be done to rows that a brake counts.
    #[must_use]
    pub fn planned(&self) -> Vec<PlannedWrite> {
        match &self.verdict {
            Verdict::Write { work, .. } => work.iter().map(|(on, work)| self.write(*on, work)).collect(),
            Verdict::Uncouple => vec![self.passed_on(PlanVerb::Uncouple)],
            Verdict::AskDeletion { .. } if !self.is_asked => vec![self.passed_on(PlanVerb::Ask)],
            _ => Vec::new(),
        }
    }

    fn write(&self, on: Side, work: &Work) -> PlannedWrite {
        let mut planned = work.planned(on);
        if planned.verb == PlanVerb::Delete {
            let lost = |(field, value): (&FieldId, &Value)| FieldChange {
                field: field.clone(),
                before: Some(value.clone()),
                after: Value::Blank,
            };
            planned.fields = self.coupling.base.0.iter().map(lost).collect();
        }
        planned
    }

    /// What follows for the row that is still there.
    fn passed_on(&self, verb: PlanVerb) -> PlannedWrite {
        let on = self.gone.unwrap_or(Side::Left).other();
        PlannedWrite {
            on,
            verb,
            row: self.coupling.rows[on].clone(),
            label: self.coupling.label.clone(),
            fields: Vec::new(),
        }
    }
}
