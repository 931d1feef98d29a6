//! The desk: one place where every command arrives, whether typed here or sent to the running agent.

pub mod agent_loop;
mod answers;
mod consent;
pub mod control;
pub mod files;
mod history;
pub mod inbox_file;
mod keep;
mod orphans;
mod plans;
mod rebaseline;
mod status;
mod undo;
mod verify;
pub mod views;
pub mod watch;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::Notify;
use tracing::warn;

use crate::agent::choice::Choice;
use crate::agent::engine::{Engine, Progress};
use crate::agent::error::ErrorKind;
use crate::agent::report::{Failure, RunReport};
use crate::agent::run::RunOptions;
use crate::config::{Config, ConfigError, Places};
use crate::mapping::Mapping;
use crate::model::{ConflictId, ConnectionName, RunId, Timestamp};
use crate::store::{Store, StoreError};
use crate::systems::{self, Surroundings, System, SystemError};

use control::{AgentView, Command, ControlError, Reply};
use files::{Files, LocalFiles};
use inbox_file::{InboxError, InboxNews};

/// Takes commands and carries them out, one run at a time.
#[derive(Debug)]
pub struct Desk {
    engine: Engine,
    files: Arc<dyn Files>,
    /// Held while a run is under way.
    busy: tokio::sync::Mutex<()>,
    /// Told when a run ends and answers came in meanwhile.
    answers: Notify,
    memory: Mutex<Memory>,
}

/// What is known beside the store.
#[derive(Debug, Default)]
struct Memory {
    /// Absent until a run has ended in this process.
    failures: Option<Vec<Failure>>,
    inbox_problems: Vec<String>,
    inbox_was_empty: bool,
    agent: Option<AgentView>,
    warned_on: Option<Date>,
    tidied_on: Option<Date>,
}

impl Memory {
    /// Keeps what failed. How mappings stand that a run was not about it does not say.
    fn take_failures(&mut self, report: &RunReport) {
        let mut failures = report.failures.clone();
        if report.is_partial {
            let is_told = |mapping: &str| report.mappings.iter().any(|told| told.mapping == mapping);
            let of_others = |failure: &Failure| failure.mapping.as_deref().is_some_and(|name| !is_told(name));
            let before = self.failures.take().unwrap_or_default().into_iter();
            let before: Vec<_> =
                before.filter(of_others).filter(|failure| !failures.contains(failure)).collect();
            failures.extend(before);
        }
        self.failures = Some(failures);
    }
}

impl Desk {
    /// Loads the configuration, opens the store and makes ready to reach the systems. Nothing is sent yet.
    pub fn open(places: &Places) -> Result<Self, ControlError> {
        fs::create_dir_all(&places.data).map_err(|error| ControlError {
            kind: ErrorKind::Store,
            problem: format!("cannot make the folder {}: {error}", places.data.display()),
            remedy: Some("make it, or name another one with --dir".to_owned()),
        })?;
        let desk = Self::with_store(places, || Store::open(&places.store()))?;
        desk.tidy_inbox();
        Ok(desk)
    }

    /// Opens a desk for a command that only looks: where there is no store yet, none is made.
    pub fn open_to_look(places: &Places) -> Result<Self, ControlError> {
        let path = places.store();
        Self::with_store(
            places,
            || if path.exists() { Store::open_to_look(&path) } else { Store::in_memory() },
        )
    }

    /// Opens a desk for a command that only looks, at length: the store is not copied into memory.
    pub fn open_to_read(places: &Places) -> Result<Self, ControlError> {
        let path = places.store();
        Self::with_store(
            places,
            || if path.exists() { Store::open_to_read(&path) } else { Store::in_memory() },
        )
    }

    fn with_store(
        places: &Places,
        open: impl FnOnce() -> Result<Store, StoreError>,
    ) -> Result<Self, ControlError> {
        let config = Config::load(places).map_err(|error| configuration(&error))?;
        let systems = connect(&config)?;
        let store = open().map_err(|error| store(&error))?;
        Ok(Self::over(Engine::new(Arc::new(config), Arc::new(store), systems)))
    }

    /// Sets up a desk over an engine that is put together already.
    #[must_use]
    pub fn over(engine: Engine) -> Self {
        let files = Arc::new(LocalFiles);
        let (busy, answers, memory) = (tokio::sync::Mutex::default(), Notify::new(), Mutex::default());
        Self { engine, files, busy, answers, memory }
    }

    /// Keeps the inbox among other files than this machine's.
    pub fn set_files(&mut self, files: Arc<dyn Files>) {
        self.files = files;
    }

    /// Clears away what an earlier process left behind when it was killed while it wrote the inbox.
    pub fn tidy_inbox(&self) {
        if let Err(error) = orphans::tidy(&self.engine, self.files.as_ref()) {
            warn!(problem = chain(&error), "Temporary files of the inbox stay where they are");
        }
    }

    /// Takes the time from another clock.
    pub fn set_clock(&mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) {
        self.engine.set_clock(clock);
    }

