//! A body's properties put into a row: values, binds, emptied lookups, and what is refused or ignored.

use serde_json::{Map, Value};

use super::error::Fault;
use super::link::Operation;
use super::schema::Table;
use super::service::Service;
use super::values::stored;
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
            let position =
                definition.navigation(navigation).ok_or_else(|| unknown_property(definition, navigation))?;
            row.values[position] = bind(service, operation, definition, position, value)?;
            touched.push(position);
        } else if key.contains('@') {
            check_annotation(definition, key)?;
        } else if let Some(position) = definition.navigation(key) {
            clear_lookup(definition, key, value)?;
            row.values[position] = Value::Null;
            touched.push(position);
        } else {
            let position = definition.property(key).ok_or_else(|| unknown_property(definition, key))?;
            let column = &definition.columns[position];
            if column.kind.navigation().is_some() {
                let detail = "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.";
                return Err(Fault::payload(definition.set, detail));
            }
            // What is not valid for this operation is ignored, as Dataverse does.
            if if creating { column.create } else { column.update } {
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

/// Known annotations are read elsewhere or ignored; a name without a dot is refused.
fn check_annotation(table: &Table, key: &str) -> Result<(), Fault> {
    let annotation = key.split_once('@').map_or("", |(_, annotation)| annotation);
    if annotation.contains('.') {
        return Ok(());
    }
    Err(Fault::payload(table.set, &format!("The annotation '{key}' is not a valid annotation name.")))
}

fn unknown_property(table: &Table, name: &str) -> Fault {
    let detail = format!(
        "The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{}'. Make sure to only use property names that are defined by the type.",
        table.logical_name
    );
    Fault::payload(table.set, &detail)
}

fn bind(
    service: &Service,
    operation: &Operation<'_>,
    table: &Table,
    position: usize,
    value: &Value,
) -> Result<Value, Fault> {
    let column = &table.columns[position];
    let Some(reference) = value.as_str() else {
        let detail = format!("The annotation '{}@odata.bind' has a null value.", column.name);
        return Err(Fault::payload(table.set, &detail));
    };
    let (target, id) = service.referenced(operation, reference)?;
    if !column.kind.targets().contains(&service.tables[target].logical_name) {
        let detail = format!("'{reference}' is not a valid target of '{}'.", column.name);
        return Err(Fault::payload(table.set, &detail));
    }
    Ok(Value::String(id.to_string()))
}

fn clear_lookup(table: &Table, key: &str, value: &Value) -> Result<(), Fault> {
    match value {
        Value::Null => Ok(()),
        Value::Object(_) => Err(Fault::new(501, "0x80040219", "The simulator does not play deep inserts.")),
        _ => {
            Err(Fault::payload(table.set, &format!("A node of type 'StartObject' was expected for '{key}'.")))
        }
    }
}
