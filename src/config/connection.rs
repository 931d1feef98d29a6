//! One `[connections.NAME]` table of `tandem.toml`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::SignIn;

/// How to reach one system and sign in to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSettings {
    pub kind: ConnectionKind,
    /// Dataverse: the organisation's address (`https://contoso.crm4.dynamics.com`). Business Central: the address up to
    /// and including the environment (`https://api.businesscentral.dynamics.com/v2.0/TENANT/production`).
    pub url: String,
    /// Business Central: the company's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    pub sign_in: SignIn,
    /// Certificates of further authorities (PEM), for servers on premises; a relative path starts at the configuration
    /// folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Plain http may leave this machine. Sign-in and rows then travel unprotected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// Rows asked for in one page.
    #[serde(default = "default_page_size")]
    pub page_size: u32,
    /// How long to wait for one answer, in seconds.
    #[serde(default = "default_timeout_secs")]
    pub timeout_secs: u64,
    /// How far reads by modified time reach back behind the watermark, in seconds.
    #[serde(default = "default_overlap_secs")]
    pub overlap_secs: u64,
    /// How long an accepted request may still take effect, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_secs: Option<u64>,
}

/// Which product a connection speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionKind {
    Dataverse,
    BusinessCentral,
}

const fn default_page_size() -> u32 {
    1000
}

const fn default_timeout_secs() -> u64 {
    120
}

const fn default_overlap_secs() -> u64 {
    300
}
