//! `tandem compact`: gives unused room of the store's file back.

use std::path::Path;

use crate::agent::{Command, CompactedView, Reply};
use crate::store::Compacted;

use super::context::Context;
use super::exit_code::ExitCode;
use super::keeping::{Done, agent_or_here, open, size};
use super::reach::unexpected;
use super::report::CommandError;

/// Compacts; a running agent does it itself.
pub(super) async fn compact(context: &Context) -> Result<ExitCode, CommandError> {
    let here = |path: &Path| open(path)?.compact();
    let compacted = match agent_or_here(context, &Command::Compact, here).await? {
        Done::ByAgent(Reply::Compacted(compacted)) => compacted,
        Done::Here(Some(Compacted { before, after })) => CompactedView { before, after },
        Done::ByAgent(_) | Done::Here(None) => return Err(unexpected()),
    };
    context.output.show(&compacted, |compacted| {
        format!("The store's file had {} and has {}.", size(compacted.before), size(compacted.after))
    });
    Ok(ExitCode::Success)
}
