//! From an address below `ODataV4` to what answers it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::page::Page;
use super::{csdl, read, write};
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::schema::Verbs;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::http::Reply;
use crate::sim::odata::path::{Key, Segment};

/// Returns whether the segments behind the environment name the web services.
pub(crate) fn is_root(segments: &[&str]) -> bool {
    segments.first().is_some_and(|first| first.eq_ignore_ascii_case("ODataV4"))
}

/// Answers one operation below the root.
pub(crate) fn answer(service: &mut Service, operation: &Operation<'_>) -> Result<Reply, Fault> {
    let reply = route(service, operation);
    // API pages have a namespace of their own, in which the shared rules speak.
    reply.map_err(|fault| Fault { message: fault.message.replace("Microsoft.NAV.", "NAV."), ..fault })
}

fn route(service: &mut Service, operation: &Operation<'_>) -> Result<Reply, Fault> {
    let reads = operation.request.method == "GET";
    match operation.segments.as_slice() {
        [] if reads => Ok(service_document(service, operation)),
        [metadata] if reads && metadata.name == "$metadata" => {
            Ok(Reply::text(200, "application/xml", csdl::document(&service.pages)))
        }
        [company] if company.name == "Company" && reads => companies(service, operation, company),
        [company] if company.name == "Company" => Err(not_allowed(operation, "Company")),
        [company, page, rest @ ..] if company.name == "Company" => {
            check_company(service, company.key.as_ref())?;
            answer_page(service, operation, page, rest)
        }
        [page, rest @ ..] => {
            if let Some(named) = operation.query.get("company").or(operation.request.header("company")) {
                check_company(service, Some(&Key::Single(named.to_owned())))?;
            }
            answer_page(service, operation, page, rest)
        }
        [] => Err(not_allowed(operation, "")),
    }
}

fn answer_page(
    service: &mut Service,
    operation: &Operation<'_>,
    segment: &Segment,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let index = service.pages.iter().position(|page| page.set.name == segment.name);
    let index = index.ok_or_else(|| Fault::not_found(&segment.name))?;
    let Page { table, set, .. } = &service.pages[index];
    let (table, verbs) = (*table, set.verbs);
    if !operation.request.person {
        service.access.check(&service.sets[table], &operation.request.method)?;
    }
    match (operation.request.method.as_str(), &segment.key, rest) {
        ("GET", None, []) => service.read_dirty(operation, table, |service| {
            service.disturb_reading(operation, table);
            let reply = read::list(service, operation, &service.pages[index]);
            service.age_late_rows();
            reply
        }),
        ("GET", None, [count]) if count.name == "$count" => service
            .read_dirty(operation, table, |service| read::count(service, operation, &service.pages[index])),
        ("GET", Some(key), []) => service.read_dirty(operation, table, |service| {
            let page = &service.pages[index];
            let row = page.existing(service, key)?;
            read::shown(service, operation, page, row, 200)
        }),
        ("POST", None, []) if verbs == Verbs::All => {
            service.attempt(|service| write::create(service, operation, index))
        }
        ("PATCH", Some(key), []) if verbs != Verbs::Read => {
            service.attempt(|service| write::update(service, operation, index, key))
        }
        ("DELETE", Some(key), []) if verbs == Verbs::All => {
            service.attempt(|service| write::delete(service, operation, index, key))
        }
        (_, _, [unknown, ..]) => Err(Fault::not_found(&unknown.name)),
        _ => Err(not_allowed(operation, &segment.name)),
    }
}

fn not_allowed(operation: &Operation<'_>, name: &str) -> Fault {
    let message = format!("The {} method is not allowed on the entity '{name}'.", operation.request.method);
    Fault::new(405, "BadRequest_MethodNotAllowed", message)
}

fn service_document(service: &Service, operation: &Operation<'_>) -> Reply {
    let names = std::iter::once("Company").chain(service.pages.iter().map(|page| page.set.name));
    let services: Vec<_> =
        names.map(|name| json!({"name": name, "kind": "EntitySet", "url": name})).collect();
    Reply::json(200, &json!({"@odata.context": format!("{}/$metadata", operation.api), "value": services}))
}

/// Answers the list of companies, or one of them.
fn companies(service: &Service, operation: &Operation<'_>, segment: &Segment) -> Result<Reply, Fault> {
    let company = json!({"Name": company_name(service), "Id": service.company().to_string()});
    let context = format!("{}/$metadata#Company", operation.api);
    if segment.key.is_none() {
        return Ok(Reply::json(200, &json!({"@odata.context": context, "value": [company]})));
    }
    check_company(service, segment.key.as_ref())?;
    let mut body = json!({"@odata.context": format!("{context}/$entity")});
    for name in ["Name", "Id"] {
        body[name] = company[name].clone();
    }
    Ok(Reply::json(200, &body))
}

/// Returns the company's name.
pub(super) fn company_name(service: &Service) -> String {
    let index = service.set("companies").expect("invariant: the set exists");
    let row = service.store.rows(index).get(&service.company());
    let name = row.map(|row| service.sets[index].value(row, "name"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Accepts the company by its name, letter by letter, or by its id.
fn check_company(service: &Service, key: Option<&Key>) -> Result<(), Fault> {
    let is_id = |text: &str| Uuid::parse_str(text).is_ok_and(|id| id == service.company());
    let name = company_name(service);
    let found = match key {
        Some(Key::Single(text)) => *text == name || is_id(text),
        Some(Key::Named(pairs)) => match pairs.as_slice() {
            [(property, text)] if property == "Id" => is_id(text),
            [(property, text)] if property == "Name" => *text == name,
            _ => false,
        },
        Some(Key::Empty) | None => false,
    };
    if found {
        Ok(())
    } else {
        Err(Fault::new(404, "Internal_CompanyNotFound", "The company does not exist."))
    }
}
