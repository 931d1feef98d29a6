//! A signed-in line to one server: adds the token, keeps inside the service's limits, repeats what is safe to repeat.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use tokio::time::sleep;
use tracing::debug;

use super::auth::{Secret, TokenSource};
use super::throttle::{Departure, Throttle};
use super::transport::Transport;
use super::{HttpError, Limits, Repeat, Request, Response, Retry, SignIn, Throttles, Trust, Usage};

/// How to open a session.
#[derive(Debug)]
pub struct SessionSettings {
    /// Any address on the server.
    pub address: String,
    pub timeout: Duration,
    pub limits: Limits,
    pub retry: Retry,
    /// Decides the random part of waits.
    pub seed: u64,
    pub sign_in: SignIn,
    pub trust: Trust,
    /// Where sessions of the same user on the same server find each other.
    pub throttles: Throttles,
}

/// A signed-in line to one server. Whatever the same user sends to that server shares one throttle.
pub struct Session {
    transport: Transport,
    tokens: TokenSource,
    throttle: Arc<Throttle>,
    retry: Retry,
    random: Mutex<Rng>,
}

impl Session {
    /// Opens a session. Nothing is sent before the first request.
    pub fn open(settings: SessionSettings) -> Result<Self, HttpError> {
        let transport = Transport::to(&settings.address, settings.timeout, &settings.trust)?;
        let user = format!("{} {}", transport.origin(), settings.sign_in.user());
        let tokens = TokenSource::new(settings.sign_in, settings.timeout, &settings.trust)?;
        let throttle = settings.throttles.of(user, &settings.limits, settings.retry.longest_wait);
        let random = Mutex::new(Rng::with_seed(settings.seed));
        Ok(Self { transport, tokens, throttle, retry: settings.retry, random })
    }

