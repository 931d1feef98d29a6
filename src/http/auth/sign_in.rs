//! The ways to sign in. Behind all of them a session gets one thing: what its `Authorization` header says.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tracing::warn;

use super::token::Token;
use super::token_endpoint::TokenEndpoint;
use super::{ClientCertificate, SignatureAlgorithm};
use crate::config::{Secret, SecretError, SecretRef};
use crate::http::HttpError;

/// How to sign in to one server.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// Bearer tokens from an OAuth2 token endpoint.
    OAuth(OAuth),
    /// A user and a web service key with every request.
    Basic { user: String, key: Secret },
    /// Bearer tokens that a command prints.
    Command(SecretRef),
}

/// What a token is asked for with.
#[derive(Clone, Debug)]
pub struct OAuth {
    pub token_url: String,
    pub client_id: String,
    pub scope: String,
    pub proof: Proof,
}

/// Who asks: the application itself, or a person who signed in before.
#[derive(Clone, Debug)]
pub enum Proof {
    Application(ClientCredentials),
    Person(RefreshTokenPlace),
}

/// How the application proves who it is.
#[derive(Clone, Debug)]
pub enum ClientCredentials {
    Secret(Secret),
    Certificate { certificate: ClientCertificate, algorithm: SignatureAlgorithm },
}

/// Where the refresh token of a person's sign-in is kept. It is read for each renewal and replaced by its successor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshTokenPlace {
    pub reference: SecretRef,
    /// Where relative paths start.
    pub folder: PathBuf,
    /// The connection, for messages.
    pub connection: String,
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A command does not say how long its tokens live; asking it more often costs little.
const COMMAND_TOKEN_LIFE: Duration = Duration::from_secs(600);

impl SignIn {
    /// Names who signs in, as far as that shows: the same text is the same user.
    pub(in crate::http) fn user(&self) -> String {
        match self {
            Self::OAuth(OAuth { token_url, client_id, proof: Proof::Application(_), .. }) => {
                format!("{client_id} {token_url}")
            }
            Self::OAuth(OAuth { token_url, client_id, proof: Proof::Person(place), .. }) => {
                format!("{client_id} {token_url} {}", place.reference)
            }
            Self::Basic { user, .. } => user.clone(),
            Self::Command(reference) => reference.to_string(),
        }
    }

    /// Returns whether asking again may bring something else than what was refused.
    pub(super) const fn can_renew(&self) -> bool {
        !matches!(self, Self::Basic { .. })
    }

    /// Gets what the `Authorization` header is to say.
    pub(super) async fn fetch(&self, endpoint: Option<&TokenEndpoint>) -> Result<Token, HttpError> {
        let asked_at = Instant::now();
        match (self, endpoint) {
            (Self::OAuth(oauth), Some(endpoint)) => oauth.fetch(endpoint, asked_at).await,
            (Self::OAuth(oauth), None) => Err(no_endpoint(&oauth.token_url)),
            (Self::Basic { user, key }, _) => {
                let pair = STANDARD.encode(format!("{user}:{}", key.reveal()));
                Ok(Token::lasting(Secret::new(&format!("Basic {pair}"))))
            }
            (Self::Command(reference), _) => {
                let reference = reference.clone();
                let token = blocking(move || reference.fetch(&PathBuf::new())).await?;
                Ok(Token::bearer(&token, asked_at, COMMAND_TOKEN_LIFE))
            }
        }
    }
}

impl OAuth {
    async fn fetch(&self, endpoint: &TokenEndpoint, asked_at: Instant) -> Result<Token, HttpError> {
        let grant = match &self.proof {
            Proof::Application(credentials) => {
                let mut form = vec![("grant_type", "client_credentials".to_owned())];
                form.extend(credentials.form(&self.client_id, &self.token_url)?);
                form.push(("scope", self.scope.clone()));
                endpoint.ask(&form).await.map_err(|error| credentials.explain(error, Timestamp::now()))?
            }
            Proof::Person(place) => {
                let refresh_token = place.fetch().await?;
                let form = [
                    ("grant_type", "refresh_token".to_owned()),
                    ("refresh_token", refresh_token.reveal().to_owned()),
                    ("scope", self.scope.clone()),
                ];
                let grant = endpoint.ask(&form).await?;
                if let Some(successor) = &grant.refresh_token
                    && let Err(error) = place.keep(successor.clone()).await
                {
                    warn!(connection = place.connection, %error, "The next refresh token could not be kept");
                }
                grant
            }
        };
        Ok(Token::bearer(&grant.access_token, asked_at, grant.life))
    }
}

impl ClientCredentials {
    /// Says of a refused sign-in that the certificate has run out, if it has.
    fn explain(&self, error: HttpError, now: Timestamp) -> HttpError {
        match (self, error) {
            (Self::Certificate { certificate, .. }, HttpError::SignIn { detail })
                if certificate.not_after().is_some_and(|end| end <= now) =>
            {
                let day = certificate.not_after().map(|end| end.strftime("%Y-%m-%d").to_string());
                HttpError::SignIn {
                    detail: format!(
                        "the certificate ran out on {}; make another with `tandem certificate new` ({detail})",
                        day.unwrap_or_default()
                    ),
                }
            }
            (_, error) => error,
        }
    }

    fn form(&self, client_id: &str, token_url: &str) -> Result<Vec<(&'static str, String)>, HttpError> {
        match self {
            Self::Secret(secret) => Ok(vec![("client_secret", secret.reveal().to_owned())]),
            Self::Certificate { certificate, algorithm } => {
                let assertion = certificate
                    .assertion(*algorithm, client_id, token_url, Timestamp::now())
                    .map_err(|error| HttpError::SignIn { detail: error.to_string() })?;
                let assertion = assertion.reveal().to_owned();
                Ok(vec![
                    ("client_assertion_type", ASSERTION_TYPE.to_owned()),
                    ("client_assertion", assertion),
                ])
            }
        }
    }
}

impl RefreshTokenPlace {
    async fn fetch(&self) -> Result<Secret, HttpError> {
        let place = self.clone();
        blocking(move || place.reference.fetch(&place.folder)).await.map_err(|error| HttpError::SignIn {
            detail: format!("nobody has signed in yet ({error}); run `tandem sign-in {}`", self.connection),
        })
    }

    /// Fails where a refresh token could not be kept, so that nobody signs in in vain.
    pub(super) async fn check(&self) -> Result<(), HttpError> {
        let place = self.clone();
        blocking(move || match &place.reference {
            SecretRef::Env(_) | SecretRef::Command(_) => Err(SecretError::ReadOnly(place.reference.clone())),
            SecretRef::File(_) | SecretRef::Keyring(_) => match place.reference.fetch(&place.folder) {
                Err(error @ SecretError::NoKeyring { .. }) => Err(error),
                // That there is none yet is why somebody signs in.
                _ => Ok(()),
            },
        })
        .await
    }

    /// Keeps a refresh token, in place of the one before.
    pub(super) async fn keep(&self, refresh_token: Secret) -> Result<(), HttpError> {
        let place = self.clone();
        blocking(move || place.reference.keep(&place.folder, &refresh_token)).await
    }
}

/// Keyrings, files and commands block; the runtime's own threads must not wait for them.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, HttpError> {
    let result = spawn_blocking(work).await;
    let detail = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "reading a secret was broken off".to_owned(),
    };
    Err(HttpError::SignIn { detail })
}

fn no_endpoint(token_url: &str) -> HttpError {
    HttpError::Configuration { detail: format!("no line to {token_url}") }
}
