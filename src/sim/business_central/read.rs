//! Reading rows: lists with filter, order and pages, single rows, counts.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Fault;
use super::filter::Filter;
use super::navigate::Within;
use super::order::{Order, sort};
use super::page::Position;
use super::render::etag;
use super::schema::{Role, Set};
use super::service::{Operation, Service};
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;
use crate::sim::store::{Row, key_text};

/// The page size nobody can exceed.
pub(super) const MAXIMUM: usize = 20_000;

/// Which rows of a set are meant.
struct Wanted {
    filter: Option<Filter>,
    within: Option<Within>,
}

impl Wanted {
    fn read(
        service: &Service,
        operation: &Operation<'_>,
        index: usize,
        within: Option<&Within>,
    ) -> Result<Self, Fault> {
        let set = &service.sets[index];
        let filter = Filter::parse(set, operation.query.get("$filter"), service.switches.refuses_in)?;
        let wanted = Self { filter, within: within.cloned() };
        let pins = |name| wanted.filter.as_ref().is_some_and(|filter| filter.pins(name));
        if matches!(set.role, Role::Line(_)) && within.is_none() && !pins("documentId") && !pins("id") {
            return Err(Fault::dialog("You must specify an Id or a Document Id to get the lines."));
        }
        Ok(wanted)
    }

    fn accepts(&self, service: &Service, set: &Set, row: &Row) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.accepts(service, set, row))
    }

    /// Returns the rows by key, as lists show them.
    fn rows<'a>(
        &self,
        service: &'a Service,
        index: usize,
        after: Option<&str>,
    ) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
        match &self.within {
            Some(within) => {
                let key = service.sets[index].key_position();
                let after = after.map(str::to_owned);
                let rows = service.rows_within(index, within.column, &within.id.to_string());
                Box::new(rows.filter(move |row| after.is_none() || key_text(&row.values[key]) > after))
            }
            None => {
                let rows = service.store.rows(index).after_key(after);
                Box::new(rows.filter_map(|row| service.listed(row)))
            }
        }
    }
}

/// Answers a collection.
pub(super) fn list(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    within: Option<&Within>,
) -> Result<Reply, Fault> {
    let set = &service.sets[index];
    let query = &operation.query;
    let shape = service.shape(index, query.get("$select"), query.get("$expand"))?;
    let wanted = Wanted::read(service, operation, index, within)?;
    let order = Order::parse(set, query.get("$orderby"))?;
    let start = start(operation)?;
    let size = service.page_size(operation);
    let take = size.min(start.left.unwrap_or(usize::MAX));
    let mut rows = ordered(service, index, &order, &start, take.saturating_add(1), &wanted);
    let more = rows.len() > take;
    rows.truncate(take);
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), context(service, operation, set, within).into());
    if query.get("$count") == Some("true") {
        let count = wanted.rows(service, index, None).filter(|row| wanted.accepts(service, set, row)).count();
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

/// Returns where the page starts: at a skip token, or at `$skip` with `$top` still to give.
pub(super) fn start(operation: &Operation<'_>) -> Result<Position, Fault> {
    if let Some(token) = operation.query.get("$skiptoken") {
        return Position::parse(token);
    }
    let number = |name: &str| {
        let value = operation.query.get(name).map(str::parse::<usize>).transpose();
        value.map_err(|_| Fault::bad_request(format!("The value of '{name}' must be a non-negative number.")))
    };
    Ok(Position { after_key: None, shown: number("$skip")?.unwrap_or(0), left: number("$top")? })
}

pub(super) fn next_link(operation: &Operation<'_>, next: &Position) -> String {
    let kept = operation.query.without(&["$skiptoken", "$skip", "aid"]);
    let separator = if kept.is_empty() { "" } else { "&" };
    let path = &operation.request.path;
    format!("{}{path}?aid=FIRST&{kept}{separator}$skiptoken={}", operation.request.base, next.token())
}

/// Returns the rows of a page: by key from where the last one ended, or counted off an explicit order.
fn ordered<'a>(
    service: &'a Service,
    index: usize,
    order: &Order,
    start: &Position,
    take: usize,
    wanted: &Wanted,
) -> Vec<&'a Row> {
    let set = &service.sets[index];
    if order.is_empty() {
        let skip = if start.after_key.is_some() { 0 } else { start.shown };
        let rows = wanted.rows(service, index, start.after_key.as_deref());
        return rows.filter(|row| wanted.accepts(service, set, row)).skip(skip).take(take).collect();
    }
    let rows = wanted.rows(service, index, None);
    let mut sorted: Vec<_> = rows.filter(|row| wanted.accepts(service, set, row)).collect();
    sort(service, set, order, &mut sorted);
    sorted.into_iter().skip(start.shown).take(take).collect()
}

/// Answers `set/$count`.
pub(super) fn count(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    within: Option<&Within>,
) -> Result<Reply, Fault> {
    let set = &service.sets[index];
    let wanted = Wanted::read(service, operation, index, within)?;
    let count = wanted.rows(service, index, None).filter(|row| wanted.accepts(service, set, row)).count();
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
    let context = format!("{}/$entity", context(service, operation, set, None));
    body.insert("@odata.context".to_owned(), context.into());
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

fn context(service: &Service, operation: &Operation<'_>, set: &Set, within: Option<&Within>) -> String {
    let whole = within.map(|within| format!("{}/", within.path)).unwrap_or_default();
    match set.name {
        "companies" => format!("{}/$metadata#companies", operation.api),
        name => format!("{}/$metadata#companies({})/{whole}{name}", operation.api, service.company()),
    }
}
