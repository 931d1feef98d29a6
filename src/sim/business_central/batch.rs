//! `$batch`: in order, to the first failure unless told to go on, as a whole under `Isolation: snapshot`.
//!
//! It comes as JSON or as multipart; what the parts are and how the answers are written stands in `batch_form`.

use super::batch_form::{Form, Part, Response};
use super::error::Fault;
use super::service::{Operation, Service, Surface};
use crate::sim::http::{Reply, Request};
use crate::sim::odata::path::segments;

const MAXIMUM: usize = 100;

/// Answers a batch.
pub(super) fn answer(service: &mut Service, operation: &Operation<'_>, unguarded: &mut Vec<String>) -> Reply {
    let form = Form::of(operation.request);
    let parts = match form.read(operation.request) {
        Ok(parts) => parts,
        Err(fault) => return fault.reply(),
    };
    if parts.len() > MAXIMUM {
        let message = "The current batch message contains too many parts. A maximum number of '100' query operations and change sets are allowed in a batch message.";
        return Fault::new(500, "Unknown", message).reply();
    }
    let request = operation.request;
    let goes_on = request.preference("odata.continue-on-error").is_some();
    let whole = request.header("isolation").is_some_and(|value| value.eq_ignore_ascii_case("snapshot"));
    let responses = if whole {
        run_as_whole(service, operation, &parts, unguarded)
    } else {
        run(service, operation, &parts, goes_on, unguarded)
    };
    form.write(&responses)
}

/// Runs each part for itself. The rows of a change set are stored together or not at all.
fn run(
    service: &mut Service,
    operation: &Operation<'_>,
    parts: &[Part],
    goes_on: bool,
    unguarded: &mut Vec<String>,
) -> Vec<Response> {
    let mut responses = Vec::new();
    for part in parts {
        let savepoint = service.mark();
        let mut replies: Vec<_> = Vec::new();
        for request in &part.requests {
            let reply = operate(service, operation, request, unguarded);
            let failed = !reply.is_success();
            replies.push(reply);
            if failed {
                break;
            }
        }
        let failed = replies.last().is_some_and(|reply| !reply.is_success());
        if failed && part.is_change_set {
            service.take_back(savepoint);
            replies.drain(..replies.len() - 1);
        } else {
            service.keep(savepoint);
        }
        responses.push(Response::new(part, replies));
        if failed && !goes_on {
            break;
        }
    }
    responses
}

/// Runs all parts in one transaction. Those before a failure keep their 2xx although they are taken back, as the product
/// answers; those after it are answered too, unless the first one fails.
fn run_as_whole(
    service: &mut Service,
    operation: &Operation<'_>,
    parts: &[Part],
    unguarded: &mut Vec<String>,
) -> Vec<Response> {
    let mut savepoint = service.mark();
    let mut responses: Vec<Response> = Vec::new();
    let mut failed = false;
    for part in parts {
        let mut replies = Vec::new();
        for request in &part.requests {
            let reply = operate(service, operation, request, unguarded);
            failed |= !reply.is_success();
            if reply.is_success() && operation.surface == Surface::Standard && posts(request) {
                // Posting commits by itself, and with it all that came before.
                service.keep(savepoint);
                savepoint = service.mark();
            }
            replies.push(reply);
        }
        responses.push(Response::new(part, replies));
        if failed && responses.len() == 1 {
            break;
        }
    }
    if failed {
        service.take_back(savepoint);
    } else {
        service.keep(savepoint);
    }
    responses
}

/// Returns whether a request is a bound action of API v2.0; the companion has none that posts.
fn posts(request: &Request) -> bool {
    let last = segments(&request.path).pop();
    request.method == "POST" && last.is_some_and(|segment| super::documents::action(&segment.name).is_some())
}

fn operate(
    service: &mut Service,
    batch: &Operation<'_>,
    request: &Request,
    unguarded: &mut Vec<String>,
) -> Reply {
    let mut request = request.clone();
    let target = request.target();
    let root = batch.request.path.trim_end_matches("$batch");
    match target.split_once("://").map(|(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..])) {
        Some(path) => request.set_target(path),
        None if target.starts_with("/v2.0/") || target.starts_with(root) => {}
        None => request.set_target(&format!("{root}{}", target.trim_start_matches('/'))),
    }
    match service.operation(&request) {
        Ok(operation) if operation.is_batch() => {
            Fault::bad_request("A batch cannot contain a batch.").reply()
        }
        Ok(operation) if operation.surface != batch.surface => {
            Fault::bad_request("A batch stays below the root it was sent to.").reply()
        }
        Ok(operation) => service.single(&operation, unguarded),
        Err(fault) => fault.reply(),
    }
}
