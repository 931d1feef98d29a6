//! `$batch`: parts in order, change sets that happen as a whole or not at all.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::error::Fault;
use super::link::{Operation, resolve_content_id};
use super::service::Service;
use super::switches::Switch;
use crate::sim::http::{Reply, Request, reason};
use crate::sim::odata::multipart::{Part, boundary, parts, request};
use crate::sim::odata::path::segments;

const MAXIMUM: usize = 1000;

/// The answer to one part: one reply, or those of a change set, be it the one that says why it failed.
enum Outcome {
    Single(Option<String>, Reply),
    ChangeSet(Vec<(Option<String>, Reply)>),
}

impl Outcome {
    fn replies(&self) -> impl Iterator<Item = &Reply> {
        let (single, set) = match self {
            Self::Single(_, reply) => (Some(reply), [].as_slice()),
            Self::ChangeSet(replies) => (None, replies.as_slice()),
        };
        single.into_iter().chain(set.iter().map(|(_, reply)| reply))
    }
}

/// Answers a batch.
pub(super) fn answer(service: &mut Service, operation: &Operation<'_>, unguarded: &mut Vec<String>) -> Reply {
    let envelope = operation.request;
    let Some(boundary) = envelope.header("content-type").and_then(boundary) else {
        let message = "The batch request must have the content type 'multipart/mixed' with a boundary.";
        return service.refuse(&Fault::query(message));
    };
    let body = String::from_utf8_lossy(&envelope.body).into_owned();
    let parts = parts(&body, boundary);
    if parts.iter().map(operations_in).sum::<usize>() > MAXIMUM {
        return service.refuse(&Fault::query("The maximum number of operations in a batch is 1000."));
    }
    let goes_on = envelope.preference("odata.continue-on-error").is_some();
    let mut outcomes = Vec::new();
    let mut status = 200;
    for part in &parts {
        let outcome = match part.header("content-type").and_then(self::boundary) {
            Some(inner) => change_set(service, envelope, part, inner, unguarded),
            None => {
                let reply = operate(service, envelope, part, &BTreeMap::new(), unguarded);
                Outcome::Single(part.header("content-id").map(str::to_owned), reply)
            }
        };
        let failed = outcome.replies().any(|reply| !reply.is_success());
        outcomes.push(outcome);
        if failed && !goes_on {
            status = 400;
            break;
        }
    }
    respond(status, &outcomes)
}

fn operations_in(part: &Part) -> usize {
    let inner = part.header("content-type").and_then(boundary);
    inner.map_or(1, |inner| parts(&part.content, inner).len())
}

/// Runs a change set in one transaction; the first failure answers for all of it.
fn change_set(
    service: &mut Service,
    envelope: &Request,
    part: &Part,
    boundary: &str,
    unguarded: &mut Vec<String>,
) -> Outcome {
    service.store.begin();
    service.change_sets += 1;
    let mut references = BTreeMap::new();
    let mut replies = Vec::new();
    let parts = parts(&part.content, boundary);
    let fails = service.switched(&Switch::FailingChangeSets) && service.change_sets.is_multiple_of(2);
    let failing = fails.then_some(parts.len() / 2);
    for (at, part) in parts.into_iter().enumerate() {
        let content_id = part.header("content-id").map(str::to_owned);
        let reply = match failing {
            Some(failing) if failing == at => service.refuse(&Fault::lock_conflict()),
            _ => operate_in_change_set(service, envelope, &part, &references, unguarded),
        };
        if !reply.is_success() {
            service.store.rollback();
            return match service.switched(&Switch::WrappedChangeSetErrors) {
                true => Outcome::ChangeSet(vec![(content_id, reply)]),
                false => Outcome::Single(content_id, reply),
            };
        }
        if let (Some(id), Some(entity)) = (&content_id, written_row(service, &part, &reply)) {
            references.insert(id.clone(), entity);
        }
        replies.push((content_id, reply));
    }
    service.store.commit();
    Outcome::ChangeSet(replies)
}

