//! The OAuth2 token endpoint: client credentials with a secret or an assertion, discovery, and the errors Entra answers with.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::assertion::{Certificates, Expected};
use super::faults::lock;
use super::http::{Reply, Request};

const LIFETIME_SECS: u64 = 3599;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The one registered application.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) tenant: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) client_secret: String,
    pub(crate) access_token: String,
}

/// The tokens in circulation.
#[derive(Debug)]
pub(crate) struct Tokens {
    registration: Registration,
    certificates: Certificates,
    issued: Mutex<BTreeMap<String, Instant>>,
}

struct Denial {
    status: u16,
    error: &'static str,
    number: u32,
    text: String,
}

fn denial(status: u16, error: &'static str, number: u32, text: impl Into<String>) -> Denial {
    Denial { status, error, number, text: text.into() }
}

impl Tokens {
    pub(crate) fn new(registration: Registration, certificates: Certificates) -> Self {
        Self { registration, certificates, issued: Mutex::new(BTreeMap::new()) }
    }

    pub(crate) fn tenant(&self) -> Uuid {
        self.registration.tenant
    }

    /// Invalidates every issued token.
    pub(crate) fn expire(&self) {
        lock(&self.issued).clear();
    }

    /// Returns whether a valid token is the fixed one; `None` for an invalid token.
    pub(crate) fn caller_is_person(&self, token: &str) -> Option<bool> {
        if token == self.registration.access_token {
            return Some(true);
        }
        let valid = lock(&self.issued).get(token).is_some_and(|end| Instant::now() < *end);
        valid.then_some(false)
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let segments: Vec<_> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", [tenant, .., ".well-known", "openid-configuration"]) => self
                .check_tenant(tenant)
                .map_or_else(|denial| denied_reply(&denial), |()| self.configuration(request, tenant)),
            ("POST", [tenant, "oauth2", "v2.0", "token"]) => match self.grant(tenant, request) {
                Ok(token) => issued_reply(&token),
                Err(denial) => denied_reply(&denial),
            },
            _ => Reply::empty(404),
        }
    }

    fn grant(&self, tenant: &str, request: &Request) -> Result<String, Denial> {
        self.check_tenant(tenant)?;
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        check_grant_type(field("grant_type"))?;
        let (basic_id, basic_secret) = basic_credentials(request).unwrap_or_default();
        let client_id = if field("client_id").is_empty() { &basic_id } else { field("client_id") };
        self.check_client(tenant, client_id)?;
        check_scope(field("scope"))?;
        let secret: &str =
            if field("client_secret").is_empty() { &basic_secret } else { field("client_secret") };
        match (secret, field("client_assertion")) {
            ("", "") => {
                let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
                return Err(denial(401, "invalid_client", 7_000_218, text));
            }
            ("", assertion) => self.check_assertion(request, field("client_assertion_type"), assertion)?,
            (secret, _) => self.check_secret(secret)?,
        }
        Ok(self.issue())
    }

    fn check_tenant(&self, tenant: &str) -> Result<(), Denial> {
        if tenant == self.registration.tenant.to_string() {
            return Ok(());
        }
        let text = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        Err(denial(400, "invalid_request", 90002, text))
    }

    fn check_client(&self, tenant: &str, client_id: &str) -> Result<(), Denial> {
        if client_id.is_empty() {
            return Err(denial(400, "invalid_request", 900_144, missing_parameter("client_id")));
        }
        if client_id == self.registration.client_id.to_string() {
            return Ok(());
        }
        let text =
            format!("Application with identifier '{client_id}' was not found in the directory '{tenant}'.");
        Err(denial(400, "unauthorized_client", 700_016, text))
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

    fn issue(&self) -> String {
        let token = format!("sim.{}.{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        lock(&self.issued).insert(token.clone(), Instant::now() + Duration::from_secs(LIFETIME_SECS));
        token
    }

    fn configuration(&self, request: &Request, tenant: &str) -> Reply {
        let root = format!("{}/{tenant}", request.base);
        Reply::json(
            200,
            &json!({
                "issuer": format!("{root}/v2.0"),
                "authorization_endpoint": format!("{root}/oauth2/v2.0/authorize"),
                "token_endpoint": format!("{root}/oauth2/v2.0/token"),
                "device_authorization_endpoint": format!("{root}/oauth2/v2.0/devicecode"),
                "jwks_uri": format!("{root}/discovery/v2.0/keys"),
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }),
        )
    }
}

fn missing_parameter(name: &str) -> String {
    format!("The request body must contain the following parameter: '{name}'.")
}

fn check_grant_type(grant_type: &str) -> Result<(), Denial> {
    match grant_type {
        "client_credentials" => Ok(()),
        "" => Err(denial(400, "invalid_request", 900_144, missing_parameter("grant_type"))),
        _ => {
            Err(denial(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."))
        }
    }
}

fn check_scope(scope: &str) -> Result<(), Denial> {
    let mut scopes = scope.split_whitespace();
    match (scopes.next(), scopes.next()) {
        (None, _) => Err(denial(400, "invalid_request", 900_144, missing_parameter("scope"))),
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

fn issued_reply(token: &str) -> Reply {
    let body = json!({
        "token_type": "Bearer", "expires_in": LIFETIME_SECS, "ext_expires_in": LIFETIME_SECS, "access_token": token,
    });
    Reply::text(200, "application/json; charset=utf-8", body.to_string())
        .with("Cache-Control", "no-store, no-cache")
}

fn denied_reply(denial: &Denial) -> Reply {
    let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
    let timestamp = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let description = format!(
        "AADSTS{}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
        denial.number, denial.text
    );
    let body = json!({
        "error": denial.error, "error_description": description, "error_codes": [denial.number], "timestamp": timestamp,
        "trace_id": trace, "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={}", denial.number),
    });
    Reply::text(denial.status, "application/json; charset=utf-8", body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Uuid = Uuid::from_u128(7);

    fn check(tenant: Uuid, form: &[(&str, &str)], expected: u64) {
        let registration = Registration {
            tenant: Uuid::nil(),
            client_id: CLIENT,
            client_secret: "s".to_owned(),
            access_token: "fixed".to_owned(),
        };
        let mut request = Request { method: "POST".to_owned(), ..Request::default() };
        request.set_target(&format!("/{tenant}/oauth2/v2.0/token"));
        request.body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into_bytes();
        let reply = Tokens::new(registration, Certificates::default()).answer(&request).to_json();
        assert_eq!(reply["error_codes"][0].as_u64().unwrap_or_default(), expected, "{form:?}: {reply}");
    }

    #[test]
    fn grants_are_denied_as_entra_does() {
        let client = CLIENT.to_string();
        let good = [
            ("grant_type", "client_credentials"),
            ("client_id", client.as_str()),
            ("scope", "https://x/.default"),
            ("client_secret", "s"),
        ];
        let with = |position: usize, value: &'static str| {
            let mut form = good;
            form[position].1 = value;
            form
        };
        check(Uuid::nil(), &good, 0);
        check(CLIENT, &good, 90002);
        check(Uuid::nil(), &with(0, "password"), 70003);
        check(Uuid::nil(), &with(1, "other"), 700_016);
        check(Uuid::nil(), &with(2, "https://x"), 1_002_012);
        check(Uuid::nil(), &with(2, "https://x/.default https://y/.default"), 70011);
        check(Uuid::nil(), &with(3, "wrong"), 7_000_215);
        check(Uuid::nil(), &good[..3], 7_000_218);
        check(Uuid::nil(), &with(3, ""), 7_000_218);
        check(Uuid::nil(), &[good[0], good[1], good[2], ("client_assertion", "a.b.c")], 900_144);
    }
}
