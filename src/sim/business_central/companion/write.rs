//! Writing rows: create under the client's id, update and delete under a tag.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::documents::{check_open, place_line, take_lines};
use super::read::{committed, shown};
use super::schema::View;
use crate::sim::business_central::documents::Written;
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::schema::Role;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::business_central::values::{needed, stored};
use crate::sim::business_central::write::{body, check_tag, check_unreferenced, remove, required_tag, store};
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;

/// Answers `POST set`.
pub(super) fn create(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    table: usize,
) -> Result<Reply, Fault> {
    let since = service.store.version();
    let mut body = body(operation)?;
    let lines = take_lines(&service.companion.views[index], &mut body)?;
    let (index, table) = place_line(service, index, &mut body)?.unwrap_or((index, table));
    let id = insert(service, operation, index, table, &body)?;
    for mut line in lines {
        line.insert("documentId".to_owned(), Value::String(id.to_string()));
        let placed = place_line(service, service.line_view(), &mut line)?;
        let (index, table) = placed.expect("invariant: that is the set of lines");
        insert(service, operation, index, table, &line)?;
    }
    service.sign_changes(since, service.author(operation.request));
    let row = service.store.rows(table).get(&id).expect("invariant: the row was just stored");
    shown(service, operation, index, row, 201)
}

/// Makes a row of a body.
fn insert(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    table: usize,
    body: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let view = &service.companion.views[index];
    let id = chosen_id(view, body)?.unwrap_or_else(Uuid::new_v4);
    if service.has_row(view, id) {
        return Err(exists(view, "SystemId", &id.to_string()));
    }
    let mut row = service.blank_row(table, id, &service.now());
    service.apply_template(view, table, &mut row, body)?;
    service.begin(table, &mut row, body, true)?;
    service.assign_sent(view, table, &mut row, body, None)?;
    for (position, column) in view.set.columns.iter().enumerate() {
        if column.needed && *view.value(service, &row, position) == "" {
            return Err(needed(&view.set, column));
        }
    }
    let key = service.sets[table].key_position();
    if let Some(prefix) = service.sets[table].series.filter(|_| row.values[key] == "") {
        row.values[key] = Value::String(service.next_number(table, prefix));
    }
    check_open(service, index, table, &row, None)?;
    service.validate(table, None, &mut row)?;
    // The rules of API v2.0 copy there who buys; here it can be written.
    let bill_to = body.iter().filter(|(name, _)| name.starts_with("billTo"));
    let bill_to = bill_to.map(|(name, value)| (name.clone(), value.clone())).collect();
    service.assign_sent(&service.companion.views[index], table, &mut row, &bill_to, None)?;
    let row = store(service, operation.request.person, table, row)?;
    service.follow_up(table, Written::Inserted(&row))?;
    Ok(id)
}

/// Answers `PATCH set(id)`.
pub(super) fn update(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    table: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let since = service.store.version();
    let tag = required_tag(operation)?.to_owned();
    let old = locked(service, index, key)?;
    check_tag(&tag, &old)?;
    let body = body(operation)?;
    let view = &service.companion.views[index];
    let mut row = old.clone();
    service.begin(table, &mut row, &body, false)?;
    service.assign_sent(view, table, &mut row, &body, Some(&old))?;
    if row != old {
        check_open(service, index, table, &old, Some(&body))?;
        service.validate(table, Some(&service.as_open(table, &old)), &mut row)?;
        let now = Value::String(service.now());
        service.put_column(table, &mut row, "lastModifiedDateTime", now);
        let row = store(service, operation.request.person, table, row)?;
        service.follow_up(table, Written::Updated(&old, &row))?;
        service.follow_update(table, old.id);
        service.sign_changes(since, service.author(operation.request));
    }
    let row = service.store.rows(table).get(&old.id).expect("invariant: the row was just stored");
    shown(service, operation, index, row, 200)
}

/// Answers `DELETE set(id)`.
pub(super) fn delete(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    table: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let tag = required_tag(operation)?.to_owned();
    let row = locked(service, index, key)?;
    check_tag(&tag, &row)?;
    check_unreferenced(service, table, &row)?;
    if matches!(service.sets[table].role, Role::Line(_)) {
        check_open(service, index, table, &row, None)?;
    }
    service.check_deletion(table, &row)?;
    remove(service, table, row.id);
    service.follow_up(table, Written::Deleted(&row))?;
    Ok(Reply::empty(204))
}

/// Returns the row to write: whoever holds it in an open transaction commits first.
fn locked(service: &mut Service, index: usize, key: &Key) -> Result<crate::sim::store::Row, Fault> {
    let id = key.id("id").ok_or_else(|| Fault::bad_request("The key of the entity is not a valid guid."))?;
    service.late.remove(&id);
    Ok(committed(service, &service.companion.views[index], key)?.clone())
}

/// Returns the id the client minted; the zero guid leaves it to the server.
fn chosen_id(view: &View, body: &Map<String, Value>) -> Result<Option<Uuid>, Fault> {
    let (Some(sent), Some(position)) = (body.get("id"), view.set.position("id")) else { return Ok(None) };
    let id = stored(&view.set, &view.set.columns[position], sent)?;
    let id: Option<Uuid> = id.as_str().and_then(|id| id.parse().ok());
    Ok(id.filter(|id| !id.is_nil()))
}

fn exists(view: &View, field: &str, value: &str) -> Fault {
    let message = format!(
        "The record in table {} already exists. Identification fields and values: {field}='{value}'",
        view.set.caption
    );
    Fault::new(400, "Internal_EntityWithSameKeyExists", message)
}
