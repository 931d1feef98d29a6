//! A request and an answer as plain values, so that the services are ordinary functions that tests can call without a network.

use axum::http::StatusCode;
use serde_json::Value;

/// A request as a service sees it. Header names are lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as sent, still percent-encoded.
    pub(crate) path: String,
    /// The query as sent, without the question mark.
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Scheme, host and port the client addressed: every link sent back begins with it.
    pub(crate) base: String,
    /// Whether the caller signed in with the fixed access token, that is, is a person.
    pub(crate) person: bool,
    /// Whether the notification address in the body answered a token with that token.
    pub(crate) shook_hands: bool,
    /// Whether a person signed in to the application, which then acts as that person.
    pub(crate) delegated: bool,
}

impl Request {
    /// Returns the first header of that (lower-case) name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Returns the bearer token.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Returns whether a write says which version it was made from (or that there must be none).
    pub(crate) fn is_guarded(&self) -> bool {
        let compares = self.header("if-match").is_some_and(|value| value.trim() != "*");
        let creates = self.header("if-none-match").is_some_and(|value| value.trim() != "null");
        compares || creates
    }

    /// Splits a request target into path and query.
    pub(crate) fn set_target(&mut self, target: &str) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.path = path.to_owned();
        self.query = query.to_owned();
    }

    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// Returns the preference of that name, without quotes: `Some("")` when it has no value.
    pub(crate) fn preference(&self, name: &str) -> Option<String> {
        let headers = self.headers.iter().filter(|(header, _)| header == "prefer");
        let mut preferences = headers.flat_map(|(_, value)| split_preferences(value));
        preferences.find_map(|preference| {
            let (key, value) = preference.split_once('=').unwrap_or((&preference, ""));
            let named = key.trim().eq_ignore_ascii_case(name);
            named.then(|| value.trim().trim_matches('"').to_owned())
        })
    }

    /// Returns the page size asked for, at most `maximum`.
    pub(crate) fn page_size(&self, maximum: usize) -> usize {
        let asked = self.preference("odata.maxpagesize").or_else(|| self.preference("maxpagesize"));
        let asked = asked.and_then(|size| size.parse().ok()).filter(|size| *size > 0);
        asked.unwrap_or(maximum).min(maximum)
    }
}

/// Splits at commas outside quotes.
fn split_preferences(header: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = header.split(|character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

/// An answer as a service gives it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let content_type = "application/json; odata.metadata=minimal; odata.streaming=true";
        Self::text(status, content_type, body.to_string())
    }

    pub(crate) fn text(status: u16, content_type: &str, body: String) -> Self {
        Self { status, headers: Vec::new(), body: body.into_bytes() }.with("Content-Type", content_type)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header unless it is there.
    pub(crate) fn with_default(self, name: &str, value: impl Into<String>) -> Self {
        if self.header(name).is_some() { self } else { self.with(name, value) }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status < 400
    }

    /// Returns the body as JSON; null where it is none.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Returns the reason phrase of a status line.
pub(crate) fn reason(status: u16) -> &'static str {
    let known = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    known.unwrap_or("Unknown")
}

/// Returns the present in the form of the `Date` header.
pub(crate) fn http_date() -> String {
    jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
