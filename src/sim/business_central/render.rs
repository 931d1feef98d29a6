//! A row's properties as they stand on the wire, which of them are selected, and its tag.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::error::Fault;
use super::schema::{Kind, Set};
use super::service::Service;
use super::values::decimal;
use crate::sim::odata::select::select;
use crate::sim::store::Row;

/// Reads `$select`: the positions shown.
pub(super) fn columns(set: &Set, text: Option<&str>) -> Result<Vec<usize>, Fault> {
    let Some(names) = select(text) else {
        let shown = (0..set.columns.len()).filter(|position| set.columns[*position].kind.is_shown());
        return Ok(shown.collect());
    };
    let positions =
        names.iter().map(|name| set.shown(name).ok_or_else(|| Fault::unknown_in_query(name, set.entity)));
    positions.collect()
}

/// Returns a row's tag: weak, opaque, different after every change.
pub(super) fn etag(row: &Row) -> String {
    let token = format!("'19;7638935861551{:07};00;'", row.version);
    format!("W/\"{}\"", STANDARD.encode(token))
}

impl Service {
    /// Returns a row's property as it stands on the wire.
    pub(super) fn property<'a>(&self, set: &Set, row: &'a Row, column: usize) -> Cow<'a, Value> {
        match set.columns[column].kind {
            Kind::CodeOf { reference, local_currency, .. } => {
                Cow::Owned(Value::String(self.code_of(set, row, reference, local_currency)))
            }
            Kind::LookUp { code, property } => Cow::Owned(self.looked_up(set, row, code, property)),
            Kind::BalanceDue => Cow::Owned(decimal(self.balance_due(row.id))),
            _ => Cow::Borrowed(&row.values[column]),
        }
    }
}
