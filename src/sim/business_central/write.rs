//! Writing rows: create with number series, update under a tag, delete.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Fault;
use super::read::{existing, shown};
use super::render::etag;
use super::schema::{Kind, Set};
use super::service::{Operation, Service};
use super::time;
use super::values::{as_decimal, decimal, needed, stored};
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;
use crate::sim::store::Row;

/// Answers `POST set`.
pub(super) fn create(service: &mut Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let body = body(operation)?;
    let mut row = service.blank_row(index, Uuid::new_v4(), &service.now());
    assign(service, index, &mut row, &body, true)?;
    let set = &service.sets[index];
    let key = set.key_position();
    if let Some(prefix) = set.series.filter(|_| row.values[key] == "") {
        row.values[key] = Value::String(next_number(service, index, prefix));
    }
    if let Some((column, _)) =
        set.columns.iter().zip(&row.values).find(|(column, value)| column.needed && *value == "")
    {
        return Err(needed(set, column));
    }
    service.validate(index, None, &mut row)?;
    let id = store(service, operation, index, row)?;
    let row = service.store.rows(index).get(&id).expect("invariant: the row was just stored");
    shown(service, operation, index, row, 201)
}

/// Answers `PATCH set(id)`.
pub(super) fn update(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let tag = required_tag(operation)?.to_owned();
    let old = existing(service, index, key)?.clone();
    check_tag(&tag, &old)?;
    let body = body(operation)?;
    let mut row = old.clone();
    assign(service, index, &mut row, &body, false)?;
    if row != old {
        service.validate(index, Some(&old), &mut row)?;
        let inventory = service.sets[index].columns.iter().position(|column| column.kind == Kind::Inventory);
        let moved = inventory.filter(|position| row.values[*position] != old.values[*position]);
        let mut without_stock = row.clone();
        if let Some(position) = moved {
            without_stock.values[position] = old.values[position].clone();
        }
        // Stock is calculated from entries: it moves the tag, not the stamp.
        if let Some(position) =
            service.sets[index].position("lastModifiedDateTime").filter(|_| without_stock != old)
        {
            row.values[position] = Value::String(service.now());
        }
        store(service, operation, index, row.clone())?;
        if let Some(position) = moved {
            post_journal(service, index, &row, &old, position);
        }
    }
    shown(service, operation, index, existing(service, index, key)?, 200)
}

/// Answers `DELETE set(id)`. A tag is compared only if it is sent.
pub(super) fn delete(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let row = existing(service, index, key)?;
    let id = row.id;
    if operation.request.header("if-match").is_some() {
        check_tag(required_tag(operation)?, row)?;
    }
    check_unreferenced(service, index, row)?;
    remove(service, index, id);
    Ok(Reply::empty(204))
}

/// Removes a row with those that are part of it.
pub(super) fn remove(service: &mut Service, index: usize, id: Uuid) {
    for (part, row) in parts(service, index, id) {
        remove(service, part, row);
    }
    service.store.remove(index, id);
}

/// Returns set and id of the rows that belong to a row.
fn parts(service: &Service, index: usize, id: Uuid) -> Vec<(usize, Uuid)> {
    let whole = service.sets[index].name;
    let id = Value::String(id.to_string());
    let mut parts = Vec::new();
    for (other, set) in service.sets.iter().enumerate() {
        let Some(position) = set.part_of.and_then(|name| set.position(name)) else { continue };
        if set.columns[position].kind == Kind::Reference(whole) {
            let rows = service.store.rows(other).iter().filter(|row| row.values[position] == id);
            parts.extend(rows.map(|row| (other, row.id)));
        }
    }
    parts
}

fn body(operation: &Operation<'_>) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(&operation.request.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Fault::bad_request("The request body is not a JSON object.")),
        Err(error) => Err(Fault::bad_request(error.to_string())),
    }
}

fn required_tag<'a>(operation: &Operation<'a>) -> Result<&'a str, Fault> {
    let tag = operation.request.header("if-match").map(str::trim);
    let well_formed = |tag: &&str| *tag == "*" || tag.starts_with("W/\"") && tag.ends_with('"');
    let message = "The If-Match header is missing or could not be parsed.";
    tag.filter(well_formed).ok_or_else(|| Fault::new(400, "BadRequest_InvalidToken", message))
}

fn check_tag(tag: &str, row: &Row) -> Result<(), Fault> {
    if tag == "*" || tag == etag(row) {
        return Ok(());
    }
    Err(Fault::new(409, "Request_EntityChanged", "Another user has already changed the record."))
}

