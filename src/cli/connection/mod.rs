//! `tandem connection`: changing how a connection signs in.

mod upgrade;

use clap::Subcommand;

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;

pub(super) use upgrade::UpgradeArguments;

/// What to do with connections.
#[derive(Debug, Subcommand)]
pub(super) enum ConnectionCommand {
    /// Move a connection from its secret to a certificate, after proving that the certificate signs in
    #[command(after_help = "Examples:\n  tandem connection upgrade dataverse --certificate\n\
                            \x20 tandem connection upgrade dataverse --certificate erp")]
    Upgrade(UpgradeArguments),
}

/// Changes a connection.
pub(super) async fn connection(
    context: &Context,
    action: &ConnectionCommand,
) -> Result<ExitCode, CommandError> {
    match action {
        ConnectionCommand::Upgrade(arguments) => upgrade::upgrade(context, arguments).await,
    }
}
