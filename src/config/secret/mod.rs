//! References to secrets: where one is kept, how it is fetched and, where that place allows it, kept anew.
//!
//! A secret itself never stands in a configuration file, and never shows in logs, errors or `Debug`.

mod command;
mod keyring;
mod private_file;
mod reference;
mod text;

pub use private_file::{read_private, write_private};
pub use reference::{SecretError, SecretRef};
pub use text::Secret;
