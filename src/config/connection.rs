//! One `[connections.NAME]` table of `tandem.toml`.

use serde::{Deserialize, Serialize};

use super::{LimitSettings, SecretRef};

/// How to reach one system and sign in to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSettings {
    pub kind: ConnectionKind,
    /// Whether mappings may use it. Those that would stand still meanwhile, and nothing of theirs is lost.
    #[serde(default = "default_enabled", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// Dataverse: the organisation's address (`https://contoso.crm4.dynamics.com`). Business Central: the address up to
    /// and including the environment (`https://api.businesscentral.dynamics.com/v2.0/TENANT/production`).
    pub url: String,
    /// Business Central: the company's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    pub sign_in: SignIn,
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
    /// What the service allows us.
    #[serde(default, skip_serializing_if = "LimitSettings::is_empty")]
    pub limits: LimitSettings,
    /// Set where people know that another engine keeps the same tables in step, and want Tandem to write all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_engine: Option<OtherEngine>,
}

/// What people say about another engine on the same tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherEngine {
    /// They know of it.
    Known,
}

/// Which product a connection speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionKind {
    Dataverse,
    BusinessCentral,
}

/// How to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SignIn {
    /// OAuth2 client credentials with a secret.
    ClientSecret {
        tenant: String,
        client_id: String,
        client_secret: SecretRef,
        /// Default: `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_url: Option<String>,
        /// Default: what the product asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
}

const fn default_enabled() -> bool {
    true
}

const fn is_true(value: &bool) -> bool {
    *value
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
