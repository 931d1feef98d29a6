//! The engine: everything a run needs, and who allowed it to write.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Config;
use crate::mapping::Company;
use crate::model::{ConnectionName, MappingName, Pair, TableName, Timestamp};
use crate::store::{Store, StoreError};
use crate::systems::{Expiry, Line, System};

use super::write::rehearsal::Rehearsal;

/// Everything a run needs.
#[derive(Clone)]
pub struct Engine {
    config: Arc<Config>,
    store: Arc<Store>,
    systems: BTreeMap<ConnectionName, Arc<dyn System>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    progress: Arc<dyn Fn(Progress<'_>) + Send + Sync>,
    is_rehearsal: bool,
    companies: Companies,
}

/// Companies that were found, by the connections on both sides. They never become others.
type Companies = Arc<Mutex<BTreeMap<Pair<ConnectionName>, Company>>>;

/// What a run is doing, for progress bars.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// Rows read so far of one table.
    Reading { connection: &'a ConnectionName, table: &'a TableName, rows: u64 },
    /// Writes done so far of those known in one mapping.
    Writing { mapping: &'a MappingName, done: u64, of: u64 },
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("systems", &self.systems).finish_non_exhaustive()
    }
}

impl Engine {
    /// Puts an engine together that goes by this machine's clock.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        store: Arc<Store>,
        systems: BTreeMap<ConnectionName, Arc<dyn System>>,
    ) -> Self {
        let clock = Arc::new(Timestamp::now);
        let progress = Arc::new(|_: Progress<'_>| {});
        let companies = Companies::default();
        Self { config, store, systems, clock, progress, is_rehearsal: false, companies }
    }

    /// Returns the company that mappings between these connections are about, if it was found already.
    pub(super) fn company(&self, connections: Pair<&ConnectionName>) -> Option<Company> {
        let companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
        companies.get(&connections.map(Clone::clone)).cloned()
    }

    pub(super) fn remember_company(&self, connections: Pair<&ConnectionName>, company: Company) {
        let mut companies = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
        companies.insert(connections.map(Clone::clone), company);
    }

    /// Takes the time from another clock: it is asked once a step and passed down to all that decides.
    pub fn set_clock(&mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) {
        self.clock = Arc::new(clock);
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

    /// Returns whether nothing this engine does is kept.
    pub(super) const fn is_rehearsal(&self) -> bool {
        self.is_rehearsal
    }

    pub(super) fn system(&self, connection: &ConnectionName) -> &Arc<dyn System> {
        &self.systems[connection]
    }

    /// Returns the system behind a connection; nothing while it is disabled.
    pub(super) fn reachable(&self, connection: &ConnectionName) -> Option<&Arc<dyn System>> {
        self.systems.get(connection)
    }

    /// Returns how the line of a connection stands; nothing while it is disabled.
    pub(super) fn line(&self, connection: &ConnectionName) -> Option<Line> {
        self.systems.get(connection).map(|system| system.line())
    }

    /// Says what will stop working if nothing is done.
    pub(super) fn warnings(&self) -> Vec<String> {
        let settings = &self.config.settings.connections;
        let connections = self.systems.iter().filter_map(|(name, system)| {
            Expiry::of(system.as_ref(), &settings[name.as_str()])?.warning(name.as_str(), self.now())
        });
        connections.collect()
    }

    pub(super) fn progress(&self, progress: Progress<'_>) {
        (self.progress)(progress);
    }
}
