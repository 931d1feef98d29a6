//! What can be typed after `tandem mapping`.

use clap::{Args, Subcommand};

/// What to do about mappings.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum MappingCommand {
    /// List the shipped mappings and your own
    #[command(after_help = "Examples:\n  tandem mapping list\n  tandem mapping list --json")]
    List,
    /// Show a mapping's file, as a start for your own
    #[command(
        after_help = "Examples:\n  tandem mapping show CUSTOMER\n  tandem mapping show CONTACT > mappings/CONTACT.toml"
    )]
    Show {
        /// The mapping
        name: String,
    },
    /// Hold mappings against both systems, before anything is written
    ///
    /// Reads what both say about their tables, and some rows: whether columns are there and may be written, whether each value
    /// could be written and read back as it is, what is left out and why. Ends with 3 where a mapping cannot be used.
    #[command(
        after_help = "Examples:\n  tandem mapping check\n  tandem mapping check CUSTOMER --rows 5000\n\
                      \x20 tandem mapping check --json"
    )]
    Check(CheckArguments),
}

/// Options of `mapping check`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArguments {
    /// The mapping; default: all in use
    pub(in crate::cli) name: Option<String>,
    /// How many rows of each side are looked at, at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(in crate::cli) rows: usize,
}
