//! What a session's requests carry, for each way to sign in.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::config::SecretRef;
use crate::http::testing::{answer, serve_raw};
use crate::http::{HttpError, Limits, Request, Response, Retry, Session, SessionSettings, Throttles, Trust};

/// Answers with `status` to everything but tokens, and tells what came: the whole requests.
fn serve(status: &'static str, token: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&log);
    let address = serve_raw(move |request| {
        requests.lock().unwrap().push(request.to_owned());
        if request.starts_with("POST /token") {
            answer("200 OK", "", token)
        } else {
            answer(status, "", "{}")
        }
    });
    (address, log)
}

async fn get(address: &str, sign_in: SignIn) -> Result<Response, HttpError> {
    let session = Session::open(SessionSettings {
        address: address.to_owned(),
        timeout: Duration::from_secs(10),
        limits: Limits { requests: 6000, window: Duration::from_secs(300), running: 1, per_day: None },
        seed: 1,
        retry: Retry { times: 0, ..Retry::default() },
        sign_in,
        trust: Trust::default(),
        throttles: Throttles::default(),
    })?;
    session.send(&Request::get(format!("{address}/rows"))).await
}

fn oauth(address: &str, proof: Proof) -> SignIn {
    let (client_id, scope) = ("app".to_owned(), "x/.default".to_owned());
    SignIn::OAuth(OAuth { token_url: format!("{address}/token"), client_id, scope, proof })
}

fn person(address: &str, folder: &Path) -> SignIn {
    let reference = SecretRef::File("refresh-token".into());
    let place = RefreshTokenPlace { reference, folder: folder.to_owned(), connection: "crm".to_owned() };
    oauth(address, Proof::Person(place))
}

#[tokio::test]
async fn user_and_key_travel_with_the_request_and_a_refusal_is_not_repeated() {
    let (address, log) = serve("401 Unauthorized", "");
    let sign_in = SignIn::Basic { user: "SYNC".to_owned(), key: Secret::new("k3y") };
    assert!(!format!("{sign_in:?}").contains("k3y"));
    assert_eq!(get(&address, sign_in).await.unwrap().status, 401);
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 1, "a second try would count against the account");
    assert!(log[0].contains("authorization: Basic U1lOQzprM3k=\r\n"), "{}", log[0]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_is_asked_for_the_token() {
    let (address, log) = serve("200 OK", "");
    let sign_in = SignIn::Command(SecretRef::Command("echo token-1".to_owned()));
    assert_eq!(get(&address, sign_in).await.unwrap().status, 200);
    assert!(log.lock().unwrap()[0].contains("authorization: Bearer token-1\r\n"));
    let failing = SignIn::Command(SecretRef::Command("exit 1".to_owned()));
    let error = get(&address, failing).await.unwrap_err();
    assert!(matches!(&error, HttpError::SignIn { detail } if detail.contains("by hand")), "{error:?}");
}

#[tokio::test]
async fn a_certificate_signs_a_new_assertion_for_each_token() {
    let made = new_certificate("tandem", Timestamp::now(), 1).unwrap();
    let (pem, key) = (made.certificate_pem.as_bytes(), made.key_pem.reveal().as_bytes());
    let certificate = ClientCertificate::from_pem(pem, key, None).unwrap();
    let algorithm = SignatureAlgorithm::Ps256;
    let proof = Proof::Application(ClientCredentials::Certificate { certificate, algorithm });
    let (address, log) = serve("401 Unauthorized", r#"{"access_token":"token-1","expires_in":3599}"#);
    assert_eq!(get(&address, oauth(&address, proof)).await.unwrap().status, 401);
    let log = log.lock().unwrap();
    let assertions: Vec<_> = log
        .iter()
        .filter(|request| request.starts_with("POST /token"))
        .map(|request| {
            assert!(request.contains(
                "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            ));
            assert!(request.contains("grant_type=client_credentials") && !request.contains("client_secret"));
            request.split("client_assertion=").nth(1).unwrap().split('&').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(assertions.len(), 2);
    assert_ne!(assertions[0], assertions[1]);
}

#[tokio::test]
async fn a_certificate_that_has_run_out_is_named_where_the_sign_in_is_refused() {
    let refused = r#"{"error":"invalid_client","error_codes":[700027]}"#;
    for (made_at, is_named) in [(Timestamp::UNIX_EPOCH, true), (Timestamp::now(), false)] {
        let made = new_certificate("tandem", made_at, 1).unwrap();
        let (pem, key) = (made.certificate_pem.as_bytes(), made.key_pem.reveal().as_bytes());
        let certificate = ClientCertificate::from_pem(pem, key, None).unwrap();
        let algorithm = SignatureAlgorithm::Ps256;
        let proof = Proof::Application(ClientCredentials::Certificate { certificate, algorithm });
        let address = serve_raw(move |_| answer("401 Unauthorized", "", refused));
        let error = get(&address, oauth(&address, proof)).await.unwrap_err().to_string();
        assert_eq!(error.contains("ran out on 1970-01-02"), is_named, "{error}");
        assert!(error.contains("AADSTS700027"), "{error}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_replaced_by_its_successor() {
    let folder = tempfile::tempdir().unwrap();
    let (address, log) =
        serve("200 OK", r#"{"access_token":"token-1","expires_in":3599,"refresh_token":"r-2"}"#);
    let error = get(&address, person(&address, folder.path())).await.unwrap_err();
    assert!(error.to_string().contains("run `tandem sign-in crm`"), "{error}");
    let place = SecretRef::File("refresh-token".into());
    place.keep(folder.path(), &Secret::new("r-1")).unwrap();
    assert_eq!(get(&address, person(&address, folder.path())).await.unwrap().status, 200);
    assert!(log.lock().unwrap()[0].contains("grant_type=refresh_token&refresh_token=r-1"));
    assert_eq!(place.fetch(folder.path()).unwrap(), Secret::new("r-2"));
}

#[tokio::test]
async fn a_token_that_could_break_a_header_is_refused_without_being_shown() {
    let (address, _) = serve("200 OK", r#"{"access_token":"hunter2\r\nx: y"}"#);
    let proof = Proof::Application(ClientCredentials::Secret(Secret::new("s")));
    let error = get(&address, oauth(&address, proof)).await.unwrap_err().to_string();
    assert!(error.contains("control character") && !error.contains("hunter2"), "{error}");
}
