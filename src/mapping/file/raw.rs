//! A mapping file as TOML has it, before anything is made of it.

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMapping {
    pub name: String,
    pub label: Spanned<String>,
    #[serde(default)]
    pub depends_on: Vec<String>,
    #[serde(default)]
    pub apart_from: Vec<String>,
    #[serde(default)]
    pub needs_companion: bool,
    pub every: Option<Spanned<String>>,
    pub sleep: Option<Spanned<String>>,
    pub left: RawSide,
    pub right: RawSide,
    #[serde(default = "no_match")]
    pub match_by: Spanned<Vec<Vec<String>>>,
    #[serde(default)]
    pub key: Vec<Spanned<String>>,
    #[serde(default = "ask")]
    pub first_contact: Spanned<String>,
    #[serde(default = "ask")]
    pub conflict: Spanned<String>,
    #[serde(default = "two_minutes")]
    pub newer_by_secs: u32,
    #[serde(default = "revert")]
    pub drift: Spanned<String>,
    #[serde(default = "ignore")]
    pub deletion: Spanned<String>,
    #[serde(default)]
    pub unguarded: bool,
    #[serde(rename = "field")]
    pub fields: Vec<Spanned<RawField>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSide {
    pub connection: Option<String>,
    pub table: String,
    pub filter: Option<Spanned<String>>,
    #[serde(default)]
    pub made_with: Vec<String>,
    pub company: Option<Spanned<String>>,
    #[serde(default = "never")]
    pub create: Spanned<RawCreate>,
    #[serde(default)]
    pub new_row: toml::Table,
    #[serde(default, rename = "template")]
    pub templates: Vec<RawTemplate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTemplate {
    pub when: Option<Spanned<String>>,
    pub set: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    pub id: String,
    pub left: Option<Spanned<RawEnd>>,
    pub right: Option<Spanned<RawEnd>>,
    pub left_value: Option<toml::Value>,
    pub right_value: Option<toml::Value>,
    pub separator: Option<Spanned<String>>,
    #[serde(default)]
    pub left_transform: Option<Spanned<RawSteps>>,
    #[serde(default)]
    pub right_transform: Option<Spanned<RawSteps>>,
    #[serde(default)]
    pub transform: Option<Spanned<RawSteps>>,
    pub direction: Spanned<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default)]
    pub optional: bool,
    pub not_null: Option<Spanned<bool>>,
    pub rate_of: Option<Spanned<String>>,
    #[serde(rename = "type", default = "text")]
    pub kind: Spanned<String>,
    pub scale: Option<u32>,
    #[serde(default)]
    pub zero_is_blank: bool,
    pub lookup: Option<RawNames>,
    pub left_by: Option<Spanned<String>>,
    pub right_by: Option<Spanned<String>>,
    pub unresolved: Option<Spanned<String>>,
    #[serde(default)]
    pub blank_is_base_currency: bool,
    pub group: Option<Spanned<String>>,
    pub conflict: Option<Spanned<String>>,
    pub drift: Option<Spanned<String>>,
    pub on_create: Option<Spanned<String>>,
}

/// Whether rows are created, or from which.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum RawCreate {
    Always(bool),
    From(String),
}

/// One column, or several that are joined.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum RawEnd {
    One(String),
    Several(Vec<String>),
}

/// One mapping, or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum RawNames {
    One(String),
    Several(Vec<String>),
}

/// A list of transforms, or the JSON text of 2017.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum RawSteps {
    Legacy(String),
    List(Vec<toml::Value>),
}

const fn yes() -> bool {
    true
}

fn no_match() -> Spanned<Vec<Vec<String>>> {
    Spanned::new(0..0, Vec::new())
}

fn ask() -> Spanned<String> {
    Spanned::new(0..0, "ask".to_owned())
}

fn never() -> Spanned<RawCreate> {
    Spanned::new(0..0, RawCreate::Always(false))
}

const fn two_minutes() -> u32 {
    120
}

fn revert() -> Spanned<String> {
    Spanned::new(0..0, "revert".to_owned())
}

fn ignore() -> Spanned<String> {
    Spanned::new(0..0, "ignore".to_owned())
}

fn text() -> Spanned<String> {
    Spanned::new(0..0, "text".to_owned())
}
