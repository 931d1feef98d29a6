//! Who may speak: the right token, our own host name, and no web page of somebody else's.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};

/// Decides whether a request may be answered.
#[must_use]
pub fn admits(headers: &HeaderMap, port: u16, token: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let is_our_host = text(HOST).is_some_and(|host| hosts.iter().any(|ours| ours == host));
    // A browser names the page a request comes from. No page speaks to this API.
    let is_from_a_page = headers.contains_key(ORIGIN);
    let shown = text(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    is_our_host && !is_from_a_page && is_equal(shown.as_bytes(), token.as_bytes())
}

/// Compares without telling by its time where the first difference is.
fn is_equal(shown: &[u8], token: &[u8]) -> bool {
    let mut difference = shown.len() ^ token.len();
    for (index, byte) in token.iter().enumerate() {
        let other = shown.get(index).copied().unwrap_or(!byte);
        difference |= usize::from(byte ^ other);
    }
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.insert(name, value.parse().unwrap());
        }
        admits(&map, 4711, "secret")
    }

    #[test]
    fn only_the_owner_on_this_machine_is_admitted() {
        let token = ("authorization", "Bearer secret");
        assert!(check(&[("host", "127.0.0.1:4711"), token]));
        assert!(!check(&[("host", "127.0.0.1:4711"), ("authorization", "Bearer secreT")]));
        assert!(!check(&[("host", "127.0.0.1:4711"), ("authorization", "Bearer secret1")]));
        assert!(!check(&[("host", "127.0.0.1:4711")]));
        assert!(!check(&[("host", "evil.example:4711"), token]));
        assert!(!check(&[("host", "127.0.0.1:4711"), ("origin", "http://evil.example"), token]));
    }
}
