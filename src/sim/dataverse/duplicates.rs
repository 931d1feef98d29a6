//! Duplicate detection: published rules, looked at only where a request asks for it.

use super::error::Fault;
use super::link::Operation;
use super::service::Service;
use super::switches::Switch;
use crate::sim::store::{Row, key_text};

/// The columns that together make two rows of a table duplicates.
const RULES: &[(&str, &[&str])] =
    &[("account", &["name"]), ("contact", &["firstname", "lastname"]), ("contact", &["emailaddress1"])];

/// Refuses a row that a rule calls a duplicate.
pub(super) fn check(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    row: &Row,
) -> Result<(), Fault> {
    let asked = operation.request.header("mscrm.suppressduplicatedetection");
    if !asked.is_some_and(|value| value.trim().eq_ignore_ascii_case("false")) {
        return Ok(());
    }
    let definition = &service.tables[table];
    let rules = RULES.iter().filter(|(name, _)| *name == definition.logical_name);
    for (_, columns) in rules {
        let positions: Vec<_> = columns.iter().filter_map(|name| definition.position(name)).collect();
        let key = |row: &Row| -> Option<Vec<String>> {
            let part = |position: &usize| -> Option<String> { key_text(&row.values[*position]) };
            positions.iter().map(part).collect()
        };
        let ours = key(row);
        let twin = |other: &Row| other.id != row.id && key(other) == ours;
        if ours.is_some() && service.store.rows(table).iter().any(twin) {
            let status = if service.switched(&Switch::DuplicatesAre500) { 500 } else { 412 };
            let message = "A record was not created or updated because a duplicate of the current record already exists.";
            return Err(Fault::new(status, "0x80040333", message));
        }
    }
    Ok(())
}
