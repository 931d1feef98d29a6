//! How a `$batch` is written: as JSON, or as multipart with change sets. The answer's form is what `Accept` says, and
//! multipart where it says nothing.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::Fault;
use crate::sim::http::{Reply, Request, reason};
use crate::sim::odata::multipart;

/// One part of a batch: a request, or the requests of a change set.
pub(super) struct Part {
    id: Value,
    pub(super) requests: Vec<Request>,
    pub(super) is_change_set: bool,
}

/// What is answered to one part.
pub(super) struct Response {
    id: Value,
    replies: Vec<Reply>,
    is_change_set: bool,
}

impl Response {
    pub(super) fn new(part: &Part, replies: Vec<Reply>) -> Self {
        // A change set that failed answers with its failure alone.
        let failed = replies.iter().any(|reply| !reply.is_success());
        Self { id: part.id.clone(), replies, is_change_set: part.is_change_set && !failed }
    }
}

/// The forms of a batch and of its answer.
pub(super) struct Form {
    boundary: Option<String>,
    answers_json: bool,
}

impl Form {
    pub(super) fn of(request: &Request) -> Self {
        let boundary = request.header("content-type").and_then(multipart::boundary).map(str::to_owned);
        let accept = request.header("accept").unwrap_or_default();
        let answers_json =
            accept.contains("application/json") || boundary.is_none() && accept.contains("*/*");
        Self { boundary, answers_json }
    }

    /// Reads the parts.
    pub(super) fn read(&self, envelope: &Request) -> Result<Vec<Part>, Fault> {
        match &self.boundary {
            Some(boundary) => read_multipart(envelope, boundary),
            None => read_json(envelope),
        }
    }

    pub(super) fn write(&self, responses: &[Response]) -> Reply {
        if self.answers_json {
            let responses: Vec<_> = responses.iter().flat_map(json_responses).collect();
            return Reply::json(200, &json!({"responses": responses}));
        }
        let boundary = format!("batchresponse_{}", Uuid::new_v4());
        let mut text = String::new();
        for response in responses {
            text.push_str(&format!("--{boundary}\r\n"));
            push_response(&mut text, response);
        }
        text.push_str(&format!("--{boundary}--\r\n"));
        Reply::text(200, &format!("multipart/mixed; boundary={boundary}"), text)
    }
}

fn read_json(envelope: &Request) -> Result<Vec<Part>, Fault> {
    let body: Value =
        serde_json::from_slice(&envelope.body).map_err(|error| Fault::bad_request(error.to_string()))?;
    let requests = body["requests"].as_array();
    let requests = requests.ok_or_else(|| Fault::bad_request("The batch has no 'requests'."))?;
    let parts = requests.iter().map(|part| {
        let headers = part["headers"].as_object().into_iter().flatten();
        let headers = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()));
        let mut request = Request {
            method: part["method"].as_str().unwrap_or_default().to_ascii_uppercase(),
            headers: headers.collect(),
            body: part.get("body").map(|body| body.to_string().into_bytes()).unwrap_or_default(),
            base: envelope.base.clone(),
            person: envelope.person,
            ..Request::default()
        };
        request.set_target(part["url"].as_str().unwrap_or_default());
        let id = part.get("id").cloned().unwrap_or_default();
        Part { id, requests: vec![request], is_change_set: false }
    });
    Ok(parts.collect())
}

fn read_multipart(envelope: &Request, boundary: &str) -> Result<Vec<Part>, Fault> {
    let body = String::from_utf8_lossy(&envelope.body).into_owned();
    let parts = multipart::parts(&body, boundary).into_iter().map(|part| {
        let id = part.header("content-id").map_or(Value::Null, Value::from);
        match part.header("content-type").and_then(multipart::boundary) {
            Some(inner) => {
                let parts = multipart::parts(&part.content, inner);
                let requests = parts.iter().map(|part| inner_request(envelope, part));
                Ok(Part { id, requests: requests.collect::<Result<_, _>>()?, is_change_set: true })
            }
            None => Ok(Part { id, requests: vec![inner_request(envelope, &part)?], is_change_set: false }),
        }
    });
    parts.collect()
}

fn inner_request(envelope: &Request, part: &multipart::Part) -> Result<Request, Fault> {
    let wrong = || Fault::bad_request("A part of the batch does not hold an HTTP request.");
    let inner = multipart::request(&part.content).ok_or_else(wrong)?;
    let mut request = Request {
        method: inner.method,
        headers: inner.headers,
        body: inner.body.into_bytes(),
        base: envelope.base.clone(),
        person: envelope.person,
        ..Request::default()
    };
    request.set_target(&inner.target);
    Ok(request)
}

fn json_responses(response: &Response) -> impl Iterator<Item = Value> {
    response.replies.iter().map(|reply| {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), response.id.clone());
        shown.insert("status".to_owned(), reply.status.into());
        let headers = reply
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), Value::from(value.as_str())));
        let version = ("odata-version".to_owned(), Value::from("4.0"));
        shown.insert("headers".to_owned(), Value::Object(headers.chain([version]).collect()));
        if !reply.body.is_empty() {
            // A count or metadata is text.
            let text = || Value::from(String::from_utf8_lossy(&reply.body).into_owned());
            shown.insert("body".to_owned(), serde_json::from_slice(&reply.body).unwrap_or_else(|_| text()));
        }
        Value::Object(shown)
    })
}

fn push_response(text: &mut String, response: &Response) {
    if !response.is_change_set {
        for reply in &response.replies {
            push_reply(text, &response.id, reply);
        }
        return;
    }
    let inner = format!("changesetresponse_{}", Uuid::new_v4());
    text.push_str(&format!("Content-Type: multipart/mixed; boundary={inner}\r\n\r\n"));
    for reply in &response.replies {
        text.push_str(&format!("--{inner}\r\n"));
        push_reply(text, &response.id, reply);
    }
    text.push_str(&format!("--{inner}--\r\n"));
}

fn push_reply(text: &mut String, id: &Value, reply: &Reply) {
    text.push_str("Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n");
    if let Some(id) = id.as_str() {
        text.push_str(&format!("Content-ID: {id}\r\n"));
    }
    text.push_str(&format!(
        "\r\nHTTP/1.1 {} {}\r\nOData-Version: 4.0\r\n",
        reply.status,
        reason(reply.status)
    ));
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&String::from_utf8_lossy(&reply.body));
    text.push_str("\r\n");
}
