//! Device code: the person types a short code into any browser, also on another machine.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::super::OAuth;
use super::super::token_endpoint::{Poll, TokenEndpoint};
use super::{keep, place};
use crate::http::{HttpError, Trust};

#[derive(Deserialize)]
struct Invitation {
    device_code: String,
    user_code: String,
    verification_uri: String,
    expires_in: u64,
    interval: Option<u64>,
}

const DEFAULT_INTERVAL_SECS: u64 = 5;
/// What `slow_down` adds (RFC 8628).
const SLOWER: Duration = Duration::from_secs(5);

/// Signs a person in. `show` gets what the person is to do; it is called once.
pub async fn device_code(
    oauth: &OAuth,
    timeout: Duration,
    trust: &Trust,
    show: impl FnOnce(&str),
) -> Result<(), HttpError> {
    let place = place(oauth).await?;
    let endpoint = TokenEndpoint::new(&oauth.token_url, &oauth.client_id, timeout, trust)?;
    let scope = ("scope", oauth.scope.clone());
    let invitation: Invitation = endpoint.ask_neighbour("devicecode", &[scope]).await?;
    show(&format!("open {} and enter the code {}", invitation.verification_uri, invitation.user_code));
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code".to_owned()),
        ("device_code", invitation.device_code),
    ];
    let end = Instant::now() + Duration::from_secs(invitation.expires_in);
    let mut interval = Duration::from_secs(invitation.interval.unwrap_or(DEFAULT_INTERVAL_SECS));
    while Instant::now() < end {
        sleep(interval).await;
        match endpoint.poll(&form).await {
            Ok(Poll::Granted(grant)) => return keep(place, grant).await,
            Ok(Poll::SlowDown) => interval += SLOWER,
            Ok(Poll::Pending) => {}
            Err(error) if error.is_transient() => {}
            Err(error) => return Err(error),
        }
    }
    Err(HttpError::SignIn { detail: "nobody entered the code in time; start again".to_owned() })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::super::Proof;
    use super::super::testing::{kept, oauth};
    use super::*;
    use crate::config::SecretRef;
    use crate::http::testing::{answer, serve_raw};

    #[tokio::test]
    async fn a_code_that_was_entered_leaves_a_refresh_token() {
        let asked = AtomicUsize::new(0);
        let address = serve_raw(move |request| {
            if request.starts_with("POST /devicecode") {
                let body = r#"{"device_code":"d","user_code":"ABC","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":0}"#;
                return answer("200 OK", "", body);
            }
            assert!(request.contains("device_code=d") && request.contains("client_id=app"), "{request}");
            match asked.fetch_add(1, Ordering::SeqCst) {
                0 => answer(
                    "400 Bad Request",
                    "",
                    r#"{"error":"authorization_pending","error_codes":[70016]}"#,
                ),
                _ => answer("200 OK", "", r#"{"access_token":"a","expires_in":3599,"refresh_token":"r-1"}"#),
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let oauth = oauth(&address, folder.path());
        let mut shown = String::new();
        let show = |text: &str| shown = text.to_owned();
        device_code(&oauth, Duration::from_secs(10), &Trust::default(), show).await.unwrap();
        assert_eq!(shown, "open https://microsoft.com/devicelogin and enter the code ABC");
        assert_eq!(kept(folder.path()), "r-1");
    }

    #[tokio::test]
    async fn a_declined_code_says_so() {
        let address = serve_raw(|request| {
            let body = r#"{"device_code":"d","user_code":"ABC","verification_uri":"u","expires_in":900,"interval":0}"#;
            match request.starts_with("POST /devicecode") {
                true => answer("200 OK", "", body),
                false => answer("400 Bad Request", "", r#"{"error":"authorization_declined"}"#),
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let result =
            device_code(&oauth(&address, folder.path()), Duration::from_secs(10), &Trust::default(), |_| ())
                .await;
        assert!(result.unwrap_err().to_string().contains("the sign-in was declined"));
    }

    #[tokio::test]
    async fn nobody_is_asked_where_the_refresh_token_could_not_be_kept() {
        let address = serve_raw(|request| panic!("the service was asked: {request}"));
        let mut oauth = oauth(&address, std::path::Path::new("."));
        let Proof::Person(place) = &mut oauth.proof else { panic!("{oauth:?}") };
        place.reference = SecretRef::Env("TOKEN".to_owned());
        let show = |text: &str| panic!("{text}");
        let error = device_code(&oauth, Duration::from_secs(10), &Trust::default(), show).await.unwrap_err();
        assert!(error.to_string().contains("nothing can be kept in env:TOKEN"), "{error}");
    }
}
