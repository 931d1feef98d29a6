//! Reading rows: lists with filter, order and pages, single rows, counts.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::expand::expanded;
use super::link::{Operation, address};
use super::position::{Position, next_link, position};
use super::render::{etag, property, shape};
use super::schema::{Kind, Table};
use super::service::Service;
use crate::sim::http::Reply;
use crate::sim::odata::filter::{Dialect, Expression, FilterError, Operand, parse};
use crate::sim::odata::path::Key;
use crate::sim::odata::select::{OrderBy, order_by};
use crate::sim::store::Row;

/// The page size nobody can exceed, and the most `$count` tells.
pub(super) const MAXIMUM: usize = 5000;
const REFUSED: &[&str] = &["$skip", "$search", "$format", "$compute", "$levels"];
const UNSUPPORTED: &[&str] = &["$apply", "fetchXml", "sql"];

/// Answers a collection.
pub(super) fn list(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let query = &operation.query;
    check_options(operation)?;
    let shape = expanded(service, operation, index, shape(table, operation)?)?;
    let filter = filter(table, query.with_aliases("$filter").as_deref())?;
    let order = order_by(query.get("$orderby"));
    check_order(table, &order)?;
    let matching = |row: &&Row| accepts(table, filter.as_ref(), row);
    let top = top(operation)?;
    let size = top.unwrap_or_else(|| service.page_size(operation));
    let position = position(operation)?;
    let rows = page(service, index, &order, position.as_ref(), size, &matching)?;
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        operation.context(&format!("{}{}", table.set, shape.selected)).into(),
    );
    if query.get("$count") == Some("true") {
        let count = service.store.rows(index).iter().filter(matching).take(MAXIMUM).count();
        body.insert("@odata.count".to_owned(), count.into());
    }
    let shown = rows.iter().take(size);
    body.insert(
        "value".to_owned(),
        shown.map(|row| Value::Object(service.render(index, row, &shape))).collect(),
    );
    if rows.len() > size && top.is_none() {
        let next = match (&position, order.is_empty()) {
            (_, true) => Position::AfterId(rows[size - 1].id),
            (Some(Position::AfterRows(before)), false) => Position::AfterRows(before + size),
            (_, false) => Position::AfterRows(size),
        };
        body.insert("@odata.nextLink".to_owned(), next_link(operation, table.set, &next).into());
    }
    Ok(Reply::json(200, &Value::Object(body)))
}

fn check_options(operation: &Operation<'_>) -> Result<(), Fault> {
    if let Some(option) = REFUSED.iter().find(|option| operation.query.has(option)) {
        return Err(Fault::query(format!("The query option '{option}' is not supported.")));
    }
    match UNSUPPORTED.iter().find(|option| operation.query.has(option)) {
        Some(option) => {
            Err(Fault::new(501, "0x80040219", format!("The simulator does not play '{option}'.")))
        }
        None => Ok(()),
    }
}

/// Reads `$top`, which a page size overrules.
fn top(operation: &Operation<'_>) -> Result<Option<usize>, Fault> {
    let sized = operation.request.preference("odata.maxpagesize").is_some();
    let top = operation.query.get("$top").filter(|_| !sized).map(str::parse::<usize>);
    top.transpose().map_err(|_| Fault::query("Invalid value for '$top'."))
}

/// Returns one row more than the page holds, if there is one.
fn page<'a>(
    service: &'a Service,
    index: usize,
    order: &[OrderBy],
    position: Option<&Position>,
    size: usize,
    matching: &dyn Fn(&&Row) -> bool,
) -> Result<Vec<&'a Row>, Fault> {
    let rows = service.store.rows(index);
    let malformed = || Fault::query("The paging cookie does not fit the query.");
    if order.is_empty() {
        let after = match position {
            None => None,
            Some(Position::AfterId(id)) => Some(*id),
            Some(_) => return Err(malformed()),
        };
        return Ok(rows.after(after).filter(|row| matching(row)).take(size.saturating_add(1)).collect());
    }
    let skipped = match position {
        None => 0,
        Some(Position::AfterRows(count)) => *count,
        Some(_) => return Err(malformed()),
    };
    let table = &service.tables[index];
    let mut sorted: Vec<_> = rows.iter().filter(|row| matching(row)).collect();
    sorted.sort_by(|left, right| compare_rows(table, order, left, right));
    Ok(sorted.into_iter().skip(skipped).take(size.saturating_add(1)).collect())
}

/// Answers `set/$count`.
pub(super) fn count(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let filter = filter(table, operation.query.with_aliases("$filter").as_deref())?;
    let rows = service.store.rows(index).iter().filter(|row| accepts(table, filter.as_ref(), row));
    Ok(Reply::text(200, "text/plain", rows.take(MAXIMUM).count().to_string()))
}

