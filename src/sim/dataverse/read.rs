//! Reading rows: lists with filter, order and pages, single rows, counts.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::apply;
use super::error::Fault;
use super::expand::expanded;
use super::filter::{Filter, filter};
use super::link::{Operation, address};
use super::position::{Position, next_link, page_number, position};
use super::render::{Shape, etag, property, shape};
use super::schema::Table;
use super::service::Service;
use super::switches::Switch;
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;
use crate::sim::odata::select::{OrderBy, order_by};
use crate::sim::store::Row;

/// The page size nobody can exceed, and the most `$count` tells.
pub(super) const MAXIMUM: usize = 5000;
const REFUSED: &[&str] = &["$skip", "$search", "$format", "$compute", "$levels"];
const UNSUPPORTED: &[&str] = &["sql"];

/// The rows a list is about.
pub(super) enum Source<'a> {
    WholeTable,
    Rows(Vec<&'a Row>),
}

/// Answers a collection.
pub(super) fn list(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    if operation.query.has("fetchXml") {
        return super::fetch::answer(service, operation, index);
    }
    if operation.query.has("$apply") {
        return apply::answer(service, operation, index);
    }
    let set = &service.tables[index].set;
    list_of(service, operation, index, set, &Source::WholeTable)
}

/// Answers some rows of a table, which stand at `path`.
pub(super) fn list_of(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    path: &str,
    source: &Source<'_>,
) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let query = &operation.query;
    check_options(operation)?;
    let shape = expanded(service, operation, index, shape(table, operation)?)?;
    let caller = service.caller(operation.request)?;
    let filter = filter(service, index, query.with_aliases("$filter").as_deref(), caller.user)?;
    let order = order_by(query.with_aliases("$orderby").as_deref());
    check_order(table, &order)?;
    let matching = |row: &&Row| filter.as_ref().is_none_or(|filter: &Filter| filter.accepts(service, row));
    let top = top(operation)?;
    let size = top.unwrap_or_else(|| service.page_size(operation));
    let position = position(operation)?;
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        operation.context(&format!("{}{}", table.set, shape.selected)).into(),
    );
    insert_metadata_version(service, &mut body, &shape);
    let count = || rows_of(service, index, source).filter(matching).take(MAXIMUM + 1).count();
    insert_count(&mut body, operation, &shape, &count);
    if let Some(position) = position.as_ref().filter(|_| is_empty_page(service, operation)) {
        body.insert("value".to_owned(), json!([]));
        body.insert("@odata.nextLink".to_owned(), next_link(operation, path, position).into());
        return Ok(Reply::json(200, &Value::Object(body)));
    }
    let rows = page(service, index, source, &order, (position.as_ref(), size), &matching)?;
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
        body.insert("@odata.nextLink".to_owned(), next_link(operation, path, &next).into());
    }
    Ok(Reply::json(200, &Value::Object(body)))
}

/// Returns whether this page is one of those that hold nothing and link to the next.
pub(super) fn is_empty_page(service: &Service, operation: &Operation<'_>) -> bool {
    service.switched(&Switch::EmptyPages) && page_number(operation.query.get("$skiptoken")).is_multiple_of(2)
}

/// Adds the version of the metadata, by which clients learn that it changed.
fn insert_metadata_version(service: &Service, body: &mut Map<String, Value>, shape: &Shape) {
    let name = "Microsoft.Dynamics.CRM.globalmetadataversion";
    if shape.wants(name) {
        body.insert(format!("@{name}"), service.metadata_version.to_string().into());
    }
}

/// Adds how many rows there are, and the annotations that tell whether these are all.
fn insert_count(
    body: &mut Map<String, Value>,
    operation: &Operation<'_>,
    shape: &Shape,
    count: &dyn Fn() -> usize,
) {
    let count = (operation.query.get("$count") == Some("true")).then(count);
    if let Some(count) = count {
        body.insert("@odata.count".to_owned(), count.min(MAXIMUM).into());
    }
    let total = "Microsoft.Dynamics.CRM.totalrecordcount";
    if shape.wants(total) {
        let told = count.map_or(json!(-1), |count| json!(count.min(MAXIMUM)));
        body.insert(format!("@{total}"), told);
        let exceeded = count.is_some_and(|count| count > MAXIMUM);
        body.insert(format!("@{total}limitexceeded"), exceeded.into());
    }
}