    /// Sends a request and returns the answer, whatever its status.
    ///
    /// Sends again only as far as the request's [`Repeat`](super::Repeat) allows. An error tells whether the request
    /// may have been applied.
    pub async fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.send_batch(request, 1).await.map(|(response, _)| response)
    }

    /// Sends a request that holds that many operations, in the same way. Returns with the answer what
    /// [`refused_inside`](Self::refused_inside) wants to know of it.
    pub async fn send_batch(
        &self,
        request: &Request,
        operations: u32,
    ) -> Result<(Response, Departure), HttpError> {
        let mut attempt = 0;
        loop {
            let result = self.send_once(request, operations).await;
            let answer = result.as_ref().map(|(response, _)| response);
            let wait = self.retry.wait_after(attempt, request.repeat, answer, &mut self.random());
            let Some(wait) = wait else { return result };
            attempt += 1;
            debug!(method = %request.method, attempt, wait_ms = wait.as_millis(), "Sending again");
            sleep(wait).await;
        }
    }

    /// Hears what operations of a batch were answered that the service refused for load: the throttle learns from it as
    /// from an answer to a whole request. Returns after the wait that is due before they are sent again; `false` where
    /// that is not promising, or not soon.
    pub async fn refused_inside(&self, attempt: u32, departure: Departure, refused: &[&Response]) -> bool {
        for part in refused {
            self.throttle.answered_inside(departure, part);
        }
        let Some(longest) = refused.iter().max_by_key(|part| part.retry_after()) else { return false };
        let wait = self.retry.wait_after(attempt, Repeat::IfNotApplied, Ok(longest), &mut self.random());
        let Some(wait) = wait else { return false };
        debug!(
            operations = refused.len(),
            attempt,
            wait_ms = wait.as_millis(),
            "Sending again what a batch left undone"
        );
        sleep(wait).await;
        true
    }

    /// Returns what is used of the budgets.
    pub fn usage(&self) -> Usage {
        self.throttle.usage()
    }

    /// Returns when what it signs in with runs out, where that shows.
    pub const fn credential_end(&self) -> Option<Timestamp> {
        self.tokens.credential_end()
    }

    /// Returns how many requests may be under way at once at present: as many are worth having ready.
    pub fn parallelism(&self) -> usize {
        self.throttle.parallelism()
    }

    /// Waits a little longer each time; for callers that repeat by their own rules.
    pub async fn back_off(&self, attempt: u32) {
        let wait = self.retry.backoff(attempt, &mut self.random());
        sleep(wait).await;
    }

    async fn send_once(
        &self,
        request: &Request,
        operations: u32,
    ) -> Result<(Response, Departure), HttpError> {
        let (response, departure, token) = self.send_as(request, operations, None).await?;
        if response.status != 401 {
            return Ok((response, departure));
        }
        // A 401 proves that nothing was applied, so even a write may follow with a fresh token: once.
        let Some(token) = self.tokens.renewed(&token).await? else {
            return Ok((response, departure));
        };
        let (response, departure, _) = self.send_as(request, operations, Some(token)).await?;
        Ok((response, departure))
    }

    /// Sends once, with the present token or this one. Returns the token with the answer.
    async fn send_as(
        &self,
        request: &Request,
        operations: u32,
        token: Option<Secret>,
    ) -> Result<(Response, Departure, Secret), HttpError> {
        let place = self.throttle.place(operations).await?;
        // Only now: a token that had to wait in line with its request might be too old at the end of it.
        let token = match token {
            Some(token) => token,
            None => self.tokens.authorization().await?,
        };
        let response = self.transport.send(request, Some(token.reveal())).await?;
        place.answered(&response);
        Ok((response, place.departure(), token))
    }

    fn random(&self) -> MutexGuard<'_, Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("transport", &self.transport).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::http::testing::{answer, serve_raw};
    use crate::http::{ClientCredentials, OAuth, Proof, Repeat, Secret};

    fn session(address: &str) -> Session {
        Session::open(SessionSettings {
            address: address.to_owned(),
            timeout: Duration::from_secs(10),
            limits: Limits { requests: 6000, window: Duration::from_secs(300), running: 2, per_day: None },
            retry: Retry { base: Duration::ZERO, ..Retry::default() },
            seed: 1,
            sign_in: SignIn::OAuth(OAuth {
                token_url: format!("{address}/token"),
                client_id: "app".into(),
                scope: "x/.default".into(),
                proof: Proof::Application(ClientCredentials::Secret(Secret::new("s3cret"))),
            }),
            trust: Trust::default(),
            throttles: Throttles::default(),
        })
        .unwrap()
    }

    /// Issues `token-1`, `token-2`, … and leaves everything else to `answer_other`.
    fn serve(
        answer_other: impl Fn(&str, usize) -> Option<String> + Send + 'static,
    ) -> (String, Arc<AtomicUsize>) {
        let tokens = Arc::new(AtomicUsize::new(0));
        let issued = Arc::clone(&tokens);
        let others = AtomicUsize::new(0);
        let address = serve_raw(move |request| {
            if request.starts_with("POST /token") {
                assert!(request.contains("client_secret=s3cret"));
                let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                let body =
                    format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"token-{number}"}}"#);
                return answer("200 OK", "", &body);
            }
            answer_other(request, others.fetch_add(1, Ordering::SeqCst))
        });
        (address, tokens)
    }

    fn write_to(address: &str) -> Request {
        Request::post(format!("{address}/rows"), "application/json", b"{}".to_vec(), Repeat::IfNotApplied)
    }

    #[tokio::test]
    async fn a_token_is_fetched_once_and_reused() {
        let (address, tokens) = serve(|request, _| {
            assert!(request.contains("authorization: Bearer token-1"));
            answer("200 OK", "", "{}")
        });
        let session = session(&address);
        for _ in 0..3 {
            assert_eq!(session.send(&Request::get(format!("{address}/x"))).await.unwrap().status, 200);
        }
        assert_eq!(tokens.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_exactly_once() {
        let (address, tokens) = serve(|request, _| {
            let fresh = request.contains("Bearer token-2");
            answer(if fresh { "200 OK" } else { "401 Unauthorized" }, "", "{}")
        });
        assert_eq!(session(&address).send(&write_to(&address)).await.unwrap().status, 200);
        assert_eq!(tokens.load(Ordering::SeqCst), 2);

        let (address, tokens) = serve(|_, _| answer("401 Unauthorized", "", "{}"));
        assert_eq!(session(&address).send(&write_to(&address)).await.unwrap().status, 401);
        assert_eq!(tokens.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_throttled_write_is_sent_again_after_the_wait() {
        let (address, _) = serve(|_, number| match number {
            0 => answer("429 Too Many Requests", "Retry-After: 0\r\n", ""),
            _ => answer("200 OK", "", "{}"),
        });
        assert_eq!(session(&address).send(&write_to(&address)).await.unwrap().status, 200);
    }

    /// I3: a write whose answer was lost is never repeated by itself.
    #[tokio::test]
    async fn a_write_without_an_answer_is_in_doubt_and_not_repeated() {
        let sent = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sent);
        let (address, _) = serve(move |_, _| {
            count.fetch_add(1, Ordering::SeqCst);
            None
        });
        let error = session(&address).send(&write_to(&address)).await.unwrap_err();
        assert!(matches!(error, HttpError::NoAnswer { .. }), "{error:?}");
        assert!(!error.is_certainly_not_applied());
        assert_eq!(sent.load(Ordering::SeqCst), 1);
    }

    /// What the service answers, how often a read and a write are sent, and what the caller then gets.
    #[tokio::test]
    async fn each_status_is_repeated_as_far_as_that_is_safe() {
        let cases = [
            ("408 Request Timeout", "", 1, 1),
            ("408 Request Timeout", "Retry-After: 0\r\n", 1, 1),
            ("429 Too Many Requests", "", 9, 9),
            ("429 Too Many Requests", "Retry-After: 0\r\n", 9, 9),
            ("429 Too Many Requests", "Retry-After: 31\r\n", 1, 1),
            ("500 Internal Server Error", "", 1, 1),
            ("501 Not Implemented", "", 1, 1),
            ("502 Bad Gateway", "", 4, 1),
            ("502 Bad Gateway", "Retry-After: 0\r\n", 4, 1),
            ("503 Service Unavailable", "", 4, 1),
            ("503 Service Unavailable", "Retry-After: 0\r\n", 4, 4),
            ("503 Service Unavailable", "Retry-After: 31\r\n", 1, 1),
            ("504 Gateway Timeout", "", 4, 1),
            ("504 Gateway Timeout", "Retry-After: 0\r\n", 4, 1),
        ];
        for (status, header, reads, writes) in cases {
            for (is_write, expected) in [(false, reads), (true, writes)] {
                let sent = Arc::new(AtomicUsize::new(0));
                let count = Arc::clone(&sent);
                let (address, _) = serve(move |_, _| {
                    count.fetch_add(1, Ordering::SeqCst);
                    answer(status, header, "")
                });
                let read = Request::get(format!("{address}/x"));
                let request = if is_write { write_to(&address) } else { read };
                let response = session(&address).send(&request).await.unwrap();
                assert_eq!(response.status.to_string(), status[..3]);
                assert_eq!(sent.load(Ordering::SeqCst), expected, "{status} {header} write: {is_write}");
            }
        }
    }

    /// What the service asked for holds for whatever else is to be sent on the session.
    #[tokio::test]
    async fn during_a_long_pause_nothing_is_sent() {
        let sent = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sent);
        let (address, _) = serve(move |_, _| {
            count.fetch_add(1, Ordering::SeqCst);
            answer("503 Service Unavailable", "Retry-After: 3600\r\n", "")
        });
        let session = session(&address);
        assert_eq!(session.send(&write_to(&address)).await.unwrap().status, 503);
        let error = session.send(&Request::get(format!("{address}/x"))).await.unwrap_err();
        let HttpError::Paused { wait } = error else { panic!("{error:?}") };
        assert!(wait > Duration::from_secs(3500) && wait <= Duration::from_secs(3600), "{wait:?}");
        assert!(HttpError::Paused { wait }.is_certainly_not_applied());
        assert_eq!(sent.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_read_without_an_answer_is_repeated() {
        let (address, _) = serve(|_, number| (number > 1).then(|| answer("200 OK", "", "{}").unwrap()));
        assert_eq!(session(&address).send(&Request::get(format!("{address}/x"))).await.unwrap().status, 200);
    }

    #[tokio::test]
    async fn a_refused_connection_proves_that_nothing_was_applied() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = session(&address).send(&write_to(&address)).await.unwrap_err();
        assert!(matches!(error, HttpError::NotSent { .. }), "{error:?}");
        assert!(error.is_certainly_not_applied());
    }

    #[tokio::test]
    async fn a_foreign_link_never_gets_the_token() {
        let (address, _) = serve(|_, _| answer("200 OK", "", "{}"));
        let error = session(&address).send(&Request::get("http://127.0.0.1:1/next")).await.unwrap_err();
        assert!(matches!(error, HttpError::ForeignLink { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_refused_sign_in_says_what_to_do_and_keeps_the_secret() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1","error_codes":[7000215]}"#;
        let address = serve_raw(move |_| answer("401 Unauthorized", "", body));
        let session = session(&address);
        let error = session.send(&write_to(&address)).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, HttpError::SignIn { .. }));
        assert!(text.contains("AADSTS7000215") && !text.contains("s3cret"), "{text}");
        assert!(!format!("{session:?}").contains("s3cret"));
    }
}
