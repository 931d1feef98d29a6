//! The gate that every write of a pass goes through. Before the rounds it counts the whole plan; what is over a limit is
//! stored and waits, and then nothing of the mapping is written but what a person approved or asked for.
//!
//! A waiting plan is derived anew in every pass: the same rows give the same hash, rows whose values changed drop out,
//! rows that came since are part of it. Nothing is let through row by row, as the window of what was done does not go on
//! while a plan waits.

use std::collections::BTreeMap;

use tracing::{info, warn};

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::observe::Observer;
use crate::agent::look::reread::reread;
use crate::agent::plan::gather::Tries;
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::model::{
    BrakedPlan, CauseOfWrite, Content, DecisionHash, MappingName, Pair, PlanKey, PlanVerb, PlannedRow,
    PlannedWrite, Reason, RowId, Side, Standing, Timestamp, Trip, Tripped, WakeCondition,
};
use crate::store::{Snapshot, StoreError, Transaction};
use crate::sync::{self, Limits, Situation, Tally};

use super::done::hour_of;
use super::survey::{Survey, Weight, survey};
use super::{pace, view};

/// What may be written in a pass.
pub struct Gate {
    situation: Situation,
    /// What was counted before the rounds and has not come by yet.
    planned: BTreeMap<PlanKey, DecisionHash>,
    /// The same counted, and what came up in the rounds.
    tally: Tally,
    is_tripped: bool,
    /// Something came up in the rounds that was over a limit.
    is_overrun: bool,
    /// Nothing but what was approved.
    only_approved: bool,
}

/// What becomes of a write at the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is done; because a person approved it, if a cause is named.
    Go(Option<CauseOfWrite>),
    /// It waits for a person.
    Brake,
    /// It is left for another run.
    Later,
}

impl Gate {
    /// Counts the plan of a pass and holds it against the limits.
    pub async fn set(
        engine: &Engine,
        prepared: &Prepared,
        state: &mut RunState,
        tries: &mut Tries,
    ) -> Result<Self, EngineError> {
        let name = prepared.name();
        let survey = loop {
            let mut found = Vec::new();
            let is_kept = state.plans.is_some();
            let survey = survey(engine, prepared, tries, &mut |planned, hash, weight| {
                found.extend(is_kept.then(|| (planned.clone(), hash, weight)));
                Ok(())
            })?;
            if survey.rereads.left.is_empty() && survey.rereads.right.is_empty() {
                found.iter().for_each(|(planned, hash, weight)| state.keep(name, planned, *hash, *weight));
                break survey;
            }
            for side in Side::BOTH {
                tries.note_reads(side, &survey.rereads[side]);
                reread(engine, prepared, side, &survey.rereads[side]).await?;
            }
        };
        let situation = situation(engine, prepared)?;
        let trips = situation.check(&survey.tally);
        let is_tripped = !trips.is_empty();
        drop_outdated(engine, name, &survey.outdated)?;
        drop_settled(engine, name)?;
        if !is_tripped {
            release(engine, name, survey.is_any_braked)?;
        } else {
            let plan = hold(engine, prepared, tries, &survey, trips)?;
            let snapshot = engine.store().snapshot()?;
            let window_hours = situation.limits.window_hours;
            state.report.braked(view::brake(&snapshot, &plan, &prepared.mapping, window_hours)?);
        }
        Ok(Self {
            is_tripped,
            situation,
            planned: survey.planned,
            tally: survey.tally,
            is_overrun: false,
            only_approved: state.only_approved,
        })
    }

