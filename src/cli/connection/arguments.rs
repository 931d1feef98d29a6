//! What can be typed after `tandem connection`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::upgrade::UpgradeArguments;

/// What to do with connections.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConnectionCommand {
    /// Add a connection to tandem.toml
    #[command(
        after_help = "Examples:\n  tandem connection add crm --kind dataverse --url https://contoso.crm4.dynamics.com \\\n\
                      \x20     --tenant TENANT-ID --client-id APPLICATION-ID --client-secret file:client-secret\n\
                      \x20 tandem connection companies erp      which company to name with --company"
    )]
    Add(AddArguments),
    /// List the connections
    #[command(after_help = "Examples:\n  tandem connection list\n  tandem connection list --json")]
    List,
    /// Change settings of a connection; comments and layout of tandem.toml stay
    #[command(
        after_help = "Examples:\n  tandem connection edit crm --url https://contoso.crm4.dynamics.com\n\
                      \x20 tandem connection edit erp --company COMPANY-ID --set page_size=500\n\
                      \x20 tandem connection edit crm --unset settle_secs"
    )]
    Edit(EditArguments),
    /// Let mappings use a connection again
    #[command(after_help = "Examples:\n  tandem connection enable crm")]
    Enable {
        /// The connection
        name: String,
    },
    /// Let the mappings that use a connection stand still; nothing learned is lost
    #[command(after_help = "Examples:\n  tandem connection disable crm")]
    Disable {
        /// The connection
        name: String,
    },
    /// Check one connection, or all: each finding with what to do
    #[command(
        after_help = "Examples:\n  tandem connection test crm\n  tandem connection test --all --json\n\n\
                      Ends with 0 if all is well, 3 where something has to be corrected in the configuration or\n\
                      set-up, 6 where a system cannot be reached or refuses, 1 where both are so. Writes nothing."
    )]
    Test(TestArguments),
    /// List the environments that the sign-in of a connection can reach
    #[command(after_help = "Examples:\n  tandem connection discover crm\n\
                      \x20 tandem connection discover crm --service https://globaldisco.crm9.dynamics.com")]
    Discover(DiscoverArguments),
    /// List the companies of a Business Central environment
    #[command(after_help = "Examples:\n  tandem connection companies erp")]
    Companies {
        /// The connection; it needs no company yet
        name: String,
    },
    /// Take a connection out of tandem.toml
    #[command(
        after_help = "Examples:\n  tandem connection remove old-crm\n  tandem connection remove crm --force"
    )]
    Remove(RemoveArguments),
    /// Move a connection from its secret to a certificate, after proving that the certificate signs in
    #[command(after_help = "Examples:\n  tandem connection upgrade dataverse --certificate\n\
                            \x20 tandem connection upgrade dataverse --certificate erp")]
    Upgrade(UpgradeArguments),
}

/// Options of `connection add`.
#[derive(Debug, Args)]
pub(in crate::cli) struct AddArguments {
    /// The new connection's name: letters, digits, - and _
    pub(in crate::cli) name: String,
    /// The product
    #[arg(long, value_enum)]
    pub(in crate::cli) kind: Kind,
    /// Take address and sign-in from a Dataverse connection string (AuthType=…;Url=…) in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "sign_in", "client_id", "client_secret"])]
    pub(in crate::cli) connection_string: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) fields: Fields,
}

/// Options of `connection edit`.
#[derive(Debug, Args)]
pub(in crate::cli) struct EditArguments {
    /// The connection
    pub(in crate::cli) name: String,
    #[command(flatten)]
    pub(in crate::cli) fields: Fields,
    /// Take a setting out, so that its default holds
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) unset: Vec<String>,
}

/// Settings of a connection. Secrets are given by reference only.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct Fields {
    /// The address of the organisation, or of the environment in Business Central
    #[arg(long)]
    pub(in crate::cli) url: Option<String>,
    /// Business Central: the company's id
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) company: Option<String>,
    /// Business Central: use the companion extension where it is installed (auto), never (off), or always (required)
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "off", "required"])]
    pub(in crate::cli) companion: Option<String>,
    /// How to sign in: the `kind` of `sign_in`
    #[arg(long, value_name = "KIND")]
    pub(in crate::cli) sign_in: Option<String>,
    /// The Microsoft Entra tenant
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) tenant: Option<String>,
    /// The application's id
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) client_id: Option<String>,
    /// Where the application's secret is kept: env:NAME or file:PATH
    #[arg(long, value_name = "REFERENCE")]
    pub(in crate::cli) client_secret: Option<String>,
    /// Any other setting, such as page_size=500 or sign_in.token_url=https://…
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(in crate::cli) set: Vec<(String, String)>,
}

/// The products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
    Dataverse,
    BusinessCentral,
    /// Any OData v4 service
    Odata,
}

impl Kind {
    /// Returns the kind as it stands in `tandem.toml`.
    pub(in crate::cli) const fn word(self) -> &'static str {
        match self {
            Self::Dataverse => "dataverse",
            Self::BusinessCentral => "business-central",
            Self::Odata => "odata",
        }
    }
}

/// Options of `connection test`.
#[derive(Debug, Args)]
pub(in crate::cli) struct TestArguments {
    /// The connection
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(in crate::cli) name: Option<String>,
    /// All connections, and whether they fit together
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

/// Options of `connection discover`.
#[derive(Debug, Args)]
pub(in crate::cli) struct DiscoverArguments {
    /// The connection whose sign-in is used
    pub(in crate::cli) name: String,
    /// The service to ask, where it is not that of the connection's own cloud
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) service: Option<String>,
}

/// Options of `connection remove`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RemoveArguments {
    /// The connection
    pub(in crate::cli) name: String,
    /// Also while mappings use it
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

/// Reads `key=value`.
pub(in crate::cli) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        // The text itself is not repeated: it may be a secret.
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
