//! OAuth2 client credentials with a secret: one form post to the sign-in service.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;
use url::form_urlencoded;

use super::Secret;
use super::entra_error;
use super::token::Token;
use crate::http::transport::Transport;
use crate::http::{HttpError, Repeat, Request, Response};

/// What a token is asked for with.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    pub token_url: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub scope: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<serde_json::Value>,
}

/// Assumed where the answer does not say how long a token lives.
const DEFAULT_LIFE: Duration = Duration::from_secs(600);

impl ClientSecret {
    pub(super) async fn fetch(&self, transport: &Transport) -> Result<Token, HttpError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", self.client_secret.reveal())
            .append_pair("scope", &self.scope)
            .finish();
        let request = Request::post(
            &self.token_url,
            "application/x-www-form-urlencoded",
            form.into_bytes(),
            Repeat::Freely,
        )
        .with_header("Accept", "application/json");
        let asked_at = Instant::now();
        // Whatever became of the sign-in, the request it was for has not left.
        let response = transport.send(&request, None).await.map_err(|error| match error {
            HttpError::NoAnswer { detail } => {
                HttpError::NotSent { detail: format!("no answer to the sign-in: {detail}") }
            }
            HttpError::NotSent { detail } => {
                HttpError::NotSent { detail: format!("cannot sign in: {detail}") }
            }
            HttpError::TooLarge { .. } => unusable(),
            other => other,
        })?;
        self.read(&response, asked_at)
    }

    fn read(&self, response: &Response, asked_at: Instant) -> Result<Token, HttpError> {
        if !response.is_success() {
            return Err(entra_error::read(response, &self.client_id));
        }
        let answer: TokenAnswer = serde_json::from_slice(&response.body).map_err(|_| unusable())?;
        let life = answer.expires_in.as_ref().and_then(seconds).unwrap_or(DEFAULT_LIFE);
        Ok(Token::new(Secret::new(&answer.access_token), asked_at, life))
    }
}

fn unusable() -> HttpError {
    HttpError::SignIn { detail: "the sign-in service answered without a token; check token_url".to_owned() }
}

/// Reads a number of seconds given as a number or, by older services, as text.
fn seconds(value: &serde_json::Value) -> Option<Duration> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}
