//! Seeded faults: which request, row or write is struck, by the profiles a simulation was started with.
//!
//! What a fault does to rows stands with each service. A profile never strikes on two occasions in a row, so that a client
//! that tries again gets on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use super::faults::{Reaction, lock};
use super::profile::Profile;
use super::sequence::Sequence;

const SERVER_ERRORS: [u16; 4] = [500, 502, 503, 504];
const RETRY_AFTER_SECS: u64 = 1;
const SLOWEST_MILLIS: usize = 400;
/// How much rarer each fault is where all are played.
const RARER: usize = 3;

/// The faults of one simulation.
#[derive(Debug, Default)]
pub(crate) struct Disturbance {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    profiles: Vec<Profile>,
    sequence: Sequence,
    struck: BTreeMap<Profile, u64>,
    spared: BTreeSet<Profile>,
}

impl Disturbance {
    pub(crate) fn new(profiles: &[Profile], seed: u64) -> Self {
        let state = State { profiles: profiles.to_vec(), sequence: Sequence::new(seed), ..State::default() };
        Self { state: Mutex::new(state) }
    }

    /// Stops all profiles.
    pub(crate) fn calm(&self) {
        lock(&self.state).profiles.clear();
    }

    /// Returns how often each profile struck.
    pub(crate) fn struck(&self) -> BTreeMap<Profile, u64> {
        lock(&self.state).struck.clone()
    }

    /// Returns whether a profile is played.
    pub(crate) fn plays(&self, profile: Profile) -> bool {
        lock(&self.state).plays(profile)
    }

    /// Returns whether a profile strikes on this occasion.
    pub(crate) fn strikes(&self, profile: Profile) -> bool {
        lock(&self.state).strikes(profile)
    }

    /// Counts something a profile did without chance.
    pub(crate) fn count(&self, profile: Profile) {
        *lock(&self.state).struck.entry(profile).or_default() += 1;
    }

    /// Returns a number from 0 to below `limit`.
    pub(crate) fn below(&self, limit: usize) -> usize {
        lock(&self.state).sequence.below(limit)
    }

    /// Decides what becomes of a request as a whole.
    pub(crate) fn react(&self) -> Reaction {
        let mut state = lock(&self.state);
        if state.strikes(Profile::Throttling) {
            Reaction::Answer(429, Some(RETRY_AFTER_SECS))
        } else if state.strikes(Profile::ThrottlingUnannounced) {
            Reaction::Answer(429, None)
        } else if state.strikes(Profile::ServerErrors) {
            let status = state.sequence.pick(&SERVER_ERRORS);
            // Who is only closed for maintenance says when to come back.
            Reaction::Answer(status, (status == 503).then_some(RETRY_AFTER_SECS))
        } else if state.strikes(Profile::CutBefore) {
            Reaction::DropBefore
        } else if state.strikes(Profile::CutAfter) {
            Reaction::DropAfter
        } else {
            Reaction::Proceed
        }
    }

    /// Returns how long an answer is held back.
    pub(crate) fn delay(&self) -> Duration {
        let mut state = lock(&self.state);
        let millis =
            if state.strikes(Profile::SlowAnswers) { state.sequence.below(SLOWEST_MILLIS) } else { 0 };
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// Returns a page size: sometimes smaller than the one asked for.
    pub(crate) fn page_size(&self, asked: usize) -> usize {
        if self.strikes(Profile::PageDrift) { (asked / 2).max(1) } else { asked }
    }

    /// Returns a moment, in milliseconds, as the server stamps it.
    pub(crate) fn stamped(&self, millis: i64) -> i64 {
        if !self.plays(Profile::EqualStamps) {
            return millis;
        }
        self.count(Profile::EqualStamps);
        millis - millis.rem_euclid(60_000)
    }
}

impl State {
    fn plays(&self, profile: Profile) -> bool {
        let apart = matches!(profile, Profile::Limits | Profile::RolledBackRows);
        let in_all = !apart && self.profiles.contains(&Profile::All);
        in_all || self.profiles.contains(&profile)
    }

    fn strikes(&mut self, profile: Profile) -> bool {
        if !self.plays(profile) || self.spared.remove(&profile) {
            return false;
        }
        let rarer = if self.profiles.contains(&Profile::All) { RARER } else { 1 };
        let strikes = self.sequence.below(profile.occasions() * rarer) == 0;
        if strikes {
            self.spared.insert(profile);
            *self.struck.entry(profile).or_default() += 1;
        }
        strikes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_strike_equally_and_never_twice_in_a_row() {
        let strikes = |seed| {
            let disturbance = Disturbance::new(&[Profile::ServerErrors], seed);
            (0..200).map(|_| disturbance.react()).collect::<Vec<_>>()
        };
        assert_eq!(strikes(1), strikes(1));
        assert_ne!(strikes(1), strikes(2));
        let struck = strikes(1).iter().filter(|reaction| **reaction != Reaction::Proceed).count();
        assert!((10..60).contains(&struck), "{struck}");
        assert!(strikes(1).windows(2).all(|pair| pair.contains(&Reaction::Proceed)));
    }

    #[test]
    fn all_plays_every_profile_but_two_until_it_is_calmed() {
        let disturbance = Disturbance::new(&[Profile::All], 1);
        let played = |profile: &Profile| disturbance.plays(*profile);
        let not: Vec<_> = Profile::EVERY.into_iter().filter(|profile| !played(profile)).collect();
        assert_eq!(not, [Profile::RolledBackRows, Profile::Limits]);
        disturbance.calm();
        assert!(!Profile::EVERY.iter().any(played));
    }
}
