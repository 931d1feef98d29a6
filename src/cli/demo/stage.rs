//! The stage: both simulated systems, a folder with a configuration, the desk, and a person.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::agent::{Command, ConflictView, Desk, Reply, RunReport, StatusView};
use crate::cli::exit_code::ExitCode;
use crate::cli::output::Output;
use crate::cli::reach::unexpected;
use crate::cli::report::{CommandError, failures_text};
use crate::cli::{simulate, simulated_config};
use crate::config::Places;
use crate::mapping::StandardSet;
use crate::sim::{Options, Simulation};

use super::person::Person;

/// Everything the story needs.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) simulation: Simulation,
    pub(super) desk: Arc<Desk>,
    pub(super) person: Person,
    pub(super) folder: PathBuf,
    output: Output,
    /// Removed with the stage, unless the person chose a folder.
    _temporary: Option<TempDir>,
}

impl Stage {
    /// Starts the systems on free ports and writes a configuration for them.
    pub(super) async fn set_up(folder: Option<&Path>, output: Output) -> Result<Self, CommandError> {
        let temporary = match folder {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("tandem-demo-").tempdir().map_err(|error| {
                CommandError::because(ExitCode::Failure, "cannot make a temporary folder", &error)
                    .with_remedy("name a folder with --dir")
            })?),
        };
        let folder = match (&temporary, folder) {
            (Some(temporary), _) => temporary.path().to_owned(),
            (None, folder) => absolute(folder.unwrap_or(Path::new("."))),
        };
        let simulation = simulate::start(Options::default()).await?;
        simulated_config::write(
            &folder,
            simulation.addresses(),
            None,
            StandardSet::Usual,
            jiff::Timestamp::now(),
        )?;
        let desk = Arc::new(Desk::open(&Places::in_folder(&folder))?);
        let person = Person::new(simulation.addresses())?;
        Ok(Self { simulation, desk, person, folder, output, _temporary: temporary })
    }

    /// Tells a part of the story.
    pub(super) fn say(&self, text: &str) {
        if !self.output.json {
            self.output.text(text);
        }
    }

    /// Runs once, as `tandem sync` does. Any failure ends the story.
    pub(super) async fn sync(&self) -> Result<RunReport, CommandError> {
        let command = Command::Sync { approve_as: None, sweep: false, mappings: Vec::new() };
        let Reply::Report(report) = self.desk.handle(&command).await? else { return Err(unexpected()) };
        if report.failures.is_empty() {
            return Ok(report);
        }
        Err(CommandError::new(ExitCode::of_run(&report.failures, false), failures_text(&report.failures)))
    }

    /// Returns the open conflicts.
    pub(super) async fn conflicts(&self) -> Result<Vec<ConflictView>, CommandError> {
        match self.desk.handle(&Command::Conflicts).await? {
            Reply::Conflicts(conflicts) => Ok(conflicts),
            _ => Err(unexpected()),
        }
    }

    /// Returns how things stand.
    pub(super) async fn status(&self) -> Result<StatusView, CommandError> {
        match self.desk.handle(&Command::Status).await? {
            Reply::Status(status) => Ok(*status),
            _ => Err(unexpected()),
        }
    }

    /// Lets the systems go and frees the folder.
    pub(super) async fn take_down(self) {
        drop(self.desk);
        self.simulation.stop().await;
    }
}

/// Makes a path that can be opened from anywhere.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// Moves text to the right, under the heading of its act.
pub(super) fn indented(text: &str) -> String {
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("   {line}\n") };
    text.lines().map(indented).collect()
}

/// The error for a story that takes a wrong turn.
pub(super) fn surprise(problem: impl AsRef<str>) -> CommandError {
    let problem = format!("the demo did not go as it should: {}", problem.as_ref());
    CommandError::new(ExitCode::Failure, problem)
}
