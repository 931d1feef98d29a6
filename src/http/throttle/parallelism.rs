//! How many requests may be under way at once: a little more while all goes well, half as many after a refusal.

/// How many requests may be under way before the service has shown how it takes them.
const START: usize = 4;

/// A parallelism that feels its way, never above what the settings and the service allow.
#[derive(Debug)]
pub(super) struct Parallelism {
    limit: usize,
    /// What the service recommends, once it has said so.
    hint: Option<usize>,
    granted: usize,
    /// Successes since the last step, counted while all places were taken.
    successes: usize,
    /// Counts the halvings: requests that left before one say nothing about what came after it.
    halvings: u64,
}

impl Parallelism {
    /// Starts low; `limit` is at least one.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, hint: None, granted: limit.min(START), successes: 0, halvings: 0 }
    }

    /// Allows at most that many, which is at least one.
    pub(super) fn narrow(&mut self, limit: usize) {
        self.limit = self.limit.min(limit);
        self.granted = self.granted.min(self.ceiling());
    }

    /// Returns how many requests may be under way.
    pub(super) const fn granted(&self) -> usize {
        self.granted
    }

    /// Returns the number of halvings so far, to be handed back with what became of a request that leaves now.
    pub(super) const fn halvings(&self) -> u64 {
        self.halvings
    }

    /// Takes in that a request succeeded. `running` is how many were under way with it: success on a road that is not
    /// full proves nothing about a wider one.
    pub(super) fn succeeded(&mut self, running: usize) {
        if running < self.granted || self.granted >= self.ceiling() {
            return;
        }
        self.successes += 1;
        if self.successes >= self.granted {
            self.successes = 0;
            self.granted += 1;
        }
    }

    /// Takes in that the service refused for load a request that had left after so many halvings. One burst of refusals
    /// halves once.
    pub(super) fn refused(&mut self, halvings: u64) {
        if halvings == self.halvings {
            self.halvings += 1;
            self.successes = 0;
            self.granted = (self.granted / 2).max(1);
        }
    }

    /// Takes in what the service recommends.
    pub(super) fn hinted(&mut self, hint: usize) {
        self.hint = Some(hint.max(1));
        self.granted = self.granted.min(self.ceiling());
    }

    fn ceiling(&self) -> usize {
        self.hint.map_or(self.limit, |hint| hint.min(self.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets that many requests succeed, all places taken.
    fn succeed(parallelism: &mut Parallelism, times: usize) {
        for _ in 0..times {
            parallelism.succeeded(parallelism.granted());
        }
    }

    #[test]
    fn it_starts_low_and_grows_by_one_for_each_full_round() {
        let mut parallelism = Parallelism::new(52);
        assert_eq!(parallelism.granted(), START);
        succeed(&mut parallelism, 4 + 5);
        assert_eq!(parallelism.granted(), 6);
        for _ in 0..100 {
            parallelism.succeeded(1);
        }
        assert_eq!(parallelism.granted(), 6, "single requests prove nothing");
    }

    #[test]
    fn it_never_exceeds_the_limit_or_the_hint() {
        let mut parallelism = Parallelism::new(5);
        succeed(&mut parallelism, 1000);
        assert_eq!(parallelism.granted(), 5);
        parallelism.hinted(3);
        succeed(&mut parallelism, 1000);
        assert_eq!(parallelism.granted(), 3);
        parallelism.hinted(100);
        succeed(&mut parallelism, 1000);
        assert_eq!(parallelism.granted(), 5);
        parallelism.hinted(0);
        assert_eq!(parallelism.granted(), 1);
        assert_eq!(Parallelism::new(1).granted(), 1);
    }

    #[test]
    fn a_burst_of_refusals_halves_once() {
        let mut parallelism = Parallelism::new(52);
        succeed(&mut parallelism, 1000);
        let before = parallelism.granted();
        let left_at = parallelism.halvings();
        for _ in 0..before {
            parallelism.refused(left_at);
        }
        assert_eq!(parallelism.granted(), before / 2);
        parallelism.refused(parallelism.halvings());
        assert_eq!(parallelism.granted(), before / 4);
        for _ in 0..10 {
            parallelism.refused(parallelism.halvings());
        }
        assert_eq!(parallelism.granted(), 1);
    }
}
