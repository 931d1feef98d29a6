//! Reading committed rows: lists with filter, order and pages, single rows, counts.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Value};

use super::schema::{Origin, Source, View};
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::filter::Filter;
use crate::sim::business_central::order::compare;
use crate::sim::business_central::page::Position;
use crate::sim::business_central::read::{next_link, start};
use crate::sim::business_central::render::{columns, etag};
use crate::sim::business_central::schema::Kind;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::business_central::values::unescaped;
use crate::sim::http::Reply;
use crate::sim::odata::filter::{Dialect, Expression, Operand, Operator};
use crate::sim::odata::path::Key;
use crate::sim::odata::select::{OrderBy, order_by};
use crate::sim::store::Row;

/// Answers a collection.
pub(super) fn list(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let view = &service.companion.views[index];
    let shown = selected(view, operation)?;
    let filter = checked_filter(service, view, operation)?;
    let order = checked_order(view, operation)?;
    let start = start(operation)?;
    let take = service.page_size(operation).min(start.left.unwrap_or(usize::MAX));
    let matching = matching(service, operation, view, filter.as_ref())?;
    let count = matching.len();
    let order = Order::new(view, &order);
    let (page, more) = page(service, &order, matching, &start, take);
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(service, operation, view).into());
    if operation.query.get("$count") == Some("true") {
        body.insert("@odata.count".to_owned(), count.into());
    }
    let rows = page.iter().map(|(view, row)| Value::Object(render(service, view, row, &shown)));
    body.insert("value".to_owned(), rows.collect());
    let left = start.left.map(|left| left - page.len());
    if let Some((view, last)) = page.last().filter(|_| more && left != Some(0)) {
        let next =
            Position { after_key: order.mark(service, view, last), shown: start.shown + page.len(), left };
        body.insert("@odata.nextLink".to_owned(), next_link(operation, &next).into());
    }
    Ok(Reply::json(200, &Value::Object(body)))
}

/// Answers `set/$count`.
pub(super) fn count(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let view = &service.companion.views[index];
    let filter = checked_filter(service, view, operation)?;
    let count = matching(service, operation, view, filter.as_ref())?.len();
    Ok(Reply::text(200, "text/plain", count.to_string()))
}

/// Answers one row.
pub(super) fn single(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let view = &service.companion.views[index];
    match view.origin {
        Origin::Table(_) => shown(service, operation, index, committed(service, view, key)?, 200),
        Origin::Made(make) => {
            let id = key.id("id").ok_or_else(|| Fault::not_found(view.set.name))?;
            let rows = make(service, operation)?;
            let row = rows.iter().find(|row| row.id == id).ok_or_else(|| Fault::not_found(view.set.name))?;
            shown(service, operation, index, row, 200)
        }
    }
}

/// Answers with a row.
pub(super) fn shown(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    row: &Row,
    status: u16,
) -> Result<Reply, Fault> {
    let view = &service.companion.views[index];
    let shown = selected(view, operation)?;
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), format!("{}/$entity", context(service, operation, view)).into());
    body.extend(render(service, view, row, &shown));
    Ok(Reply::json(status, &Value::Object(body)).with("ETag", etag(row)))
}

/// Returns the addressed row as it was committed.
pub(super) fn committed<'a>(service: &'a Service, view: &View, key: &Key) -> Result<&'a Row, Fault> {
    let id = key.id("id").ok_or_else(|| Fault::bad_request("The key of the entity is not a valid guid."))?;
    let row = view.table().and_then(|table| service.store.rows(table).get(&id));
    let row = row.and_then(|row| service.listed(row)).filter(|row| view.holds(service, row));
    row.ok_or_else(|| Fault::not_found(view.set.name))
}

fn render(service: &Service, view: &View, row: &Row, shown: &[usize]) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("@odata.etag".to_owned(), Value::String(etag(row)));
    for &position in shown {
        let name = view.set.columns[position].name;
        body.insert(name.to_owned(), view.value(service, row, position).into_owned());
    }
    body
}

fn context(service: &Service, operation: &Operation<'_>, view: &View) -> String {
    format!("{}/$metadata#companies({})/{}", operation.api, service.company(), view.set.name)
}

fn selected(view: &View, operation: &Operation<'_>) -> Result<Vec<usize>, Fault> {
    match operation.query.get("$expand") {
        Some(navigation) => Err(Fault::unknown_in_query(navigation, view.set.entity)),
        None => columns(&view.set, operation.query.get("$select")),
    }
}

fn checked_filter(
    service: &Service,
    view: &View,
    operation: &Operation<'_>,
) -> Result<Option<Filter>, Fault> {
    let text = operation.query.get("$filter");
    let filter = Filter::parse(&view.set, text, service.switches.refuses_in)?;
    let mut refused = None;
    if let Some(filter) = &filter {
        filter.expression.visit_properties(&mut |name| {
            if let Err(fault) = check_searchable(view, name, "$filter") {
                refused.get_or_insert(fault);
            }
        });
    }
    refused.map_or(Ok(filter), Err)
}

fn checked_order(view: &View, operation: &Operation<'_>) -> Result<Vec<OrderBy>, Fault> {
    let order = order_by(operation.query.get("$orderby"));
    for key in &order {
        check_searchable(view, &key.property, "$orderby")?;
    }
    Ok(order)
}

/// What page code works out is no column of the database.
fn check_searchable(view: &View, name: &str, option: &str) -> Result<(), Fault> {
    let position = view.set.position(name).ok_or_else(|| Fault::unknown_in_query(name, view.set.entity))?;
    if view.properties[position].unfiltered {
        return Err(Fault::bad_request(format!(
            "The property '{name}' cannot be used in the '{option}' query option."
        )));
    }
    Ok(())
}

