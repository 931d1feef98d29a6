//! Writing rows: create, upsert by id or key, change, delete, and the conditions on versions.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::assign::assign;
use super::consistency::{check_currency, check_state};
use super::error::Fault;
use super::expand::expanded;
use super::link::{Address, Operation, address};
use super::render::{etag, shape};
use super::schema::{Kind, Table};
use super::service::Service;
use super::values::stored;
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;
use crate::sim::store::Row;

/// What a write did, for its reply.
pub(super) struct Written {
    pub(super) id: Uuid,
    pub(super) created: bool,
}

/// Answers `POST set`.
pub(super) fn create(service: &mut Service, operation: &Operation<'_>, table: usize) -> Result<Reply, Fault> {
    let body = operation.body()?;
    let id = insert(service, operation, table, None, &body)?;
    let set = service.tables[table].set;
    reply(service, operation, table, &Written { id, created: true }, &format!("{set}({id})"))
}

/// Answers `PATCH set(key)`: an update, or a create where the row is absent and no condition forbids it.
pub(super) fn upsert(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let address = address(&service.tables[table], key)?;
    let body = operation.body()?;
    let written = patch(service, operation, table, &address, &body)?;
    let set = service.tables[table].set;
    let entity = match &address {
        Address::Id(id) => format!("{set}({id})"),
        Address::AlternateKey { .. } => {
            let last = operation.request.path.rsplit_once('/').map_or("", |(_, last)| last);
            last.to_owned()
        }
    };
    reply(service, operation, table, &written, &entity)
}

/// Answers a write to one column or reference of an existing row.
pub(super) fn change(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    key: &Key,
    body: &Value,
) -> Result<Reply, Fault> {
    let address = address(&service.tables[table], key)?;
    let id = service.existing(table, &address)?.id;
    let body = body.as_object().cloned().unwrap_or_default();
    patch(service, operation, table, &Address::Id(id), &body)?;
    Ok(Reply::empty(204))
}

/// Answers `DELETE set(key)`.
pub(super) fn delete(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let address = address(&service.tables[table], key)?;
    let row = service.existing(table, &address)?;
    let id = row.id;
    check_version(operation, row)?;
    service.release_references(table, id)?;
    service.store.remove(table, id);
    Ok(Reply::empty(204))
}

/// Applies an upsert under the conditions of its headers.
pub(super) fn patch(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    address: &Address,
    body: &Map<String, Value>,
) -> Result<Written, Fault> {
    match service.addressed(table, address).cloned() {
        Some(row) => {
            if operation.request.header("if-none-match").is_some_and(|value| value.trim() == "*") {
                return Err(Fault::duplicate_id());
            }
            check_version(operation, &row)?;
            let id = update(service, operation, table, row, body)?;
            Ok(Written { id, created: false })
        }
        None if operation.request.header("if-match").is_some() => {
            service.existing(table, address).map(|row| Written { id: row.id, created: false })
        }
        None => {
            let id = insert(service, operation, table, Some(address), body)?;
            Ok(Written { id, created: true })
        }
    }
}

fn check_version(operation: &Operation<'_>, row: &Row) -> Result<(), Fault> {
    match operation.request.header("if-match").map(str::trim) {
        None | Some("*") => Ok(()),
        Some(tag) if tag == etag(row) => Ok(()),
        Some(_) => Err(Fault::stale()),
    }
}

