//! Reading rows: lists with filter, order and pages, single rows, counts.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Fault;
use super::page::Position;
use super::render::etag;
use super::schema::{Kind, Set};
use super::service::{Operation, Service};
use super::values::{as_decimal, unescaped};
use crate::sim::http::Reply;
use crate::sim::odata::filter::{Dialect, Expression, FilterError, Operand, parse};
use crate::sim::odata::path::Key;
use crate::sim::odata::select::{OrderBy, order_by};
use crate::sim::store::{Row, key_text};

/// The page size nobody can exceed.
pub(super) const MAXIMUM: usize = 20_000;

/// A filter that passed the checks.
struct Filter {
    expression: Expression,
    /// Enum literals come escaped or as captions, so such a filter is tried both ways.
    names_enum: bool,
}

/// Answers a collection.
pub(super) fn list(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let set = &service.sets[index];
    let query = &operation.query;
    let shape = service.shape(index, query.get("$select"), query.get("$expand"))?;
    let filter = filter(set, query.get("$filter"))?;
    let order = checked_order(set, operation)?;
    let start = start(operation)?;
    let size = service.page_size(operation);
    let take = size.min(start.left.unwrap_or(usize::MAX));
    let matching = |row: &&Row| accepts(service, set, filter.as_ref(), row);
    let mut rows = ordered(service, index, &order, &start, take.saturating_add(1), &matching);
    let more = rows.len() > take;
    rows.truncate(take);
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(service, operation, set).into());
    if query.get("$count") == Some("true") {
        let count = service.store.rows(index).iter().filter(matching).count();
        body.insert("@odata.count".to_owned(), count.into());
    }
    body.insert(
        "value".to_owned(),
        rows.iter().map(|row| Value::Object(service.render(index, row, &shape))).collect(),
    );
    let left = start.left.map(|left| left - rows.len());
    if let Some(last) = rows.last().filter(|_| more && left != Some(0)) {
        let after_key = key_text(&last.values[set.key_position()]);
        let next = Position { after_key, shown: start.shown + rows.len(), left };
        body.insert("@odata.nextLink".to_owned(), next_link(operation, &next).into());
    }
    Ok(Reply::json(200, &Value::Object(body)))
}

/// Reads `$orderby`.
fn checked_order(set: &Set, operation: &Operation<'_>) -> Result<Vec<OrderBy>, Fault> {
    let order = order_by(operation.query.get("$orderby"));
    match order.iter().find(|key| set.shown(&key.property).is_none()) {
        Some(key) => Err(Fault::unknown_in_query(&key.property, set.entity)),
        None => Ok(order),
    }
}

/// Returns where the page starts: at a skip token, or at `$skip` with `$top` still to give.
fn start(operation: &Operation<'_>) -> Result<Position, Fault> {
    if let Some(token) = operation.query.get("$skiptoken") {
        return Position::parse(token);
    }
    let number = |name: &str| {
        let value = operation.query.get(name).map(str::parse::<usize>).transpose();
        value.map_err(|_| Fault::bad_request(format!("The value of '{name}' must be a non-negative number.")))
    };
    Ok(Position { after_key: None, shown: number("$skip")?.unwrap_or(0), left: number("$top")? })
}

fn next_link(operation: &Operation<'_>, next: &Position) -> String {
    let kept = operation.query.without(&["$skiptoken", "$skip", "aid"]);
    let separator = if kept.is_empty() { "" } else { "&" };
    let path = &operation.request.path;
    format!("{}{path}?aid=FIRST&{kept}{separator}$skiptoken={}", operation.request.base, next.token())
}

/// Returns the rows of a page: by key from where the last one ended, or counted off an explicit order.
fn ordered<'a>(
    service: &'a Service,
    index: usize,
    order: &[OrderBy],
    start: &Position,
    take: usize,
    matching: &dyn Fn(&&Row) -> bool,
) -> Vec<&'a Row> {
    let rows = service.store.rows(index);
    if order.is_empty() {
        let skip = if start.after_key.is_some() { 0 } else { start.shown };
        let rows = rows.after_key(start.after_key.as_deref()).filter_map(|row| service.listed(row));
        let listed = rows.filter(|row| matching(row));
        return listed.skip(skip).take(take).collect();
    }
    let set = &service.sets[index];
    let listed = rows.after_key(None).filter_map(|row| service.listed(row));
    let mut sorted: Vec<_> = listed.filter(|row| matching(row)).collect();
    sorted.sort_by(|left, right| compare_rows(service, set, order, left, right));
    sorted.into_iter().skip(start.shown).take(take).collect()
}

/// Answers `set/$count`.
pub(super) fn count(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let set = &service.sets[index];
    let filter = filter(set, operation.query.get("$filter"))?;
    let count =
        service.store.rows(index).iter().filter(|row| accepts(service, set, filter.as_ref(), row)).count();
    Ok(Reply::text(200, "text/plain", count.to_string()))
}

/// Answers one row.
pub(super) fn single(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let row = existing(service, index, key)?;
    shown(service, operation, index, row, 200)
}

