//! When to send again, and how long to wait before.

use std::time::Duration;

use fastrand::Rng;

use super::{HttpError, Repeat, Response};

/// How often and how patiently to send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times after the first.
    pub times: u32,
    /// The same where the service refused for load: it is well, and waits for us to be slower.
    pub times_throttled: u32,
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
            times_throttled: 8,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(30),
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
        result: Result<&Response, &HttpError>,
        random: &mut Rng,
    ) -> Option<Duration> {
        let is_throttled = matches!(result, Ok(response) if response.status == 429);
        let times = if is_throttled { self.times_throttled } else { self.times };
        if attempt >= times || !may_repeat(repeat, result) {
            return None;
        }
        let asked = match result {
            Ok(response) => response.retry_after(),
            Err(HttpError::SignInUnavailable { retry_after, .. }) => *retry_after,
            Err(HttpError::Paused { wait } | HttpError::DayUsedUp { wait }) => Some(*wait),
            Err(_) => None,
        };
        match asked {
            Some(wait) if wait > self.longest_wait => None,
            Some(wait) => Some(wait),
            None => Some(self.backoff(attempt, random)),
        }
    }

    /// Returns a random wait below a bound that grows with the attempts: exponential, full jitter.
    pub(super) fn backoff(&self, attempt: u32, random: &mut Rng) -> Duration {
        let most = self.base.saturating_mul(2_u32.saturating_pow(attempt)).min(self.cap);
        most.mul_f64(random.f64())
    }
}

/// Returns whether sending again is safe and promising.
fn may_repeat(repeat: Repeat, result: Result<&Response, &HttpError>) -> bool {
    match (repeat, result) {
        (Repeat::Freely, Ok(response)) => matches!(response.status, 429 | 502 | 503 | 504),
        (Repeat::Freely, Err(error)) => error.is_transient(),
        (Repeat::UnlessTooLong, Ok(response)) => matches!(response.status, 429 | 502 | 503),
        (Repeat::UnlessTooLong, Err(error)) => error.is_transient() && !matches!(error, HttpError::TimedOut),
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

    /// I3. What the caller gets where nothing is repeated is its own to judge.
    #[test]
    fn a_write_is_repeated_only_when_it_was_not_applied() {
        let not_sent = Err(HttpError::NotSent { detail: String::new() });
        let no_answer = Err(HttpError::NoAnswer { detail: String::new() });
        let timed_out = Err(HttpError::TimedOut);
        let wait = Duration::from_secs(3);
        let cases = [
            // what came, read, write
            (answer(200, None), false, false),
            (answer(400, None), false, false),
            // The session has tried another token before.
            (answer(401, None), false, false),
            (answer(403, None), false, false),
            (answer(404, None), false, false),
            // It took too long: to ask for the same again takes as long again.
            (answer(408, None), false, false),
            (answer(408, Some("3")), false, false),
            (answer(412, None), false, false),
            (answer(413, None), false, false),
            (answer(429, None), true, true),
            (answer(429, Some("3")), true, true),
            // The service failed on this very request; it says so by its code where that may pass.
            (answer(500, None), false, false),
            (answer(500, Some("3")), false, false),
            (answer(501, None), false, false),
            (answer(502, None), true, false),
            (answer(502, Some("3")), true, false),
            (answer(503, None), true, false),
            (answer(503, Some("3")), true, true),
            (answer(504, None), true, false),
            (answer(504, Some("3")), true, false),
            (not_sent, true, true),
            (no_answer, true, false),
            (timed_out, true, false),
            (Err(HttpError::TooLarge { limit: 1 }), false, false),
            (Err(HttpError::SignIn { detail: String::new() }), false, false),
            (Err(HttpError::SignInUnavailable { status: 503, retry_after: None }), true, true),
            (Err(HttpError::Paused { wait }), true, true),
            (Err(HttpError::DayUsedUp { wait }), true, true),
        ];
        for (result, read, write) in cases {
            assert_eq!(may_repeat(Repeat::Freely, result.as_ref()), read, "read after {result:?}");
            let is_too_long = matches!(&result, Ok(response) if response.status == 504)
                || matches!(&result, Err(HttpError::TimedOut));
            let large_read = read && !is_too_long;
            assert_eq!(
                may_repeat(Repeat::UnlessTooLong, result.as_ref()),
                large_read,
                "large read after {result:?}"
            );
            assert_eq!(may_repeat(Repeat::IfNotApplied, result.as_ref()), write, "write after {result:?}");
        }
    }

    fn wait_after(attempt: u32, result: &Result<Response, HttpError>) -> Option<Duration> {
        Retry::default().wait_after(attempt, Repeat::Freely, result.as_ref(), &mut Rng::with_seed(1))
    }

    #[test]
    fn a_wait_that_was_asked_for_is_obeyed_or_handed_on() {
        for status in [429, 502, 503, 504] {
            assert_eq!(wait_after(0, &answer(status, Some("30"))), Some(Duration::from_secs(30)), "{status}");
            assert_eq!(wait_after(0, &answer(status, Some("31"))), None, "{status}");
        }
        let wait = Duration::from_secs(31);
        assert_eq!(wait_after(0, &Err(HttpError::Paused { wait })), None);
        assert_eq!(wait_after(0, &Err(HttpError::DayUsedUp { wait })), None);
        let retry_after = Some(Duration::from_secs(7));
        let busy = Err(HttpError::SignInUnavailable { status: 503, retry_after });
        assert_eq!(wait_after(0, &busy), retry_after);
    }

    #[test]
    fn patience_has_an_end_and_is_longer_where_only_the_pace_was_wrong() {
        assert!(wait_after(2, &answer(503, None)).is_some());
        assert_eq!(wait_after(3, &answer(503, None)), None);
        assert!(wait_after(7, &answer(429, None)).is_some());
        assert_eq!(wait_after(8, &answer(429, None)), None);
    }

    #[test]
    fn the_random_wait_grows_up_to_its_ceiling_and_uses_all_of_it() {
        let retry = Retry::default();
        let mut random = Rng::with_seed(2026);
        for attempt in [0, 1, 4, 7, 8, 40] {
            let most = Duration::from_millis(200 << attempt.min(10)).min(Duration::from_secs(30));
            let waits: Vec<_> = (0..200).map(|_| retry.backoff(attempt, &mut random)).collect();
            assert!(waits.iter().all(|wait| *wait <= most), "{attempt}");
            assert!(waits.iter().any(|wait| *wait > most * 9 / 10), "{attempt}");
            assert!(waits.iter().any(|wait| *wait < most / 10), "{attempt}");
        }
    }

    #[test]
    fn equal_seeds_give_equal_waits() {
        let waits = |seed| {
            let mut random = Rng::with_seed(seed);
            (0..8).map(|attempt| Retry::default().backoff(attempt, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
