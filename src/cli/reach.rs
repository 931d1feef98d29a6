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
const AGENT_START: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// Has a command carried out.
pub(super) async fn ask(context: &Context, command: &Command) -> Result<Reply, CommandError> {
    let deadline = Instant::now() + AGENT_START;
    loop {
        if let Some(reply) = web::ask(&context.places, command).await? {
            return Ok(reply);
        }
        match open(context, command) {
            Ok(desk) => return Ok(desk.handle(command).await?),
            Err(error) if Instant::now() >= deadline || !is_held(&context.places, &error) => {
                return Err(error.into());
            }
            // Someone holds the store: an agent that starts, or another command about to end.
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Opens the store in this process, with progress bars where a person watches.
pub(super) fn open(context: &Context, command: &Command) -> Result<Desk, ControlError> {
    let mut desk = match command.only_looks() {
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