/// A row with the view it is seen through: a set may be spread over tables, each with a view of its own.
type Found<'a> = (&'a View, Cow<'a, Row>);

/// Returns the committed rows a filter accepts, in no order.
fn matching<'a>(
    service: &'a Service,
    operation: &Operation<'_>,
    of: &View,
    filter: Option<&Filter>,
) -> Result<Vec<Found<'a>>, Fault> {
    let mut found = Vec::new();
    for view in service.companion.views.iter().filter(|view| view.set.name == of.set.name) {
        let rows: Vec<Cow<'a, Row>> = match view.origin {
            Origin::Made(make) => make(service, operation)?.into_iter().map(Cow::Owned).collect(),
            Origin::Table(table) => {
                let since = filter.map_or(0, |filter| versions_after(&filter.expression));
                let changed = service.store.rows(table).changed(since, u64::MAX);
                let listed = changed.filter_map(|row| service.listed(row));
                listed.filter(|row| view.holds(service, row)).map(Cow::Borrowed).collect()
            }
        };
        let accepted =
            rows.into_iter().filter(|row| filter.is_none_or(|filter| accepts(service, view, filter, row)));
        found.extend(accepted.map(|row| (view, row)));
    }
    Ok(found)
}

/// Returns the version above which all rows lie that a filter can accept.
fn versions_after(expression: &Expression) -> u64 {
    match expression {
        Expression::And(left, right) => versions_after(left).max(versions_after(right)),
        Expression::Compare {
            left: Operand::Property(name),
            operator: Operator::Greater,
            right: Operand::Number(version),
        } if name == "rowVersion" => version.to_u64().unwrap_or_default(),
        _ => 0,
    }
}

fn accepts(service: &Service, view: &View, filter: &Filter, row: &Row) -> bool {
    let plain = |name: &str| view.named(service, row, name);
    filter.expression.holds(Dialect::BusinessCentral, &plain)
        || filter.names_enum
            && filter.expression.holds(Dialect::BusinessCentral, &|name| captioned(service, view, row, name))
}

fn captioned<'a>(service: &Service, view: &View, row: &'a Row, name: &str) -> Cow<'a, Value> {
    let value = view.named(service, row, name);
    match view.set.position(name).map(|position| &view.set.columns[position].kind) {
        Some(Kind::Enum(..)) => Cow::Owned(Value::String(unescaped(value.as_str().unwrap_or_default()))),
        _ => value,
    }
}

/// How a list is ordered. In the two orders that are unique a page goes on after the last row shown.
enum Order<'a> {
    RowVersion,
    Key,
    Sent(&'a [OrderBy]),
}

impl<'a> Order<'a> {
    fn new(view: &View, sent: &'a [OrderBy]) -> Self {
        match sent {
            [] => Self::Key,
            [only] if !only.descending && is_row_version(view, &only.property) => Self::RowVersion,
            _ => Self::Sent(sent),
        }
    }

    /// Returns the place of a row in a unique order.
    fn mark(&self, service: &Service, view: &View, row: &Row) -> Option<String> {
        match self {
            Self::RowVersion => Some(format!("{:020}", service.row_version(view.table(), row))),
            Self::Key => {
                let parts = view.order.iter().map(|position| sortable(&view.value(service, row, *position)));
                let parts: Vec<_> = parts.chain([row.id.to_string()]).collect();
                Some(parts.join("\u{1}"))
            }
            Self::Sent(_) => None,
        }
    }
}

fn is_row_version(view: &View, name: &str) -> bool {
    let position = view.set.position(name);
    position.is_some_and(|position| matches!(view.properties[position].source, Source::RowVersion))
}

/// Returns a text that sorts as the value does.
fn sortable(value: &Value) -> String {
    match value {
        Value::Number(number) => {
            let number: Decimal = number.to_string().parse().unwrap_or_default();
            format!("{:040.5}", number + Decimal::from(1_000_000_000_000_000_i64))
        }
        Value::String(text) => text.to_uppercase(),
        other => other.to_string(),
    }
}

/// Returns the rows of a page, and whether there are more.
fn page<'a>(
    service: &Service,
    order: &Order<'_>,
    mut rows: Vec<Found<'a>>,
    start: &Position,
    take: usize,
) -> (Vec<Found<'a>>, bool) {
    let mut page: Vec<_> = match order {
        Order::Sent(keys) => {
            rows.sort_by(|left, right| compare_rows(service, keys, left, right));
            rows.into_iter().skip(start.shown).collect()
        }
        Order::RowVersion | Order::Key => {
            let after = start.after_key.as_deref();
            let mut marked: Vec<_> =
                rows.into_iter().map(|found| (order.mark(service, found.0, &found.1), found)).collect();
            marked.retain(|(mark, _)| after.is_none_or(|after| mark.as_deref() > Some(after)));
            marked.sort_by(|(left, _), (right, _)| left.cmp(right));
            let skip = if after.is_some() { 0 } else { start.shown };
            marked.into_iter().map(|(_, found)| found).skip(skip).collect()
        }
    };
    let more = page.len() > take;
    page.truncate(take);
    (page, more)
}

fn compare_rows(service: &Service, keys: &[OrderBy], left: &Found<'_>, right: &Found<'_>) -> Ordering {
    for key in keys {
        let [left, right] = [left, right].map(|(view, row)| view.named(service, row, &key.property));
        let order = compare(&left, &right);
        let order = if key.descending { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
