//! Where a paged read goes on: the cookies inside `$skiptoken` and `$deltatoken`.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::error::Fault;
use super::link::Operation;
use crate::sim::odata::query::encode;

/// The place from which the next page reads.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Position {
    /// After the row with this id, in the order of ids.
    AfterId(Uuid),
    /// After so many rows of an explicit order; rows shift while paging.
    AfterRows(usize),
    /// A tracked first read, as of a version, after the row with this id.
    Tracked { high: u64, after: Uuid },
    /// Changes up to a version, after the change with version `last`.
    Changes { low: u64, high: u64, last: u64 },
    /// Deletions up to a version, after the deletion with version `last`.
    Deletions { low: u64, high: u64, last: u64 },
}

impl Position {
    fn text(&self) -> String {
        match self {
            Self::AfterId(id) => format!("i:{id}"),
            Self::AfterRows(count) => format!("o:{count}"),
            Self::Tracked { high, after } => format!("t:{high}:{after}"),
            Self::Changes { low, high, last } => format!("c:{low}:{high}:{last}"),
            Self::Deletions { low, high, last } => format!("d:{low}:{high}:{last}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split(':').collect();
        let number = |position: usize| parts.get(position)?.parse().ok();
        Some(match parts.as_slice() {
            ["i", id] => Self::AfterId(id.parse().ok()?),
            ["o", count] => Self::AfterRows(count.parse().ok()?),
            ["t", high, after] => Self::Tracked { high: high.parse().ok()?, after: after.parse().ok()? },
            ["c", ..] => Self::Changes { low: number(1)?, high: number(2)?, last: number(3)? },
            ["d", ..] => Self::Deletions { low: number(1)?, high: number(2)?, last: number(3)? },
            _ => return None,
        })
    }

    fn is_tracking(&self) -> bool {
        !matches!(self, Self::AfterId(_) | Self::AfterRows(_))
    }
}

/// Returns the address of the next page of what stands at `path`.
pub(super) fn next_link(operation: &Operation<'_>, path: &str, position: &Position) -> String {
    let page = page_number(operation.query.get("$skiptoken")) + 1;
    let cookie = format!("<cookie page=\"{}\"><row last=\"{{{}}}\" /></cookie>", page - 1, position.text());
    let tracking = if position.is_tracking() { "True" } else { "False" };
    let token = format!(
        "<cookie pagenumber=\"{page}\" pagingcookie=\"{}\" istracking=\"{tracking}\" />",
        encode(&encode(&cookie))
    );
    let kept = operation.query.without(&["$skiptoken"]);
    let separator = if kept.is_empty() { "" } else { "&" };
    format!("{}/{path}?{kept}{separator}$skiptoken={}", operation.api, encode(&token))
}

/// Returns where the request goes on, if it does.
pub(super) fn position(operation: &Operation<'_>) -> Result<Option<Position>, Fault> {
    let Some(token) = operation.query.get("$skiptoken") else {
        return Ok(None);
    };
    let cookie = attribute(token, "pagingcookie").unwrap_or_default();
    let once = percent_decode_str(cookie).decode_utf8_lossy();
    let twice = percent_decode_str(&once).decode_utf8_lossy();
    let last = attribute(&twice, "last").map(|last| last.trim_matches(['{', '}']));
    let position = last.and_then(Position::parse);
    position.map(Some).ok_or_else(|| Fault::query("Malformed XML in the Paging Cookie"))
}

/// Returns a value as it can stand in the query of a link.
pub(super) fn encoded(value: &str) -> String {
    encode(value)
}

pub(super) fn page_number(token: Option<&str>) -> u64 {
    token.and_then(|token| attribute(token, "pagenumber")).and_then(|page| page.parse().ok()).unwrap_or(1)
}

fn attribute<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// Returns the address that later answers what changed after `version`.
pub(super) fn delta_link(operation: &Operation<'_>, set: &str, version: u64) -> String {
    let stamp = jiff::Timestamp::now().strftime("%m/%d/%Y %H:%M:%S").to_string();
    let kept = operation.query.without(&["$skiptoken", "$deltatoken"]);
    let separator = if kept.is_empty() { "" } else { "&" };
    let token = encode(&format!("{version}!{stamp}"));
    format!("{}/{set}?{kept}{separator}$deltatoken={token}", operation.api)
}

/// Returns the version in a delta token.
pub(super) fn delta_version(token: &str) -> Result<u64, Fault> {
    let version = token.split('!').next().and_then(|version| version.parse().ok());
    version.ok_or_else(|| Fault::query("The delta token is not valid."))
}
