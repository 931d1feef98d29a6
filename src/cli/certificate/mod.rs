//! `tandem certificate`: signing in without a secret that could be copied from a mail.
//!
//! `new` makes a key, which never leaves this machine, and a certificate with a letter to the administrator; `accept`
//! writes into the connections what the administrator sends back.

mod accept;
mod files;
mod letter;
mod new;

use clap::{Args, Subcommand};

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;

pub(super) use files::{Application, Files};

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub(super) enum CertificateCommand {
    /// Make a key and a certificate, and the letter to the administrator who has to register it
    #[command(
        after_help = "Examples:\n  tandem certificate new\n  tandem certificate new --to admin@contoso.com --days 365"
    )]
    New(NewArguments),
    /// Write the ids that came back from the administrator into connections
    #[command(after_help = "Examples:\n  tandem certificate accept dataverse business-central \\\n    \
                            --tenant contoso.onmicrosoft.com --client-id 00000000-0000-0000-0000-000000000000")]
    Accept(AcceptArguments),
}

/// Options of `certificate new`.
#[derive(Debug, Args)]
pub(super) struct NewArguments {
    /// The name of the files, and of the application in the letter
    #[arg(long, value_name = "NAME", default_value = "tandem", value_parser = files::name)]
    pub(super) name: String,
    /// How many days the certificate is valid
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=1095))]
    pub(super) days: u32,
    /// The address the mail goes to
    #[arg(long, value_name = "ADDRESS", value_parser = letter::address)]
    pub(super) to: Option<String>,
}

/// Options of `certificate accept`.
#[derive(Debug, Args)]
pub(super) struct AcceptArguments {
    /// The connections that sign in with the certificate
    #[arg(required = true, value_name = "CONNECTION")]
    pub(super) connections: Vec<String>,
    /// The tenant: the directory's id, or its domain
    #[arg(long, value_name = "TENANT")]
    pub(super) tenant: String,
    /// The application's (client's) id
    #[arg(long, value_name = "ID")]
    pub(super) client_id: uuid::Uuid,
    /// The name that was given to `certificate new`
    #[arg(long, value_name = "NAME", default_value = "tandem", value_parser = files::name)]
    pub(super) name: String,
}

/// Makes a certificate, or accepts what came back for one.
pub(super) fn certificate(context: &Context, action: &CertificateCommand) -> Result<ExitCode, CommandError> {
    match action {
        CertificateCommand::New(arguments) => new::new(context, arguments, jiff::Timestamp::now()),
        CertificateCommand::Accept(arguments) => accept::accept(context, arguments),
    }
}
