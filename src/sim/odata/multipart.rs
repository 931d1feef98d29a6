//! Multipart bodies as real clients send them: CRLF or bare LF, boundary quoted or not, a line break before the first boundary.

/// One part: its header lines and what follows the blank line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: String,
}

/// A request inside a part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inner {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Part {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Returns the boundary of a multipart content type.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';');
    if !parameters.next()?.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let mut named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    named
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// Splits a body at its boundary.
pub(crate) fn parts(body: &str, boundary: &str) -> Vec<Part> {
    let opening = format!("--{boundary}");
    let closing = format!("--{boundary}--");
    let mut found = Vec::new();
    let mut current: Option<String> = None;
    for line in body.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == opening || bare == closing {
            found.extend(current.take().map(|text| part(&text)));
            if bare == closing {
                break;
            }
            current = Some(String::new());
        } else if let Some(current) = &mut current {
            current.push_str(line);
        }
    }
    found
}

fn part(text: &str) -> Part {
    let (headers, content) = head_and_body(text);
    Part { headers, content: content.to_owned() }
}

/// Reads a request line, headers and body; `None` if the request line is not one.
pub(crate) fn request(content: &str) -> Option<Inner> {
    let content = content.trim_start();
    let (line, rest) = content.split_once('\n').unwrap_or((content, ""));
    let (method, rest_of_line) = line.trim().split_once(' ')?;
    // A target may hold raw blanks: only the last word can be the version.
    let target = match rest_of_line.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => target,
        _ => rest_of_line,
    };
    let (headers, body) = head_and_body(rest);
    Some(Inner {
        method: method.to_owned(),
        target: target.trim().to_owned(),
        headers,
        body: body.trim().to_owned(),
    })
}

/// Splits at the first blank line; without one everything is headers.
fn head_and_body(text: &str) -> (Vec<(String, String)>, &str) {
    let mut headers = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n').or((!rest.is_empty()).then_some((rest, ""))) {
        rest = after;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    (headers, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line_end: &str) {
        let body = [
            "",
            "--b1",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            "Content-ID: 100001",
            "",
            "PATCH https://host/api/data/v9.2/accounts(1)?$select=name HTTP/1.1",
            "Content-Type: application/json",
            "",
            "{\"name\":\"A\"}",
            "",
            "--b1",
            "Content-Type: application/http",
            "",
            "GET /api/data/v9.2/accounts?$filter=name eq 'a b' HTTP/1.1",
            "Accept: application/json",
            "--b1--",
            "",
        ]
        .join(line_end);
        let parts = parts(&body, "b1");
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].header("content-id"), Some("100001"));
        let first = request(&parts[0].content).unwrap();
        assert_eq!((first.method.as_str(), first.body.as_str()), ("PATCH", "{\"name\":\"A\"}"));
        let second = request(&parts[1].content).unwrap();
        assert_eq!(second.target, "/api/data/v9.2/accounts?$filter=name eq 'a b'");
        assert_eq!(second.headers, [("accept".to_owned(), "application/json".to_owned())]);
    }

    #[test]
    fn parts_are_read_with_either_line_end() {
        check("\n");
        check("\r\n");
    }

    #[test]
    fn a_boundary_may_be_quoted() {
        assert_eq!(boundary("multipart/mixed; boundary=\"b 1\""), Some("b 1"));
        assert_eq!(boundary("multipart/mixed;boundary=b1"), Some("b1"));
        assert_eq!(boundary("application/json"), None);
    }
}
