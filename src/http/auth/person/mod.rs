//! Signing in as a person, once: what comes of it is a refresh token, kept where the connection's settings say.

mod browser;
mod device_code;
#[cfg(test)]
mod testing;

pub use browser::browser;
pub use device_code::device_code;

use super::token_endpoint::Grant;
use super::{OAuth, Proof};
use crate::http::HttpError;

/// Keeps the refresh token of a grant, so that later sessions need no person.
async fn keep(oauth: &OAuth, grant: Grant) -> Result<(), HttpError> {
    let refused = |detail: &str| HttpError::SignIn { detail: detail.to_owned() };
    let Proof::Person(place) = &oauth.proof else {
        return Err(refused("the connection signs in as an application; no person is needed"));
    };
    let Some(refresh_token) = grant.refresh_token else {
        return Err(refused("the service gave no refresh token; add offline_access to `scope`"));
    };
    place.keep(refresh_token).await
}
