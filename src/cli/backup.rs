//! `tandem backup`: a copy of the store in a file of its own.

use crate::agent::{self, Command, Reply};

use super::arguments::BackupArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::keeping::{Done, absolute, agent_or_here, open, size};
use super::reach::unexpected;
use super::report::CommandError;

/// Writes the copy; a running agent does it itself.
pub(super) async fn backup(context: &Context, arguments: &BackupArguments) -> Result<ExitCode, CommandError> {
    let to = absolute(&arguments.file);
    let command = Command::Backup { to: to.display().to_string(), replace: arguments.force };
    let here = |path: &std::path::Path| agent::backup(&open(path)?, &to, arguments.force);
    let (Done::ByAgent(reply) | Done::Here(reply)) = agent_or_here(context, &command, here).await?;
    let Reply::BackedUp(backup) = reply else { return Err(unexpected()) };
    context.output.show(&backup, |backup| {
        format!(
            "Backed up into {} ({}).\nIt holds business data: keep it where only you can read it.",
            backup.file,
            size(backup.bytes)
        )
    });
    Ok(ExitCode::Success)
}
