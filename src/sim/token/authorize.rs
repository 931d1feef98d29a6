//! Signing in with the browser: the person agrees at once, and the browser is sent back to the client with a code.

use std::time::Instant;

use url::Url;

use super::denial::{Denial, denial};
use super::grants::Grant;
use super::person::check_scope;
use super::{Fields, Tokens, field, fields};
use crate::sim::faults::lock;
use crate::sim::http::{Reply, Request};

impl Tokens {
    /// Answers a browser that a client sent here.
    pub(super) fn authorize(&self, tenant: &str, request: &Request, now: Instant) -> Result<Reply, Denial> {
        self.check_tenant(tenant, true)?;
        let query = fields(request.query.as_bytes());
        self.check_client(tenant, field(&query, "client_id"))?;
        // Only an address of the client's own may get what follows.
        let mut back = redirect(&query)?;
        let answer = self.agree(&query, now);
        let mut pairs = back.query_pairs_mut();
        match answer {
            Ok(code) => {
                pairs.append_pair("code", &code);
            }
            Err(denial) => {
                let description = format!("AADSTS{}: {}", denial.number, denial.text);
                pairs.append_pair("error", denial.error).append_pair("error_description", &description);
            }
        }
        if let Some(state) = query.get("state") {
            pairs.append_pair("state", state);
        }
        drop(pairs);
        Ok(Reply::empty(302).with("Location", back.as_str()))
    }

    /// Checks the rest of the request; the person agrees.
    fn agree(&self, query: &Fields, now: Instant) -> Result<String, Denial> {
        if field(query, "response_type") != "code" {
            let text = "The response type is not supported.";
            return Err(denial(400, "unsupported_response_type", 700_054, text));
        }
        if !matches!(field(query, "response_mode"), "" | "query") {
            return Err(denial(400, "invalid_request", 9_001_023, "The response mode is not supported."));
        }
        let challenge = query.get("code_challenge").map(String::as_str);
        if challenge.is_some() && field(query, "code_challenge_method") != "S256" {
            let text = "The simulator takes code challenges by the method S256 only.";
            return Err(denial(400, "invalid_request", 501_491, text));
        }
        check_scope(field(query, "scope"))?;
        if let Some(denied) = self.denied {
            return Err(denied.denial());
        }
        let grant = Grant { scope: field(query, "scope").to_owned(), nonce: query.get("nonce").cloned() };
        Ok(lock(&self.grants).code(grant, field(query, "redirect_uri"), challenge, now))
    }
}

/// Returns the client's address, which must be on this machine.
fn redirect(query: &Fields) -> Result<Url, Denial> {
    let wrong = || {
        let text = "The redirect URI specified in the request does not match the redirect URIs configured for the application.";
        denial(400, "invalid_request", 50011, text)
    };
    let address = Url::parse(field(query, "redirect_uri")).map_err(|_| wrong())?;
    let local = matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if local && address.scheme() == "http" { Ok(address) } else { Err(wrong()) }
}
