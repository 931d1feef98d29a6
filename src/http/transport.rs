//! The wire itself: one request out, one whole answer in. Neither signs in nor repeats.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use tracing::debug;
use url::Url;
use uuid::Uuid;

use super::{HttpError, Method, Origin, Request, Response, Trust};

/// Larger answers are refused, so that memory stays bounded.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Shorter than servers keep idle connections: a write on one that is just being closed would be left in doubt.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests to one server.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    origin: Origin,
    client: reqwest::Client,
    max_answer_bytes: usize,
}

impl Transport {
    /// Prepares to speak to the server of that address.
    pub(super) fn to(address: &str, timeout: Duration, trust: &Trust) -> Result<Self, HttpError> {
        install_crypto_provider();
        let origin = if trust.allow_http { Origin::even_plain(address)? } else { Origin::of(address)? };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .timeout(timeout)
            .tls_certs_merge(authorities(&trust.authorities_pem)?);
        if origin.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| HttpError::Configuration { detail: format!("cannot set up TLS: {error}") })?;
        Ok(Self { origin, client, max_answer_bytes: MAX_ANSWER_BYTES })
    }

    /// Returns the server.
    pub(super) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Sends a request, with an `Authorization` if there is one, and reads the whole answer.
    pub(super) async fn send(
        &self,
        request: &Request,
        authorization: Option<&str>,
    ) -> Result<Response, HttpError> {
        let url = Url::parse(&request.url)
            .map_err(|error| HttpError::Configuration { detail: format!("not an address: {error}") })?;
        self.origin.check(&url)?;
        let client_request_id = Uuid::new_v4();
        let mut builder = self
            .client
            .request(wire_method(request.method), url.clone())
            .header("x-ms-client-request-id", client_request_id.to_string());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, sensitive(authorization)?);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        let answer = builder.send().await.map_err(HttpError::from_reqwest);
        let response = match answer {
            Ok(answer) => self.read(answer).await,
            Err(error) => Err(error),
        };
        log(request.method, url.path(), client_request_id, &response);
        response
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Response, HttpError> {
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        // A body that breaks off leaves the request in doubt, whatever stage the error names.
        let broken = |error| match HttpError::from_reqwest(error) {
            HttpError::NotSent { detail } => HttpError::NoAnswer { detail },
            other => other,
        };
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > self.max_answer_bytes {
                return Err(HttpError::TooLarge { limit: self.max_answer_bytes });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response::new(status, headers, body))
    }
}

/// Makes a header value that no log of the layers below shows.
fn sensitive(authorization: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::from_str(authorization).map_err(|_| HttpError::SignIn {
        detail: "the token or key holds a line break or other control character".into(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, HttpError> {
    let certificates = Certificate::from_pem_bundle(pem).ok();
    match certificates.filter(|certificates| pem.is_empty() || !certificates.is_empty()) {
        Some(certificates) => Ok(certificates),
        None => {
            let detail = "ca_file holds no certificate that can be read; it must be PEM".to_owned();
            Err(HttpError::Configuration { detail })
        }
    }
}

fn log(method: Method, path: &str, client_request_id: Uuid, result: &Result<Response, HttpError>) {
    match result {
        Ok(response) => {
            let request_id = response.request_id().unwrap_or("-");
            let (status, bytes) = (response.status, response.body.len());
            debug!(%method, path, status, bytes, request_id, %client_request_id, "Answer received");
        }
        Err(error) => debug!(%method, path, %error, %client_request_id, "No answer"),
    }
}

const fn wire_method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Makes ring the process's one provider of cryptography; reqwest brings none of its own.
fn install_crypto_provider() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            debug!("Another provider of cryptography was installed first");
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::http::testing::{serve_keeping, serve_raw, serve_tls};

    /// `{"value":[]}`
    const PAGE: &str = "H4sIAAAAAAACA6tWKkvMKU1VsoqOrQUAQupARAwAAAA=";
    /// 100,000 times `0`
    const BOMB: &str = "H4sIAAAAAAACA+3BMQEAAADCoErrn84aHkABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAArwaFwk3FoIYBAA==";

    fn zipped(base64: &str) -> Vec<u8> {
        let body = STANDARD.decode(base64).unwrap();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
        [head.into_bytes(), body].concat()
    }

    #[tokio::test]
    async fn zipped_answers_are_asked_for_and_read_on_one_connection() {
        let (address, connections) = serve_keeping(|request| {
            let accepts =
                request.lines().find(|line| line.starts_with("accept-encoding:")).unwrap_or_default();
            assert!(accepts.contains("gzip"), "{request}");
            zipped(PAGE)
        });
        let transport = Transport::to(&address, Duration::from_secs(10), &Trust::default()).unwrap();
        for _ in 0..5 {
            let response = transport.send(&Request::get(&address), None).await.unwrap();
            assert_eq!(response.body, br#"{"value":[]}"#);
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }

    /// I35: what counts is the size that an answer takes in memory, not on the wire.
    #[tokio::test]
    async fn an_answer_that_unpacks_beyond_the_cap_is_refused() {
        let (address, _) = serve_keeping(|_| zipped(BOMB));
        let mut transport = Transport::to(&address, Duration::from_secs(10), &Trust::default()).unwrap();
        transport.max_answer_bytes = 99_999;
        let result = transport.send(&Request::get(&address), None).await;
        assert_eq!(result, Err(HttpError::TooLarge { limit: 99_999 }));
        transport.max_answer_bytes = 100_000;
        assert_eq!(transport.send(&Request::get(&address), None).await.unwrap().body.len(), 100_000);
    }

    #[tokio::test]
    async fn an_answer_beyond_the_cap_is_refused() {
        let address =
            serve_raw(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n01234567890123456789".into()));
        let mut transport = Transport::to(&address, Duration::from_secs(10), &Trust::default()).unwrap();
        transport.max_answer_bytes = 10;
        let result = transport.send(&Request::get(&address), None).await;
        assert_eq!(result, Err(HttpError::TooLarge { limit: 10 }));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let address = serve_raw(|_| {
            Some("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into())
        });
        let transport = Transport::to(&address, Duration::from_secs(10), &Trust::default()).unwrap();
        assert_eq!(transport.send(&Request::get(&address), None).await.unwrap().status, 302);
    }

    #[tokio::test]
    async fn an_authority_of_ones_own_is_trusted_only_where_it_is_named() {
        let (address, authority) = serve_tls();
        let send = async |trust: Trust| {
            let transport = Transport::to(&address, Duration::from_secs(10), &trust)?;
            transport.send(&Request::get(&address), None).await
        };
        let trust = |pem: &str| Trust { authorities_pem: pem.as_bytes().to_vec(), allow_http: false };
        assert_eq!(send(trust(&authority)).await.unwrap().status, 200);
        let unknown = send(Trust::default()).await.unwrap_err();
        assert!(matches!(unknown, HttpError::NotSent { .. }), "{unknown:?}");
        let wrong = send(trust("no certificate")).await.unwrap_err();
        assert!(wrong.to_string().contains("ca_file"), "{wrong}");
    }

    #[test]
    fn plain_http_leaves_this_machine_only_where_it_is_allowed() {
        let to = |allow_http| {
            let trust = Trust { authorities_pem: Vec::new(), allow_http };
            Transport::to("http://bc.contoso.example:7048", Duration::from_secs(10), &trust)
        };
        assert!(to(false).unwrap_err().to_string().contains("allow_http = true"));
        assert!(to(true).is_ok());
    }
}
