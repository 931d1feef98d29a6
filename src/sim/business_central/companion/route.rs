//! From an address below the companion's root to what answers it.

use std::collections::BTreeSet;

use serde_json::json;

use super::schema::{Offered, Origin, View};
use super::{actions, read, write};
use crate::sim::business_central::csdl;
use crate::sim::business_central::documents::action;
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::http::Reply;
use crate::sim::odata::path::{Key, Segment};
use crate::sim::profile::Profile;

/// Returns whether the segments behind `api` name the companion.
pub(crate) fn is_root(segments: &[&str]) -> bool {
    matches!(segments, ["tandem", "sync", "v1.0", ..])
}

/// Answers one operation below the companion's root.
pub(crate) fn answer(service: &mut Service, operation: &Operation<'_>) -> Result<Reply, Fault> {
    if !service.companion.installed {
        return Err(Fault::not_found("tandem"));
    }
    match operation.segments.as_slice() {
        [] => Ok(service_document(service, operation)),
        [metadata] if metadata.name == "$metadata" => {
            let first = |(at, view): &(usize, &View)| {
                !service.companion.views[..*at].iter().any(|other| other.set.name == view.set.name)
            };
            let views = service.companion.views.iter().enumerate().filter(first).map(|(_, view)| &view.set);
            let sets = service.sets.iter().filter(|set| set.name == "companies").chain(views);
            Ok(Reply::text(200, "application/xml", csdl::document(sets)))
        }
        [companies] if companies.name == "companies" => service.route_set(operation, companies, &[]),
        [companies, set, rest @ ..] if companies.name == "companies" => {
            service.check_company(companies.key.as_ref())?;
            answer_set(service, operation, set, rest)
        }
        [set, rest @ ..] => {
            let named = operation.query.get("company").or(operation.request.header("company"));
            if let Some(company) = named {
                service.check_company(Some(&Key::Single(company.to_owned())))?;
            }
            answer_set(service, operation, set, rest)
        }
    }
}

fn answer_set(
    service: &mut Service,
    operation: &Operation<'_>,
    segment: &Segment,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let index = service.companion.views.iter().position(|view| view.set.name == segment.name);
    let index = index.ok_or_else(|| Fault::not_found(&segment.name))?;
    let index = service.view_with(index, segment.key.as_ref());
    let view = &service.companion.views[index];
    let Offered { create, update, delete } = view.offered;
    let (table, origin) = (view.table(), view.origin);
    if !operation.request.person {
        let method = operation.request.method.as_str();
        let base = table.map(|table| &service.sets[table]);
        [Some(&view.set), base]
            .into_iter()
            .flatten()
            .try_for_each(|set| service.access.check(set, method))?;
    }
    match (operation.request.method.as_str(), &segment.key, rest, table) {
        ("GET", None, [], _) => {
            service.meet_lock(operation)?;
            if let Origin::Table(table) = origin {
                service.disturb_reading(operation, table);
            }
            let reply = read::list(service, operation, index);
            service.age_late_rows();
            reply
        }
        ("GET", None, [count], _) if count.name == "$count" => read::count(service, operation, index),
        ("GET", Some(key), [], _) => {
            service.meet_lock(operation)?;
            read::single(service, operation, index, key)
        }
        ("POST", None, [], Some(table)) if create => {
            service.attempt(|service| write::create(service, operation, index, table))
        }
        ("PATCH", Some(key), [], Some(table)) if update => {
            service.attempt(|service| write::update(service, operation, index, table, key))
        }
        ("DELETE", Some(key), [], Some(table)) if delete => {
            service.attempt(|service| write::delete(service, operation, index, table, key))
        }
        ("POST", Some(key), [called], Some(table)) if action(&called.name).is_some() => {
            let name = action(&called.name).unwrap_or_default();
            service.attempt(|service| actions::call(service, operation, index, table, key, &name))
        }
        (_, _, [unknown, ..], _) => Err(Fault::not_found(&unknown.name)),
        (method, ..) => {
            let message = format!("The {method} method is not allowed on the entity '{}'.", segment.name);
            Err(Fault::new(405, "BadRequest_MethodNotAllowed", message))
        }
    }
}

fn service_document(service: &Service, operation: &Operation<'_>) -> Reply {
    let names: BTreeSet<_> = service.companion.views.iter().map(|view| view.set.name).collect();
    let sets: Vec<_> = std::iter::once("companies")
        .chain(names)
        .map(|name| json!({"name": name, "kind": "EntitySet", "url": name}))
        .collect();
    Reply::json(200, &json!({"@odata.context": format!("{}/$metadata", operation.api), "value": sets}))
}

impl Service {
    /// Returns the view of a set, spread over tables, that has the row; the first one if none has.
    fn view_with(&self, first: usize, key: Option<&Key>) -> usize {
        let Some(id) = key.and_then(|key| key.id("id")) else { return first };
        let name = self.companion.views[first].set.name;
        let has = |view: &View| {
            view.set.name == name
                && view.table().is_some_and(|table| self.store.rows(table).get(&id).is_some())
        };
        self.companion.views.iter().position(has).unwrap_or(first)
    }

    /// A read of committed rows waits for a writer, and may wait in vain.
    fn meet_lock(&mut self, operation: &Operation<'_>) -> Result<(), Fault> {
        let by_hand = self.companion.locked_reads > 0;
        self.companion.locked_reads = self.companion.locked_reads.saturating_sub(1);
        let by_chance = !operation.request.person && self.disturbance.strikes(Profile::LockConflicts);
        if by_hand || by_chance { Err(Fault::lock_conflict()) } else { Ok(()) }
    }
}
