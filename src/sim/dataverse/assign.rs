//! A body's properties put into a row: values, binds, emptied lookups, and what is refused or ignored.

use serde_json::{Map, Value};

use super::error::Fault;
use super::link::Operation;
use super::schema::{Column, Table, Target};
use super::service::Service;
use super::values::{null, stored};
use crate::sim::store::Row;

/// Puts a body's properties into a row and returns the columns it touched.
pub(super) fn assign(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    row: &mut Row,
    body: &Map<String, Value>,
    creating: bool,
) -> Result<Vec<usize>, Fault> {
    let definition = &service.tables[table];
    let mut touched = Vec::new();
    for (key, value) in body {
        if let Some(navigation) = key.strip_suffix("@odata.bind") {
            let (position, targets) =
                definition.navigation(navigation).ok_or_else(|| unknown_property(definition, navigation))?;
            let bound = bind(service, operation, definition, &targets, value)?;
            if is_valid(&definition.columns[position], creating) {
                row.values[position] = bound;
                touched.push(position);
            }
        } else if key.contains('@') {
            check_annotation(definition, key)?;
        } else if let Some((position, _)) = definition.navigation(key) {
            check_clears(definition, key, value)?;
            if is_valid(&definition.columns[position], creating) {
                row.values[position] = null(definition, &definition.columns[position])?;
                touched.push(position);
            }
        } else {
            let position = definition.property(key).ok_or_else(|| unknown_property(definition, key))?;
            let column = &definition.columns[position];
            if column.kind.is_lookup() {
                let detail = "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.";
                return Err(Fault::payload(&definition.set, detail));
            }
            if is_valid(column, creating) {
                row.values[position] = stored(definition, column, value)?;
                if column.name == definition.primary_id {
                    row.id = row.values[position].as_str().and_then(|id| id.parse().ok()).unwrap_or(row.id);
                }
                touched.push(position);
            }
        }
    }
    Ok(touched)
}

/// What is not valid for an operation is ignored, as Dataverse does.
fn is_valid(column: &Column, creating: bool) -> bool {
    if creating { column.create } else { column.update }
}

/// Known annotations are read elsewhere or ignored; a name without a dot is refused.
fn check_annotation(table: &Table, key: &str) -> Result<(), Fault> {
    let annotation = key.split_once('@').map_or("", |(_, annotation)| annotation);
    if annotation.contains('.') {
        return Ok(());
    }
    Err(Fault::payload(&table.set, &format!("The annotation '{key}' is not a valid annotation name.")))
}

fn unknown_property(table: &Table, name: &str) -> Fault {
    let detail = format!(
        "The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{}'. Make sure to only use property names that are defined by the type.",
        table.logical_name
    );
    Fault::payload(&table.set, &detail)
}

fn bind(
    service: &Service,
    operation: &Operation<'_>,
    table: &Table,
    targets: &[Target],
    value: &Value,
) -> Result<Value, Fault> {
    let navigation = targets.first().map_or("", |target| target.navigation.as_str());
    let Some(reference) = value.as_str() else {
        let detail = format!("The annotation '{navigation}@odata.bind' has a null value.");
        return Err(Fault::payload(&table.set, &detail));
    };
    let (target, id) = service.referenced(operation, reference)?;
    if !targets.iter().any(|allowed| allowed.table == service.tables[target].logical_name) {
        let detail = format!("'{reference}' is not a valid target of '{navigation}'.");
        return Err(Fault::payload(&table.set, &detail));
    }
    Ok(Value::String(id.to_string()))
}

fn check_clears(table: &Table, key: &str, value: &Value) -> Result<(), Fault> {
    match value {
        Value::Null => Ok(()),
        Value::Object(_) => Err(Fault::payload(
            &table.set,
            &format!("'{key}': a deep update is not supported, only a deep insert."),
        )),
        _ => Err(Fault::payload(
            &table.set,
            &format!("A node of type 'StartObject' was expected for '{key}'."),
        )),
    }
}
