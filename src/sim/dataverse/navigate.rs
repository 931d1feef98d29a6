//! What stands behind a row's address: a column, its raw value, the rows its navigation properties lead to.

use serde_json::{Value, json};

use super::error::Fault;
use super::link::{Operation, address};
use super::read::{Source, count_of, list_of, row_reply};
use super::relations::Relation;
use super::render::property;
use super::service::Service;
use crate::sim::http::Reply;
use crate::sim::odata::path::{Key, Segment};
use crate::sim::store::Row;

/// Answers a GET below a row.
pub(super) fn answer(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let row = service.existing(index, &address(&service.tables[index], key)?)?;
    let names: Vec<_> = rest.iter().map(|segment| segment.name.as_str()).collect();
    match names.as_slice() {
        [name] => match service.relation(index, name) {
            Some(relation) => related(service, operation, (index, row), name, &relation),
            None => column(service, operation, index, row, name),
        },
        [name, "$value"] => raw(service, index, row, name),
        [name, "$ref"] => references(service, operation, index, row, name),
        [name, "$count"] => {
            let relation = service.relation(index, name).filter(Relation::is_collection);
            let relation = relation.ok_or_else(|| Fault::unknown_segment(name))?;
            let table = relation.table().ok_or_else(|| Fault::unknown_segment(name))?;
            let rows = service.related(&relation, row).into_iter().map(|(_, row)| row);
            count_of(service, operation, table, &Source::Rows(rows.collect()))
        }
        _ => Err(Fault::unknown_segment(names.last().copied().unwrap_or_default())),
    }
}

/// Answers the row of a lookup, or the rows of a collection.
fn related(
    service: &Service,
    operation: &Operation<'_>,
    (index, row): (usize, &Row),
    name: &str,
    relation: &Relation,
) -> Result<Reply, Fault> {
    let found = service.related(relation, row);
    if !relation.is_collection() {
        return match found.first() {
            Some((table, row)) => row_reply(service, operation, *table, row),
            None => Ok(Reply::empty(204)),
        };
    }
    let table = relation.table().ok_or_else(|| Fault::unknown_segment(name))?;
    let path = format!("{}({})/{name}", service.tables[index].set, row.id);
    let rows = found.into_iter().map(|(_, row)| row).collect();
    list_of(service, operation, table, &path, &Source::Rows(rows))
}

fn column(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    row: &Row,
    name: &str,
) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let position = table.property(name).ok_or_else(|| Fault::unknown_segment(name))?;
    let value = property(table, row, position);
    if value.is_null() {
        return Ok(Reply::empty(204));
    }
    let context = operation.context(&format!("{}({})/{name}", table.set, row.id));
    Ok(Reply::json(200, &json!({"@odata.context": context, "value": value})))
}

fn raw(service: &Service, index: usize, row: &Row, name: &str) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let position = table.property(name).ok_or_else(|| Fault::unknown_segment(name))?;
    let text = match property(table, row, position).as_ref() {
        Value::Null => return Ok(Reply::empty(204)),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(Reply::text(200, "text/plain", text))
}

/// Answers the addresses of related rows.
fn references(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    row: &Row,
    name: &str,
) -> Result<Reply, Fault> {
    let relation = service.relation(index, name).ok_or_else(|| Fault::unknown_segment(name))?;
    let mut links = service.related(&relation, row).into_iter().map(|(table, row)| {
        json!({"@odata.id": format!("{}/{}({})", operation.api, service.tables[table].set, row.id)})
    });
    if relation.is_collection() {
        let context = operation.context("Collection($ref)");
        return Ok(Reply::json(200, &json!({"@odata.context": context, "value": links.collect::<Vec<_>>()})));
    }
    Ok(links.next().map_or_else(
        || Reply::empty(204),
        |mut link| {
            link["@odata.context"] = operation.context("$ref").into();
            Reply::json(200, &link)
        },
    ))
}
