//! The engine: one run over all mappings, in the order of their dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{Instrument, info, info_span, warn};

use crate::config::Config;
use crate::mapping::Mapping;
use crate::model::{ConnectionName, Counts, MappingName, Run, RunId, TableDescription, TableName, Timestamp};
use crate::store::{Approval, Consent, MappingState, Store, StoreError};
use crate::systems::{Facts, System, SystemError};

use super::error::EngineError;
use super::prepare::{self, Prepared, identify};
use super::rehearsal::Rehearsal;
use super::report::{Failure, MappingReport, RunReport, reason_group};
use super::{deletions, feed, pass, recover};

/// Everything a run needs.
#[derive(Clone)]
pub struct Engine {
    config: Arc<Config>,
    store: Arc<Store>,
    systems: BTreeMap<ConnectionName, Arc<dyn System>>,
    descriptions: Arc<Mutex<BTreeMap<(ConnectionName, TableName), TableDescription>>>,
    clock: fn() -> Timestamp,
    progress: Arc<dyn Fn(Progress<'_>) + Send + Sync>,
    is_rehearsal: bool,
}

/// What a run is doing, for progress bars.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// Rows read so far of one table.
    Reading { connection: &'a ConnectionName, table: &'a TableName, rows: u64 },
    /// Writes done so far of those known in one mapping.
    Writing { mapping: &'a MappingName, done: u64, of: u64 },
}

/// How a run is started.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// What started it: `schedule`, `command`, `answer`.
    pub trigger: String,
    /// Sweep for deletions although it is not due.
    pub sweep: bool,
}

/// One run under way.
#[derive(Debug)]
pub struct RunState {
    pub id: RunId,
    pub report: RunReport,
    pub counts: BTreeMap<MappingName, Counts>,
}

impl RunState {
    /// Returns the counts of a mapping.
    pub fn counts(&mut self, mapping: &MappingName) -> &mut Counts {
        self.counts.entry(mapping.clone()).or_default()
    }

