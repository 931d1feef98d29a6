//! What can be typed after `tandem mapping`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::arguments::MappingProfile;

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
    /// Put mappings into use, with those they need
    #[command(
        after_help = "Examples:\n  tandem mapping add CONTACT \"PAYMENT TERMS\"\n  tandem mapping add --profile new-prices"
    )]
    Add {
        /// The mappings: shipped ones, or your own in mappings/
        #[arg(required_unless_present = "profile")]
        names: Vec<String>,
        /// Shipped mappings that go together
        #[arg(long, value_enum)]
        profile: Option<MappingProfile>,
    },
    /// Use a shipped mapping as it is shipped again; your file is kept beside it
    #[command(after_help = "Examples:\n  tandem mapping reset CUSTOMER")]
    Reset {
        /// The mapping
        name: String,
    },
    /// Show the order in which the mappings in use run, and what they point to
    #[command(after_help = "Examples:\n  tandem mapping graph\n  tandem mapping graph --json")]
    Graph,
    /// Write transforms of a data-integration project of 2017 in the words of mapping files
    ///
    /// Takes the JSON text that such a project kept for a field. A mapping file takes it as it is, too.
    #[command(
        after_help = "Examples:\n  tandem mapping import countries.json\n  tandem mapping import - --side right < countries.json"
    )]
    Import {
        /// The file with the JSON text; - reads standard input
        file: PathBuf,
        /// The side that the values come from
        #[arg(long, value_name = "SIDE", default_value = "left", value_parser = ["left", "right"])]
        side: String,
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
