//! `$ref`: rows put into a collection and taken out of it, lookups set and emptied.

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Fault;
use super::link::{Operation, address};
use super::relations::Relation;
use super::service::Service;
use super::write::{change, modify};
use crate::sim::http::Reply;
use crate::sim::odata::path::{Key, Segment};

/// Answers a request whose address ends in `/$ref`.
pub(super) fn answer(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    key: &Key,
    navigation: &Segment,
) -> Result<Reply, Fault> {
    let relation = service.relation(table, &navigation.name);
    let relation = relation.ok_or_else(|| Fault::unknown_segment(&navigation.name))?;
    let method = operation.request.method.as_str();
    if !relation.is_collection() {
        return set_lookup(service, operation, table, key, &navigation.name);
    }
    let id = service.existing(table, &address(&service.tables[table], key)?)?.id;
    let other = match (method, &navigation.key) {
        ("POST", None) => referenced(service, operation, operation.body()?.get("@odata.id"))?,
        ("DELETE", None) => {
            referenced(service, operation, operation.query.get("$id").map(Value::from).as_ref())?
        }
        ("DELETE", Some(key)) => {
            let table = relation.table().ok_or_else(|| Fault::unknown_segment(&navigation.name))?;
            (table, service.existing(table, &address(&service.tables[table], key)?)?.id)
        }
        _ => return Err(Fault::not_allowed(method)),
    };
    if Some(other.0) != relation.table() {
        return Err(Fault::payload(&service.tables[table].set, "The row is not of the related type."));
    }
    if method == "POST" {
        connect(service, operation, &relation, id, other.1)?;
    } else {
        disconnect(service, operation, &relation, id, other.1)?;
    }
    Ok(Reply::empty(204))
}

/// Brings a row into a collection of another.
pub(super) fn connect(
    service: &mut Service,
    operation: &Operation<'_>,
    relation: &Relation,
    id: Uuid,
    other: Uuid,
) -> Result<(), Fault> {
    match *relation {
        Relation::Paired { intersect, own, other: position, .. } => {
            service.join(intersect, (own, id), (position, other))
        }
        Relation::Many { table, column } => {
            modify(service, operation, table, other, &[(column, Value::String(id.to_string()))])
        }
        Relation::One { .. } => Ok(()),
    }
}

/// Takes a row out of a collection of another; a row that is not in it stays out.
fn disconnect(
    service: &mut Service,
    operation: &Operation<'_>,
    relation: &Relation,
    id: Uuid,
    other: Uuid,
) -> Result<(), Fault> {
    match *relation {
        Relation::Paired { intersect, own, other: position, .. } => {
            if let Some(pair) = service.paired_row(intersect, (own, id), (position, other)) {
                service.store.remove(intersect, pair);
            }
            Ok(())
        }
        Relation::Many { table, column } => {
            let is_ours =
                service.find(table, other)?.values[column].as_str() == Some(id.to_string().as_str());
            if is_ours { modify(service, operation, table, other, &[(column, Value::Null)]) } else { Ok(()) }
        }
        Relation::One { .. } => Ok(()),
    }
}

fn set_lookup(
    service: &mut Service,
    operation: &Operation<'_>,
    table: usize,
    key: &Key,
    navigation: &str,
) -> Result<Reply, Fault> {
    let body = match operation.request.method.as_str() {
        "DELETE" => json!({ navigation.to_owned(): null }),
        "PUT" => {
            let target = operation.body()?.get("@odata.id").cloned().unwrap_or_default();
            json!({ format!("{navigation}@odata.bind"): target })
        }
        method => return Err(Fault::not_allowed(method)),
    };
    change(service, operation, table, key, &body)
}

pub(super) fn referenced(
    service: &Service,
    operation: &Operation<'_>,
    reference: Option<&Value>,
) -> Result<(usize, Uuid), Fault> {
    let missing = || Fault::payload("", "The reference '@odata.id' is missing.");
    service.referenced(operation, reference.and_then(Value::as_str).ok_or_else(missing)?)
}
