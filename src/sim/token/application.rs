//! An application signs in by itself: client credentials with a secret or an assertion.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::denial::{Denial, denial, missing};
use super::{Bearer, Fields, LIFETIME_SECS, Tokens, field, issued_reply};
use crate::sim::assertion::Expected;
use crate::sim::http::{Reply, Request};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Tokens {
    pub(super) fn grant_application(
        &self,
        tenant: &str,
        request: &Request,
        form: &Fields,
        now: Instant,
    ) -> Result<Reply, Denial> {
        let (basic_id, basic_secret) = basic_credentials(request).unwrap_or_default();
        let sent_or = |name: &str, basic: &str| match field(form, name) {
            "" => basic.to_owned(),
            sent => sent.to_owned(),
        };
        self.check_client(tenant, &sent_or("client_id", &basic_id))?;
        check_scope(field(form, "scope"))?;
        match (sent_or("client_secret", &basic_secret).as_str(), field(form, "client_assertion")) {
            ("", "") => {
                let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
                return Err(denial(401, "invalid_client", 7_000_218, text));
            }
            ("", assertion) => {
                self.check_assertion(request, field(form, "client_assertion_type"), assertion)?;
            }
            (secret, _) => self.check_secret(secret)?,
        }
        let token = self.issue(Bearer::Application, now);
        Ok(issued_reply(&json!({
            "token_type": "Bearer", "expires_in": LIFETIME_SECS, "ext_expires_in": LIFETIME_SECS, "access_token": token,
        })))
    }

    fn check_secret(&self, secret: &str) -> Result<(), Denial> {
        if secret == self.registration.client_secret {
            return Ok(());
        }
        let text = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.";
        Err(denial(401, "invalid_client", 7_000_215, text))
    }

    fn check_assertion(&self, request: &Request, kind: &str, assertion: &str) -> Result<(), Denial> {
        if kind != ASSERTION_TYPE {
            let text = format!("The 'client_assertion_type' must be '{ASSERTION_TYPE}'.");
            return Err(denial(400, "invalid_request", 900_144, text));
        }
        let client_id = self.registration.client_id.to_string();
        let audiences = [
            format!("{}{}", request.base, request.path),
            format!("{}/{}/v2.0", request.base, self.registration.tenant),
        ];
        let now = jiff::Timestamp::now().as_second() as f64;
        let expected = Expected { client_id: &client_id, audiences, now };
        let checked = self.certificates.check(assertion, &expected);
        checked.map_err(|(number, text)| denial(401, "invalid_client", number, text))
    }
}

fn check_scope(scope: &str) -> Result<(), Denial> {
    let mut scopes = scope.split_whitespace();
    match (scopes.next(), scopes.next()) {
        (None, _) => Err(missing("scope")),
        (Some(scope), None) if scope.ends_with("/.default") => Ok(()),
        (Some(_), Some(_)) => Err(denial(
            400,
            "invalid_scope",
            70011,
            "The provided value for the input parameter 'scope' is not valid.",
        )),
        (Some(scope), None) => {
            let text = format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier."
            );
            Err(denial(400, "invalid_scope", 1_002_012, text))
        }
    }
}

fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((plain(id), plain(secret)))
}
