//! Writing rows: create, upsert by id or key, change, delete, and the conditions on versions.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::assign::assign;
use super::associate::{connect, referenced};
use super::consistency::{check_currency, check_state, check_unlocked, make_draft};
use super::error::Fault;
use super::expand::expanded;
use super::link::{Address, Operation, address};
use super::relations::{Nested, Relation, nested};
use super::render::{etag, shape};
use super::schema::{Kind, Table};
use super::service::Service;
use super::switches::Switch;
use super::values::null;
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
    let entity = format!("{}({id})", service.tables[table].set);
    reply(service, operation, table, &Written { id, created: true }, &entity)
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
    let entity = match &address {
        Address::Id(id) => format!("{}({id})", service.tables[table].set),
        Address::AlternateKey(_) => {
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
    let row = service.guarded(operation, table, &address)?;
    let id = row.id;
    check_version(service, operation, table, row)?;
    service.erase(table, id)?;
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
            check_version(service, operation, table, &row)?;
            // Where the row exists, the columns of the key in the address are dropped from the body.
            let mut body = body.clone();
            if let Address::AlternateKey(parts) = address {
                for (column, _) in parts {
                    body.shift_remove(&service.tables[table].columns[*column].name);
                }
            }
            let id = update(service, operation, table, row, &body)?;
            Ok(Written { id, created: false })
        }
        None if operation.request.header("if-match").is_some() => {
            service.guarded(operation, table, address).map(|row| Written { id: row.id, created: false })
        }
        None => {
            let id = insert(service, operation, table, Some(address), body)?;
            Ok(Written { id, created: true })
        }
    }
}

/// Refuses a write that was made from another version.
fn check_version(service: &Service, operation: &Operation<'_>, table: usize, row: &Row) -> Result<(), Fault> {
    let Some(tag) = operation.request.header("if-match").map(str::trim).filter(|tag| *tag != "*") else {
        return Ok(());
    };
    let table = &service.tables[table];
    if !table.versions {
        let message = format!("Optimistic concurrency isn't enabled for entity type {}.", table.logical_name);
        return Err(Fault::new(400, "0x8006088D", message));
    }
    if tag == etag(row) { Ok(()) } else { Err(Fault::stale()) }
}

impl Service {
    /// Returns the row of a guarded write, or what such a write to a missing row is answered.
    fn guarded(&self, operation: &Operation<'_>, table: usize, address: &Address) -> Result<&Row, Fault> {
        let tagged = operation.request.header("if-match").is_some_and(|tag| tag.trim() != "*");
        let existing = self.existing(table, address);
        if tagged && self.switched(&Switch::MissingIs412) {
            existing.map_err(|_| Fault::stale())
        } else {
            existing
        }
    }
}

/// Creates a row, with the rows nested in it, and returns its id.
pub(super) fn insert(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    address: Option<&Address>,
    body: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let preset = match address {
        Some(Address::AlternateKey(parts)) => parts.clone(),
        Some(Address::Id(_)) | None => Vec::new(),
    };
    let mut nested = nested(service, table, body);
    if let Some(Address::Id(id)) = address {
        let primary_id = service.tables[table].primary_id.clone();
        nested.flat.insert(primary_id, Value::String(id.to_string()));
    }
    insert_nested(service, operation, table, preset, nested)
}

fn insert_nested(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    mut preset: Vec<(usize, Value)>,
    nested: Nested,
) -> Result<Uuid, Fault> {
    for (relation, body) in &nested.before {
        let Relation::One { column, targets } = relation else { continue };
        let target = targets.first().ok_or_else(|| Fault::unknown_segment("lookup"))?;
        let id = insert(service, operation, *target, None, body)?;
        preset.push((*column, Value::String(id.to_string())));
    }
    let id = insert_flat(service, operation, table, preset, &nested.flat)?;
    for (relation, item) in nested.after {
        let related = relation.table().ok_or_else(|| Fault::unknown_segment("collection"))?;
        match (&item, &relation) {
            (Value::Object(body), Relation::Many { column, .. }) => {
                let inner = self::nested(service, related, body);
                let lookup = vec![(*column, Value::String(id.to_string()))];
                insert_nested(service, operation, related, lookup, inner)?;
            }
            (Value::Object(body), _) => {
                let other = insert(service, operation, related, None, body)?;
                connect(service, operation, &relation, id, other)?;
            }
            _ => {
                let (_, other) = referenced(service, operation, Some(&item))?;
                connect(service, operation, &relation, id, other)?;
            }
        }
    }
    Ok(id)
}

