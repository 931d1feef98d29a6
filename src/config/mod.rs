//! What people configure: `tandem.toml`, the places of files, and references to secrets.

mod connection;
mod secret;

pub use connection::{ConnectionKind, ConnectionSettings, SignIn};
pub use secret::{SecretError, SecretRef};
