//! Speaking HTTP: TLS, signing in, throttling and safe repetition.
//!
//! The only folder that names reqwest. Nothing here knows OData or a product; nothing here ever repeats a request
//! that may have been applied.

mod auth;
mod error;
mod loopback;
mod message;
mod origin;
mod retry;
mod session;
#[cfg(test)]
pub(crate) mod testing;
mod throttle;
mod transport;
mod trust;

pub use auth::{
    CertificateError, ClientCertificate, ClientCredentials, NewCertificate, OAuth, Proof, RefreshTokenPlace,
    Secret, SignIn, SignatureAlgorithm, browser, device_code, new_certificate,
};
pub use error::HttpError;
pub use loopback::Loopback;
pub use message::{Method, Repeat, Request, Response};
pub use origin::Origin;
pub use retry::Retry;
pub use session::{Session, SessionSettings};
pub use throttle::{Departure, Limits, Throttles, Usage};
pub use trust::Trust;
