//! What a throttle knows, and its judgement whether a request may leave. It never waits and reads no clock.

use std::time::Duration;

use tokio::time::Instant;

use super::budget::{Budget, Ready};
use super::parallelism::Parallelism;
use crate::http::{HttpError, Response};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a service allows one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in any stretch of time as long as the window.
    pub requests: u32,
    pub window: Duration,
    /// Requests under way at once.
    pub running: usize,
    /// Operations in any 24 hours: each part of a batch is one.
    pub per_day: Option<u32>,
}

/// What is used of what a service allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Requests that count in the present window.
    pub requests: u64,
    pub requests_limit: u64,
    pub window: Duration,
    /// Operations that count in the last 24 hours, and how many may; nothing where the day has no limit.
    pub day: Option<(u64, u64)>,
}

/// Whether a request may leave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Granted(Ticket),
    At(Instant),
    WhenOthersEnd,
    /// Not for so long that the caller had better do something else meanwhile.
    NotSoon(HttpError),
}

/// What a request under way has taken, to be handed back when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    operations: u32,
    halvings: u64,
}

/// The knowledge of a throttle.
#[derive(Debug)]
pub(super) struct Gate {
    window: Budget,
    day: Option<Budget>,
    parallelism: Parallelism,
    running: usize,
    paused_until: Option<Instant>,
    longest_wait: Duration,
}

impl Gate {
    /// Opens a gate with untouched budgets. A request that would have to wait for longer than `longest_wait` because the
    /// service asked for it, or because the day's budget is used up, is turned away.
    pub(super) fn new(limits: &Limits, longest_wait: Duration) -> Self {
        Self {
            window: Budget::new(limits.requests.into(), limits.window),
            day: limits.per_day.map(|per_day| Budget::new(per_day.into(), DAY)),
            parallelism: Parallelism::new(limits.running),
            running: 0,
            paused_until: None,
            longest_wait,
        }
    }

    /// Returns how many requests may be under way at once at present.
    pub(super) const fn parallelism(&self) -> usize {
        self.parallelism.granted()
    }

    /// Keeps inside these limits as well.
    pub(super) fn narrow(&mut self, limits: &Limits) {
        self.window.narrow(limits.requests.into(), limits.window);
        if let Some(per_day) = limits.per_day {
            self.day.get_or_insert_with(|| Budget::new(per_day.into(), DAY)).narrow(per_day.into(), DAY);
        }
        self.parallelism.narrow(limits.running);
    }

    /// Returns what is used of the budgets.
    pub(super) fn usage(&mut self, now: Instant) -> Usage {
        let (requests, requests_limit) = self.window.used(now);
        let day = self.day.as_mut().map(|day| day.used(now));
        Usage { requests, requests_limit, window: self.window.window(), day }
    }

