//! `$batch` as `multipart/mixed`, without change sets: CRLF out, any line ending in.

use std::io::{self, Write as _};

use uuid::Uuid;

use super::{BatchAnswers, BatchPart, Common, PartAnswer};
use crate::http::Response;

/// How deep answers may nest: change sets nest once, hostile text must not exhaust the stack.
const MAX_DEPTH: usize = 4;

/// The multipart form of a batch.
#[derive(Debug)]
pub struct MultipartBatch;

impl MultipartBatch {
    /// Writes a batch of single operations; returns its content type and body.
    pub(super) fn write(common: &Common<'_>, parts: &[&BatchPart]) -> (String, Vec<u8>) {
        let boundary = format!("batch_{}", Uuid::new_v4());
        let mut body = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            write_part(&mut body, &boundary, index + 1, common, part).expect("memory takes what is written");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/mixed; boundary=\"{boundary}\""), body)
    }

    /// Reads the answer to a batch; nothing if it is not multipart.
    pub(super) fn parse(response: &Response, expected: usize) -> Option<BatchAnswers> {
        let content_type = response.header("content-type")?;
        if !is_multipart(content_type) {
            return None;
        }
        let mut answers = Vec::new();
        let complete = collect(content_type, &response.body, &mut answers, 0);
        Some(BatchAnswers::assign(answers, expected, complete))
    }
}

fn write_part(
    body: &mut Vec<u8>,
    boundary: &str,
    id: usize,
    common: &Common<'_>,
    part: &BatchPart,
) -> io::Result<()> {
    write!(body, "--{boundary}\r\nContent-Type: application/http\r\n")?;
    write!(body, "Content-Transfer-Encoding: binary\r\nContent-ID: {id}\r\n\r\n")?;
    write!(body, "{} {}/{} HTTP/1.1\r\n", part.method, common.root, common.path(part))?;
    for (name, value) in common.headers(part) {
        write!(body, "{name}: {value}\r\n")?;
    }
    if let Some(json) = &part.body {
        write!(body, "Content-Type: application/json; type=entry\r\n\r\n")?;
        serde_json::to_writer(&mut *body, json)?;
    } else {
        write!(body, "\r\n")?;
    }
    write!(body, "\r\n")
}

/// Reads all answers of a multipart body, nested ones included. Returns whether it came to its proper end.
fn collect(
    content_type: &str,
    body: &[u8],
    answers: &mut Vec<(Option<usize>, PartAnswer)>,
    depth: usize,
) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let Some(boundary) = boundary(content_type).or_else(|| first_boundary(body)) else { return false };
    let (parts, mut complete) = split(body, &boundary);
    for part in parts {
        let (headers, content) = head_and_body(part);
        let header = |name: &str| find(&headers, name);
        match header("content-type") {
            Some(inner) if is_multipart(inner) => complete &= collect(inner, content, answers, depth + 1),
            _ => match parse_answer(content) {
                Some(answer) => {
                    let id = header("content-id").or_else(|| answer.header("content-id"));
                    let id = id.and_then(|id| id.trim().parse().ok());
                    answers.push((id, answer));
                }
                None => complete = false,
            },
        }
    }
    complete
}

fn is_multipart(content_type: &str) -> bool {
    content_type.trim_start().get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
}

fn boundary(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty()).then(|| value.to_owned())
    })
}

fn first_boundary(body: &[u8]) -> Option<String> {
    let line = lines(body).map(|(_, line)| line).find(|line| !line.is_empty())?;
    let name = line.strip_prefix(b"--")?;
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
}

/// Cuts a body at its boundaries. Returns the parts and whether the closing boundary was there.
fn split<'a>(body: &'a [u8], boundary: &str) -> (Vec<&'a [u8]>, bool) {
    let delimiter = format!("--{boundary}");
    let closing = format!("--{boundary}--");
    let (mut parts, mut start) = (Vec::new(), None);
    for (offset, line) in lines(body) {
        let closes = line == closing.as_bytes();
        if !closes && line != delimiter.as_bytes() {
            continue;
        }
        if let Some(start) = start {
            parts.push(&body[start..offset]);
        }
        if closes {
            return (parts, true);
        }
        start = Some(next_line(body, offset));
    }
    (parts, false)
}

