//! When to send again, and how long to wait before.

use std::time::Duration;

use uuid::Uuid;

use super::{HttpError, Repeat, Response};

/// How often and how patiently to send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times after the first.
    pub times: u32,
    /// The wait before the first repetition; it doubles each time, and a random part of it is waited.
    pub base: Duration,
    pub cap: Duration,
    /// A longer `Retry-After` is not waited for here but handed to the caller.
    pub longest_wait: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            times: 3,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(5),
            longest_wait: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// Returns how long to wait before sending again, or nothing if the result stands.
    pub(super) fn wait_after(
        &self,
        attempt: u32,
        repeat: Repeat,
        result: &Result<Response, HttpError>,
    ) -> Option<Duration> {
        if attempt >= self.times || !may_repeat(repeat, result) {
            return None;
        }
        let asked = match result {
            Ok(response) => response.retry_after(),
            Err(HttpError::SignInUnavailable { retry_after, .. }) => *retry_after,
            Err(_) => None,
        };
        match asked {
            Some(wait) if wait > self.longest_wait => None,
            Some(wait) => Some(wait),
            None => Some(self.backoff(attempt)),
        }
    }

    /// Returns a random wait that grows with the attempts: exponential, full jitter.
    #[must_use]
    pub fn backoff(&self, attempt: u32) -> Duration {
        let most = self.base.saturating_mul(2_u32.saturating_pow(attempt)).min(self.cap);
        let [high, low, ..] = Uuid::new_v4().into_bytes();
        most * u32::from(u16::from_be_bytes([high, low])) / u32::from(u16::MAX)
    }
}

/// Returns whether sending again is safe and promising.
fn may_repeat(repeat: Repeat, result: &Result<Response, HttpError>) -> bool {
    match (repeat, result) {
        (Repeat::Freely, Ok(response)) => matches!(response.status, 429 | 502 | 503 | 504),
        (Repeat::Freely, Err(error)) => error.is_transient(),
        (Repeat::IfNotApplied, Ok(response)) => match response.status {
            429 => true,
            // A server that says when to come back has refused the request; a bare 503 may be a gateway's.
            503 => response.retry_after().is_some(),
            _ => false,
        },
        (Repeat::IfNotApplied, Err(error)) => error.is_transient() && error.is_certainly_not_applied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> Result<Response, HttpError> {
        let headers = retry_after.iter().map(|wait| ("retry-after".to_owned(), (*wait).to_owned())).collect();
        Ok(Response::new(status, headers, Vec::new()))
    }

    #[test]
    fn a_write_is_repeated_only_when_it_was_not_applied() {
        let not_sent = Err(HttpError::NotSent { detail: String::new() });
        let no_answer = Err(HttpError::NoAnswer { detail: String::new() });
        let cases = [
            (answer(200, None), false, false),
            (answer(400, None), false, false),
            (answer(429, None), true, true),
            (answer(429, Some("3")), true, true),
            (answer(500, None), false, false),
            (answer(502, None), true, false),
            (answer(503, None), true, false),
            (answer(503, Some("3")), true, true),
            (answer(504, None), true, false),
            (answer(504, Some("3")), true, false),
            (not_sent, true, true),
            (no_answer, true, false),
            (Err(HttpError::SignIn { detail: String::new() }), false, false),
            (Err(HttpError::SignInUnavailable { status: 503, retry_after: None }), true, true),
        ];
        for (result, read, write) in cases {
            assert_eq!(may_repeat(Repeat::Freely, &result), read, "read after {result:?}");
            assert_eq!(may_repeat(Repeat::IfNotApplied, &result), write, "write after {result:?}");
        }
    }

    #[test]
    fn a_wait_that_was_asked_for_is_obeyed_or_handed_on() {
        let retry = Retry::default();
        let wait = |result| retry.wait_after(0, Repeat::Freely, &result);
        assert_eq!(wait(answer(429, Some("30"))), Some(Duration::from_secs(30)));
        assert_eq!(wait(answer(429, Some("31"))), None);
        assert_eq!(retry.wait_after(3, Repeat::Freely, &answer(429, None)), None);
    }

    #[test]
    fn the_random_wait_grows_up_to_its_cap() {
        let retry = Retry::default();
        for attempt in 0..40 {
            let most = Duration::from_millis(200 << attempt.min(10)).min(Duration::from_secs(5));
            assert!(retry.backoff(attempt) <= most);
        }
    }
}
