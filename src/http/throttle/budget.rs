//! A budget over a sliding window: at most so many units in any stretch of that length.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Into how many pieces a window is cut at most. Units of one piece are forgotten together, at the time of the last.
const PIECES: u32 = 300;

/// When units can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Now,
    At(Instant),
    /// Everything is promised to requests under way: as soon as some of them end, the time can be told.
    WhenOthersEnd,
}

/// What may be spent in any stretch of time as long as the window.
///
/// A unit counts from the moment it is promised until one window after it was spent. The service counts a request when it
/// arrives, which is some time between the two: so both count at least what the service counts.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    window: Duration,
    promised: u64,
    spent: VecDeque<Piece>,
    spent_total: u64,
}

#[derive(Debug)]
struct Piece {
    began: Instant,
    last: Instant,
    units: u64,
}

impl Budget {
    /// Makes an untouched budget.
    pub(super) const fn new(limit: u64, window: Duration) -> Self {
        Self { limit, window, promised: 0, spent: VecDeque::new(), spent_total: 0 }
    }

    /// Allows at most that many units in at least that window.
    pub(super) fn narrow(&mut self, limit: u64, window: Duration) {
        self.limit = self.limit.min(limit);
        self.window = self.window.max(window);
    }

    /// Returns the length of the window.
    pub(super) const fn window(&self) -> Duration {
        self.window
    }

    /// Returns how many units count at present, of how many.
    pub(super) fn used(&mut self, now: Instant) -> (u64, u64) {
        self.forget(now);
        (self.spent_total + self.promised, self.limit)
    }

    /// Returns when that many units can be promised. More than the limit counts as the limit: it could never be had.
    pub(super) fn ready(&mut self, now: Instant, units: u64) -> Ready {
        self.forget(now);
        let units = units.min(self.limit);
        let mut missing = (self.spent_total + self.promised + units).saturating_sub(self.limit);
        if missing == 0 {
            return Ready::Now;
        }
        for piece in &self.spent {
            missing = missing.saturating_sub(piece.units);
            if missing == 0 {
                return Ready::At(piece.last + self.window);
            }
        }
        Ready::WhenOthersEnd
    }

    /// Promises units to a request that is about to leave.
    pub(super) fn promise(&mut self, units: u64) {
        self.promised += units.min(self.limit);
    }

    /// Counts promised units as spent: the request has ended.
    pub(super) fn spend(&mut self, now: Instant, units: u64) {
        let units = units.min(self.limit);
        // The limit may have been narrowed, or set, since they were promised.
        self.promised = self.promised.saturating_sub(units);
        self.spent_total += units;
        match self.spent.back_mut() {
            Some(piece) if now - piece.began < self.window / PIECES => {
                piece.last = now;
                piece.units += units;
            }
            _ => self.spent.push_back(Piece { began: now, last: now, units }),
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some(piece) = self.spent.front().filter(|piece| now >= piece.last + self.window) {
            self.spent_total -= piece.units;
            self.spent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(300);

    fn spend_at_once(budget: &mut Budget, now: Instant, units: u64) {
        budget.promise(units);
        budget.spend(now, units);
    }

    #[test]
    fn a_used_up_budget_comes_back_one_window_after_it_was_spent() {
        let start = Instant::now();
        let mut budget = Budget::new(10, WINDOW);
        spend_at_once(&mut budget, start, 6);
        spend_at_once(&mut budget, start + Duration::from_secs(100), 4);
        let now = start + Duration::from_secs(200);
        assert_eq!(budget.ready(now, 1), Ready::At(start + WINDOW));
        assert_eq!(budget.ready(now, 6), Ready::At(start + WINDOW));
        assert_eq!(budget.ready(now, 7), Ready::At(start + WINDOW + Duration::from_secs(100)));
        assert_eq!(budget.ready(start + WINDOW, 6), Ready::Now);
        assert_ne!(budget.ready(start + WINDOW, 7), Ready::Now);
    }

    #[test]
    fn what_is_under_way_counts_as_spent() {
        let start = Instant::now();
        let mut budget = Budget::new(2, WINDOW);
        budget.promise(2);
        assert_eq!(budget.ready(start, 1), Ready::WhenOthersEnd);
        let ended = start + Duration::from_secs(60);
        budget.spend(ended, 2);
        assert_eq!(budget.ready(ended, 1), Ready::At(ended + WINDOW));
    }

    #[test]
    fn a_request_larger_than_the_budget_takes_all_of_it() {
        let start = Instant::now();
        let mut budget = Budget::new(3, WINDOW);
        assert_eq!(budget.ready(start, 50), Ready::Now);
        spend_at_once(&mut budget, start, 50);
        assert_eq!(budget.ready(start, 1), Ready::At(start + WINDOW));
    }

    proptest! {
        /// Whatever the rhythm, no window holds more than the limit; and memory is bounded by the pieces.
        #[test]
        fn no_window_holds_more_than_the_limit(waits in proptest::collection::vec(0_u64..40_000, 1..400)) {
            let mut now = Instant::now();
            let mut budget = Budget::new(20, WINDOW);
            let mut spent = Vec::new();
            for wait in waits {
                now += Duration::from_millis(wait);
                match budget.ready(now, 1) {
                    Ready::Now => {}
                    Ready::At(moment) => {
                        prop_assert!(moment > now && moment <= now + WINDOW);
                        now = moment;
                        prop_assert_eq!(budget.ready(now, 1), Ready::Now);
                    }
                    Ready::WhenOthersEnd => prop_assert!(false, "nothing is under way"),
                }
                spend_at_once(&mut budget, now, 1);
                spent.push(now);
                let in_window = spent.iter().filter(|moment| now - **moment < WINDOW).count();
                prop_assert!(in_window <= 20, "{} in one window", in_window);
                prop_assert!(budget.spent.len() <= PIECES as usize + 1);
            }
        }
    }
}
