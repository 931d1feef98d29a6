//! Writing rows: create with number series, update under a tag, delete.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::documents::Written;
use super::error::Fault;
use super::navigate::Within;
use super::read::{existing, shown};
use super::render::etag;
use super::schema::{Kind, Role, Set};
use super::service::{Operation, Service};
use super::stock::Movement;
use super::values::{as_decimal, needed, stored};
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;
use crate::sim::store::Row;

/// Answers `POST set`. The lines of a document may come with it: then all of it is stored or nothing.
pub(super) fn create(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    within: Option<&Within>,
) -> Result<Reply, Fault> {
    let mut body = body(operation)?;
    if let Some(within) = within {
        let reference = service.sets[index].columns[within.column].name;
        body.insert(reference.to_owned(), Value::String(within.id.to_string()));
    }
    let lines = take_lines(&service.sets[index], &mut body)?;
    let person = operation.request.person;
    let id = insert(service, person, index, &body)?;
    if let Role::Document(document) = service.sets[index].role {
        let set = service.set(document.lines()).expect("invariant: the set exists");
        for mut line in lines {
            line.insert("documentId".to_owned(), Value::String(id.to_string()));
            insert(service, person, set, &line)?;
        }
    }
    let row = service.store.rows(index).get(&id).expect("invariant: the row was just stored");
    shown(service, operation, index, row, 201)
}

/// Takes the lines out of a document's body.
fn take_lines(set: &Set, body: &mut Map<String, Value>) -> Result<Vec<Map<String, Value>>, Fault> {
    let Role::Document(document) = set.role else { return Ok(Vec::new()) };
    let wrong = || Fault::bad_request(format!("'{}' is not a list of objects.", document.lines()));
    match body.shift_remove(document.lines()) {
        None => Ok(Vec::new()),
        Some(Value::Array(lines)) => {
            let object = |line| match line {
                Value::Object(line) => Ok(line),
                _ => Err(wrong()),
            };
            lines.into_iter().map(object).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// Makes a row of a body.
fn insert(
    service: &mut Service,
    person: bool,
    index: usize,
    body: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let mut row = service.blank_row(index, Uuid::new_v4(), &service.now());
    service.begin(index, &mut row, body, true)?;
    assign(service, index, &mut row, body, true)?;
    let key = service.sets[index].key_position();
    if let Some(prefix) = service.sets[index].series {
        if row.values[key] == "" {
            row.values[key] = Value::String(service.next_number(index, prefix));
        } else if service.switches.forbids_manual_numbers {
            let message = format!(
                "You may not enter numbers manually. If you want to enter numbers manually, please activate Manual Nos. in No. Series {prefix}."
            );
            return Err(Fault::dialog(message));
        }
    }
    let set = &service.sets[index];
    if let Some((column, _)) =
        set.columns.iter().zip(&row.values).find(|(column, value)| column.needed && **value == "")
    {
        return Err(needed(set, column));
    }
    service.validate(index, None, &mut row)?;
    let row = store(service, person, index, row)?;
    service.follow_up(index, Written::Inserted(&row))?;
    Ok(row.id)
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
    service.begin(index, &mut row, &body, false)?;
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
        if without_stock != old {
            service.sets[index].put(&mut row, "lastModifiedDateTime", service.now());
        }
        let row = store(service, operation.request.person, index, row)?;
        if let Some(position) = moved {
            post_journal(service, index, &row, &old, position);
            if without_stock == old {
                service.keep_version(index, &old);
            }
        }
        service.follow_up(index, Written::Updated(&old, &row))?;
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
    let row = existing(service, index, key)?.clone();
    check_sent_tag(operation, &row)?;
    check_unreferenced(service, index, &row)?;
    service.check_deletion(index, &row)?;
    remove(service, index, row.id);
    service.follow_up(index, Written::Deleted(&row))?;
    Ok(Reply::empty(204))
}

/// Compares a tag if one is sent.
pub(super) fn check_sent_tag(operation: &Operation<'_>, row: &Row) -> Result<(), Fault> {
    match operation.request.header("if-match") {
        Some(_) => check_tag(required_tag(operation)?, row),
        None => Ok(()),
    }
}

/// Removes a row with those that are part of it.
pub(super) fn remove(service: &mut Service, index: usize, id: Uuid) {
    for (part, row) in parts(service, index, id) {
        remove(service, part, row);
    }
    service.remove(index, id);
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

pub(super) fn body(operation: &Operation<'_>) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(&operation.request.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Fault::bad_request("The request body is not a JSON object.")),
        Err(error) => Err(Fault::bad_request(error.to_string())),
    }
}

pub(super) fn required_tag<'a>(operation: &Operation<'a>) -> Result<&'a str, Fault> {
    let tag = operation.request.header("if-match").map(str::trim);
    let well_formed = |tag: &&str| *tag == "*" || tag.starts_with("W/\"") && tag.ends_with('"');
    let message = "The If-Match header is missing or could not be parsed.";
    tag.filter(well_formed).ok_or_else(|| Fault::new(400, "BadRequest_InvalidToken", message))
}

pub(super) fn check_tag(tag: &str, row: &Row) -> Result<(), Fault> {
    if tag == "*" || tag == etag(row) {
        return Ok(());
    }
    Err(Fault::new(409, "Request_EntityChanged", "Another user has already changed the record."))
}

/// Puts a body's properties into a row, one after the other.
pub(super) fn assign(
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

pub(super) fn unknown_property(set: &Set, name: &str) -> Fault {
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

/// Stores a row under the next version if its key is free; returns it as it is stored.
pub(super) fn store(service: &mut Service, person: bool, index: usize, mut row: Row) -> Result<Row, Fault> {
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
    service.note_write(person, index, id, before);
    service.put(index, row);
    Ok(service.store.rows(index).get(&id).cloned().expect("invariant: the row was just stored"))
}

impl Service {
    /// Returns the next free number of a series: C00010, C00020… No number is given out twice.
    pub(super) fn next_number(&mut self, index: usize, prefix: &'static str) -> String {
        let key = self.sets[index].key_position();
        loop {
            let last = self.numbers.entry(prefix).or_default();
            *last += 10;
            let number = format!("{prefix}{last:05}");
            if self.store.rows(index).by_key(key, &Value::from(number.as_str())).is_none() {
                return number;
            }
        }
    }
}

/// Writes the ledger entry that explains a stock somebody typed.
fn post_journal(service: &mut Service, index: usize, row: &Row, old: &Row, inventory: usize) {
    let amount = |row: &Row| as_decimal(&row.values[inventory]).unwrap_or_default();
    let quantity = amount(row) - amount(old);
    let kind = if quantity.is_sign_positive() {
        "Positive_x0020_Adjmt_x002E_"
    } else {
        "Negative_x0020_Adjmt_x002E_"
    };
    let item = service.sets[index].text(row, service.sets[index].key).to_owned();
    let movement = Movement { kind, document: "API", source: "", description: "" };
    service.post_entry(&item, quantity, &movement);
}

/// Refuses to delete what other rows refer to.
pub(super) fn check_unreferenced(service: &Service, index: usize, row: &Row) -> Result<(), Fault> {
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
