//! Reading a page: lists with filter, order and pages, single rows, counts.

use serde_json::{Map, Value};

use super::page::Page;
use super::route::company_name;
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::filter::Filter;
use crate::sim::business_central::order::{Order, sort};
use crate::sim::business_central::page::Position;
use crate::sim::business_central::read::{next_link, start};
use crate::sim::business_central::render::{columns, etag};
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::http::Reply;
use crate::sim::store::{Row, key_text};

/// Answers a collection.
pub(super) fn list(service: &Service, operation: &Operation<'_>, page: &Page) -> Result<Reply, Fault> {
    let shown = selected(operation, page)?;
    let order = Order::parse(&page.set, operation.query.get("$orderby"))?;
    let start = start(operation)?;
    let take = service.page_size(operation).min(start.left.unwrap_or(usize::MAX));
    let all = matching(service, operation, page)?;
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(service, operation, page).into());
    if operation.query.get("$count") == Some("true") {
        body.insert("@odata.count".to_owned(), all.len().into());
    }
    let mut rows: Vec<&Row> = all.iter().collect();
    let key = page.set.key_position();
    match start.after_key.as_deref().filter(|_| order.is_empty()) {
        Some(after) => rows.retain(|row| key_text(&row.values[key]).as_deref() > Some(after)),
        None => {
            sort(service, &page.set, &order, &mut rows);
            rows.drain(..start.shown.min(rows.len()));
        }
    }
    let more = rows.len() > take;
    rows.truncate(take);
    let values = rows.iter().map(|row| Value::Object(render(page, row, &shown)));
    body.insert("value".to_owned(), values.collect());
    let left = start.left.map(|left| left - rows.len());
    if let Some(last) = rows.last().filter(|_| more && left != Some(0)) {
        let next = Position { after_key: key_text(&last.values[key]), shown: start.shown + rows.len(), left };
        body.insert("@odata.nextLink".to_owned(), next_link(operation, &next).into());
    }
    Ok(Reply::json(200, &Value::Object(body)))
}

/// Answers `Page/$count`.
pub(super) fn count(service: &Service, operation: &Operation<'_>, page: &Page) -> Result<Reply, Fault> {
    let count = matching(service, operation, page)?.len();
    Ok(Reply::text(200, "text/plain", count.to_string()))
}

/// Answers with a row of the page's set.
pub(super) fn shown(
    service: &Service,
    operation: &Operation<'_>,
    page: &Page,
    row: &Row,
    status: u16,
) -> Result<Reply, Fault> {
    let shown = selected(operation, page)?;
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), format!("{}/$entity", context(service, operation, page)).into());
    body.extend(render(page, &page.seen(service, row), &shown));
    Ok(Reply::json(status, &Value::Object(body)).with("ETag", etag(row)))
}

/// Returns the rows a filter accepts as the page shows them, by key.
fn matching(service: &Service, operation: &Operation<'_>, page: &Page) -> Result<Vec<Row>, Fault> {
    let text = operation.query.get("$filter");
    let filter = Filter::parse(&page.set, text, service.switches.refuses_in)?;
    let rows = service.store.rows(page.table).after_key(None).filter_map(|row| service.listed(row));
    let seen = rows.map(|row| page.seen(service, row));
    let accepts = |row: &Row| filter.as_ref().is_none_or(|filter| filter.accepts(service, &page.set, row));
    Ok(seen.filter(accepts).collect())
}

fn selected(operation: &Operation<'_>, page: &Page) -> Result<Vec<usize>, Fault> {
    match operation.query.get("$expand") {
        Some(navigation) => Err(Fault::unknown_in_query(navigation, page.set.entity)),
        None => columns(&page.set, operation.query.get("$select")),
    }
}

fn render(page: &Page, row: &Row, shown: &[usize]) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("@odata.etag".to_owned(), Value::String(etag(row)));
    for &position in shown {
        body.insert(page.set.columns[position].name.to_owned(), row.values[position].clone());
    }
    body
}

fn context(service: &Service, operation: &Operation<'_>, page: &Page) -> String {
    let company = company_name(service).replace('\'', "''");
    format!("{}/$metadata#Company('{}')/{}", operation.api, company.replace(' ', "%20"), page.set.name)
}