pub(super) fn check_options(operation: &Operation<'_>) -> Result<(), Fault> {
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

fn rows_of<'a>(
    service: &'a Service,
    index: usize,
    source: &'a Source<'a>,
) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
    match source {
        Source::WholeTable => Box::new(service.store.rows(index).iter()),
        Source::Rows(rows) => Box::new(rows.iter().copied()),
    }
}

/// Returns the rows of a page of this size from a position on, and one more if there is one.
fn page<'a>(
    service: &'a Service,
    index: usize,
    source: &'a Source<'a>,
    order: &[OrderBy],
    (position, size): (Option<&Position>, usize),
    matching: &dyn Fn(&&Row) -> bool,
) -> Result<Vec<&'a Row>, Fault> {
    let malformed = || Fault::query("The paging cookie does not fit the query.");
    let most = size.saturating_add(1);
    if order.is_empty() {
        let after = match position {
            None => None,
            Some(Position::AfterId(id)) => Some(*id),
            Some(_) => return Err(malformed()),
        };
        if let Source::WholeTable = source {
            return Ok(service
                .store
                .rows(index)
                .after(after)
                .filter(|row| matching(row))
                .take(most)
                .collect());
        }
        let mut rows: Vec<_> = rows_of(service, index, source).filter(|row| Some(row.id) > after).collect();
        rows.sort_by_key(|row| row.id);
        return Ok(rows.into_iter().filter(|row| matching(row)).take(most).collect());
    }
    let skipped = match position {
        None => 0,
        Some(Position::AfterRows(count)) => *count,
        Some(_) => return Err(malformed()),
    };
    let mut sorted: Vec<_> = rows_of(service, index, source).filter(|row| matching(row)).collect();
    sort(&service.tables[index], order, &mut sorted);
    Ok(sorted.into_iter().skip(skipped).take(most).collect())
}

/// Answers `set/$count`.
pub(super) fn count(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    count_of(service, operation, index, &Source::WholeTable)
}

/// Answers how many rows of a source pass the filter.
pub(super) fn count_of(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    source: &Source<'_>,
) -> Result<Reply, Fault> {
    let caller = service.caller(operation.request)?;
    let filter = filter(service, index, operation.query.with_aliases("$filter").as_deref(), caller.user)?;
    let passes = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.accepts(service, row));
    let count = rows_of(service, index, source).filter(passes).take(MAXIMUM).count();
    Ok(Reply::text(200, "text/plain", count.to_string()))
}

/// Answers one row, or 304 if the client already has this version.
pub(super) fn single(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let row = service.existing(index, &address(&service.tables[index], key)?)?;
    row_reply(service, operation, index, row)
}

/// Answers with a row.
pub(super) fn row_reply(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    row: &Row,
) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let shape = expanded(service, operation, index, shape(table, operation)?)?;
    let known = operation.request.header("if-none-match") == Some(etag(row).as_str());
    if known && table.versions && !shape.annotates() && !operation.query.has("$expand") {
        return Ok(Reply::empty(304).with("ETag", etag(row)));
    }
    let context = operation.context(&format!("{}{}/$entity", table.set, shape.selected));
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context.into());
    insert_metadata_version(service, &mut body, &shape);
    body.extend(service.render(index, row, &shape));
    Ok(Reply::json(200, &Value::Object(body)).with("ETag", etag(row)))
}

pub(super) fn check_order(table: &Table, order: &[OrderBy]) -> Result<(), Fault> {
    match order.iter().find(|key| table.property(&key.property).is_none()) {
        Some(key) => Err(Fault::unknown_in_query(&key.property, &table.logical_name)),
        None => Ok(()),
    }
}

/// Sorts rows; those that tie stay in the order of their ids.
pub(super) fn sort(table: &Table, order: &[OrderBy], rows: &mut [&Row]) {
    rows.sort_by(|left, right| compare_rows(table, order, left, right));
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
pub(super) fn compare_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => {
            super::values::as_decimal(left).cmp(&super::values::as_decimal(right))
        }
        (Value::String(left), Value::String(right)) => left.to_lowercase().cmp(&right.to_lowercase()),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => right.is_null().cmp(&left.is_null()),
    }
}
