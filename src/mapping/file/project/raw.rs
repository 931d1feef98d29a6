//! A project file as TOML has it, before anything is made of it.

use serde::Deserialize;
use toml::Spanned;

use crate::mapping::file::raw::{RawEnd, RawNames, RawSteps};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProject {
    pub name: Spanned<String>,
    pub source: Option<Spanned<String>>,
    pub dataverse: Spanned<String>,
    pub destination: Option<Spanned<String>>,
    pub company: Option<Spanned<String>>,
    #[serde(default = "company_column")]
    pub company_column: String,
    #[serde(default = "on_demand")]
    pub every: Spanned<String>,
    pub sleep: Option<Spanned<String>>,
    #[serde(rename = "task")]
    pub tasks: Vec<Spanned<RawTask>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTask {
    pub name: Spanned<String>,
    pub key: Spanned<Vec<Spanned<String>>>,
    pub label: Option<Spanned<String>>,
    pub source: Option<Spanned<RawTable>>,
    pub dataverse: Spanned<RawTable>,
    pub destination: Option<Spanned<RawTable>>,
    #[serde(default)]
    pub unguarded: bool,
    #[serde(rename = "field")]
    pub fields: Vec<Spanned<RawTaskField>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    pub table: String,
    pub filter: Option<Spanned<String>>,
    #[serde(default)]
    pub new_row: toml::Table,
    /// `false`: its rows belong to no company.
    #[serde(default = "yes")]
    pub company: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTaskField {
    pub id: Spanned<String>,
    pub source: Option<Spanned<RawEnd>>,
    pub dataverse: Option<Spanned<RawEnd>>,
    pub destination: Option<Spanned<RawEnd>>,
    pub source_value: Option<toml::Value>,
    pub dataverse_value: Option<toml::Value>,
    pub separator: Option<Spanned<String>>,
    pub source_transform: Option<Spanned<RawSteps>>,
    pub dataverse_transform: Option<Spanned<RawSteps>>,
    pub destination_transform: Option<Spanned<RawSteps>>,
    pub transform: Option<Spanned<RawSteps>>,
    #[serde(default)]
    pub create_only: bool,
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default)]
    pub optional: bool,
    pub not_null: Option<Spanned<bool>>,
    #[serde(rename = "type", default = "text")]
    pub kind: Spanned<String>,
    pub scale: Option<u32>,
    #[serde(default)]
    pub zero_is_blank: bool,
    pub lookup: Option<RawNames>,
    pub unresolved: Option<Spanned<String>>,
}

const fn yes() -> bool {
    true
}

/// What Dynamics 365 Finance calls it.
fn company_column() -> String {
    "dataAreaId".to_owned()
}

fn on_demand() -> Spanned<String> {
    Spanned::new(0..0, "on demand".to_owned())
}

fn text() -> Spanned<String> {
    Spanned::new(0..0, "text".to_owned())
}
