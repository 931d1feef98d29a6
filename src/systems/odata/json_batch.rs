//! `$batch` as JSON.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::page::Object;
use super::{BatchAnswers, BatchPart, PartAnswer};
use crate::http::Response;

/// The JSON form of a batch.
#[derive(Debug)]
pub struct JsonBatch;

#[derive(Deserialize)]
struct Answers {
    responses: Vec<Json>,
}

#[derive(Deserialize)]
struct Answer {
    status: Json,
    #[serde(default)]
    headers: Option<Object>,
    #[serde(default)]
    body: Json,
}

impl JsonBatch {
    /// Writes a batch of independent operations.
    pub(super) fn write(parts: &[BatchPart]) -> Vec<u8> {
        let requests: Vec<Json> =
            parts.iter().enumerate().map(|(index, part)| request(index + 1, part)).collect();
        serde_json::to_vec(&json!({ "requests": requests })).expect("an object with text keys is JSON")
    }

    /// Reads the answer to a batch; nothing if it is not one.
    pub(super) fn parse(response: &Response, expected: usize) -> Option<BatchAnswers> {
        let answers: Answers = serde_json::from_slice(&response.body).ok()?;
        let read = |answer: Json| {
            let id = answer.get("id").and_then(number);
            let part = serde_json::from_value::<Answer>(answer).ok().and_then(Answer::into_part);
            // One that cannot be read leaves its own operation without an answer, and no other.
            (id, part.unwrap_or_else(unreadable))
        };
        let answers = answers.responses.into_iter().map(read).collect();
        Some(BatchAnswers::assign(answers, expected, true))
    }
}

fn request(id: usize, part: &BatchPart) -> Json {
    let mut headers: Object =
        part.headers.iter().map(|(name, value)| ((*name).to_owned(), Json::from(value.as_str()))).collect();
    let mut request = Map::new();
    request.insert("id".into(), Json::from(id.to_string()));
    request.insert("method".into(), Json::from(part.method.as_str()));
    request.insert("url".into(), Json::from(part.path.as_str()));
    if part.body.is_some() {
        headers.insert("Content-Type".into(), Json::from("application/json"));
    }
    request.insert("headers".into(), Json::Object(headers));
    if let Some(body) = &part.body {
        request.insert("body".into(), Json::Object(body.clone()));
    }
    Json::Object(request)
}

impl Answer {
    fn into_part(self) -> Option<PartAnswer> {
        let status = u16::try_from(number(&self.status)?).ok()?;
        let headers = self.headers.unwrap_or_default();
        let headers =
            headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), plain_text(value))).collect();
        let body = match self.body {
            Json::Null => Vec::new(),
            Json::String(text) => text.into_bytes(),
            json => serde_json::to_vec(&json).expect("what was read as JSON is JSON"),
        };
        Some(Response::new(status, headers, body))
    }
}

/// Stands for an answer that cannot be read: whether the operation was applied is unknown, as after a gateway's failure.
fn unreadable() -> PartAnswer {
    Response::new(502, Vec::new(), Vec::new())
}

fn plain_text(json: Json) -> String {
    match json {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// Reads a number given as a number or as text.
fn number(json: &Json) -> Option<usize> {
    match json {
        Json::String(text) => text.parse().ok(),
        Json::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    fn parse(body: &str, expected: usize) -> Option<BatchAnswers> {
        JsonBatch::parse(&Response::new(200, Vec::new(), body.as_bytes().to_vec()), expected)
    }

    fn statuses(body: &str, expected: usize) -> Vec<Option<u16>> {
        let parts = parse(body, expected).unwrap().parts;
        parts.iter().map(|part| part.as_ref().map(|answer| answer.status)).collect()
    }

    #[test]
    fn a_batch_keeps_the_order_of_fields() {
        let body = json!({"number": "C1", "displayName": "Acme", "city": ""});
        let part = BatchPart {
            method: Method::Patch,
            path: "companies(3f)/customers(9a)".into(),
            headers: vec![("If-Match", "W/\"J\"".into())],
            body: body.as_object().cloned(),
        };
        assert_eq!(
            String::from_utf8(JsonBatch::write(&[part])).unwrap(),
            r#"{"requests":[{"id":"1","method":"PATCH","url":"companies(3f)/customers(9a)","headers":{"If-Match":"W/\"J\"","Content-Type":"application/json"},"body":{"number":"C1","displayName":"Acme","city":""}}]}"#
        );
    }

    #[test]
    fn answers_are_put_to_their_requests() {
        let swapped = r#"{"responses":[{"id":"2","status":404},{"id":"1","status":200,"body":{}}]}"#;
        assert_eq!(statuses(swapped, 2), [Some(200), Some(404)]);
        let without_ids = r#"{"responses":[{"id":null,"status":200},{"status":"409"}]}"#;
        assert_eq!(statuses(without_ids, 3), [Some(200), Some(409), None]);
        let later_one = r#"{"responses":[{"id":3,"status":409}]}"#;
        assert_eq!(statuses(later_one, 3), [None, None, Some(409)]);
    }

    #[test]
    fn one_unreadable_answer_leaves_the_others_their_own() {
        let body = r#"{"responses":[{"id":"1","status":201,"body":{}},{"id":"2","status":"soon"},7,{"id":"4","status":409}]}"#;
        assert_eq!(statuses(body, 4), [Some(201), Some(502), Some(502), Some(409)]);
        let named = r#"{"responses":[{"id":"2","status":"soon"},{"id":"1","status":201}]}"#;
        assert_eq!(statuses(named, 2), [Some(201), Some(502)]);
    }

    #[test]
    fn an_answer_keeps_its_headers_and_body() {
        let body =
            r#"{"responses":[{"id":"1","status":201,"headers":{"ETag":"W/\"J\""},"body":{"n":0.10}}]}"#;
        let answers = parse(body, 1).unwrap();
        let first = answers.parts[0].as_ref().unwrap();
        assert_eq!(first.header("etag"), Some("W/\"J\""));
        assert_eq!(first.body, br#"{"n":0.10}"#);
    }

    proptest::proptest! {
        #[test]
        fn no_answer_can_make_the_reader_fail(answers in "[{}\\[\\],:\"a0-9]{0,60}", expected in 0_usize..5) {
            if let Some(answers) = parse(&format!(r#"{{"responses":[{answers}]}}"#), expected) {
                proptest::prop_assert_eq!(answers.parts.len(), expected);
            }
        }
    }

    #[test]
    fn what_is_no_batch_answer_is_told_apart() {
        for body in ["", "<html>", r#"{"error":{"code":"Unknown"}}"#, r#"{"responses":[{"id":"1","sta"#] {
            assert_eq!(parse(body, 1), None, "{body}");
        }
    }
}
