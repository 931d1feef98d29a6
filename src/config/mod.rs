//! What people configure: `tandem.toml`, mapping files, the places of files, and references to secrets.

mod connection;
mod connection_string;
mod load;
mod places;
mod secret;
mod settings;
mod sign_in;
mod sign_in_edit;

pub use connection::{ConnectionKind, ConnectionSettings};
pub use connection_string::{
    ConnectionStringError, ReadConnectionString, SecretToKeep, read_connection_string,
};
pub use load::{Config, ConfigError, MappingSource, read_settings};
pub use places::Places;
pub use secret::{Secret, SecretError, SecretRef, read_private, write_private};
pub use settings::{ConsentSettings, Settings};
pub use sign_in::{SignIn, SignatureSetting};
pub use sign_in_edit::replace_sign_in;
