//! Reaching whoever has the store: the running agent, or else this very process. The user cannot tell the difference.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::agent::{Command, ControlError, Desk, ErrorKind, Reply};
use crate::config::Places;
use crate::store::{Store, StoreError};
use crate::web;

use super::context::Context;
use super::exit_code::ExitCode;
use super::progress;
use super::report::CommandError;

/// How long an agent that holds the store may take to start answering.
pub(super) const AGENT_START: Duration = Duration::from_secs(10);
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Has a command carried out.
pub(super) async fn ask(context: &Context, command: &Command) -> Result<Reply, CommandError> {
    let deadline = Instant::now() + AGENT_START;
    loop {
        let error = match web::ask(&context.places, command).await {
            Ok(Some(reply)) => return Ok(reply),
            Ok(None) => match open(context, command) {
                Ok(desk) => return Ok(desk.handle(command).await?),
                Err(error) if is_held(&context.places, &error) => error,
                Err(error) => return Err(error.into()),
            },
            Err(error) if may_repeat(command, &error) => error,
            Err(error) => return Err(error.into()),
        };
        if Instant::now() >= deadline {
            return Err(error.into());
        }
        // An agent that starts or ends, or another command about to end.
        sleep(PAUSE).await;
    }
}

/// Returns whether an agent that took a command and broke off may be asked again: all commands but an answer and
/// an approval can be repeated without harm.
fn may_repeat(command: &Command, error: &ControlError) -> bool {
    error.kind == ErrorKind::System && !matches!(command, Command::Answer { .. } | Command::Approve { .. })
}

/// Opens the store in this process, with progress bars where a person watches.
pub(super) fn open(context: &Context, command: &Command) -> Result<Desk, ControlError> {
    let mut desk = match command.only_looks() {
        // What takes long and reads everything, or comes before every run.
        true if matches!(command, Command::Verify { .. } | Command::Unapproved) => {
            Desk::open_to_read(&context.places)?
        }
        true => Desk::open_to_look(&context.places)?,
        false => Desk::open(&context.places)?,
    };
    if context.output.is_watched() {
        desk.show_progress(progress::bars());
    }
    Ok(desk)
}

/// Returns whether the store could not be opened because another process has it, or had it until just now.
fn is_held(places: &Places, error: &ControlError) -> bool {
    error.kind == ErrorKind::Store
        && matches!(Store::open(&places.store()), Ok(_) | Err(StoreError::InUse { .. }))
}

/// The error for a reply that does not belong to the command.
pub(super) fn unexpected() -> CommandError {
    CommandError::new(ExitCode::Failure, "the running agent answered something else than was asked")
        .with_remedy("stop the agent and start it again, so that both are of one version")
}
