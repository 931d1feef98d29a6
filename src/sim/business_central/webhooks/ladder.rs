//! What becomes of a notification that was answered, or was not.

/// Minutes until each further attempt.
const STEPS_MINUTES: [i64; 5] = [1, 1, 10, 100, 1000];

/// What a receiver did with a notification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    Answered(u16),
    NoAnswer,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    Done,
    /// Try again at this moment, in milliseconds since 1970.
    Again {
        at: i64,
    },
    /// Nobody listens there: the subscription goes.
    Remove,
}

/// Decides after an attempt; `attempts` counts those before it.
pub(super) fn next(outcome: Outcome, attempts: usize, now: i64) -> Next {
    match outcome {
        Outcome::Answered(200..=299) => Next::Done,
        Outcome::NoAnswer | Outcome::Answered(408 | 429 | 500..=599) => match STEPS_MINUTES.get(attempts) {
            Some(minutes) => Next::Again { at: now + minutes * 60_000 },
            None => Next::Remove,
        },
        Outcome::Answered(_) => Next::Remove,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_five_times() {
        let minutes: Vec<_> = (0..6).map(|attempts| next(Outcome::NoAnswer, attempts, 0)).collect();
        let again = [1, 1, 10, 100, 1000].map(|minutes| Next::Again { at: minutes * 60_000 });
        assert_eq!(minutes[..5], again);
        assert_eq!(minutes[5], Next::Remove);
        for status in [408, 429, 503] {
            assert_eq!(next(Outcome::Answered(status), 0, 0), Next::Again { at: 60_000 });
        }
    }

    #[test]
    fn a_refusal_ends_the_subscription_at_once() {
        for status in [301, 400, 404, 410] {
            assert_eq!(next(Outcome::Answered(status), 0, 0), Next::Remove, "{status}");
        }
        assert_eq!(next(Outcome::Answered(202), 4, 0), Next::Done);
    }
}
