//! Signing in: getting tokens, keeping them, renewing them. Secrets and tokens never show in logs, errors or `Debug`.

mod client_secret;
mod entra_error;
mod secret;
mod token;

pub use client_secret::ClientSecret;
pub use secret::Secret;
pub(super) use token::TokenSource;
