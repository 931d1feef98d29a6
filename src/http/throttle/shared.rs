//! Throttles shared by sessions: what a service allows, it allows one user, however many connections that user has.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Limits, Throttle};

/// One throttle for each user of each server.
#[derive(Clone, Debug, Default)]
pub struct Throttles(Arc<Mutex<BTreeMap<String, Arc<Throttle>>>>);

impl Throttles {
    /// Returns the throttle of a user of a server. Where sessions that share it have different limits, the strictest of
    /// each hold.
    pub(in crate::http) fn of(&self, user: String, limits: &Limits, longest_wait: Duration) -> Arc<Throttle> {
        let mut throttles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match throttles.entry(user) {
            Entry::Occupied(known) => {
                known.get().narrow(limits);
                Arc::clone(known.get())
            }
            Entry::Vacant(place) => Arc::clone(place.insert(Arc::new(Throttle::new(limits, longest_wait)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_one_user_share_the_strictest_limits() {
        let limits = |requests, running, per_day| Limits {
            requests,
            window: Duration::from_secs(300),
            running,
            per_day,
        };
        let throttles = Throttles::default();
        let of = |user: &str, limits: Limits| throttles.of(user.to_owned(), &limits, Duration::ZERO);
        let first = of("a", limits(6000, 5, None));
        let second = of("a", limits(1000, 2, Some(50)));
        assert!(Arc::ptr_eq(&first, &second));
        let usage = first.usage();
        assert_eq!((usage.requests_limit, usage.day, first.parallelism()), (1000, Some((0, 50)), 2));
        of("a", limits(6000, 5, Some(90)));
        assert_eq!((first.usage().requests_limit, first.usage().day), (1000, Some((0, 50))));
        assert!(!Arc::ptr_eq(&first, &of("b", limits(6000, 5, None))));
    }
}