    fn fail(&mut self, mapping: Option<&MappingName>, error: &EngineError) {
        let remedy = match error {
            EngineError::System(error) => Some(error.remedy()),
            _ => None,
        };
        let failure = Failure {
            mapping: mapping.map(ToString::to_string),
            problem: chain(error),
            remedy,
            transient: error.is_transient(),
        };
        if !self.report.failures.contains(&failure) {
            warn!(
                mapping = mapping.map(MappingName::as_str),
                transient = failure.transient,
                "Part of the run failed"
            );
            self.report.failures.push(failure);
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("systems", &self.systems).finish_non_exhaustive()
    }
}

impl Engine {
    /// Puts an engine together. `clock` is asked once a step and passed down to all that decides.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        store: Arc<Store>,
        systems: BTreeMap<ConnectionName, Arc<dyn System>>,
        clock: fn() -> Timestamp,
    ) -> Self {
        let descriptions = Arc::default();
        let progress = Arc::new(|_: Progress<'_>| {});
        Self { config, store, systems, descriptions, clock, progress, is_rehearsal: false }
    }

    /// Reports progress to `show` from now on.
    pub fn show_progress(&mut self, show: impl Fn(Progress<'_>) + Send + Sync + 'static) {
        self.progress = Arc::new(show);
    }

    /// Returns an engine that does the same and changes nothing: it works on a copy of the store, and its writes are
    /// answered as if they had been applied.
    pub fn rehearsal(&self) -> Result<Self, StoreError> {
        let rehearse = |(name, system): (&ConnectionName, &Arc<dyn System>)| {
            let system: Arc<dyn System> = Arc::new(Rehearsal::new(Arc::clone(system)));
            (name.clone(), system)
        };
        Ok(Self {
            store: Arc::new(self.store.fork()?),
            systems: self.systems.iter().map(rehearse).collect(),
            is_rehearsal: true,
            ..self.clone()
        })
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Returns the present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn system(&self, connection: &ConnectionName) -> &Arc<dyn System> {
        &self.systems[connection]
    }

    pub(super) fn progress(&self, progress: Progress<'_>) {
        (self.progress)(progress);
    }

    pub(super) async fn describe(
        &self,
        connection: &ConnectionName,
        table: &TableName,
    ) -> Result<TableDescription, SystemError> {
        let key = (connection.clone(), table.clone());
        let known = self.descriptions.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(description) = known {
            return Ok(description);
        }
        let description = self.system(connection).describe(table).await?;
        self.descriptions.lock().unwrap_or_else(PoisonError::into_inner).insert(key, description.clone());
        Ok(description)
    }

    /// Records that a person agreed to the flow of data and to the first sync of every mapping.
    pub fn approve(&self, by: &str) -> Result<(), StoreError> {
        let at = self.now();
        let mut transaction = self.store.transaction()?;
        let tables: Vec<_> = self
            .config
            .mappings
            .iter()
            .map(|mapping| format!("{} and {}", mapping.tables.left, mapping.tables.right))
            .collect();
        let text = format!("rows flow both ways between {}", tables.join("; "));
        transaction.put_consent(&Consent { by: by.to_owned(), at, text })?;
        for mapping in &self.config.mappings {
            let state = transaction.mapping_state(&mapping.name)?;
            let fingerprint = state.map_or_else(String::new, |state| state.fingerprint);
            let first_sync_approved = Some(Approval { by: by.to_owned(), at });
            transaction
                .put_mapping_state(&mapping.name, &MappingState { fingerprint, first_sync_approved })?;
        }
        transaction.commit()
    }

    fn check_approval(&self, mapping: &Mapping) -> Result<(), EngineError> {
        if self.is_rehearsal {
            return Ok(());
        }
        let configured = self.config.settings.consent.as_ref();
        let snapshot = self.store.snapshot()?;
        let consented = configured.is_some() || snapshot.consent()?.is_some();
        let approved = configured.is_some_and(|consent| consent.first_sync_approved)
            || snapshot
                .mapping_state(&mapping.name)?
                .is_some_and(|state| state.first_sync_approved.is_some());
        if consented && approved {
            return Ok(());
        }
        Err(EngineError::NotApproved {
            mapping: mapping.name.clone(),
            left: mapping.connections.left.clone(),
            right: mapping.connections.right.clone(),
        })
    }

    /// Runs every mapping once. What fails stops only what depends on it and stands in the report.
    pub async fn run(&self, options: &RunOptions) -> Result<RunReport, StoreError> {
        let started_at = self.now();
        let mut transaction = self.store.transaction()?;
        let id = transaction.next_run_id()?;
        drop(transaction);
        let mut state = RunState { id, report: RunReport::default(), counts: BTreeMap::new() };
        let span = info_span!("run", id = id.0, trigger = options.trigger);
        self.passes(&mut state, options).instrument(span).await?;
        self.finish(state, options, started_at)
    }

    async fn passes(&self, state: &mut RunState, options: &RunOptions) -> Result<(), StoreError> {
        let facts = self.identify_all(state).await?;
        let prepared = self.prepare_all(state, &facts).await?;
        let read = feed::read_all(self, &prepared, state).await?;
        for mapping in &prepared {
            let name = mapping.name().clone();
            let is_read = read.is_complete(mapping);
            let pass = async {
                recover::recover(self, mapping, state).await?;
                if is_read {
                    deletions::look(self, mapping, options.sweep).await?;
                    pass::pass(self, mapping, state).await?;
                }
                Ok::<_, EngineError>(())
            };
            let outcome = pass.instrument(info_span!("pass", mapping = %name)).await;
            self.note(state, Some(&name), outcome)?;
        }
        self.describe_rest(state, &prepared)
    }

    /// Puts a failure into the report. Only a failing store stops the run.
    pub(super) fn note<T>(
        &self,
        state: &mut RunState,
        mapping: Option<&MappingName>,
        outcome: Result<T, EngineError>,
    ) -> Result<Option<T>, StoreError> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(EngineError::Store(error)) => Err(error),
            Err(error) => {
                state.fail(mapping, &error);
                Ok(None)
            }
        }
    }

    async fn identify_all(
        &self,
        state: &mut RunState,
    ) -> Result<BTreeMap<ConnectionName, Facts>, StoreError> {
        let mut facts = BTreeMap::new();
        let used: BTreeSet<_> = self
            .config
            .mappings
            .iter()
            .flat_map(|mapping| [&mapping.connections.left, &mapping.connections.right])
            .collect();
        for connection in used {
            let outcome = identify(self, connection).await;
            if let Some(found) = self.note(state, None, outcome)? {
                facts.insert(connection.clone(), found);
            }
        }
        Ok(facts)
    }

    async fn prepare_all(
        &self,
        state: &mut RunState,
        facts: &BTreeMap<ConnectionName, Facts>,
    ) -> Result<Vec<Prepared>, StoreError> {
        let mut ready = Vec::new();
        for mapping in &self.config.mappings {
            let connections = &mapping.connections;
            if !(facts.contains_key(&connections.left) && facts.contains_key(&connections.right)) {
                continue;
            }
            let outcome = match self.check_approval(mapping) {
                Ok(()) => prepare::prepare(self, mapping, facts).await,
                Err(error) => Err(error),
            };
            let Some(prepared) = self.note(state, Some(&mapping.name), outcome)? else { continue };
            let mut transaction = self.store.transaction()?;
            prepare::note_changes(&mut transaction, &prepared)?;
            transaction.commit()?;
            ready.push(prepared);
        }
        Ok(ready)
    }

    /// Completes the report with what stands in the store: counts, couplings, rows left alone.
    fn describe_rest(&self, state: &mut RunState, prepared: &[Prepared]) -> Result<(), StoreError> {
        let snapshot = self.store.snapshot()?;
        for mapping in prepared {
            let mapping = &mapping.mapping;
            let mut report = MappingReport::new(mapping);
            report.count(state.counts(&mapping.name));
            report.couplings = snapshot.count_couplings(&mapping.name)?;
            for (reason, count) in pass::parked(&snapshot, &mapping.name)? {
                *report.left_alone.entry(reason_group(&reason, mapping)).or_default() += count;
            }
            state.report.mappings.push(report);
        }
        Ok(())
    }

    fn finish(
        &self,
        mut state: RunState,
        options: &RunOptions,
        started_at: Timestamp,
    ) -> Result<RunReport, StoreError> {
        let failures: Vec<_> = state.report.failures.iter().map(|failure| failure.problem.clone()).collect();
        let is_idle = options.trigger == "schedule"
            && state
                .counts
                .values()
                .all(|counts| *counts == Counts { read: counts.read, ..Counts::default() });
        let last = self.store.snapshot()?.runs(1)?.pop();
        let is_same = last.is_some_and(|run| run.failures == failures);
        if !(is_idle && is_same) {
            let mut transaction = self.store.transaction()?;
            // The number was only looked at before: runs that leave nothing behind take none.
            let id = transaction.next_run_id()?;
            transaction.put_run(&Run {
                id,
                started_at,
                finished_at: Some(self.now()),
                trigger: options.trigger.clone(),
                counts: state.counts.clone(),
                failures,
            })?;
            transaction.commit()?;
            if !self.is_rehearsal {
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
        Ok(state.report)
    }
}
