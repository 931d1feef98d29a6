//! Signing in: getting tokens, keeping them, renewing them. Secrets and tokens never show in logs, errors or `Debug`.

mod assertion;
mod certificate;
mod entra_error;
mod new_certificate;
mod person;
mod sign_in;
#[cfg(test)]
mod tests;
mod token;
mod token_endpoint;

pub use assertion::SignatureAlgorithm;
pub use certificate::{CertificateError, ClientCertificate};
pub use new_certificate::{NewCertificate, new_certificate};
pub use person::{browser, device_code};
pub use sign_in::{ClientCredentials, OAuth, Proof, RefreshTokenPlace, SignIn};
pub(super) use token::TokenSource;

pub use crate::config::Secret;
