//! What can be typed after `tandem project`.

use clap::{Args, Subcommand};

/// What to do about projects.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ProjectCommand {
    /// List the shipped templates and your projects: their tasks, whether they are in use, when they ran last
    #[command(after_help = "Examples:\n  tandem project list\n  tandem project list --json")]
    List,
    /// Show a project's file, or a template's
    #[command(
        after_help = "Examples:\n  tandem project show prospect-to-cash-sales-to-erp\n  tandem project show P2C"
    )]
    Show {
        /// The project or template
        name: String,
    },
    /// Write a project from a template and put it into use
    ///
    /// The file is projects/NAME.toml in the configuration folder; change it as you like. A file that is there is never
    /// overwritten.
    #[command(
        after_help = "Examples:\n  tandem project new P2C --template prospect-to-cash-sales-to-erp --company USMF\n\
                      \x20 tandem project new customers --template prospect-to-cash-erp-to-sales \\\n\
                      \x20   --source erp --dataverse crm --every \"30 min\""
    )]
    New(NewArguments),
    /// Run a project's tasks now, in their order
    ///
    /// Rows without a business key, or with a doubled one, are listed first and not sent. Afterwards each task is counted.
    #[command(
        after_help = "Examples:\n  tandem project run P2C\n  tandem project run P2C --yes    before the first run\n\
                      \x20 tandem project run P2C --json"
    )]
    Run(RunArguments),
}

/// Options of `project new`.
#[derive(Debug, Args)]
pub(in crate::cli) struct NewArguments {
    /// What the project is to be called
    pub(in crate::cli) name: String,
    /// The template; `tandem project list` names them
    #[arg(long, value_name = "TEMPLATE")]
    pub(in crate::cli) template: String,
    /// The connection that rows come from; default: the only one of kind odata
    #[arg(long, value_name = "CONNECTION")]
    pub(in crate::cli) source: Option<String>,
    /// The connection of Dataverse; default: the only one of that kind
    #[arg(long, value_name = "CONNECTION")]
    pub(in crate::cli) dataverse: Option<String>,
    /// The connection that rows go to from Dataverse; default: the only one of kind odata
    #[arg(long, value_name = "CONNECTION")]
    pub(in crate::cli) destination: Option<String>,
    /// Only rows of that company, by its code; new rows get it. Default: of all companies
    #[arg(long, value_name = "CODE")]
    pub(in crate::cli) company: Option<String>,
    /// How often the agent runs it: "30 min", "12 h", "look" (with each look) or "on demand" (default)
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) every: Option<String>,
}

/// Options of `project run`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RunArguments {
    /// The project
    pub(in crate::cli) name: String,
    /// Agree, in your name, that data flows and that the first run may write; at a terminal you are asked without it
    #[arg(long)]
    pub(in crate::cli) yes: bool,
}
