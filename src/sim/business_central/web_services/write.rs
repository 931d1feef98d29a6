//! Writing through a page: a body is put in the terms of the set and written by its rules, the answer in those of the page.

use serde_json::{Map, Value};

use super::page::{Page, Source};
use super::read::shown;
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::business_central::values::stored;
use crate::sim::business_central::write::{self, body, check_tag, required_tag, unknown_property};
use crate::sim::http::{Reply, Request};
use crate::sim::odata::path::Key;
use crate::sim::odata::query::Query;
use crate::sim::store::Row;

/// Answers `POST Page`.
pub(super) fn create(service: &mut Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let request = translated(service, operation, index)?;
    let table = service.pages[index].table;
    let reply = write::create(service, &within(operation, &request), table, None)?;
    let id = reply.to_json()["id"].as_str().and_then(|id| id.parse().ok());
    let row = id.and_then(|id| service.store.rows(table).get(&id));
    shown(service, operation, &service.pages[index], row.expect("invariant: the row was just stored"), 201)
}

/// Answers `PATCH Page(key)`.
pub(super) fn update(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let row = service.pages[index].existing(service, key)?;
    check_tag(required_tag(operation)?, row)?;
    let id = row.id;
    let request = translated(service, operation, index)?;
    let table = service.pages[index].table;
    write::update(service, &within(operation, &request), table, &Key::Single(id.to_string()))?;
    let row = service.store.rows(table).get(&id).expect("invariant: the row was just stored");
    shown(service, operation, &service.pages[index], row, 200)
}

/// Answers `DELETE Page(key)`.
pub(super) fn delete(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
) -> Result<Reply, Fault> {
    let Row { id, .. } = service.pages[index].existing(service, key)?;
    let key = Key::Single(id.to_string());
    write::delete(service, operation, service.pages[index].table, &key)
}

/// Returns the operation on the set that an operation on the page comes down to.
fn within<'a>(operation: &Operation<'_>, request: &'a Request) -> Operation<'a> {
    Operation {
        request,
        api: operation.api.clone(),
        surface: operation.surface,
        segments: Vec::new(),
        query: Query::parse(""),
    }
}

/// Returns the request with its body in the terms of the set.
fn translated(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Request, Fault> {
    let page = &service.pages[index];
    let mut translated = Map::new();
    for (name, value) in body(operation)?.iter().filter(|(name, _)| !name.contains('@')) {
        translated.extend(sent(service, page, name, value)?);
    }
    let mut request = operation.request.clone();
    request.body = Value::Object(translated).to_string().into_bytes();
    request.query.clear();
    Ok(request)
}

/// Returns name and value of the column a sent control stands for; `None` if it says what is so anyway.
fn sent(service: &Service, page: &Page, name: &str, value: &Value) -> Result<Option<(String, Value)>, Fault> {
    let position = page.set.shown(name).ok_or_else(|| unknown_property(&page.set, name))?;
    let column = &page.set.columns[position];
    if column.read_only {
        let message = format!("Control '{name}' is read-only.");
        return Err(Fault::new(400, "BadRequest_InvalidOperation", message));
    }
    let base = &service.sets[page.table];
    match page.sources[position] {
        Source::Column(at) => Ok(Some((base.columns[at].name.to_owned(), value.clone()))),
        Source::CodeOf(reference) => {
            let code = stored(&page.set, column, value)?;
            let id = service.id_of_code(base, reference, code.as_str().unwrap_or_default(), false)?;
            Ok(Some((reference.to_owned(), Value::String(id.to_string()))))
        }
        Source::Fixed(text) if value == text => Ok(None),
        Source::Fixed(text) => {
            Err(Fault::dialog(format!("{name} must be equal to '{text}' in {}.", page.set.caption)))
        }
    }
}
