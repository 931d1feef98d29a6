//! Plain requests with a known token to a server on this machine.

use std::time::Duration;

use super::transport::Transport;
use super::{HttpError, Request, Response, Trust};

/// Speaks to one server on this machine. Any other address is refused.
#[derive(Clone)]
pub struct Loopback {
    transport: Transport,
    authorization: String,
}

impl std::fmt::Debug for Loopback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loopback").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Loopback {
    /// Prepares to speak to the server of that address, showing it that token.
    pub fn new(address: &str, token: &str, timeout: Duration) -> Result<Self, HttpError> {
        if !super::Origin::of(address)?.is_loopback() {
            let detail = format!("{address} is not on this machine");
            return Err(HttpError::Configuration { detail });
        }
        let transport = Transport::to(address, timeout, &Trust::default())?;
        Ok(Self { transport, authorization: format!("Bearer {token}") })
    }

    /// Sends one request. It is never repeated.
    pub async fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.transport.send(request, Some(&self.authorization)).await
    }
}