/// Puts a body's properties into a row, one after the other.
fn assign(
    service: &Service,
    index: usize,
    row: &mut Row,
    body: &Map<String, Value>,
    creating: bool,
) -> Result<(), Fault> {
    let set = &service.sets[index];
    for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
        let position = set.shown(name).ok_or_else(|| unknown_property(set, name))?;
        let column = &set.columns[position];
        if column.read_only {
            return Err(Fault::new(
                400,
                "BadRequest_InvalidOperation",
                format!("Control '{name}' is read-only."),
            ));
        }
        let value = stored(set, column, value)?;
        match &column.kind {
            Kind::Inventory if creating => {
                return Err(Fault::dialog("Inventory cannot be set when an item is created."));
            }
            Kind::Reference(target) => {
                service.check_reference(column, target, &value)?;
                row.values[position] = value;
            }
            Kind::CodeOf { reference, local_currency, .. } => {
                let code = value.as_str().unwrap_or_default();
                let id = service.id_of_code(set, reference, code, *local_currency)?;
                let id = Value::String(id.to_string());
                check_agreement(set, reference, body, &id)?;
                let reference =
                    set.position(reference).expect("invariant: a code stands beside its reference");
                row.values[reference] = id;
            }
            Kind::CodeIn { set: target, .. } => {
                service.check_code(set, column, target, &value)?;
                row.values[position] = value;
            }
            // A blank number in an update is no wish to lose the number.
            Kind::Code(_) if *name == set.key && value == "" && !creating => {}
            _ => row.values[position] = value,
        }
    }
    Ok(())
}

fn unknown_property(set: &Set, name: &str) -> Fault {
    Fault::bad_request(format!(
        "The property '{name}' does not exist on type 'Microsoft.NAV.{}'. Make sure to only use property names that are defined by the type.",
        set.entity
    ))
}

/// Where both id and code are sent they must name the same row.
fn check_agreement(set: &Set, reference: &str, body: &Map<String, Value>, id: &Value) -> Result<(), Fault> {
    match body.get(reference).and_then(Value::as_str) {
        Some(sent) if Some(sent.to_lowercase().as_str()) != id.as_str() => {
            let message =
                format!("The {reference} values do not match to a specific row of {}.", set.caption);
            Err(Fault::dialog(message))
        }
        _ => Ok(()),
    }
}

/// Stores a row under the next version if its key is free.
fn store(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    mut row: Row,
) -> Result<Uuid, Fault> {
    service.rewrite(index, &mut row);
    service.sets[index].compose(&mut row);
    if service.store.rows(index).duplicate(&row).is_some() {
        let set = &service.sets[index];
        let key = row.values[set.key_position()].as_str().unwrap_or_default();
        let message = format!(
            "The record in table {} already exists. Identification fields and values: {}='{key}'",
            set.caption, set.key
        );
        return Err(Fault::new(400, "Internal_EntityWithSameKeyExists", message));
    }
    let id = row.id;
    let before = service.store.rows(index).get(&id).cloned();
    service.note_write(operation.request.person, index, id, before);
    service.put(index, row);
    Ok(id)
}

/// Returns the first free number of a series: C00010, C00020…
fn next_number(service: &Service, index: usize, prefix: &str) -> String {
    let key = service.sets[index].key_position();
    let free =
        |number: &String| service.store.rows(index).by_key(key, &Value::from(number.as_str())).is_none();
    let mut numbers = (1..).map(|step| format!("{prefix}{:05}", step * 10));
    numbers.find(free).expect("invariant: a series does not end")
}

/// Writes the ledger entry that explains a change of stock.
fn post_journal(service: &mut Service, index: usize, row: &Row, old: &Row, inventory: usize) {
    let amount = |row: &Row| as_decimal(&row.values[inventory]).unwrap_or_default();
    let quantity = amount(row) - amount(old);
    let kind = if quantity.is_sign_positive() {
        "Positive_x0020_Adjmt_x002E_"
    } else {
        "Negative_x0020_Adjmt_x002E_"
    };
    let entries = service.set("itemLedgerEntries").expect("invariant: the set exists");
    let number = 1001 + service.store.rows(entries).iter().count();
    let item = row.values[service.sets[index].key_position()].clone();
    let values = [
        ("entryNumber", Value::from(number)),
        ("itemNumber", item),
        ("postingDate", Value::String(time::today())),
        ("entryType", Value::from(kind)),
        ("documentNumber", Value::from("API")),
        ("quantity", decimal(quantity)),
    ];
    let now = service.now();
    service.insert("itemLedgerEntries", Uuid::new_v4(), &now, &values);
}

/// Refuses to delete what other rows refer to.
fn check_unreferenced(service: &Service, index: usize, row: &Row) -> Result<(), Fault> {
    let id = Value::String(row.id.to_string());
    let deleted = &service.sets[index];
    for (other, set) in service.sets.iter().enumerate() {
        let references = set.columns.iter().enumerate().filter(|(_, column)| {
            column.kind == Kind::Reference(deleted.name) && set.part_of != Some(column.name)
        });
        for (position, _) in references {
            if service.store.rows(other).iter().any(|row| row.values[position] == id) {
                let key = row.values[deleted.key_position()].as_str().unwrap_or_default();
                let message = format!(
                    "You cannot delete {} {key} because there is at least one {} that uses it.",
                    deleted.caption, set.caption
                );
                return Err(Fault::dialog(message));
            }
        }
    }
    Ok(())
}
