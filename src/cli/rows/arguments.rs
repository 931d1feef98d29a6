//! What can be typed after `tandem rows` and `tandem tables`.

use clap::{Args, Subcommand};

use super::super::connection::arguments::pair;

/// Options of `rows`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RowsArguments {
    /// The connection
    pub(in crate::cli) connection: String,
    /// The table, as its system names it: accounts, customers
    pub(in crate::cli) table: String,
    #[command(subcommand)]
    pub(in crate::cli) command: RowsCommand,
}

/// What to do with rows.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RowsCommand {
    /// Show one row
    #[command(after_help = "Examples:\n  tandem rows crm accounts get ID --select name,telephone1")]
    Get {
        /// The row's id
        id: String,
        /// The columns to read; default: all
        #[arg(long, value_name = "COLUMNS")]
        select: Option<String>,
    },
    /// List rows
    #[command(
        after_help = "Examples:\n  tandem rows crm accounts list --filter \"startswith(name,'A') and statecode eq 0\"\n\
                      \x20 tandem rows erp customers list --select number,displayName --limit 1000 --json"
    )]
    List {
        /// Only rows that pass this filter, in the language of mapping files
        #[arg(long)]
        filter: Option<String>,
        /// The columns to read; default: all, of which the text shows the telling ones
        #[arg(long, value_name = "COLUMNS")]
        select: Option<String>,
        /// How many rows at most
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Create a row
    #[command(after_help = "Examples:\n  tandem rows crm accounts create name=Contoso creditonhold=false")]
    Create {
        /// The values, as COLUMN=VALUE
        #[arg(required = true, value_name = "COLUMN=VALUE", value_parser = pair)]
        values: Vec<(String, String)>,
    },
    /// Change a row, unless it changes meanwhile; an empty value clears a column
    #[command(after_help = "Examples:\n  tandem rows crm accounts update ID telephone1=030-1 fax=")]
    Update {
        /// The row's id
        id: String,
        /// The values, as COLUMN=VALUE
        #[arg(required = true, value_name = "COLUMN=VALUE", value_parser = pair)]
        values: Vec<(String, String)>,
    },
    /// Delete a row, unless it changes meanwhile
    #[command(after_help = "Examples:\n  tandem rows crm accounts delete ID")]
    Delete {
        /// The row's id
        id: String,
    },
}

/// Options of `tables`.
#[derive(Debug, Args)]
pub(in crate::cli) struct TablesArguments {
    /// The connection
    pub(in crate::cli) connection: String,
    /// Show the columns of this table
    pub(in crate::cli) table: Option<String>,
}
