//! `$batch` as JSON.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::page::Object;
use super::{BatchAnswers, BatchPart, Common, PartAnswer};
use crate::http::Response;

/// More answers than any batch has operations.
const MAX_ANSWERS: usize = 10_000;
/// Longer headers are not looked at.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// The JSON form of a batch.
#[derive(Debug)]
pub struct JsonBatch;

impl JsonBatch {
    /// Writes a batch of independent operations.
    pub(super) fn write(common: &Common<'_>, parts: &[&BatchPart]) -> Vec<u8> {
        let requests = parts.iter().enumerate();
        let requests = requests.map(|(index, part)| Operation::of(index + 1, common, part)).collect();
        serde_json::to_vec(&Batch { requests }).expect("an object with text keys is JSON")
    }

    /// Reads the answer to a batch; nothing if it is not one.
    pub(super) fn parse(response: &Response, expected: usize) -> Option<BatchAnswers> {
        let answers: Answers<'_> = serde_json::from_slice(&response.body).ok()?;
        let read = |answer: &RawValue| {
            let answer = serde_json::from_str::<Answer<'_>>(answer.get()).unwrap_or_default();
            // One that cannot be read leaves its own operation without an answer, and no other.
            (answer.id.and_then(number), answer.into_part().unwrap_or_else(unreadable))
        };
        let answers = answers.responses.0.into_iter().map(read).collect();
        Some(BatchAnswers::assign(answers, expected, true))
    }
}

#[derive(Serialize)]
struct Batch<'a> {
    requests: Vec<Operation<'a>>,
}

#[derive(Serialize)]
struct Operation<'a> {
    id: String,
    method: &'static str,
    url: std::borrow::Cow<'a, str>,
    headers: Headers<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a Object>,
}

impl<'a> Operation<'a> {
    fn of(id: usize, common: &Common<'a>, part: &'a BatchPart) -> Self {
        let mut headers: Vec<_> = common.headers(part).collect();
        if part.body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        Self {
            id: id.to_string(),
            method: part.method.as_str(),
            url: common.path(part),
            headers: Headers(headers),
            body: part.body.as_ref(),
        }
    }
}

/// Headers as an object, in their order.
struct Headers<'a>(Vec<(&'static str, &'a str)>);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[derive(Deserialize)]
struct Answers<'a> {
    #[serde(borrow)]
    responses: List<'a>,
}

/// A list of answers, none of them taken apart yet: a tree takes far more memory than its text.
struct List<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor).map(List)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of answers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut answers = Vec::new();
        while let Some(answer) = list.next_element()? {
            if answers.len() == MAX_ANSWERS {
                return Err(serde::de::Error::custom("more answers than a batch has operations"));
            }
            answers.push(answer);
        }
        Ok(answers)
    }
}

#[derive(Default, Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    headers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

impl Answer<'_> {
    fn into_part(self) -> Option<PartAnswer> {
        let status = u16::try_from(number(self.status?)?).ok()?;
        let headers = self.headers.filter(|headers| headers.get().len() <= MAX_HEADER_BYTES);
        let headers = headers.and_then(|headers| serde_json::from_str::<Object>(headers.get()).ok());
        let headers = headers.unwrap_or_default().into_iter();
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), plain_text(value))).collect();
        let body = self.body.map(|body| match serde_json::from_str::<String>(body.get()) {
            Ok(text) => text,
            Err(_) => body.get().to_owned(),
        });
        Some(Response::new(status, headers, body.unwrap_or_default().into_bytes()))
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
fn number(json: &RawValue) -> Option<usize> {
    json.get().trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        let common = Common { root: "", parameters: "", caller: None };
        assert_eq!(
            String::from_utf8(JsonBatch::write(&common, &[&part])).unwrap(),
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
    fn an_answer_is_bounded_and_parts_are_not_taken_apart() {
        let list = |count: usize| format!(r#"{{"responses":[0{}]}}"#, ",0".repeat(count - 1));
        assert!(parse(&list(MAX_ANSWERS), 1).is_some());
        assert_eq!(parse(&list(MAX_ANSWERS + 1), 1), None);
        let deep = format!(r#"{{"responses":[{{"id":"1","status":200,"body":{}}}]}}"#, "[".repeat(1_000_000));
        assert_eq!(parse(&deep, 1), None);
        let body = r#"{"responses":[{"id":1,"status":200,"headers":7,"body":"a \"text\""}]}"#;
        assert_eq!(parse(body, 1).unwrap().parts[0].as_ref().unwrap().body, b"a \"text\"");
    }

    #[test]
    fn what_is_no_batch_answer_is_told_apart() {
        for body in ["", "<html>", r#"{"error":{"code":"Unknown"}}"#, r#"{"responses":[{"id":"1","sta"#] {
            assert_eq!(parse(body, 1), None, "{body}");
        }
    }
}
