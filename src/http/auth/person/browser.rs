//! Browser: an authorization code with PKCE (RFC 7636), brought back to a port of this machine.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout as within;
use url::Url;

use super::super::OAuth;
use super::super::token_endpoint::TokenEndpoint;
use super::{keep, place, refused};
use crate::config::Secret;
use crate::http::{HttpError, Trust};

const PATIENCE: Duration = Duration::from_secs(600);
const ONE_REQUEST: Duration = Duration::from_secs(5);
const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// Signs a person in. `show` gets the address to open in a browser on this machine; it is called once.
pub async fn browser(
    oauth: &OAuth,
    timeout: Duration,
    trust: &Trust,
    show: impl FnOnce(&str),
) -> Result<(), HttpError> {
    let place = place(oauth).await?;
    let endpoint = TokenEndpoint::new(&oauth.token_url, &oauth.client_id, timeout, trust)?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| no_port(&error))?;
    let port = listener.local_addr().map_err(|error| no_port(&error))?.port();
    // Entra lets an application registered for http://localhost come back to any port.
    let redirect_uri = format!("http://localhost:{port}");
    let (verifier, state) = (random()?, random()?);
    show(&authorize_url(&endpoint, oauth, &redirect_uri, &verifier, &state)?);
    let code = within(PATIENCE, wait_for_code(&listener, &state))
        .await
        .map_err(|_| refused("nobody signed in in time"))??;
    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.reveal().to_owned()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
        ("scope", oauth.scope.clone()),
    ];
    keep(place, endpoint.ask(&form).await?).await
}

fn authorize_url(
    endpoint: &TokenEndpoint,
    oauth: &OAuth,
    redirect_uri: &str,
    verifier: &str,
    state: &str,
) -> Result<String, HttpError> {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let mut url = Url::parse(&endpoint.neighbour("authorize"))
        .map_err(|error| HttpError::Configuration { detail: format!("token_url: {error}") })?;
    url.query_pairs_mut()
        .append_pair("client_id", &oauth.client_id)
        .append_pair("response_type", "code")
        .append_pair("response_mode", "query")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &oauth.scope)
        .append_pair("state", state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    Ok(url.into())
}

/// Answers browsers until one brings the code with our own state; whatever else asks is turned away.
async fn wait_for_code(listener: &TcpListener, state: &str) -> Result<Secret, HttpError> {
    loop {
        let (mut stream, _) = listener.accept().await.map_err(|error| no_port(&error))?;
        let Ok(Some(request)) = within(ONE_REQUEST, read_head(&mut stream)).await else { continue };
        let outcome = code_in(&request, state);
        let (status, text) = match &outcome {
            Some(Ok(_)) => ("200 OK", "Signed in. You can close this page."),
            Some(Err(_)) => ("200 OK", "The sign-in failed. Look at the terminal."),
            None => ("404 Not Found", "Nothing here."),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        // A browser that went away has brought what it had to bring.
        let _ = within(ONE_REQUEST, stream.write_all(answer.as_bytes())).await;
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 2048];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await.ok()?;
        if read == 0 || bytes.len() + read > MAX_REQUEST_BYTES {
            return None;
        }
        bytes.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(bytes).ok()
}

/// Reads code or error from a request line, if it carries our state.
fn code_in(request: &str, state: &str) -> Option<Result<Secret, HttpError>> {
    let target = request.strip_prefix("GET ")?.split(' ').next()?;
    let url = Url::parse("http://localhost").ok()?.join(target).ok()?;
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
    if value("state")? != state {
        return None;
    }
    match (value("code"), value("error")) {
        (Some(code), _) => Some(Ok(Secret::new(&code))),
        // Only the word: descriptions are whatever the address says.
        (None, Some(error)) => {
            let word: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            Some(Err(refused(&format!("the sign-in was refused ({word})"))))
        }
        (None, None) => None,
    }
}

/// Returns 256 random bits as text.
fn random() -> Result<String, HttpError> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| refused("this system has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn no_port(error: &std::io::Error) -> HttpError {
    refused(&format!("no port of this machine to come back to: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::sync::{Arc, Mutex};
    use std::thread;

    use super::super::testing::{kept, oauth};
    use super::*;
    use crate::http::testing::{answer, serve_raw};

    fn visit(address: &Url, target: &str) -> String {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", address.port().unwrap())).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    fn parameter(url: &Url, name: &str) -> String {
        url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
    }

    #[tokio::test]
    async fn the_code_comes_back_with_our_state_and_is_exchanged_with_the_verifier() {
        let form = Arc::new(Mutex::new(String::new()));
        let sent = Arc::clone(&form);
        let address = serve_raw(move |request| {
            sent.lock().unwrap().push_str(request);
            answer("200 OK", "", r#"{"access_token":"a","refresh_token":"r-1"}"#)
        });
        let folder = tempfile::tempdir().unwrap();
        let oauth = oauth(&address, folder.path());
        let (sender, receiver) = std::sync::mpsc::channel();
        let show = |url: &str| {
            let url = Url::parse(url).unwrap();
            thread::spawn(move || {
                let back = Url::parse(&parameter(&url, "redirect_uri")).unwrap();
                let foreign = visit(&back, "/?code=stolen&state=other");
                let favicon = visit(&back, "/favicon.ico");
                let ours = visit(&back, &format!("/?code=c-1&state={}", parameter(&url, "state")));
                sender.send((url, foreign, favicon, ours)).unwrap();
            });
        };
        browser(&oauth, Duration::from_secs(10), &Trust::default(), show).await.unwrap();
        let (url, foreign, favicon, ours) = receiver.recv().unwrap();
        assert!(foreign.starts_with("HTTP/1.1 404") && favicon.starts_with("HTTP/1.1 404"));
        assert!(ours.contains("Signed in"), "{ours}");
        let form = form.lock().unwrap().clone();
        let body = form.split("\r\n\r\n").nth(1).unwrap();
        let sent = Url::parse(&format!("http://x/?{body}")).unwrap();
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, parameter(&sent, "code_verifier").as_bytes()));
        assert_eq!(parameter(&url, "code_challenge"), challenge);
        assert_eq!(parameter(&sent, "code"), "c-1");
        assert_eq!(parameter(&sent, "redirect_uri"), parameter(&url, "redirect_uri"));
        assert_eq!(kept(folder.path()), "r-1");
    }

    #[test]
    fn a_refusal_is_read_only_with_our_state() {
        assert!(code_in("GET /?error=access_denied&state=b HTTP/1.1", "a").is_none());
        let refused = code_in("GET /?error=access_denied%1b[2J&state=a HTTP/1.1", "a").unwrap().unwrap_err();
        assert_eq!(refused.to_string(), "the sign-in was refused (access_denied2J)");
    }
}
