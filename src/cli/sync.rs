//! `tandem sync`: one run now.

use std::env;

use crate::agent::{Command, Reply};

use super::arguments::SyncArguments;
use super::consent;
use super::context::Context;
use super::exit_code::ExitCode;
use super::lines;
use super::reach::{ask, unexpected};
use super::report::CommandError;
use super::table::counted;

/// Runs once, and says what was done and what waits for a person.
pub(super) async fn sync(context: &Context, arguments: &SyncArguments) -> Result<ExitCode, CommandError> {
    let approve_as = consent::given(context, arguments.yes).await?;
    let command = Command::Sync { approve_as, sweep: arguments.sweep, mappings: arguments.mappings.clone() };
    let Reply::Report(report) = ask(context, &command).await? else { return Err(unexpected()) };
    let exit_code = lines::show(context.output, &report);
    if !context.output.json
        // What was done stands above; that nobody could be asked for more does not undo it.
        && let Ok(Reply::Status(status)) = ask(context, &Command::Status).await
        && status.open_conflicts > 0
    {
        context.output.note(&format!("\n{}", conflicts_text(status.open_conflicts, &status.inbox)));
    }
    Ok(exit_code)
}

/// Says how many conflicts are open and where to answer them.
pub(super) fn conflicts_text(open: u64, inbox: &str) -> String {
    let waits = if open == 1 { "waits" } else { "wait" };
    format!("{} {waits} for an answer in {inbox}\n(or: tandem conflicts)", counted(open, "conflict"))
}

/// Returns the name the operating system knows the person by.
pub(super) fn user_name() -> String {
    let name = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
    name("USER").or_else(|| name("USERNAME")).unwrap_or_else(|| "unknown".to_owned())
}
