//! Signing in as a person, once: what comes of it is a refresh token, kept where the connection's settings say.

mod browser;
mod device_code;
#[cfg(test)]
mod testing;

pub use browser::browser;
pub use device_code::device_code;

use super::token_endpoint::Grant;
use super::{OAuth, Proof, RefreshTokenPlace};
use crate::http::HttpError;

/// Returns where the refresh token is to be kept, once it is certain that it can be.
async fn place(oauth: &OAuth) -> Result<&RefreshTokenPlace, HttpError> {
    let Proof::Person(place) = &oauth.proof else {
        return Err(refused("the connection signs in as an application; no person is needed"));
    };
    place.check().await?;
    Ok(place)
}

/// Keeps the refresh token of a grant, so that later sessions need no person.
async fn keep(place: &RefreshTokenPlace, grant: Grant) -> Result<(), HttpError> {
    let Some(refresh_token) = grant.refresh_token else {
        return Err(refused("the service gave no refresh token; add offline_access to `scope`"));
    };
    place.keep(refresh_token).await
}

fn refused(detail: &str) -> HttpError {
    HttpError::SignIn { detail: detail.to_owned() }
}
