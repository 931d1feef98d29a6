//! For tests: a person's sign-in whose refresh token is kept in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{OAuth, Proof, RefreshTokenPlace};
use crate::config::SecretRef;

pub fn oauth(address: &str, folder: &Path) -> OAuth {
    OAuth {
        token_url: format!("{address}/token"),
        client_id: "app".to_owned(),
        scope: "https://x/.default offline_access".to_owned(),
        proof: Proof::Person(RefreshTokenPlace {
            reference: SecretRef::File(PathBuf::from("refresh-token")),
            folder: folder.to_owned(),
            connection: "crm".to_owned(),
        }),
    }
}

pub fn kept(folder: &Path) -> String {
    fs::read_to_string(folder.join("refresh-token")).unwrap()
}
