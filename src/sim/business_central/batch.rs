//! The JSON `$batch`: in order, to the first failure unless told to go on, as a whole under `Isolation: snapshot`.

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::service::{Operation, Service};
use crate::sim::http::{Reply, Request};

const MAXIMUM: usize = 100;

/// Answers a batch.
pub(super) fn answer(service: &mut Service, operation: &Operation<'_>, unguarded: &mut Vec<String>) -> Reply {
    let envelope: Value = match serde_json::from_slice(&operation.request.body) {
        Ok(envelope) => envelope,
        Err(error) => return Fault::bad_request(error.to_string()).reply(),
    };
    let Some(requests) = envelope["requests"].as_array() else {
        return Fault::bad_request("The batch has no 'requests'.").reply();
    };
    if requests.len() > MAXIMUM {
        let message = "The current batch message contains too many parts. A maximum number of '100' query operations and change sets are allowed in a batch message.";
        return Fault::new(500, "Unknown", message).reply();
    }
    let goes_on = operation.request.preference("odata.continue-on-error").is_some();
    let whole =
        operation.request.header("isolation").is_some_and(|value| value.eq_ignore_ascii_case("snapshot"));
    if whole {
        service.store.begin();
    }
    let mut responses = Vec::new();
    let mut failed = false;
    for request in requests {
        let reply = operate(service, operation, request, unguarded);
        failed |= !reply.is_success();
        responses.push(response(request, &reply));
        if failed && (whole || !goes_on) {
            break;
        }
    }
    // Parts before the failure keep their 2xx although they are taken back, as the product answers.
    match (whole, failed) {
        (true, true) => service.store.rollback(),
        (true, false) => service.store.commit(),
        (false, _) => {}
    }
    Reply::json(200, &json!({"responses": responses}))
}

fn operate(service: &mut Service, batch: &Operation<'_>, part: &Value, unguarded: &mut Vec<String>) -> Reply {
    let url = part["url"].as_str().unwrap_or_default();
    let root = batch.request.path.trim_end_matches("$batch");
    let headers = part["headers"].as_object();
    let headers = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()));
    let mut request = Request {
        method: part["method"].as_str().unwrap_or_default().to_ascii_uppercase(),
        headers: headers.collect(),
        body: part.get("body").map(|body| body.to_string().into_bytes()).unwrap_or_default(),
        base: batch.request.base.clone(),
        person: batch.request.person,
        ..Request::default()
    };
    match url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..])) {
        Some(path) => request.set_target(path),
        None => request.set_target(&format!("{root}{}", url.trim_start_matches('/'))),
    }
    match service.operation(&request) {
        Ok(operation) if operation.is_batch() => {
            Fault::bad_request("A batch cannot contain a batch.").reply()
        }
        Ok(operation) => service.single(&operation, unguarded),
        Err(fault) => fault.reply(),
    }
}

fn response(request: &Value, reply: &Reply) -> Value {
    let mut response = Map::new();
    response.insert("id".to_owned(), request.get("id").cloned().unwrap_or_default());
    response.insert("status".to_owned(), reply.status.into());
    let headers =
        reply.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), Value::from(value.as_str())));
    let version = ("odata-version".to_owned(), Value::from("4.0"));
    response.insert("headers".to_owned(), Value::Object(headers.chain([version]).collect()));
    if !reply.body.is_empty() {
        response.insert("body".to_owned(), reply.to_json());
    }
    Value::Object(response)
}