    /// Reports progress to `show` from now on.
    pub fn show_progress(&mut self, show: impl Fn(Progress<'_>) + Send + Sync + 'static) {
        self.engine.show_progress(show);
    }

    /// Returns the engine.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the mappings in use, in the order in which they run.
    #[must_use]
    pub fn mappings(&self) -> &[Mapping] {
        &self.engine.config().mappings
    }

    /// Carries out a command.
    pub async fn handle(&self, command: &Command) -> Result<Reply, ControlError> {
        match command {
            Command::Status => self.status().map(|status| Reply::Status(Box::new(status))),
            Command::Plan => self.plan(Choice::All).await.map(Reply::Report),
            Command::PlanOf { mappings } => {
                let choice = self.choice(mappings)?;
                self.plan(choice).await.map(Reply::Report)
            }
            Command::Sync { approve_as, sweep, mappings } => {
                let choice = self.choice(mappings)?;
                if let Some(by) = approve_as {
                    self.engine.approve(by).map_err(|error| store(&error))?;
                }
                let options = RunOptions { choice, sweep: *sweep, ..RunOptions::of("command") };
                self.run(&options).await.map(Reply::Report)
            }
            Command::Conflicts => {
                views::conflicts(&self.engine).map(Reply::Conflicts).map_err(|error| store(&error))
            }
            Command::Answer { conflict, words } => {
                self.answer(ConflictId(*conflict), words).await.map(Reply::Answered)
            }
            Command::History { limit } => self.history(*limit).map(Reply::Runs),
            Command::Run { run } => self.one_run(RunId(*run)).map(Reply::Run),
            Command::Verify { mapping, repair, most_findings } => self
                .verify(mapping.as_deref(), *repair, *most_findings)
                .await
                .map(Box::new)
                .map(Reply::Verified),
            Command::Backup { .. } | Command::Examine | Command::Compact => self.keep(command).await,
            Command::Undo { run, dry_run } => self.undo(RunId(*run), *dry_run).await.map(Reply::Report),
            Command::Why { mapping, row } => self.why(mapping, row).await,
            Command::Resume { mapping, row } => self.resume(mapping, row.as_deref()).await,
            Command::Rebaseline { connection, agreed_by } => {
                let view = self.rebaseline(connection, agreed_by.as_deref()).await?;
                Ok(Reply::Rebaseline(Box::new(view)))
            }
            Command::Approve { plan, by } => self.approve(plan, by).await.map(Reply::Report),
            Command::PlanInFull => self.plan_in_full().await,
            Command::Unapproved => self.unapproved().map(Reply::Unapproved),
        }
    }

    /// Runs every mapping of the choice once: answers from the inbox first, and the inbox rewritten afterwards.
    pub async fn run(&self, options: &RunOptions) -> Result<RunReport, ControlError> {
        let _busy = self.busy.lock().await;
        self.run_noted(options, false).await
    }

    /// `only_approved`: nothing but what a person approved.
    async fn run_noted(&self, options: &RunOptions, only_approved: bool) -> Result<RunReport, ControlError> {
        self.set_running(true);
        let report = self.run_alone(options, only_approved).await;
        self.set_running(false);
        report
    }

    async fn run_alone(&self, options: &RunOptions, only_approved: bool) -> Result<RunReport, ControlError> {
        self.warn_once_a_day();
        let before = self.exchange_inbox();
        let report = match only_approved {
            true => self.engine.run_approved(options).await,
            false => self.engine.run(options).await,
        }
        .map_err(|error| store(&error))?;
        let after = self.exchange_inbox();
        self.memory().take_failures(&report);
        before?;
        if after?.answers > 0 {
            self.answers.notify_one();
        }
        Ok(report)
    }

    /// Writes into the log what will stop working.
    fn warn_once_a_day(&self) {
        let today = self.engine.now().to_zoned(TimeZone::UTC).date();
        if self.memory().warned_on.replace(today) == Some(today) {
            return;
        }
        for warning in self.engine.warnings() {
            warn!(warning, "Something will stop working");
        }
    }

    /// Waits until answers came in that no run has seen.
    pub async fn answers_came_in(&self) {
        self.answers.notified().await;
    }

    /// Takes new answers from the inbox file. Returns how many there were.
    pub async fn take_answers(&self) -> Result<usize, ControlError> {
        let _busy = self.busy.lock().await;
        self.exchange_inbox().map(|news| news.answers)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange_inbox(&self) -> Result<InboxNews, ControlError> {
        let was_empty = self.memory().inbox_was_empty;
        let outcome = inbox_file::exchange(&self.engine, self.files.as_ref(), was_empty)
            .map_err(|error| inbox_error(&error));
        let mut memory = self.memory();
        memory.inbox_was_empty = outcome.as_ref().is_ok_and(|news| news.is_empty);
        memory.inbox_problems = match &outcome {
            Ok(news) => news.problems.clone(),
            Err(error) => vec![error.problem.clone()],
        };
        outcome
    }
}

fn connect(config: &Config) -> Result<BTreeMap<ConnectionName, Arc<dyn System>>, ControlError> {
    let around = Surroundings::new(&config.places.config);
    config
        .settings
        .connections
        .iter()
        .filter(|(_, settings)| settings.enabled)
        .map(|(name, settings)| {
            let name = ConnectionName::new(name.as_str());
            let used = config.tables_used(&name);
            let system =
                systems::connect(&name, settings, &around, used).map_err(|error| system_error(&error))?;
            Ok((name, system))
        })
        .collect()
}

fn configuration(error: &ConfigError) -> ControlError {
    ControlError { kind: ErrorKind::Configuration, problem: chain(error), remedy: None }
}

fn system_error(error: &SystemError) -> ControlError {
    ControlError { kind: ErrorKind::Configuration, problem: chain(error), remedy: Some(error.remedy()) }
}

fn store(error: &StoreError) -> ControlError {
    ControlError { kind: ErrorKind::Store, problem: chain(error), remedy: None }
}

fn inbox_error(error: &InboxError) -> ControlError {
    let kind = match error {
        InboxError::Store(_) => ErrorKind::Store,
        InboxError::Io { .. } | InboxError::NotText(_) => ErrorKind::Configuration,
    };
    ControlError { kind, problem: chain(error), remedy: None }
}

/// Joins an error and its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
