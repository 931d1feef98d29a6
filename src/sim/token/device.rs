//! Device codes: a device asks, and the person decides elsewhere.
//!
//! The person agrees by themselves at the second poll; who wants otherwise opens the page with `declined=1`.

use std::time::Instant;

use serde_json::json;

use super::denial::{Denial, missing};
use super::grants::{DEVICE_SECS, Grant};
use super::person::check_scope;
use super::{Tokens, field, fields};
use crate::sim::faults::lock;
use crate::sim::http::{Reply, Request};

const INTERVAL_SECS: u64 = 1;

impl Tokens {
    /// Answers a device that wants a person to sign in.
    pub(super) fn invite(&self, tenant: &str, request: &Request, now: Instant) -> Result<Reply, Denial> {
        self.check_tenant(tenant, true)?;
        let form = fields(&request.body);
        self.check_client(tenant, field(&form, "client_id"))?;
        let scope = field(&form, "scope");
        if scope.is_empty() {
            return Err(missing("scope"));
        }
        check_scope(scope)?;
        if let Some(denied) = self.denied {
            return Err(denied.denial());
        }
        let (device_code, user_code) =
            lock(&self.grants).ask(Grant { scope: scope.to_owned(), nonce: None }, now);
        let page = format!("{}/{tenant}/oauth2/deviceauth", request.base);
        let message = format!(
            "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
        );
        Ok(Reply::json(
            200,
            &json!({
                "device_code": device_code, "user_code": user_code, "verification_uri": page,
                "expires_in": DEVICE_SECS, "interval": INTERVAL_SECS, "message": message,
            }),
        ))
    }

    /// Answers the page on which the person decides.
    pub(super) fn decide(&self, tenant: &str, request: &Request) -> Result<Reply, Denial> {
        self.check_tenant(tenant, true)?;
        let query = fields(request.query.as_bytes());
        let code = field(&query, "code");
        let agrees = field(&query, "declined") != "1";
        let text = match (code, lock(&self.grants).decide(code, agrees)) {
            ("", _) => "<form>Code: <input name=\"code\"><button>Next</button></form>",
            (_, false) => "That code didn't work. Check the code and try again.",
            (_, true) if agrees => "You have signed in. You may now close this window.",
            (_, true) => "You have declined. You may now close this window.",
        };
        Ok(Reply::text(
            200,
            "text/html; charset=utf-8",
            format!("<!doctype html><title>Sign in</title>{text}\n"),
        ))
    }
}
