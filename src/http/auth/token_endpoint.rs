//! The token endpoint: one form post, and what it grants.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};

use super::entra_error;
use crate::config::Secret;
use crate::http::transport::Transport;
use crate::http::{HttpError, Repeat, Request, Response, Trust};

/// The line to a sign-in service, for one application.
#[derive(Clone, Debug)]
pub(super) struct TokenEndpoint {
    url: String,
    client_id: String,
    transport: Transport,
}

/// What a token endpoint grants.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) access_token: Secret,
    pub(super) life: Duration,
    pub(super) refresh_token: Option<Secret>,
}

/// What became of one question for a token that a person has yet to allow.
#[derive(Debug)]
pub(super) enum Poll {
    Granted(Grant),
    Pending,
    SlowDown,
}

#[derive(Deserialize)]
struct GrantAnswer {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

/// Assumed where the answer does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(600);

impl TokenEndpoint {
    /// Prepares to speak to the sign-in service. Plain http is for this machine only, whatever the connection allows.
    pub(super) fn new(
        url: &str,
        client_id: &str,
        timeout: Duration,
        trust: &Trust,
    ) -> Result<Self, HttpError> {
        let trust = Trust { allow_http: false, ..trust.clone() };
        let transport = Transport::to(url, timeout, &trust)?;
        Ok(Self { url: url.to_owned(), client_id: client_id.to_owned(), transport })
    }

    /// Asks for a token. The application's id is part of every form.
    pub(super) async fn ask(&self, form: &[(&str, String)]) -> Result<Grant, HttpError> {
        let response = self.post(&self.url, form).await?;
        if !response.is_success() {
            return Err(entra_error::read(&response, &self.client_id));
        }
        read_grant(&response)
    }

    /// Asks for a token that a person has yet to allow.
    pub(super) async fn poll(&self, form: &[(&str, String)]) -> Result<Poll, HttpError> {
        let response = self.post(&self.url, form).await?;
        if response.is_success() {
            return read_grant(&response).map(Poll::Granted);
        }
        match entra_error::word(&response).as_str() {
            "authorization_pending" => Ok(Poll::Pending),
            "slow_down" => Ok(Poll::SlowDown),
            _ => Err(entra_error::read(&response, &self.client_id)),
        }
    }

    /// Asks a neighbour of the token endpoint (`devicecode`) and reads its answer.
    pub(super) async fn ask_neighbour<T: DeserializeOwned>(
        &self,
        name: &str,
        form: &[(&str, String)],
    ) -> Result<T, HttpError> {
        let response = self.post(&self.neighbour(name), form).await?;
        if !response.is_success() {
            return Err(entra_error::read(&response, &self.client_id));
        }
        serde_json::from_slice(&response.body).map_err(|_| unusable())
    }

    /// Returns the address beside the token endpoint: `…/token` becomes `…/NAME`.
    pub(super) fn neighbour(&self, name: &str) -> String {
        let folder = self.url.rsplit_once('/').map_or(self.url.as_str(), |(folder, _)| folder);
        format!("{folder}/{name}")
    }

    async fn post(&self, url: &str, form: &[(&str, String)]) -> Result<Response, HttpError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .extend_pairs(form)
            .finish();
        let content_type = "application/x-www-form-urlencoded";
        let request = Request::post(url, content_type, body.into_bytes(), Repeat::Freely)
            .with_header("Accept", "application/json");
        // Whatever became of the sign-in, the request it was for has not left.
        self.transport.send(&request, None).await.map_err(|error| match error {
            HttpError::NoAnswer { detail } => {
                HttpError::NotSent { detail: format!("no answer to the sign-in: {detail}") }
            }
            HttpError::TimedOut => {
                HttpError::NotSent { detail: "no answer to the sign-in in time".to_owned() }
            }
            HttpError::NotSent { detail } => {
                let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
                let host = host.unwrap_or_default();
                HttpError::NotSent { detail: format!("cannot sign in at {host}: {detail}") }
            }
            HttpError::TooLarge { .. } => unusable(),
            other => other,
        })
    }
}

fn read_grant(response: &Response) -> Result<Grant, HttpError> {
    let answer: GrantAnswer = serde_json::from_slice(&response.body).map_err(|_| unusable())?;
    Ok(Grant {
        access_token: Secret::new(&answer.access_token),
        life: answer.expires_in.as_ref().and_then(seconds).unwrap_or(DEFAULT_LIFE),
        refresh_token: answer.refresh_token.as_deref().map(Secret::new),
    })
}

fn unusable() -> HttpError {
    HttpError::SignIn { detail: "the sign-in service answered without a token; check token_url".to_owned() }
}

/// Reads a number of seconds given as a number or, by older services, as text.
fn seconds(value: &serde_json::Value) -> Option<Duration> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}
