//! One run over all mappings, in the order of their dependencies.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{Instrument, info, info_span};

use crate::model::{ConnectionName, Counts, Run, RunId, Timestamp};
use crate::store::StoreError;
use crate::systems::Facts;

use super::brake::plan_file::Plans;
use super::changed_mapping::note_changes;
use super::choice::{self, Choice};
use super::engine::Engine;
use super::error::EngineError;
use super::identity::{look, pinned::identify, traces};
use super::look::{contents, deletions, feed};
use super::pass;
use super::plan::{business_keys, standing};
use super::prepare::{self, Prepared};
use super::report::{MappingReport, RunReport, reason_group};
use super::run_state::RunState;
use super::standstill;
use super::steps::Steps;
use super::write::recover;

/// How a run is started.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// What started it: `schedule`, `command`, `answer`.
    pub trigger: String,
    pub choice: Choice,
    /// Look for deletions and for whatever a feed missed, although it is not due.
    pub sweep: bool,
}

impl RunOptions {
    /// A run of all mappings, started by that.
    #[must_use]
    pub fn of(trigger: &str) -> Self {
        Self { trigger: trigger.to_owned(), ..Self::default() }
    }
}

impl Engine {
    /// Runs every mapping of the choice once. What fails stops only what depends on it and stands in the report.
    pub async fn run(&self, options: &RunOptions) -> Result<RunReport, StoreError> {
        let state = self.run_state(options)?;
        Ok(self.run_through(state, options).await?.report)
    }

    /// Runs, and does nothing but what a person approved.
    pub async fn run_approved(&self, options: &RunOptions) -> Result<RunReport, StoreError> {
        let state = RunState { only_approved: true, ..self.run_state(options)? };
        Ok(self.run_through(state, options).await?.report)
    }

    /// Runs every mapping of the choice once, and keeps what is to be done to each row.
    pub async fn run_and_keep_plans(&self, options: &RunOptions) -> Result<(RunReport, Plans), StoreError> {
        let state = RunState { plans: Some(Plans::new()), ..self.run_state(options)? };
        let state = self.run_through(state, options).await?;
        Ok((state.report, state.plans.unwrap_or_default()))
    }

    fn run_state(&self, options: &RunOptions) -> Result<RunState, StoreError> {
        let started_at = self.now();
        let mut state = RunState::new(self.number_run(started_at)?, started_at);
        state.chosen = choice::choose(self, &options.choice)?;
        state.report.is_partial = state.chosen.len() < self.config().mappings.len();
        Ok(state)
    }

    async fn run_through(&self, mut state: RunState, options: &RunOptions) -> Result<RunState, StoreError> {
        let span = info_span!("run", id = state.id.0, trigger = options.trigger);
        if !state.chosen.is_empty() {
            self.passes(&mut state, options).instrument(span).await?;
        }
        self.finish(&mut state, options)?;
        Ok(state)
    }

    /// Returns the number of this run. It is only taken at the end, by a run that leaves something behind; one that was
    /// cut short leaves its journal, and gets its record here.
    pub(super) fn number_run(&self, now: Timestamp) -> Result<RunId, StoreError> {
        loop {
            let mut transaction = self.store().transaction()?;
            let id = transaction.next_run_id()?;
            let entry = transaction.journal(Some(id), None, 1)?.pop();
            let Some((_, entry)) = entry else { return Ok(id) };
            transaction.put_run(&Run {
                id,
                started_at: entry.at,
                finished_at: None,
                trigger: "interrupted".to_owned(),
                counts: BTreeMap::new(),
                failures: vec![format!("cut short; noticed at {now}")],
            })?;
            transaction.commit()?;
        }
    }

    async fn passes(&self, state: &mut RunState, options: &RunOptions) -> Result<(), StoreError> {
        let facts = self.identify_all(state).await?;
        let prepared = self.prepare_all(state, &facts).await?;
        let known = traces::known(&self.store().snapshot()?, &prepared)?;
        let read = feed::read_all(self, &prepared, &known, state).await?;
        let is_scheduled = options.trigger == "schedule" && !options.sweep;
        let mut sound = look::look(self, &prepared, &known, &read, state, is_scheduled).await?;
        for mapping in prepared.iter().filter(|mapping| sound.allows(mapping)) {
            let recovered = recover::recover(self, mapping, state).await;
            state.note(Some(mapping.name()), recovered)?;
        }
        // Before the first write: what is missing may say more than that a row is gone.
        for mapping in prepared.iter().filter(|mapping| read.is_complete(mapping)) {
            if sound.allows(mapping) {
                let swept = deletions::sweep_due(self, mapping, options.sweep).await;
                let is_frozen = matches!(swept, Err(EngineError::Frozen { .. }));
                state.note(Some(mapping.name()), swept)?;
                if is_frozen {
                    sound = look::still_sound(self, &prepared, sound)?;
                }
            }
        }
        let mut steps = Steps::default();
        let mut well = Vec::with_capacity(prepared.len());
        let chosen = state.chosen.clone();
        let is_chosen = |mapping: &&Prepared| chosen.contains(mapping.name());
        let can_pass = |mapping: &&Prepared| sound.allows(mapping) && read.is_complete(mapping);
        for mapping in prepared.iter().filter(is_chosen).filter(can_pass) {
            let name = mapping.name().clone();
            let pass = async {
                let looked = deletions::confirm_suspects(self, mapping).await;
                state.note(Some(mapping.name()), looked)?;
                if options.sweep {
                    let compared = contents::whole(self, mapping).await;
                    state.note(Some(mapping.name()), compared)?;
                }
                if !steps.before_pass(self, &prepared, &known, mapping, state).await? {
                    return Ok(false);
                }
                pass::pass(self, mapping, state, !mapping.has_second_step()).await.map(|()| true)
            };
            let outcome = pass.instrument(info_span!("pass", mapping = %name)).await;
            if state.note(Some(&name), outcome)? == Some(true) {
                well.push(mapping);
            }
        }
        steps.take_further(self, &prepared, &known, &well, state).await?;
        contents::portion(self, &well, state).await?;
        let is_read =
            |name: &_| prepared.iter().any(|mapping| mapping.name() == name && read.is_complete(mapping));
        standstill::note(self, state, is_read, &prepared)?;
        choice::note(self, state, &well)?;
        self.describe_rest(state, prepared.iter().filter(is_chosen))
    }

