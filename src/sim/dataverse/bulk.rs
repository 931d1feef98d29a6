//! `CreateMultiple`, `UpdateMultiple` and `UpsertMultiple`: one table, all or nothing (every operation is a transaction).

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::Fault;
use super::link::{Address, Operation, address};
use super::service::Service;
use super::switches::Switch;
use super::write::{insert, patch};
use crate::sim::http::Reply;
use crate::sim::odata::path::segments;

/// What an action does with one target.
type Run = fn(&mut Service, &Operation<'_>, usize, &Map<String, Value>) -> Result<Uuid, Fault>;

/// Answers a bulk action.
pub(super) fn answer(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    action: &str,
) -> Result<Reply, Fault> {
    let logical_name = &service.tables[table].logical_name;
    if service.switched(&Switch::NoBulk(logical_name.clone())) {
        let message = format!("The message {action} is not supported for the entity {logical_name}.");
        return Err(Fault::new(501, "0x80044824", message));
    }
    let run: Run = match action {
        "Microsoft.Dynamics.CRM.CreateMultiple" => create,
        "Microsoft.Dynamics.CRM.UpdateMultiple" => update,
        "Microsoft.Dynamics.CRM.UpsertMultiple" => upsert,
        "Microsoft.Dynamics.CRM.DeleteMultiple" => {
            return Err(Fault::new(501, "0x80040219", "DeleteMultiple has not yet been implemented."));
        }
        _ => return Err(Fault::unknown_segment(action)),
    };
    let targets = targets(service, operation, table)?;
    let mut ids = Vec::new();
    for target in &targets {
        ids.push(run(service, operation, table, target)?);
    }
    if !action.ends_with("CreateMultiple") {
        return Ok(Reply::empty(204));
    }
    let context = operation.context("Microsoft.Dynamics.CRM.CreateMultipleResponse");
    Ok(Reply::json(200, &json!({"@odata.context": context, "Ids": ids})))
}

fn targets(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
) -> Result<Vec<Map<String, Value>>, Fault> {
    let expected = format!("Microsoft.Dynamics.CRM.{}", service.tables[table].logical_name);
    let body = operation.body()?;
    let targets =
        body.get("Targets").and_then(Value::as_array).ok_or_else(|| Fault::query("'Targets' is missing."))?;
    let typed = targets.iter().map(|target| {
        let target = target.as_object().filter(|target| {
            let sent = target.get("@odata.type").and_then(Value::as_str);
            sent.is_some_and(|sent| sent.trim_start_matches('#') == expected)
        });
        target.cloned().ok_or_else(|| Fault::query(format!("Each target needs '@odata.type': '{expected}'.")))
    });
    typed.collect()
}

fn create(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    target: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    insert(service, operation, table, None, target)
}

fn update(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    target: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let address = target_address(service, table, target)?;
    if service.addressed(table, &address).is_none() {
        let id = if let Address::Id(id) = address { id.to_string() } else { String::new() };
        let message = format!("{} With Ids = {id} Do Not Exist", service.tables[table].logical_name);
        return Err(Fault::new(404, "0x80040217", message));
    }
    patch(service, operation, table, &address, target).map(|written| written.id)
}

fn upsert(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    target: &Map<String, Value>,
) -> Result<Uuid, Fault> {
    let address = target_address(service, table, target)?;
    if let Address::AlternateKey(parts) = &address {
        let mut names = parts.iter().map(|(column, _)| &service.tables[table].columns[*column].name);
        let twice = names.find(|name| target.contains_key(*name));
        if let Some(name) = twice.filter(|_| service.addressed(table, &address).is_none()) {
            let message = format!("An item with the same key has already been added. Key: {name}");
            return Err(Fault::new(400, "0x80040216", message));
        }
    }
    patch(service, operation, table, &address, target).map(|written| written.id)
}

/// A target names its row by `@odata.id` or by its primary key.
fn target_address(service: &Service, table: usize, target: &Map<String, Value>) -> Result<Address, Fault> {
    let definition = &service.tables[table];
    if let Some(reference) = target.get("@odata.id").and_then(Value::as_str) {
        let last = segments(reference).pop();
        let key =
            last.and_then(|segment| segment.key).ok_or_else(|| Fault::query("'@odata.id' has no key."))?;
        return address(definition, &key);
    }
    let id = target.get(&definition.primary_id).and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.map(Address::Id).ok_or_else(|| Fault::query("The target does not identify a row."))
}