/// Answers one row, or 304 if the client already has this version.
pub(super) fn single(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let shape = expanded(service, operation, index, shape(table, operation)?)?;
    let row = service.existing(index, &address(table, key)?)?;
    let known = operation.request.header("if-none-match") == Some(etag(row).as_str());
    if known && !shape.annotates() && !operation.query.has("$expand") {
        return Ok(Reply::empty(304).with("ETag", etag(row)));
    }
    let context = operation.context(&format!("{}{}/$entity", table.set, shape.selected));
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context.into());
    body.extend(service.render(index, row, &shape));
    Ok(Reply::json(200, &Value::Object(body)).with("ETag", etag(row)))
}

/// Answers one column of a row.
pub(super) fn column(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
    name: &str,
) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let row = service.existing(index, &address(table, key)?)?;
    let position = table.property(name).ok_or_else(|| Fault::unknown_segment(name))?;
    let value = property(table, row, position);
    if value.is_null() {
        return Ok(Reply::empty(204));
    }
    let context = operation.context(&format!("{}({})/{name}", table.set, row.id));
    Ok(Reply::json(200, &json!({"@odata.context": context, "value": value})))
}

/// Parses a `$filter` and checks its names and types.
pub(super) fn filter(table: &Table, text: Option<&str>) -> Result<Option<Expression>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let expression = parse(text).map_err(|error| match error {
        FilterError::Syntax => Fault::new(400, "0x0", format!("Syntax error in the filter '{text}'.")),
        FilterError::Lambda | FilterError::In => Fault::query(error.to_string()),
    })?;
    let mut unknown = None;
    expression.visit_properties(&mut |name| {
        if table.property(name).is_none() {
            unknown.get_or_insert_with(|| Fault::unknown_in_query(name, table.logical_name));
        }
    });
    match unknown {
        Some(fault) => Err(fault),
        None => check_types(table, &expression).map(|()| Some(expression)),
    }
}

/// Refuses comparisons that Dataverse refuses, such as text with a number.
fn check_types(table: &Table, expression: &Expression) -> Result<(), Fault> {
    match expression {
        Expression::And(left, right) | Expression::Or(left, right) => {
            check_types(table, left)?;
            check_types(table, right)
        }
        Expression::Not(inner) => check_types(table, inner),
        Expression::Compare { left: Operand::Property(name), right, .. } => {
            let kind = table.property(name).map(|position| &table.columns[position].kind);
            if kind.is_none_or(|kind| comparable(kind, right)) {
                return Ok(());
            }
            let message = format!(
                "A binary operator with incompatible types was detected. Found operand of type '{}' for '{name}'.",
                kind.map_or("", Kind::edm)
            );
            Err(Fault::new(400, "0x0", message))
        }
        Expression::Compare { .. }
        | Expression::Search { .. }
        | Expression::OneOf { .. }
        | Expression::Holds(_) => Ok(()),
    }
}

fn comparable(kind: &Kind, operand: &Operand) -> bool {
    match operand {
        Operand::Null | Operand::Property(_) => true,
        Operand::Text(text) => match kind.edm() {
            "Edm.String" => true,
            "Edm.Guid" => uuid::Uuid::parse_str(text).is_ok(),
            _ => false,
        },
        Operand::Number(_) => matches!(kind.edm(), "Edm.Int32" | "Edm.Int64" | "Edm.Decimal"),
        Operand::Guid(_) => kind.edm() == "Edm.Guid",
        Operand::Moment(_) => kind.edm() == "Edm.DateTimeOffset",
        Operand::Boolean(_) => kind.edm() == "Edm.Boolean",
    }
}

fn accepts(table: &Table, filter: Option<&Expression>, row: &Row) -> bool {
    let Some(filter) = filter else { return true };
    filter.holds(Dialect::Dataverse, &|name| match table.property(name) {
        Some(position) => property(table, row, position),
        None => Cow::Owned(Value::Null),
    })
}

fn check_order(table: &Table, order: &[OrderBy]) -> Result<(), Fault> {
    match order.iter().find(|key| table.property(&key.property).is_none()) {
        Some(key) => Err(Fault::unknown_in_query(&key.property, table.logical_name)),
        None => Ok(()),
    }
}

fn compare_rows(table: &Table, order: &[OrderBy], left: &Row, right: &Row) -> Ordering {
    for key in order {
        let Some(position) = table.property(&key.property) else {
            continue;
        };
        let order = compare_values(&property(table, left, position), &property(table, right, position));
        let order = if key.descending { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.id.cmp(&right.id)
}

/// Nulls come first, numbers by value, everything else as text without case.
fn compare_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => {
            super::values::as_decimal(left).cmp(&super::values::as_decimal(right))
        }
        (Value::String(left), Value::String(right)) => left.to_lowercase().cmp(&right.to_lowercase()),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => right.is_null().cmp(&left.is_null()),
    }
}
