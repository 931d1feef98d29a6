//! `tandem.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{BrakeSettings, ConnectionSettings};

/// The whole of `tandem.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The connection on the left of mappings that name none.
    #[serde(default = "default_left")]
    pub left: String,
    /// The connection on the right of mappings that name none.
    #[serde(default = "default_right")]
    pub right: String,
    /// The mappings in use. A file `mappings/NAME.toml` comes before the shipped mapping of that name.
    #[serde(default = "default_mappings")]
    pub mappings: Vec<String>,
    /// The projects in use, each a file `projects/NAME.toml`. Their tasks run as mappings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// How often the agent looks for changes, in seconds.
    #[serde(default = "default_poll_secs")]
    pub poll_secs: u64,
    /// How often ids are swept for deletions where a system does not list them, in seconds.
    #[serde(default = "default_sweep_secs")]
    pub sweep_secs: u64,
    /// How often everything is compared anew, in seconds: the contents of all rows, a portion with each look, and ids also
    /// where a system lists deletions. 0: never.
    #[serde(default = "default_full_sweep_secs")]
    pub full_sweep_secs: u64,
    /// How far apart the two readings lie that prove a deletion, in seconds: at least 900, unless every connection is on
    /// this machine.
    #[serde(default = "default_deletion_confirm_secs")]
    pub deletion_confirm_secs: u64,
    /// How many days the journal and the runs in it are kept.
    #[serde(default = "default_journal_days")]
    pub journal_days: u32,
    /// How many entries of the journal are kept at most, the newest.
    #[serde(default = "default_journal_entries")]
    pub journal_entries: u64,
    /// How long work may stand still before `status` calls it stuck, in seconds. What waits for a person may wait a day.
    #[serde(default = "default_stall_secs")]
    pub stall_secs: u64,
    /// What to do where the local currency of one system is not the base currency of the other.
    #[serde(default, skip_serializing_if = "OtherBaseCurrency::is_refused")]
    pub other_base_currency: OtherBaseCurrency,
    /// The folder of `resolve-conflicts.toml`; default: the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<PathBuf>,
    /// Who agreed that data flows between the two systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentSettings>,
    /// How rows name the company they belong to, where several companies share a system.
    #[serde(default, skip_serializing_if = "CompanySettings::is_default")]
    pub company: CompanySettings,
    /// How much may be done before a person is asked.
    #[serde(default, skip_serializing_if = "BrakeSettings::is_empty")]
    pub brakes: BrakeSettings,
    pub connections: BTreeMap<String, ConnectionSettings>,
}

/// What to do where the local currency of one system is not the base currency of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherBaseCurrency {
    /// What depends on it is not kept in step, and says why.
    #[default]
    Refuse,
    /// A blank currency is the other system's row of the local currency, and rates are converted.
    Convert,
}

impl OtherBaseCurrency {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

/// How rows name the company they belong to. The names are those of Business Central's own integration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompanySettings {
    /// The column of a row's company.
    pub column: String,
    /// The table of companies.
    pub table: String,
    /// The column of that table that holds a company's own id.
    pub id_column: String,
    /// The column of that table that names the team that owns new rows.
    pub team_column: String,
    /// Several companies are kept in step: they share master data, and each has its own documents.
    pub several: bool,
}

impl Default for CompanySettings {
    fn default() -> Self {
        Self {
            column: "bcbi_companyid".to_owned(),
            table: "bcbi_companies".to_owned(),
            id_column: "bcbi_externalid".to_owned(),
            team_column: "bcbi_defaultowningteamid".to_owned(),
            several: false,
        }
    }
}

impl CompanySettings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A consent given in the configuration instead of by `tandem sync --yes`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentSettings {
    pub agreed_by: String,
    pub agreed_at: jiff::Timestamp,
    /// Whether the first sync of every mapping may run without a look at its plan.
    #[serde(default)]
    pub first_sync_approved: bool,
}

fn default_left() -> String {
    "business-central".to_owned()
}

fn default_right() -> String {
    "dataverse".to_owned()
}

fn default_mappings() -> Vec<String> {
    crate::mapping::USUAL.map(str::to_owned).to_vec()
}

const fn default_poll_secs() -> u64 {
    60
}

const fn default_sweep_secs() -> u64 {
    3600
}

const fn default_full_sweep_secs() -> u64 {
    7 * 24 * 3600
}

const fn default_deletion_confirm_secs() -> u64 {
    900
}

const fn default_journal_days() -> u32 {
    400
}

const fn default_journal_entries() -> u64 {
    1_000_000
}

const fn default_stall_secs() -> u64 {
    3600
}
