//! One `[connections.NAME]` table of `tandem.toml`.

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{LimitSettings, SignIn};

/// How to reach one system and sign in to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSettings {
    pub kind: ConnectionKind,
    /// Whether mappings may use it. Those that would stand still meanwhile, and nothing of theirs is lost.
    #[serde(default = "default_enabled", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// Dataverse: the organisation's address (`https://contoso.crm4.dynamics.com`). Business Central: the address up to
    /// and including the environment (`https://api.businesscentral.dynamics.com/v2.0/TENANT/production`), on premises the server's instance
    /// (`https://erp.example:7048/BC`). OData: the service's root.
    pub url: String,
    /// Business Central: the company's id. OData: the company that rows are limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Business Central: which API. Nothing: `v2.0`; `odata-v4`: pages published as web services;
    /// `PUBLISHER/GROUP/VERSION`: a custom API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Business Central on premises: the tenant, on a server that has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Business Central: whether the companion extension is used where it is installed; default `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub companion: Option<CompanionChoice>,
    /// Business Central: the column of a custom API that holds the row version. Tables with it are read by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_version: Option<String>,
    /// Dataverse: the Entra object id of the user on whose behalf Tandem acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// OData: the column that names a row's company; default `dataAreaId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_column: Option<String>,
    /// Business Central and OData: the id of the row that stands for the company in the system whose tables several
    /// companies share. Found by the company's id where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_row: Option<String>,
    /// OData: the column that holds the time of a row's last change. Tables without it are read whole and compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// OData and Business Central: how the service takes batches; default: not at all, and `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchChoice>,
    /// A setting of mapping files; whoever writes it here is told so.
    #[serde(default, skip_serializing, deserialize_with = "belongs_to_mappings")]
    pub unguarded: (),
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
    /// Any OData v4 service.
    Odata,
}

/// How a service takes batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchChoice {
    /// Not at all: requests travel one by one.
    None,
    Json,
    Multipart,
}

/// Whether the companion extension of Business Central is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompanionChoice {
    /// Where it is installed.
    #[default]
    Auto,
    /// Not even where it is installed.
    Off,
    /// Nothing is done where it is not installed.
    Required,
}

impl ConnectionSettings {
    /// Returns the same settings, asking for the usual scope when signing in.
    #[must_use]
    pub fn without_scope(mut self) -> Self {
        match &mut self.sign_in {
            SignIn::ClientSecret { scope, .. }
            | SignIn::Certificate { scope, .. }
            | SignIn::DeviceCode { scope, .. }
            | SignIn::Browser { scope, .. } => *scope = None,
            SignIn::Basic { .. } | SignIn::Command { .. } => {}
        }
        self
    }

    /// Returns what is wrong with settings that another kind of connection has.
    pub(super) fn check(&self) -> Result<(), String> {
        use ConnectionKind::{BusinessCentral, Dataverse, Odata};
        let known: [(&str, bool, &[ConnectionKind]); 9] = [
            ("api", self.api.is_some(), &[BusinessCentral]),
            ("tenant", self.tenant.is_some(), &[BusinessCentral]),
            ("companion", self.companion.is_some(), &[BusinessCentral]),
            ("row_version", self.row_version.is_some(), &[BusinessCentral]),
            ("caller", self.caller.is_some(), &[Dataverse]),
            ("company_column", self.company_column.is_some(), &[Odata]),
            ("company_row", self.company_row.is_some(), &[BusinessCentral, Odata]),
            ("modified", self.modified.is_some(), &[Odata]),
            ("batch", self.batch.is_some(), &[Odata, BusinessCentral]),
        ];
        for (name, is_set, kinds) in known {
            if is_set && !kinds.contains(&self.kind) {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("\"{}\"", kind.word())).collect();
                return Err(format!("{name} is a setting of kind = {} only; remove it", kinds.join(" or ")));
            }
        }
        let is_standard = matches!(self.api.as_deref(), None | Some("v2.0"));
        if self.companion == Some(CompanionChoice::Required) && !is_standard {
            return Err("companion = \"required\" goes with API v2.0 only; remove it or `api`".to_owned());
        }
        Ok(())
    }
}

impl ConnectionKind {
    /// Returns the kind as it stands in `tandem.toml`.
    const fn word(self) -> &'static str {
        match self {
            Self::Dataverse => "dataverse",
            Self::BusinessCentral => "business-central",
            Self::Odata => "odata",
        }
    }
}

fn belongs_to_mappings<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(D::Error::custom(
        "unguarded is a setting of mappings; put it at the top of the file of each mapping that needs it",
    ))
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