/// Returns each line with its offset, without its ending and blanks at its end.
fn lines(body: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut offset = 0;
    body.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        let at = offset;
        offset += line.len();
        (at, line.trim_ascii_end())
    })
}

fn next_line(body: &[u8], offset: usize) -> usize {
    body[offset..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |end| offset + end + 1)
}

type Headers = Vec<(String, String)>;

/// Reads header lines up to the first blank line. The block may also end with the part itself.
fn head_and_body(part: &[u8]) -> (Headers, &[u8]) {
    let mut headers = Vec::new();
    for (offset, line) in lines(part) {
        if line.is_empty() {
            return (headers, &part[next_line(part, offset)..]);
        }
        let line = String::from_utf8_lossy(line);
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    (headers, &[])
}

fn parse_answer(content: &[u8]) -> Option<PartAnswer> {
    let content = content.trim_ascii_start();
    let (_, status_line) = lines(content).next()?;
    let status_line = String::from_utf8_lossy(status_line);
    let mut words = status_line.split_whitespace();
    let status = words.next().filter(|version| version.starts_with("HTTP/")).and_then(|_| words.next())?;
    let status = status.parse().ok()?;
    let (headers, body) = head_and_body(&content[next_line(content, 0)..]);
    Some(Response::new(status, headers, body.trim_ascii().to_vec()))
}

fn find<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    fn response(content_type: &str, body: &str) -> Response {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Response::new(200, headers, body.as_bytes().to_vec())
    }

    fn statuses(content_type: &str, body: &str, expected: usize) -> Vec<Option<u16>> {
        let answers = MultipartBatch::parse(&response(content_type, body), expected).unwrap();
        answers.parts.iter().map(|part| part.as_ref().map(|answer| answer.status)).collect()
    }

    const ANSWER: &str = "--batchresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
        HTTP/1.1 200 OK\r\nETag: W/\"7\"\r\nContent-Type: application/json\r\n\r\n{\"name\":\"Acme\"}\r\n\
        --batchresponse_1\r\nContent-Type: application/http\r\n\r\n\
        HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\n\r\n\r\n\
        --batchresponse_1\r\nContent-Type: application/http\r\n\r\n\
        HTTP/1.1 412 Precondition Failed\r\n\r\n{\"error\":{\"code\":\"\"}}\r\n\
        --batchresponse_1--\r\n";

    #[test]
    fn a_batch_is_written_with_crlf_and_absolute_addresses() {
        let body = serde_json::json!({"name": "Acme", "accountnumber": null});
        let update = BatchPart {
            method: Method::Patch,
            path: "accounts(1)?$select=name".into(),
            headers: vec![("If-Match", "W/\"7\"".into())],
            body: body.as_object().cloned(),
        };
        let parts = [update, BatchPart::get("accounts(2)".into())];
        let (content_type, bytes) = MultipartBatch::write(
            &Common { root: "https://a.example/api", parameters: "", caller: None },
            &parts.each_ref(),
        );
        let text = String::from_utf8(bytes).unwrap();
        let name = boundary(&content_type).unwrap();
        assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
        assert!(text.contains(
            "PATCH https://a.example/api/accounts(1)?$select=name HTTP/1.1\r\nIf-Match: W/\"7\"\r\n"
        ));
        assert!(text.contains("type=entry\r\n\r\n{\"name\":\"Acme\",\"accountnumber\":null}\r\n--"));
        assert!(text.contains(
            "GET https://a.example/api/accounts(2) HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--"
        ));
        assert!(text.ends_with(&format!("--{name}--\r\n")));
    }

    #[test]
    fn answers_are_read_with_any_line_ending_and_boundary() {
        let expected = [Some(200), Some(204), Some(412)];
        assert_eq!(statuses("multipart/mixed; boundary=batchresponse_1", ANSWER, 3), expected);
        assert_eq!(statuses("Multipart/Mixed;Boundary=\"batchresponse_1\"", ANSWER, 3), expected);
        assert_eq!(statuses("multipart/mixed", ANSWER, 3), expected);
        let bare = format!("\n{}", ANSWER.replace("\r\n", "\n"));
        assert_eq!(statuses("multipart/mixed; boundary=batchresponse_1", &bare, 3), expected);
    }

    #[test]
    fn an_answer_keeps_its_headers_and_body() {
        let answers =
            MultipartBatch::parse(&response("multipart/mixed;boundary=batchresponse_1", ANSWER), 3).unwrap();
        let first = answers.parts[0].as_ref().unwrap();
        assert_eq!(first.header("etag"), Some("W/\"7\""));
        assert_eq!(first.body, br#"{"name":"Acme"}"#);
        assert!(answers.parts[1].as_ref().unwrap().body.is_empty());
        assert!(answers.complete);
    }

    #[test]
    fn a_batch_that_stopped_early_lacks_its_last_parts() {
        let answers =
            MultipartBatch::parse(&response("multipart/mixed;boundary=batchresponse_1", ANSWER), 5).unwrap();
        assert_eq!(answers.parts.iter().flatten().count(), 3);
        assert!(answers.was_not_run(3) && answers.was_not_run(4));
    }

    #[test]
    fn a_torn_answer_is_not_complete() {
        let torn = &ANSWER[..ANSWER.len() - 40];
        let answers =
            MultipartBatch::parse(&response("multipart/mixed;boundary=batchresponse_1", torn), 3).unwrap();
        assert!(!answers.complete && !answers.was_not_run(2));
    }

    #[test]
    fn a_content_id_says_which_operation_is_answered() {
        let part = |id: u8, status: u16| {
            format!("--b\nContent-Type: application/http\nContent-ID: {id}\n\nHTTP/1.1 {status} X\n\n")
        };
        let body = format!("{}{}--b--", part(2, 404), part(1, 204));
        assert_eq!(statuses("multipart/mixed; boundary=b", &body, 2), [Some(204), Some(404)]);
        let foreign = format!("{}{}--b--", part(7, 404), part(1, 204));
        assert_eq!(statuses("multipart/mixed; boundary=b", &foreign, 2), [Some(404), Some(204)]);
    }

    #[test]
    fn a_nested_answer_is_read_too() {
        let inner =
            "--c\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n{}\r\n--c--\r\n";
        let body = format!("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--b--");
        assert_eq!(statuses("multipart/mixed; boundary=b", &body, 1), [Some(400)]);
    }

    #[test]
    fn an_answer_nested_without_end_is_not_complete() {
        let level = "--b\nContent-Type: multipart/mixed; boundary=b\n\n";
        let answers = MultipartBatch::parse(&response("multipart/mixed", &level.repeat(100_000)), 1).unwrap();
        assert!(!answers.complete && answers.parts == [None]);
        let mut body = String::new();
        for depth in 0..50_000 {
            body.push_str(&format!("--b{depth}\nContent-Type: multipart/mixed; boundary=b{}\n\n", depth + 1));
        }
        assert!(!MultipartBatch::parse(&response("multipart/mixed", &body), 1).unwrap().complete);
    }

    #[test]
    fn a_plain_answer_is_not_a_batch() {
        assert_eq!(MultipartBatch::parse(&response("application/json", "{}"), 1), None);
    }

    proptest::proptest! {
        #[test]
        fn no_answer_can_make_the_reader_fail(body: Vec<u8>, expected in 0_usize..5) {
            let headers = vec![("content-type".to_owned(), "multipart/mixed".to_owned())];
            let answers = MultipartBatch::parse(&Response::new(200, headers, body), expected).unwrap();
            proptest::prop_assert_eq!(answers.parts.len(), expected);
        }

        #[test]
        fn an_answer_torn_anywhere_is_never_complete(cut in 0_usize..1000) {
            let cut = cut.min(ANSWER.len() - 5);
            let torn = response("multipart/mixed; boundary=batchresponse_1", &ANSWER[..cut]);
            proptest::prop_assert!(!MultipartBatch::parse(&torn, 3).unwrap().complete);
        }
    }
}
