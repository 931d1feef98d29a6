//! What people configure: `tandem.toml`, mapping files, the places of files, and references to secrets.

mod brakes;
mod connection;
mod connection_string;
mod edit;
mod in_use;
mod limits;
mod load;
mod new_project;
mod places;
mod secret;
mod settings;
mod sign_in;
mod sign_in_edit;

pub use brakes::BrakeSettings;
pub use connection::{BatchChoice, CompanionChoice, ConnectionKind, ConnectionSettings, OtherEngine};
pub use connection_string::{
    ConnectionStringError, ReadConnectionString, SecretToKeep, read_connection_string,
};
pub use edit::SettingsFile;
pub use in_use::{mapping_source, parse_mapping, parse_project, project_source};
pub use limits::LimitSettings;
pub use load::{Config, ConfigError, MappingSource};
pub use new_project::NewProject;
pub use places::Places;
pub use secret::{Secret, SecretError, SecretRef, read_private, write_private};
pub use settings::{CompanySettings, ConsentSettings, OtherBaseCurrency, Settings};
pub use sign_in::{SignIn, SignatureSetting};
pub use sign_in_edit::replace_sign_in;
