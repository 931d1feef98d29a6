//! The token in use: fetched when first needed, renewed early, renewed once when refused.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{ClientSecret, Secret};
use crate::http::HttpError;
use crate::http::transport::Transport;

/// A token is renewed this long before it expires, or after three quarters of a short life.
const RENEW_EARLY: Duration = Duration::from_secs(300);

#[derive(Clone, Debug)]
pub(super) struct Token {
    secret: Secret,
    renew_at: Instant,
}

impl Token {
    pub(super) fn new(secret: Secret, asked_at: Instant, life: Duration) -> Self {
        let early = RENEW_EARLY.min(life / 4);
        Self { secret, renew_at: asked_at + life.saturating_sub(early) }
    }
}

/// Where tokens come from. Many requests at once share one fetch.
#[derive(Debug)]
pub(in crate::http) struct TokenSource {
    sign_in: ClientSecret,
    transport: Transport,
    current: Mutex<Option<Token>>,
}

impl TokenSource {
    pub(in crate::http) fn new(sign_in: ClientSecret, timeout: Duration) -> Result<Self, HttpError> {
        let transport = Transport::to(&sign_in.token_url, timeout)?;
        Ok(Self { sign_in, transport, current: Mutex::new(None) })
    }

    /// Returns a token that is not about to expire.
    pub(in crate::http) async fn token(&self) -> Result<Secret, HttpError> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) if Instant::now() < token.renew_at => Ok(token.secret.clone()),
            _ => self.fetch(&mut current).await,
        }
    }

    /// Returns a token other than the refused one.
    pub(in crate::http) async fn renewed(&self, refused: &Secret) -> Result<Secret, HttpError> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) if token.secret != *refused => Ok(token.secret.clone()),
            _ => self.fetch(&mut current).await,
        }
    }

    async fn fetch(&self, current: &mut Option<Token>) -> Result<Secret, HttpError> {
        *current = None;
        let token = self.sign_in.fetch(&self.transport).await?;
        let secret = token.secret.clone();
        *current = Some(token);
        Ok(secret)
    }
}
