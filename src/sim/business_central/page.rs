//! Where a paged read goes on: the opaque `$skiptoken`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::error::Fault;

/// The place from which the next page reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The key of the last row shown, in the order of keys.
    pub(super) after_key: Option<String>,
    /// How many rows of an explicit order were shown; rows shift while paging.
    pub(super) shown: usize,
    /// How many rows of `$top` are left.
    pub(super) left: Option<usize>,
}

impl Position {
    pub(super) fn token(&self) -> String {
        let text = serde_json::to_vec(self).expect("invariant: plain data has a JSON form");
        URL_SAFE_NO_PAD.encode(text)
    }

    pub(super) fn parse(token: &str) -> Result<Self, Fault> {
        let decoded = URL_SAFE_NO_PAD.decode(token).ok();
        let position = decoded.and_then(|text| serde_json::from_slice(&text).ok());
        position.ok_or_else(|| {
            Fault::new(400, "BadRequest_InvalidRequestUrl", "The skip token is no longer valid.")
        })
    }
}
