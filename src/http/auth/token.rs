//! The token in use: fetched when first needed, renewed early, renewed once when refused.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::token_endpoint::TokenEndpoint;
use super::{ClientCredentials, OAuth, Proof, SignIn};
use crate::config::Secret;
use crate::http::{HttpError, Trust};

/// A token is renewed this long before it expires, or after three quarters of a short life.
const RENEW_EARLY: Duration = Duration::from_secs(300);

/// What the `Authorization` header says, and until when.
#[derive(Clone, Debug)]
pub(super) struct Token {
    authorization: Secret,
    /// Absent: it never has to be renewed.
    renew_at: Option<Instant>,
}

impl Token {
    pub(super) fn bearer(token: &Secret, asked_at: Instant, life: Duration) -> Self {
        let early = RENEW_EARLY.min(life / 4);
        let authorization = Secret::new(&format!("Bearer {}", token.reveal()));
        // A life beyond what can be reckoned is none that ends.
        Self { authorization, renew_at: asked_at.checked_add(life.saturating_sub(early)) }
    }

    pub(super) const fn lasting(authorization: Secret) -> Self {
        Self { authorization, renew_at: None }
    }

    fn is_fresh(&self) -> bool {
        self.renew_at.is_none_or(|renew_at| Instant::now() < renew_at)
    }
}

/// Where tokens come from. Many requests at once share one fetch.
#[derive(Debug)]
pub(in crate::http) struct TokenSource {
    sign_in: SignIn,
    endpoint: Option<TokenEndpoint>,
    current: Mutex<Option<Token>>,
}

impl TokenSource {
    pub(in crate::http) fn new(sign_in: SignIn, timeout: Duration, trust: &Trust) -> Result<Self, HttpError> {
        let endpoint = match &sign_in {
            SignIn::OAuth(oauth) => {
                Some(TokenEndpoint::new(&oauth.token_url, &oauth.client_id, timeout, trust)?)
            }
            SignIn::Basic { .. } | SignIn::Command(_) => None,
        };
        Ok(Self { sign_in, endpoint, current: Mutex::new(None) })
    }

    /// Returns the value of an `Authorization` header that is not about to expire.
    pub(in crate::http) async fn authorization(&self) -> Result<Secret, HttpError> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) if token.is_fresh() => Ok(token.authorization.clone()),
            _ => self.fetch(&mut current).await,
        }
    }

    /// Returns when the certificate that it signs in with runs out.
    pub(in crate::http) const fn credential_end(&self) -> Option<Timestamp> {
        match &self.sign_in {
            SignIn::OAuth(OAuth {
                proof: Proof::Application(ClientCredentials::Certificate { certificate, .. }),
                ..
            }) => certificate.not_after(),
            _ => None,
        }
    }

    /// Returns another value than the refused one, if there can be one.
    pub(in crate::http) async fn renewed(&self, refused: &Secret) -> Result<Option<Secret>, HttpError> {
        if !self.sign_in.can_renew() {
            return Ok(None);
        }
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) if token.authorization != *refused => Ok(Some(token.authorization.clone())),
            _ => self.fetch(&mut current).await.map(Some),
        }
    }

    async fn fetch(&self, current: &mut Option<Token>) -> Result<Secret, HttpError> {
        *current = None;
        let token = self.sign_in.fetch(self.endpoint.as_ref()).await?;
        let authorization = token.authorization.clone();
        *current = Some(token);
        Ok(authorization)
    }
}