    /// Lets a request pass, or says when to ask again.
    pub(super) fn enter(&mut self, now: Instant, operations: u32) -> Entry {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return self.soon_or(now, until, |wait| HttpError::Paused { wait });
        }
        match self.day.as_mut().map_or(Ready::Now, |day| day.ready(now, operations.into())) {
            Ready::Now => {}
            Ready::At(moment) => return self.soon_or(now, moment, |wait| HttpError::DayUsedUp { wait }),
            Ready::WhenOthersEnd => return Entry::WhenOthersEnd,
        }
        match self.window.ready(now, 1) {
            Ready::Now => {}
            Ready::At(moment) => return Entry::At(moment),
            Ready::WhenOthersEnd => return Entry::WhenOthersEnd,
        }
        if self.running >= self.parallelism.granted() {
            return Entry::WhenOthersEnd;
        }
        self.running += 1;
        self.window.promise(1);
        if let Some(day) = &mut self.day {
            day.promise(operations.into());
        }
        Entry::Granted(Ticket { operations, halvings: self.parallelism.halvings() })
    }

    /// Learns from an answer to a request that is under way.
    pub(super) fn learn(&mut self, now: Instant, ticket: Ticket, response: &Response) {
        if let Some(hint) = response.header("x-ms-dop-hint").and_then(|hint| hint.trim().parse().ok()) {
            self.parallelism.hinted(hint);
        }
        match response.status {
            429 => self.parallelism.refused(ticket.halvings),
            200..=399 => self.parallelism.succeeded(self.running),
            _ => {}
        }
        if matches!(response.status, 429 | 500..)
            && let Some(wait) = response.retry_after()
        {
            // No pause is longer than a day, whatever the answer says.
            let until = now + wait.min(DAY);
            self.paused_until = self.paused_until.max(Some(until));
        }
    }

    /// Takes back what a request held.
    pub(super) fn leave(&mut self, now: Instant, ticket: Ticket) {
        self.running -= 1;
        self.window.spend(now, 1);
        if let Some(day) = &mut self.day {
            day.spend(now, ticket.operations.into());
        }
    }

    fn soon_or(&self, now: Instant, moment: Instant, error: impl Fn(Duration) -> HttpError) -> Entry {
        let wait = moment - now;
        if wait > self.longest_wait { Entry::NotSoon(error(wait)) } else { Entry::At(moment) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { requests: 6000, window: Duration::from_secs(300), running: 5, per_day: None };
    const LONGEST_WAIT: Duration = Duration::from_secs(30);

    fn gate(limits: Limits) -> (Gate, Instant) {
        (Gate::new(&limits, LONGEST_WAIT), Instant::now())
    }

    fn entered(gate: &mut Gate, now: Instant, operations: u32) -> Ticket {
        match gate.enter(now, operations) {
            Entry::Granted(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    fn answered(status: u16, header: Option<(&str, &str)>) -> Response {
        let headers = header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response::new(status, headers, Vec::new())
    }

    /// Sends one request that is answered so, at that moment.
    fn exchange(gate: &mut Gate, now: Instant, response: &Response) {
        let ticket = entered(gate, now, 1);
        gate.learn(now, ticket, response);
        gate.leave(now, ticket);
    }

    #[test]
    fn a_pause_that_was_asked_for_holds_for_all_requests_and_to_the_moment() {
        for status in [429, 500, 502, 503, 504] {
            let (mut gate, now) = gate(LIMITS);
            exchange(&mut gate, now, &answered(status, Some(("Retry-After", "17"))));
            let until = now + Duration::from_secs(17);
            assert_eq!(gate.enter(now, 1), Entry::At(until), "{status}");
            let just_before = until - Duration::from_nanos(1);
            assert_eq!(gate.enter(just_before, 1), Entry::At(until), "{status}");
            entered(&mut gate, until, 1);
        }
        for status in [200, 404, 412] {
            let (mut gate, now) = gate(LIMITS);
            exchange(&mut gate, now, &answered(status, Some(("Retry-After", "17"))));
            entered(&mut gate, now, 1);
        }
    }

    #[test]
    fn a_shorter_pause_never_ends_a_longer_one() {
        let (mut gate, now) = gate(LIMITS);
        let (first, second) = (entered(&mut gate, now, 1), entered(&mut gate, now, 1));
        gate.learn(now, first, &answered(429, Some(("Retry-After", "20"))));
        gate.learn(now, second, &answered(429, Some(("Retry-After", "1"))));
        assert_eq!(gate.enter(now, 1), Entry::At(now + Duration::from_secs(20)));
    }

    #[test]
    fn a_long_pause_is_the_callers_to_wait_for() {
        let (mut gate, now) = gate(LIMITS);
        exchange(&mut gate, now, &answered(503, Some(("Retry-After", "120"))));
        let wait = Duration::from_secs(120);
        assert_eq!(gate.enter(now, 1), Entry::NotSoon(HttpError::Paused { wait }));
        let later = now + Duration::from_secs(90);
        assert_eq!(gate.enter(later, 1), Entry::At(now + wait));
    }

    #[test]
    fn an_absurd_pause_is_a_day() {
        let (mut gate, now) = gate(LIMITS);
        exchange(&mut gate, now, &answered(429, Some(("Retry-After", "99999999999"))));
        assert_eq!(gate.enter(now, 1), Entry::NotSoon(HttpError::Paused { wait: DAY }));
        entered(&mut gate, now + DAY, 1);
    }

    #[test]
    fn hostile_headers_neither_panic_nor_block_for_longer_than_a_day() {
        let waits =
            ["", "-1", "NaN", "inf", "1e10", "1e308", "0x10", "Fri, 31 Dec 9999 23:59:59 GMT", "\u{fffd}"];
        let hints = ["", "-1", "0", "1e3", "99999999999999999999999", "18446744073709551615"];
        for (name, text) in waits
            .map(|text| ("Retry-After", text))
            .into_iter()
            .chain(hints.map(|text| ("x-ms-dop-hint", text)))
        {
            let (mut gate, now) = gate(LIMITS);
            exchange(&mut gate, now, &answered(503, Some((name, text))));
            entered(&mut gate, now + DAY, 1);
            assert!((1..=LIMITS.running).contains(&gate.parallelism()), "{name}: {text}");
        }
    }

    #[test]
    fn a_full_road_and_a_used_up_window_are_waited_for() {
        let (mut gate, now) = gate(Limits { requests: 3, running: 2, ..LIMITS });
        let (first, second) = (entered(&mut gate, now, 1), entered(&mut gate, now, 1));
        assert_eq!(gate.enter(now, 1), Entry::WhenOthersEnd);
        gate.leave(now, first);
        let third = entered(&mut gate, now, 1);
        gate.leave(now, second);
        assert_eq!(gate.enter(now, 1), Entry::At(now + LIMITS.window), "however long the window is");
        gate.leave(now, third);
        entered(&mut gate, now + LIMITS.window, 1);
    }

    #[test]
    fn a_days_budget_counts_the_parts_of_batches() {
        let (mut gate, now) = gate(Limits { per_day: Some(100), ..LIMITS });
        for _ in 0..2 {
            let ticket = entered(&mut gate, now, 50);
            gate.leave(now, ticket);
        }
        assert_eq!(gate.enter(now, 1), Entry::NotSoon(HttpError::DayUsedUp { wait: DAY }));
        let soon = now + DAY - LONGEST_WAIT;
        assert_eq!(gate.enter(soon, 1), Entry::At(now + DAY));
        entered(&mut gate, now + DAY, 1);
    }

    #[test]
    fn what_is_used_counts_until_its_window_is_over() {
        let (mut gate, now) = gate(Limits { per_day: Some(1000), ..LIMITS });
        let ticket = entered(&mut gate, now, 50);
        assert_eq!(gate.usage(now).requests, 1, "it is under way");
        gate.leave(now, ticket);
        exchange(&mut gate, now, &answered(200, None));
        let usage = gate.usage(now);
        assert_eq!((usage.requests, usage.requests_limit, usage.day), (2, 6000, Some((51, 1000))));
        let usage = gate.usage(now + LIMITS.window);
        assert_eq!((usage.requests, usage.day), (0, Some((51, 1000))));
        assert_eq!(gate.usage(now + DAY).day, Some((0, 1000)));
    }

    #[test]
    fn the_recommended_parallelism_is_kept() {
        let (mut gate, now) = gate(Limits { running: 52, ..LIMITS });
        exchange(&mut gate, now, &answered(200, Some(("x-ms-dop-hint", "2"))));
        assert_eq!(gate.parallelism(), 2);
        exchange(&mut gate, now, &answered(200, Some(("x-ms-dop-hint", "many"))));
        assert_eq!(gate.parallelism(), 2);
    }

    #[test]
    fn only_a_refusal_for_load_halves_the_parallelism() {
        for (status, expected) in [(200, 4), (404, 4), (412, 4), (429, 2), (500, 4), (503, 4)] {
            let (mut gate, now) = gate(LIMITS);
            exchange(&mut gate, now, &answered(status, None));
            assert_eq!(gate.parallelism(), expected, "{status}");
        }
    }
}