/// Answers with a row.
pub(super) fn shown(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    row: &Row,
    status: u16,
) -> Result<Reply, Fault> {
    let set = &service.sets[index];
    let shape = service.shape(index, operation.query.get("$select"), operation.query.get("$expand"))?;
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), format!("{}/$entity", context(service, operation, set)).into());
    body.extend(service.render(index, row, &shape));
    Ok(Reply::json(status, &Value::Object(body)).with("ETag", etag(row)))
}

/// Returns the addressed row; the only key is the id.
pub(super) fn existing<'a>(service: &'a Service, index: usize, key: &Key) -> Result<&'a Row, Fault> {
    let set = &service.sets[index];
    let by_name = match key {
        Key::Named(pairs) if set.name == "companies" => pairs.iter().find(|(name, _)| name == "name"),
        _ => None,
    };
    if let Some((_, name)) = by_name {
        let row = service.store.rows(index).by_key(set.key_position(), &Value::from(name.as_str()));
        return row.ok_or_else(|| Fault::not_found(set.name));
    }
    let id: Uuid =
        key.id("id").ok_or_else(|| Fault::bad_request("The key of the entity is not a valid guid."))?;
    service.store.rows(index).get(&id).ok_or_else(|| Fault::not_found(set.name))
}

fn context(service: &Service, operation: &Operation<'_>, set: &Set) -> String {
    match set.name {
        "companies" => format!("{}/$metadata#companies", operation.api),
        name => format!("{}/$metadata#companies({})/{name}", operation.api, service.company()),
    }
}

/// Parses a `$filter`. Lambdas and `in` are ignored, which returns everything: so does the product.
fn filter(set: &Set, text: Option<&str>) -> Result<Option<Filter>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let expression = match parse(text) {
        Ok(expression) => expression,
        Err(FilterError::Lambda | FilterError::In) => return Ok(None),
        Err(FilterError::Syntax) => {
            return Err(Fault::bad_request(format!("Syntax error in the filter '{text}'.")));
        }
    };
    let mut unknown = None;
    expression.visit_properties(&mut |name| {
        if set.shown(name).is_none() {
            unknown.get_or_insert_with(|| Fault::unknown_in_query(name, set.entity));
        }
    });
    if let Some(fault) = unknown {
        return Err(fault);
    }
    if expression.has_or_over_properties() {
        let message = "The 'OR' operator is not supported on distinct fields on an OData filter.";
        return Err(Fault::new(501, "BadRequest_MethodNotImplemented", message));
    }
    check_literals(set, &expression)?;
    let mut names_enum = false;
    expression.visit_properties(&mut |name| names_enum |= is_enum(set, name));
    Ok(Some(Filter { expression, names_enum }))
}

/// A literal longer than its field is refused.
fn check_literals(set: &Set, expression: &Expression) -> Result<(), Fault> {
    match expression {
        Expression::And(left, right) | Expression::Or(left, right) => {
            check_literals(set, left)?;
            check_literals(set, right)
        }
        Expression::Not(inner) => check_literals(set, inner),
        Expression::Compare { left: Operand::Property(name), right: Operand::Text(text), .. } => {
            let max = set.position(name).and_then(|position| set.columns[position].kind.max_length());
            if max.is_none_or(|max| text.encode_utf16().count() <= max) {
                return Ok(());
            }
            let message =
                format!("The filter '{text}' is not valid for the field '{name}'. The value is too long.");
            Err(Fault::new(400, "Application_FilterErrorException", message))
        }
        Expression::Compare { .. }
        | Expression::Search { .. }
        | Expression::OneOf { .. }
        | Expression::Holds(_) => Ok(()),
    }
}

fn accepts(service: &Service, set: &Set, filter: Option<&Filter>, row: &Row) -> bool {
    let Some(Filter { expression, names_enum }) = filter else {
        return true;
    };
    expression.holds(Dialect::BusinessCentral, &|name| named(service, set, row, name))
        || *names_enum
            && expression.holds(Dialect::BusinessCentral, &|name| captioned(service, set, row, name))
}

fn named<'a>(service: &Service, set: &Set, row: &'a Row, name: &str) -> Cow<'a, Value> {
    set.position(name).map_or(Cow::Owned(Value::Null), |position| service.property(set, row, position))
}

fn captioned<'a>(service: &Service, set: &Set, row: &'a Row, name: &str) -> Cow<'a, Value> {
    let value = named(service, set, row, name);
    match set.position(name).map(|position| &set.columns[position].kind) {
        Some(Kind::Enum(..)) => Cow::Owned(Value::String(unescaped(value.as_str().unwrap_or_default()))),
        _ => value,
    }
}

fn is_enum(set: &Set, name: &str) -> bool {
    let kind = set.position(name).map(|position| &set.columns[position].kind);
    matches!(kind, Some(Kind::Enum(..)))
}

fn compare_rows(service: &Service, set: &Set, order: &[OrderBy], left: &Row, right: &Row) -> Ordering {
    for key in order {
        let Some(position) = set.position(&key.property) else {
            continue;
        };
        let order =
            compare_values(&service.property(set, left, position), &service.property(set, right, position));
        let order = if key.descending { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn compare_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => as_decimal(left).cmp(&as_decimal(right)),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
            text(left).cmp(&text(right))
        }
    }
}
