//! Actions on orders and quotes: release, reopen, archive, and making an order of a quote.

use serde_json::{Value, json};

use super::read::committed;
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::business_central::write::check_sent_tag;
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;

/// Answers an action on a row; doing it twice changes nothing more, except that each archiving makes a version.
pub(super) fn call(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    table: usize,
    key: &Key,
    action: &str,
) -> Result<Reply, Fault> {
    let view = &service.companion.views[index];
    let row = committed(service, view, key)?;
    check_sent_tag(operation, row)?;
    let (name, id, mut row) = (view.set.name, row.id, row.clone());
    let before = row.clone();
    match (name, action) {
        ("salesQuotes", "makeorder") => {
            let order = service.make_order(id);
            let company = service.company();
            let location = format!("{}/companies({company})/salesOrders({order})", operation.api);
            return Ok(Reply::empty(204).with("Location", location));
        }
        ("salesOrders", "release") => service.put_column(table, &mut row, "status", json!("Open")),
        ("salesOrders", "reopen") => service.put_column(table, &mut row, "status", json!("Draft")),
        ("salesQuotes", "release" | "reopen") => {
            let status = if action == "release" { "Released" } else { "Open" };
            service.put_column(table, &mut row, "documentStatus", json!(status));
        }
        ("salesOrders" | "salesQuotes", "archive") => {
            let versions = service.column(table, &row, "archivedVersions").as_i64().unwrap_or_default();
            service.put_column(table, &mut row, "archivedVersions", Value::from(versions + 1));
        }
        _ => {
            let message = format!("The bound action '{action}' is not supported.");
            return Err(Fault::new(501, "BadRequest_MethodNotImplemented", message));
        }
    }
    if action == "archive" {
        // Versions are counted where they stand: the header is not written.
        service.store.put(table, row);
    } else if row != before {
        service.touch(table, row);
    }
    Ok(Reply::empty(204))
}