/// Returns the address of the row a part wrote: from the header, or from the representation.
fn written_row(service: &Service, part: &Part, reply: &Reply) -> Option<String> {
    if let Some(entity) = reply.header("OData-EntityId") {
        return Some(entity.to_owned());
    }
    let target = request(&part.content)?.target;
    let path = target.split('?').next().unwrap_or_default();
    let set = segments(path).pop()?.name;
    let primary_id = &service.tables[service.table(&set)?].primary_id;
    Some(format!("/{set}({})", reply.to_json()[primary_id.as_str()].as_str()?))
}

fn operate_in_change_set(
    service: &mut Service,
    envelope: &Request,
    part: &Part,
    references: &BTreeMap<String, String>,
    unguarded: &mut Vec<String>,
) -> Reply {
    if part.content.trim_start().starts_with("GET ") {
        return service.refuse(&Fault::query("A change set cannot contain a GET request."));
    }
    operate(service, envelope, part, references, unguarded)
}

/// Runs the request of one part.
fn operate(
    service: &mut Service,
    envelope: &Request,
    part: &Part,
    references: &BTreeMap<String, String>,
    unguarded: &mut Vec<String>,
) -> Reply {
    let Some(inner) = request(&part.content) else {
        return service.refuse(&Fault::query("The part does not hold an HTTP request."));
    };
    let target = match resolve_content_id(&inner.target, references) {
        Ok(target) => target,
        Err(fault) => return service.refuse(&fault),
    };
    let mut request = Request {
        method: inner.method,
        headers: inner.headers,
        body: inner.body.into_bytes(),
        base: envelope.base.clone(),
        person: envelope.person,
        delegated: envelope.delegated,
        ..Request::default()
    };
    request.set_target(&rooted(&target, &envelope.path));
    match Operation::with_references(&request, references.clone()) {
        Some(operation) if operation.is_batch() => {
            service.refuse(&Fault::query("A batch cannot contain a batch."))
        }
        Some(operation) => service.single(&operation, unguarded),
        None => service.refuse(&Fault::query(format!("The request URI '{target}' is not valid."))),
    }
}

/// Brings a target to a path: absolute URL, absolute path, or relative to the service root.
fn rooted(target: &str, batch_path: &str) -> String {
    if let Some((_, rest)) = target.split_once("://") {
        return rest.find('/').map_or_else(String::new, |slash| rest[slash..].to_owned());
    }
    if target.starts_with('/') {
        return target.to_owned();
    }
    format!("{}{target}", batch_path.trim_end_matches("$batch"))
}

fn respond(status: u16, outcomes: &[Outcome]) -> Reply {
    let boundary = format!("batchresponse_{}", Uuid::new_v4());
    let mut body = String::new();
    for outcome in outcomes {
        body.push_str(&format!("--{boundary}\r\n"));
        match outcome {
            Outcome::Single(content_id, reply) => {
                push_part(&mut body, content_id.as_deref(), reply);
            }
            Outcome::ChangeSet(replies) => {
                let inner = format!("changesetresponse_{}", Uuid::new_v4());
                body.push_str(&format!("Content-Type: multipart/mixed; boundary={inner}\r\n\r\n"));
                for (content_id, reply) in replies {
                    body.push_str(&format!("--{inner}\r\n"));
                    push_part(&mut body, content_id.as_deref(), reply);
                }
                body.push_str(&format!("--{inner}--\r\n"));
            }
        }
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    Reply::text(status, &format!("multipart/mixed; boundary={boundary}"), body)
}

fn push_part(text: &mut String, content_id: Option<&str>, reply: &Reply) {
    text.push_str("Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n");
    if let Some(content_id) = content_id {
        text.push_str(&format!("Content-ID: {content_id}\r\n"));
    }
    text.push_str(&format!("\r\nHTTP/1.1 {} {}\r\n", reply.status, reason(reply.status)));
    if reply.header("OData-Version").is_none() {
        text.push_str("OData-Version: 4.0\r\n");
    }
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&String::from_utf8_lossy(&reply.body));
    text.push_str("\r\n");
}
