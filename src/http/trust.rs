//! Whom a connection trusts: authorities beside the system's own, and whether it may go without TLS.

/// Whom a connection trusts beyond the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Certificates of further authorities, as PEM.
    pub authorities_pem: Vec<u8>,
    /// Plain http may leave this machine.
    pub allow_http: bool,
}
