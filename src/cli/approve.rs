//! `tandem approve`: a person's word for a plan over a limit.

use crate::agent::{Command, Reply};

use super::arguments::ApproveArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::lines;
use super::reach::{ask, unexpected};
use super::report::CommandError;
use super::sync::user_name;

/// Approves one plan and runs it.
pub(super) async fn approve(
    context: &Context,
    arguments: &ApproveArguments,
) -> Result<ExitCode, CommandError> {
    let by = arguments.by.clone().unwrap_or_else(user_name);
    let command = Command::Approve { plan: arguments.plan.clone(), by };
    let Reply::Report(report) = ask(context, &command).await? else { return Err(unexpected()) };
    Ok(lines::show(context.output, &report))
}