/// Creates a row and returns its id.
pub(super) fn insert(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    address: Option<&Address>,
    body: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let now = service.now();
    let mut row = blank_row(&service.tables[table], Uuid::new_v4(), service.caller(operation.request), &now);
    service.default_currency(table, &mut row);
    if let Some(Address::AlternateKey { column, value }) = address {
        row.values[*column] = value.clone();
    }
    let touched = assign(service, operation, table, &mut row, body, true)?;
    if let Some(Address::Id(id)) = address {
        row.id = *id;
    }
    let definition = &service.tables[table];
    let primary_id =
        definition.position(definition.primary_id).expect("invariant: every table has its primary id");
    row.values[primary_id] = Value::String(row.id.to_string());
    if let Some(column) = definition
        .columns
        .iter()
        .enumerate()
        .find(|(at, column)| column.required && row.values[*at].is_null())
    {
        return stored(definition, column.1, &Value::Null).map(|_| row.id);
    }
    check_state(definition, &mut row, &touched)?;
    if service.store.rows(table).get(&row.id).is_some() {
        return Err(Fault::duplicate_id());
    }
    let id = row.id;
    finish(service, operation, table, row)?;
    Ok(id)
}

fn update(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    mut row: Row,
    body: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let touched = assign(service, operation, table, &mut row, body, false)?;
    let id = row.id;
    if touched.is_empty() {
        return Ok(id);
    }
    check_state(&service.tables[table], &mut row, &touched)?;
    let now = service.now();
    let caller = service.caller(operation.request).to_string();
    for (column, value) in [("modifiedon", now), ("modifiedby", caller)] {
        if let Some(position) = service.tables[table].position(column) {
            row.values[position] = Value::String(value);
        }
    }
    finish(service, operation, table, row)?;
    Ok(id)
}

/// Calculates what depends on other columns, checks keys, stores.
fn finish(service: &mut Service, operation: &Operation<'_>, table: usize, mut row: Row) -> Result<(), Fault> {
    service.rewrite(table, &mut row);
    service.calculate(table, &mut row);
    check_currency(&service.tables[table], &row)?;
    if let Some((column, _)) = service.store.rows(table).duplicate(&row) {
        let definition = &service.tables[table];
        let key = definition.keys.iter().find(|key| definition.position(key.column) == Some(column));
        let message = format!(
            "Entity Key {} violated. A record with the same value for {} already exists. A duplicate record cannot be created. Select one or more unique values and try again.",
            key.map_or("", |key| key.schema_name),
            definition.columns[column].name
        );
        return Err(Fault::new(412, "0x80060892", message));
    }
    row.version = service.store.next_version();
    service.note_write(operation.request.person, table, row.id);
    service.store.put(table, row);
    Ok(())
}

/// Makes a row that holds only what every row has.
pub(super) fn blank_row(table: &Table, id: Uuid, user: Uuid, now: &str) -> Row {
    let values = table.columns.iter().map(|column| match (column.name, &column.kind) {
        (name, Kind::Id) if name == table.primary_id => Value::String(id.to_string()),
        ("createdon" | "modifiedon", _) => Value::from(now),
        ("createdby" | "modifiedby" | "ownerid", _) => Value::String(user.to_string()),
        (_, Kind::State(_)) => Value::from(0),
        (_, Kind::Status(_)) => Value::from(1),
        ("creditonhold" | "isdisabled", _) => Value::Bool(false),
        _ => Value::Null,
    });
    Row { id, version: 0, values: values.collect() }
}

/// Makes the reply of a write: 204 with the address, or the representation if asked for.
fn reply(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    written: &Written,
    entity: &str,
) -> Result<Reply, Fault> {
    if operation.wants_representation() {
        let mut shape = shape(&service.tables[table], operation)?;
        // A POST honours `$expand`, a PATCH ignores it.
        if operation.request.method == "POST" {
            shape = expanded(service, operation, table, shape)?;
        }
        let row = service.find(table, written.id)?;
        let context = operation.context(&format!("{}{}/$entity", service.tables[table].set, shape.selected));
        let mut body = Map::new();
        body.insert("@odata.context".to_owned(), context.into());
        body.extend(service.render(table, row, &shape));
        let status = if written.created { 201 } else { 200 };
        let reply = Reply::json(status, &Value::Object(body));
        return Ok(reply.with("ETag", etag(row)).with("Preference-Applied", "return=representation"));
    }
    let address = format!("{}/{entity}", operation.api);
    Ok(Reply::empty(204).with("Location", address.as_str()).with("OData-EntityId", address))
}
