//! What people configure: `tandem.toml`, mapping files, the places of files, and references to secrets.

mod connection;
mod edit;
mod limits;
mod load;
mod places;
mod secret;
mod settings;

pub use connection::{BatchChoice, ConnectionKind, ConnectionSettings, OtherEngine, SignIn};
pub use edit::SettingsFile;
pub use limits::LimitSettings;
pub use load::{Config, ConfigError, MappingSource};
pub use places::Places;
pub use secret::{SecretError, SecretRef};
pub use settings::{ConsentSettings, Settings};
