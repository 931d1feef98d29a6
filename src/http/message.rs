//! A request and a response as plain values.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Names under which servers report their own id of a request.
const REQUEST_ID_HEADERS: [&str; 4] = ["request-id", "x-ms-service-request-id", "req_id", "ms-correlation-x"];

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    /// Returns the method as it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing, so it may be sent again whatever happened.
    Freely,
    /// It changes nothing, and the caller can ask for less at once: as `Freely`, but not after it took too long.
    UnlessTooLong,
    /// It writes: only if it is proven that it was not applied.
    IfNotApplied,
}

/// A request, without the sign-in, which the session adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// Sent again without being copied.
    pub body: Bytes,
    pub repeat: Repeat,
}

impl Request {
    /// Makes a read of one address.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            repeat: Repeat::Freely,
        }
    }

    /// Makes a post of a body.
    pub fn post(url: impl Into<String>, content_type: &str, body: Vec<u8>, repeat: Repeat) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { method: Method::Post, url: url.into(), headers, body: body.into(), repeat }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// An answer with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The server's clock, from its `Date` header.
    pub date: Option<Timestamp>,
}

impl Response {
    /// Makes a response, reading the server's clock from its headers.
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let date = find(&headers, "date").and_then(parse_http_date);
        Self { status, headers, body, date }
    }

    /// Returns the first header of that name, in any letter case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Returns the server's own id of the request, by which its makers find it in their logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        REQUEST_ID_HEADERS
            .iter()
            .find_map(|name| self.header(name))
            .map(str::trim)
            .filter(|id| !id.is_empty())
    }

    /// Returns whether the status says success.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Returns how long the server asked to wait, given in seconds or as a date by its own clock.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        let wait = parse_http_date(text)?.duration_since(self.date?);
        Some(Duration::try_from(wait).unwrap_or_default())
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Response::new(200, headers, Vec::new())
    }

    #[test]
    fn the_servers_clock_is_read() {
        let response = response(&[("date", "Sat, 21 Nov 2026 08:15:30 GMT")]);
        assert_eq!(response.date, Some("2026-11-21T08:15:30Z".parse().unwrap()));
    }

    #[test]
    fn a_request_has_its_id_under_one_of_several_names() {
        for name in ["request-id", "REQ_ID", "x-ms-service-request-id", "ms-correlation-x"] {
            assert_eq!(response(&[("x", "y"), (name, " 5c0e ")]).request_id(), Some("5c0e"), "{name}");
        }
        assert_eq!(response(&[("request-id", " ")]).request_id(), None);
    }

    #[test]
    fn a_wait_may_be_seconds_or_a_date() {
        assert_eq!(response(&[("retry-after", "17")]).retry_after(), Some(Duration::from_secs(17)));
        assert_eq!(response(&[("retry-after", "1.5")]).retry_after(), Some(Duration::from_millis(1500)));
        assert_eq!(response(&[("retry-after", "soon")]).retry_after(), None);
        let dated = response(&[
            ("date", "Sat, 21 Nov 2026 08:15:30 GMT"),
            ("Retry-After", "Sat, 21 Nov 2026 08:15:50 GMT"),
        ]);
        assert_eq!(dated.retry_after(), Some(Duration::from_secs(20)));
    }
}
