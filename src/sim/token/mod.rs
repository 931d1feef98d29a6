//! The sign-in service, as Entra answers: an application by secret or assertion, people by device code or in the browser, and its
//! errors with their numbers.
//!
//! There is one application and one person, who agrees to everything unless told otherwise.

mod application;
mod authorize;
mod denial;
mod device;
mod grants;
mod person;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::assertion::Certificates;
use super::faults::lock;
use super::http::{Reply, Request};
use denial::{Denial, denial, denied_reply, missing};
use grants::Grants;

pub use denial::{SignInDenial, UnknownDenial};

const LIFETIME_SECS: u64 = 3599;

/// The one registered application, and the person who signs in to it.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) tenant: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) client_secret: String,
    /// The person's id in the directory.
    pub(crate) person: Uuid,
    pub(crate) access_token: String,
}

/// On whose behalf a token opens the systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// Whoever has the fixed token.
    Fixed,
    Application,
    /// A person, through the application.
    Person,
}

/// The tokens in circulation.
#[derive(Debug)]
pub(crate) struct Tokens {
    registration: Registration,
    certificates: Certificates,
    issued: Mutex<BTreeMap<String, (Instant, Bearer)>>,
    grants: Mutex<Grants>,
    /// The answer everybody gets, where the directory's administrator has decided so.
    denied: Option<SignInDenial>,
}

/// The fields of a form or a query.
type Fields = BTreeMap<String, String>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

fn fields(text: &[u8]) -> Fields {
    url::form_urlencoded::parse(text).into_owned().collect()
}

impl Tokens {
    pub(crate) fn new(
        registration: Registration,
        certificates: Certificates,
        denied: Option<SignInDenial>,
    ) -> Self {
        Self { registration, certificates, issued: Mutex::default(), grants: Mutex::default(), denied }
    }

    /// Registers a certificate of the application, from its PEM text.
    pub(crate) fn register(&self, certificate: &str) -> io::Result<()> {
        self.certificates.register(certificate)
    }

    pub(crate) fn tenant(&self) -> Uuid {
        self.registration.tenant
    }

    /// Invalidates every issued token.
    pub(crate) fn expire(&self) {
        lock(&self.issued).clear();
    }

    /// Forgets every person who signed in: refresh tokens are too old.
    pub(crate) fn forget_people(&self) {
        lock(&self.grants).forget_people();
    }

    /// Returns whose a token is; `None` for an invalid one.
    pub(crate) fn bearer(&self, token: &str) -> Option<Bearer> {
        if token == self.registration.access_token {
            return Some(Bearer::Fixed);
        }
        let (end, bearer) = *lock(&self.issued).get(token)?;
        (Instant::now() < end).then_some(bearer)
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        self.answer_at(request, Instant::now())
    }

    fn answer_at(&self, request: &Request, now: Instant) -> Reply {
        let segments: Vec<_> = request.path.trim_matches('/').split('/').collect();
        let answer = match (request.method.as_str(), segments.as_slice()) {
            ("GET", [tenant, .., ".well-known", "openid-configuration"]) => {
                self.check_tenant(tenant, true).map(|()| self.configuration(request, tenant))
            }
            ("POST", [tenant, "oauth2", "v2.0", "token"]) => self.grant(tenant, request, now),
            ("POST", [tenant, "oauth2", "v2.0", "devicecode"]) => self.invite(tenant, request, now),
            ("GET", [tenant, "oauth2", "deviceauth"]) => self.decide(tenant, request),
            ("GET", [tenant, "oauth2", "v2.0", "authorize"]) => self.authorize(tenant, request, now),
            _ => return Reply::empty(404),
        };
        answer.unwrap_or_else(|denial| denied_reply(&denial))
    }

    fn grant(&self, tenant: &str, request: &Request, now: Instant) -> Result<Reply, Denial> {
        let form = fields(&request.body);
        let grant_type = field(&form, "grant_type");
        self.check_tenant(tenant, grant_type != "client_credentials")?;
        if let Some(denied) = self.denied {
            return Err(denied.denial());
        }
        match grant_type {
            "client_credentials" => self.grant_application(tenant, request, &form, now),
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
                self.check_public_client(tenant, &form)?;
                let grant = lock(&self.grants).redeem_device(&form, now)?;
                Ok(self.signed_in(request, &form, &grant, now))
            }
            "authorization_code" => {
                self.check_public_client(tenant, &form)?;
                let grant = lock(&self.grants).redeem_code(&form, now)?;
                Ok(self.signed_in(request, &form, &grant, now))
            }
            "refresh_token" => {
                self.check_public_client(tenant, &form)?;
                let grant = lock(&self.grants).refresh(&form)?;
                Ok(self.signed_in(request, &form, &grant, now))
            }
            "" => Err(missing("grant_type")),
            _ => {
                let text = "The app requested an unsupported grant type.";
                Err(denial(400, "unsupported_grant_type", 70003, text))
            }
        }
    }

    /// Tenants go by their id; people may also come by way of `organizations` or `common`.
    fn check_tenant(&self, tenant: &str, of_people: bool) -> Result<(), Denial> {
        let shared = of_people && matches!(tenant, "organizations" | "common");
        if shared || tenant == self.registration.tenant.to_string() {
            return Ok(());
        }
        let text = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        Err(denial(400, "invalid_request", 90002, text))
    }

    fn check_client(&self, tenant: &str, client_id: &str) -> Result<(), Denial> {
        if client_id.is_empty() {
            return Err(missing("client_id"));
        }
        if client_id == self.registration.client_id.to_string() {
            return Ok(());
        }
        let text =
            format!("Application with identifier '{client_id}' was not found in the directory '{tenant}'.");
        Err(denial(400, "unauthorized_client", 700_016, text))
    }

    fn issue(&self, bearer: Bearer, now: Instant) -> String {
        let token = format!("sim.{}.{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let end = now + Duration::from_secs(LIFETIME_SECS);
        lock(&self.issued).insert(token.clone(), (end, bearer));
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
                "response_modes_supported": ["query"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }),
        )
    }
}

/// Makes the answer to a granted request.
fn issued_reply(body: &Value) -> Reply {
    Reply::text(200, "application/json; charset=utf-8", body.to_string())
        .with("Cache-Control", "no-store, no-cache")
}