fn insert_flat(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    preset: Vec<(usize, Value)>,
    body: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let now = service.now();
    let caller = service.caller(operation.request)?;
    let mut row = blank_row(&service.tables[table], Uuid::new_v4(), caller.user, &now);
    set(&service.tables[table], &mut row, "createdonbehalfby", caller.behind);
    set(&service.tables[table], &mut row, "modifiedonbehalfby", caller.behind);
    service.default_currency(table, &mut row);
    for (column, value) in preset {
        row.values[column] = value;
    }
    let touched = assign(service, operation, table, &mut row, body, true)?;
    let definition = &service.tables[table];
    let primary_id =
        definition.position(&definition.primary_id).expect("invariant: every table has its primary id");
    row.values[primary_id] = Value::String(row.id.to_string());
    if let Some(column) = definition
        .columns
        .iter()
        .enumerate()
        .find(|(at, column)| column.required && row.values[*at].is_null())
    {
        return null(definition, column.1).map(|_| row.id);
    }
    back_date(definition, &mut row);
    check_state(definition, &mut row, &touched)?;
    if definition.logical_name == "product" && service.switched(&Switch::DraftProducts) {
        make_draft(definition, &mut row);
    }
    if service.store.rows(table).get(&row.id).is_some() {
        return Err(Fault::duplicate_id());
    }
    let id = row.id;
    finish(service, operation, table, row)?;
    service.accompany(table, id)?;
    Ok(id)
}

fn update(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    mut row: Row,
    body: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let before = row.clone();
    let touched = assign(service, operation, table, &mut row, body, false)?;
    let id = row.id;
    if touched.is_empty() {
        return Ok(id);
    }
    check_unlocked(&service.tables[table], &before, &row, &touched)?;
    check_state(&service.tables[table], &mut row, &touched)?;
    stamp(service, operation, table, &mut row)?;
    finish(service, operation, table, row)?;
    Ok(id)
}

/// Changes columns of a row as an update does, without the rules for bodies.
pub(super) fn modify(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    id: Uuid,
    values: &[(usize, Value)],
) -> Result<(), Fault> {
    let before = service.find(table, id)?.clone();
    let mut row = before.clone();
    for (column, value) in values {
        row.values[*column] = value.clone();
    }
    let touched: Vec<_> = values.iter().map(|(column, _)| *column).collect();
    check_unlocked(&service.tables[table], &before, &row, &touched)?;
    stamp(service, operation, table, &mut row)?;
    finish(service, operation, table, row)
}

/// Notes when and by whom a row was changed.
fn stamp(service: &Service, operation: &Operation<'_>, table: usize, row: &mut Row) -> Result<(), Fault> {
    let caller = service.caller(operation.request)?;
    let definition = &service.tables[table];
    if let Some(position) = definition.position("modifiedon") {
        row.values[position] = Value::String(service.now());
    }
    set(definition, row, "modifiedby", Some(caller.user));
    set(definition, row, "modifiedonbehalfby", caller.behind);
    Ok(())
}

fn set(table: &Table, row: &mut Row, column: &str, id: Option<Uuid>) {
    if let Some(position) = table.position(column) {
        row.values[position] = id.map_or(Value::Null, |id| Value::String(id.to_string()));
    }
}

/// A row may be made as if it had been made earlier.
fn back_date(table: &Table, row: &mut Row) {
    let (made, overridden) = (table.position("createdon"), table.position("overriddencreatedon"));
    if let Some((made, overridden)) = made.zip(overridden)
        && !row.values[overridden].is_null()
    {
        row.values.swap(made, overridden);
    }
}

/// Calculates what depends on other columns, checks keys and rules, stores.
fn finish(service: &mut Service, operation: &Operation<'_>, table: usize, mut row: Row) -> Result<(), Fault> {
    service.rewrite(table, &mut row);
    service.calculate(table, &mut row);
    check_currency(&service.tables[table], &row)?;
    service.check_keys(table, &row)?;
    super::duplicates::check(service, operation, table, &row)?;
    row.version = service.store.next_version();
    service.note_write(operation.request.person, table, row.id);
    service.store.put(table, row);
    Ok(())
}

/// Makes a row that holds only what every row has.
pub(super) fn blank_row(table: &Table, id: Uuid, user: Uuid, now: &str) -> Row {
    let values = table.columns.iter().map(|column| match (column.name.as_str(), &column.kind) {
        (name, Kind::Id) if name == table.primary_id => Value::String(id.to_string()),
        ("createdon" | "modifiedon", _) => Value::from(now),
        ("createdby" | "modifiedby" | "ownerid", _) => Value::String(user.to_string()),
        (_, Kind::State(_)) => Value::from(0),
        (_, Kind::Status(_)) => Value::from(table.first_status()),
        ("isdisabled" | "islicensed" | "isintegrationuser" | "isdefault" | "creditonhold", _) => {
            Value::Bool(false)
        }
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
