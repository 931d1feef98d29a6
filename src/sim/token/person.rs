//! A person has signed in: the tokens that says so.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::denial::{Denial, denial};
use super::grants::Grant;
use super::{Bearer, Fields, LIFETIME_SECS, Tokens, field, issued_reply};
use crate::sim::faults::lock;
use crate::sim::http::{Reply, Request};

/// Words of a scope that name no resource.
const OPEN_ID: &[&str] = &["openid", "profile", "email", "offline_access"];

impl Tokens {
    /// A client on a person's machine keeps no secret, and must not send one.
    pub(super) fn check_public_client(&self, tenant: &str, form: &Fields) -> Result<(), Denial> {
        self.check_client(tenant, field(form, "client_id"))?;
        if field(form, "client_secret").is_empty() && field(form, "client_assertion").is_empty() {
            return Ok(());
        }
        let text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        Err(denial(401, "invalid_client", 700_025, text))
    }

    /// Makes the answer to a person's sign-in.
    pub(super) fn signed_in(&self, request: &Request, form: &Fields, grant: &Grant, now: Instant) -> Reply {
        let wants = |word: &str| grant.scope.split_whitespace().any(|scope| scope == word);
        let resources: Vec<_> =
            grant.scope.split_whitespace().filter(|word| !OPEN_ID.contains(word)).collect();
        let mut body = json!({
            "token_type": "Bearer",
            "scope": resources.join(" "),
            "expires_in": LIFETIME_SECS,
            "ext_expires_in": LIFETIME_SECS,
            "access_token": self.issue(Bearer::Person, now),
        });
        if wants("offline_access") {
            body["refresh_token"] = lock(&self.grants).remember(grant).into();
        }
        if wants("openid") {
            body["id_token"] = self.id_token(request, grant).into();
        }
        if field(form, "client_info") == "1" {
            let info = json!({"uid": self.registration.person, "utid": self.registration.tenant});
            body["client_info"] = encoded(&info).into();
        }
        issued_reply(&body)
    }

    /// Says who signed in. It is not signed: clients have it from us directly.
    fn id_token(&self, request: &Request, grant: &Grant) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "aud": self.registration.client_id,
            "iss": format!("{}/{}/v2.0", request.base, self.registration.tenant),
            "iat": now, "nbf": now, "exp": now + i64::try_from(LIFETIME_SECS).unwrap_or_default(),
            "name": "Nancy Davolio",
            "preferred_username": "nancy@northwind.example",
            "oid": self.registration.person,
            "sub": self.registration.person,
            "tid": self.registration.tenant,
            "ver": "2.0",
        });
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        format!("{}.{}.", encoded(&json!({"typ": "JWT", "alg": "none"})), encoded(&claims))
    }
}

/// Refuses scopes of several resources, or of none.
pub(super) fn check_scope(scope: &str) -> Result<(), Denial> {
    let words = scope.split_whitespace().filter(|word| !OPEN_ID.contains(word));
    let mut resources: Vec<_> =
        words.map(|word| word.rsplit_once('/').map_or(word, |(resource, _)| resource)).collect();
    resources.dedup();
    match resources.as_slice() {
        [_] => Ok(()),
        [] => Err(denial(
            400,
            "invalid_scope",
            70011,
            "The provided value for the input parameter 'scope' is not valid.",
        )),
        _ => {
            let text = "The provided value for the input parameter 'scope' is not valid: it names several resources.";
            Err(denial(400, "invalid_scope", 700_022, text))
        }
    }
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