    /// Says what becomes of a write.
    pub fn admit(
        &mut self,
        engine: &Engine,
        name: &MappingName,
        state: &mut RunState,
        planned: &PlannedWrite,
        is_consent: bool,
    ) -> Result<Admission, StoreError> {
        let (key, hash) = (planned.key(), sync::decision_hash(name, planned));
        if let Some(approved) = engine.store().snapshot()?.approved_row(name, &key)? {
            if approved.planned.hash == hash {
                let cause = CauseOfWrite::Approval { plan: approved.plan, by: approved.by };
                return Ok(Admission::Go(Some(cause)));
            }
            drop_outdated(engine, name, &[key])?;
        }
        let weight = if is_consent { Weight::Consent } else { Weight::Counted };
        state.keep(name, planned, hash, weight);
        if is_consent {
            return Ok(if self.only_approved { Admission::Later } else { Admission::Go(None) });
        }
        if self.only_approved {
            return Ok(Admission::Later);
        }
        if self.is_tripped {
            return Ok(Admission::Brake);
        }
        if self.planned.get(&key) == Some(&hash) {
            self.planned.remove(&key);
            return Ok(Admission::Go(None));
        }
        let mut with_this = self.tally.clone();
        with_this.add(planned);
        if self.situation.check(&with_this).is_empty() {
            self.tally = with_this;
            return Ok(Admission::Go(None));
        }
        self.is_overrun = true;
        Ok(Admission::Brake)
    }

    /// Returns whether something was held back.
    #[must_use]
    pub const fn is_holding(&self) -> bool {
        self.is_tripped || self.is_overrun
    }

    /// Returns whether something is held back that no plan tells of yet.
    #[must_use]
    pub const fn is_overrun(&self) -> bool {
        self.is_overrun
    }
}

/// Returns the rows that are perhaps deleted and must not be read to prove it, as what would follow is over a limit.
pub fn held_suspects(engine: &Engine, prepared: &Prepared) -> Result<Pair<Vec<RowId>>, StoreError> {
    let survey = survey(engine, prepared, &Tries::default(), &mut |_, _, _| Ok(()))?;
    if survey.suspects.left.is_empty() && survey.suspects.right.is_empty() {
        return Ok(Pair::default());
    }
    let trips = situation(engine, prepared)?.check(&survey.tally);
    Ok(Pair::from_fn(|side| {
        let is_held = holds_suspects(&trips, side);
        let rows = survey.suspects[side].iter().filter(|(_, is_approved)| is_held && !**is_approved);
        rows.map(|(row, _)| row.clone()).collect()
    }))
}

/// Returns whether what follows from deletions on that side is over a limit.
fn holds_suspects(trips: &[Trip], side: Side) -> bool {
    trips.iter().any(|trip| match trip.what {
        Tripped::Deletions => trip.on == side.other(),
        Tripped::Creates => trip.on == side,
        Tripped::Updates | Tripped::Blanks(_) => false,
    })
}

/// Returns what the plan of a mapping is held against.
fn situation(engine: &Engine, prepared: &Prepared) -> Result<Situation, StoreError> {
    let name = prepared.name();
    let limits = engine.config().settings.brakes.limits_of(name.as_str());
    let pace = pace::begin(engine, prepared)?;
    let snapshot = engine.store().snapshot()?;
    let from = window_start(engine, &snapshot, name, limits)?;
    if snapshot.done_since(name, 0)?.iter().any(|done| done.hour < from) {
        let mut transaction = engine.store().transaction()?;
        transaction.trim_done(name, from)?;
        transaction.commit()?;
    }
    Ok(Situation {
        limits,
        couplings: snapshot.count_couplings(name)?,
        days: pace.absence.map_or(1, |absence| absence.days),
        is_first_sync: pace.first_sync_ended_at.is_none(),
        done: Tally::of(&snapshot.done_since(name, from)?),
    })
}

/// The window ends where the mapping began to wait: time alone does not release a brake.
fn window_start(
    engine: &Engine,
    snapshot: &Snapshot,
    name: &MappingName,
    limits: Limits,
) -> Result<u64, StoreError> {
    let now: Timestamp = engine.now();
    let since = snapshot.braked_plan(name)?.map_or(now, |plan| plan.since.min(now));
    Ok(hour_of(since).saturating_sub(limits.window_hours))
}

fn drop_outdated(engine: &Engine, name: &MappingName, keys: &[PlanKey]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut transaction = engine.store().transaction()?;
    for key in keys {
        transaction.remove_approved_row(name, key)?;
    }
    transaction.commit()
}

