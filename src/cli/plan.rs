//! `tandem plan`: what a run would do.

use crate::agent::{Command, Reply};

use super::context::Context;
use super::exit_code::ExitCode;
use super::lines;
use super::reach::{ask, unexpected};
use super::report::CommandError;

/// Shows what a run would do.
pub(super) async fn plan(context: &Context) -> Result<ExitCode, CommandError> {
    let Reply::Report(report) = ask(context, &Command::Plan).await? else { return Err(unexpected()) };
    Ok(lines::show(context.output, &report))
}
