//! Change tracking: a first read that ends in a delta link, and what changed since.
//!
//! The token of a first read stands for the moment of its first page, so that nothing that changes while paging is lost; by a
//! switch it stands for the last page.

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::link::Operation;
use super::position::{Position, delta_link, delta_version, next_link, position};
use super::read::is_empty_page;
use super::render::{Shape, shape};
use super::service::Service;
use super::switches::Switch;
use crate::sim::http::Reply;

const NOT_COMBINABLE: &[&str] = &["$filter", "$orderby", "$expand", "$top"];

/// One page of entries and where to go on.
struct Page {
    entries: Vec<Value>,
    next: Option<Position>,
    high: u64,
}

/// Returns whether a list request asks for tracked changes.
pub(super) fn asked(operation: &Operation<'_>) -> bool {
    operation.request.preference("odata.track-changes").is_some() || operation.query.has("$deltatoken")
}

/// Answers a page of a tracked read.
pub(super) fn list(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    if !table.change_tracking {
        let message = format!("Change tracking is not enabled for the entity '{}'.", table.logical_name);
        return Err(Fault::new(400, "0x80072491", message));
    }
    if let Some(option) = NOT_COMBINABLE.iter().find(|option| operation.query.has(option)) {
        let message =
            format!("The \"{option}\" query parameter isn't supported when Change Tracking is enabled.");
        return Err(Fault::query(message));
    }
    let shape = shape(table, operation)?;
    let size = service.page_size(operation);
    let since = since(service, operation)?;
    let again = position(operation)?.filter(|_| is_empty_page(service, operation));
    let page = match since {
        _ if again.is_some() => Page { entries: Vec::new(), next: again, high: service.store.version() },
        Some(low) => changes(service, operation, index, low, size, &shape)?,
        None => everything(service, operation, index, size, &shape)?,
    };
    let delta = if since.is_some() { "/$delta" } else { "" };
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        operation.context(&format!("{}{}{delta}", table.set, shape.selected)).into(),
    );
    match &page.next {
        Some(next) => {
            body.insert("@odata.nextLink".to_owned(), next_link(operation, &table.set, next).into())
        }
        // The docs of an old version tell of readers who asked for annotations and got no link.
        None if shape.annotates() && service.switched(&Switch::AnnotationsHideDeltaLinks) => None,
        None => {
            body.insert("@odata.deltaLink".to_owned(), delta_link(operation, &table.set, page.high).into())
        }
    };
    body.insert("value".to_owned(), Value::Array(page.entries));
    Ok(Reply::json(200, &Value::Object(body)).with("Preference-Applied", "odata.track-changes"))
}

/// The first read: all rows, in the order of ids.
fn everything(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    size: usize,
    shape: &Shape,
) -> Result<Page, Fault> {
    let (high, after) = match position(operation)? {
        None => (service.store.version(), None),
        Some(Position::Tracked { high, after }) => (high, Some(after)),
        Some(_) => return Err(foreign_cookie()),
    };
    let mut rows: Vec<_> = service.store.rows(index).after(after).take(size + 1).collect();
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|row| Position::Tracked { high, after: row.id });
    let late = next.is_none() && service.switched(&Switch::FirstReadLoses);
    let high = if late { service.store.version() } else { high };
    let entries = rows.iter().map(|row| Value::Object(service.render(index, row, shape))).collect();
    Ok(Page { entries, next, high })
}

/// A later read: changed rows by version, then deletions.
fn changes(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    low: u64,
    size: usize,
    shape: &Shape,
) -> Result<Page, Fault> {
    let now = service.store.version();
    let (high, changed_after, deleted_after) = match position(operation)? {
        None => (now, Some(low), low),
        Some(Position::Changes { high, last, .. }) => (high, Some(last), low),
        Some(Position::Deletions { high, last, .. }) => (high, None, last),
        Some(_) => return Err(foreign_cookie()),
    };
    let rows = service.store.rows(index);
    let mut entries = Vec::new();
    let mut last = None;
    for row in changed_after.into_iter().flat_map(|after| rows.changed(after, high)) {
        if entries.len() == size {
            return Ok(Page { entries, next: last.map(|last| Position::Changes { low, high, last }), high });
        }
        entries.push(Value::Object(service.render(index, row, shape)));
        last = Some(row.version);
    }
    let context = operation.context(&format!("{}/$deletedEntity", service.tables[index].set));
    let mut last = deleted_after;
    for (version, id) in rows.deleted(deleted_after, high) {
        if entries.len() == size {
            return Ok(Page { entries, next: Some(Position::Deletions { low, high, last }), high });
        }
        entries.push(json!({"@odata.context": context, "id": id, "reason": "deleted"}));
        last = version;
    }
    Ok(Page { entries, next: None, high })
}

/// Answers how many entries a delta link would show.
pub(super) fn count(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let low = since(service, operation)?.unwrap_or_default();
    let (rows, high) = (service.store.rows(index), service.store.version());
    let count = rows.changed(low, high).count() + rows.deleted(low, high).count();
    Ok(Reply::text(200, "text/plain", count.to_string()))
}

/// Returns the version a delta token stands for, unless it is too old.
fn since(service: &Service, operation: &Operation<'_>) -> Result<Option<u64>, Fault> {
    let since = operation.query.get("$deltatoken").map(delta_version).transpose()?;
    if since.is_some_and(|version| version < service.oldest_delta) {
        let message = "Version stamp associated with the client has expired. Please perform a full sync.";
        return Err(Fault::new(400, "0x80044352", message));
    }
    Ok(since)
}

fn foreign_cookie() -> Fault {
    Fault::query("The paging cookie does not fit the query.")
}
