//! `BulkDelete`: rows found by query expressions are deleted; the job is done when its id is answered.

use serde_json::{Value, json};
use uuid::Uuid;

use super::conditions::{Condition, Group};
use super::error::Fault;
use super::link::Operation;
use super::service::Service;
use crate::sim::http::Reply;
use crate::sim::store::Row;

/// Answers the action.
pub(super) fn answer(service: &mut Service, operation: &Operation<'_>) -> Result<Reply, Fault> {
    let body = operation.body()?;
    let missing = || Fault::new(400, "0x80040203", "Required parameter 'QuerySet' is missing.");
    let queries = body.get("QuerySet").and_then(Value::as_array).ok_or_else(missing)?;
    for query in queries {
        let name = query["EntityName"].as_str().unwrap_or_default();
        let table = service.table_by_logical_name(name).ok_or_else(|| {
            Fault::new(404, "0x80041102", format!("The entity with a name = '{name}' was not found."))
        })?;
        let filter = match &query["Criteria"] {
            Value::Null => None,
            criteria => group(criteria)?.filter(service, operation, table)?,
        };
        let passes = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.accepts(service, row));
        let found: Vec<Uuid> = service.store.rows(table).iter().filter(passes).map(|row| row.id).collect();
        for id in found {
            // An earlier deletion may have taken it along.
            if service.find(table, id).is_ok() {
                service.erase(table, id)?;
            }
        }
    }
    let context = operation.context("Microsoft.Dynamics.CRM.BulkDeleteResponse");
    Ok(Reply::json(200, &json!({"@odata.context": context, "JobId": Uuid::new_v4()})))
}

fn group(filter: &Value) -> Result<Group, Fault> {
    let list = |name: &str| filter[name].as_array().cloned().unwrap_or_default();
    Ok(Group {
        any: filter["FilterOperator"] == "Or",
        conditions: list("Conditions").iter().map(condition).collect::<Result<_, _>>()?,
        groups: list("Filters").iter().map(group).collect::<Result<_, _>>()?,
    })
}

fn condition(condition: &Value) -> Result<Condition, Fault> {
    let text = |name: &str| condition[name].as_str().unwrap_or_default();
    let operator = match text("Operator") {
        "Equal" => "eq",
        "NotEqual" => "ne",
        "GreaterThan" => "gt",
        "GreaterEqual" => "ge",
        "LessThan" => "lt",
        "LessEqual" => "le",
        "Like" => "like",
        "In" => "in",
        "NotIn" => "not-in",
        "Null" => "null",
        "NotNull" => "not-null",
        other => {
            return Err(Fault::new(400, "0x80040203", format!("The operator '{other}' is not supported.")));
        }
    };
    let values = condition["Values"].as_array().cloned().unwrap_or_default();
    let plain = |value: &Value| match value.get("Value").unwrap_or(value) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(Condition {
        column: text("AttributeName").to_owned(),
        operator: operator.to_owned(),
        values: values.iter().map(plain).collect(),
    })
}