/// Drops approvals of rows that are settled without: what was approved was done by other hands.
fn drop_settled(engine: &Engine, name: &MappingName) -> Result<(), StoreError> {
    let snapshot = engine.store().snapshot()?;
    let mut settled = Vec::new();
    snapshot.visit_approved_rows(name, |approved| {
        let PlannedRow { on, verb, row, .. } = &approved.planned;
        let side = if *verb == PlanVerb::Create { on.other() } else { *on };
        let partner = snapshot.partner(name, side, row)?;
        let is_open =
            |side: Side, row: &RowId| Ok::<_, StoreError>(snapshot.observation(name, side, row)?.is_some());
        let is_partner_open = match &partner {
            Some(partner) => is_open(side.other(), partner)?,
            None => false,
        };
        if !is_open(side, row)? && !is_partner_open {
            settled.push(approved.planned.key());
        }
        Ok(())
    })?;
    drop_outdated(engine, name, &settled)
}

/// Stores a plan over a limit. One that holds what it held before stays as it is.
fn hold(
    engine: &Engine,
    prepared: &Prepared,
    tries: &Tries,
    found: &Survey,
    trips: Vec<Trip>,
) -> Result<BrakedPlan, StoreError> {
    let name = prepared.name();
    let mut transaction = engine.store().transaction()?;
    let old = transaction.braked_plan(name)?;
    let plan = BrakedPlan {
        mapping: name.clone(),
        hash: sync::plan_hash(name, &found.planned),
        since: old.as_ref().map_or(engine.now(), |old| old.since),
        rows: found.planned.len() as u64,
        trips,
    };
    if old.as_ref().map(|old| &old.hash) != Some(&plan.hash) {
        transaction.remove_braked_plan(name)?;
        survey(engine, prepared, tries, &mut |planned, hash, weight| match weight {
            Weight::Counted => transaction.put_braked_row(&row(name, planned, hash)),
            Weight::Approved | Weight::Consent => Ok(()),
        })?;
        warn!(mapping = %name, plan = %plan.hash, rows = plan.rows, "A plan over a limit waits for a person");
    }
    transaction.put_braked_plan(&plan)?;
    let observer = Observer { prepared, now: engine.now() };
    for (side, row) in &found.free {
        observer.wake(&mut transaction, *side, row)?;
    }
    for side in Side::BOTH {
        for (row, is_approved) in &found.suspects[side] {
            let is_held = !is_approved && holds_suspects(&plan.trips, side);
            let seen = transaction.observation(name, side, row)?;
            let is_braked = seen.is_some_and(|seen| seen.standing == Standing::Braked);
            if is_held {
                observer.park(&mut transaction, side, row, Standing::Braked)?;
            } else if is_braked {
                observer.park(&mut transaction, side, row, perhaps_deleted())?;
            }
        }
    }
    transaction.commit()?;
    Ok(plan)
}

fn row(name: &MappingName, planned: &PlannedWrite, hash: DecisionHash) -> PlannedRow {
    PlannedRow {
        mapping: name.clone(),
        on: planned.on,
        verb: planned.verb,
        row: planned.row.clone(),
        label: planned.label.clone(),
        hash,
    }
}

/// Within the limits again: nothing waits any longer.
fn release(engine: &Engine, name: &MappingName, is_any_braked: bool) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    let is_plan = transaction.braked_plan(name)?.is_some();
    if !is_plan && !is_any_braked {
        return Ok(());
    }
    if is_plan {
        info!(mapping = %name, "The plan that waited for a person is within the limits");
    }
    transaction.remove_braked_plan(name)?;
    free_all(&mut transaction, name)?;
    transaction.commit()
}

/// Puts every braked row back to what it was before.
pub fn free_all(transaction: &mut Transaction, name: &MappingName) -> Result<(), StoreError> {
    for side in Side::BOTH {
        let mut braked = Vec::new();
        transaction.visit_observations(name, side, |observation| {
            if observation.standing == Standing::Braked {
                braked.push(observation.row);
            }
            Ok(())
        })?;
        for row in braked {
            let Some(mut observation) = transaction.observation(name, side, &row)? else { continue };
            observation.standing = match observation.content {
                Content::Missing { .. } => perhaps_deleted(),
                _ => Standing::Ready,
            };
            transaction.put_observation(&observation)?;
        }
    }
    Ok(())
}

const fn perhaps_deleted() -> Standing {
    Standing::Parked { reason: Reason::PerhapsDeleted, wake: WakeCondition::RowChanges }
}