    pub(super) async fn identify_all(
        &self,
        state: &mut RunState,
    ) -> Result<BTreeMap<ConnectionName, Facts>, StoreError> {
        let mut facts = BTreeMap::new();
        let used: BTreeSet<_> = self
            .config()
            .mappings
            .iter()
            .filter(|mapping| self.config().standing_still_for(mapping).is_none())
            .flat_map(|mapping| [&mapping.connections.left, &mapping.connections.right])
            .collect();
        for connection in used {
            let outcome = identify(self, connection).await;
            if let Some(found) = state.note(None, outcome)? {
                facts.insert(connection.clone(), found);
            }
        }
        Ok(facts)
    }

    pub(super) async fn prepare_all(
        &self,
        state: &mut RunState,
        facts: &BTreeMap<ConnectionName, Facts>,
    ) -> Result<Vec<Prepared>, StoreError> {
        let mut ready = Vec::new();
        for mapping in &self.config().mappings {
            let connections = &mapping.connections;
            if !(facts.contains_key(&connections.left) && facts.contains_key(&connections.right)) {
                continue;
            }
            let outcome = match self.check_approval(mapping) {
                Ok(()) => prepare::prepare(self, mapping, facts).await,
                Err(error) => Err(error),
            };
            let Some(prepared) = state.note(Some(&mapping.name), outcome)? else { continue };
            let noted = note_changes(self, &prepared);
            if state.note(Some(&mapping.name), noted)?.is_some() {
                ready.push(prepared);
            }
        }
        Ok(ready)
    }

    /// Completes the report with what stands in the store: counts, couplings, rows left alone.
    pub(super) fn describe_rest<'a>(
        &self,
        state: &mut RunState,
        mappings: impl Iterator<Item = &'a Prepared>,
    ) -> Result<(), StoreError> {
        let snapshot = self.store().snapshot()?;
        for prepared in mappings {
            let mapping = &prepared.mapping;
            let mut report = MappingReport::new(mapping);
            report.count(state.counts(&mapping.name));
            report.couplings = snapshot.count_couplings(&mapping.name)?;
            for (reason, count) in standing::parked(&snapshot, &mapping.name)? {
                *report.left_alone.entry(reason_group(&reason, mapping)).or_default() += count;
                report.failed += if reason.is_failure() { count } else { 0 };
            }
            business_keys::list(self, prepared, &snapshot, &mut state.report)?;
            standing::count_held(&snapshot, &mapping.name, &mut report.left_alone)?;
            state.report.mappings.push(report);
        }
        Ok(())
    }

    pub(super) fn finish(&self, state: &mut RunState, options: &RunOptions) -> Result<(), StoreError> {
        let failures: Vec<_> = state.report.failures.iter().map(|failure| failure.problem.clone()).collect();
        let is_idle = options.trigger == "schedule"
            && state
                .counts
                .values()
                .all(|counts| *counts == Counts { read: counts.read, ..Counts::default() });
        let last = self.store().snapshot()?.runs(1)?.pop();
        let is_same = last.is_some_and(|run| run.failures == failures);
        if !(is_idle && is_same) {
            let mut transaction = self.store().transaction()?;
            // The number was only looked at before: runs that leave nothing behind take none.
            let id = transaction.next_run_id()?;
            transaction.put_run(&Run {
                id,
                started_at: state.started_at,
                finished_at: Some(self.now()),
                trigger: options.trigger.clone(),
                counts: state.counts.clone(),
                failures,
            })?;
            transaction.commit()?;
            if !self.is_rehearsal() {
                state.report.run = Some(id.0);
            }
        }
        let total = |count: fn(&Counts) -> u64| state.counts.values().map(count).sum::<u64>();
        let written = total(|c| c.created.left + c.created.right + c.updated.left + c.updated.right);
        info!(
            written,
            conflicts = total(|c| c.conflicts_raised),
            failures = state.report.failures.len(),
            "Run finished"
        );
        Ok(())
    }
}
