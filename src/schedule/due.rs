//! Whether a mapping's time has come.

use crate::mapping::Schedule;
use crate::model::Timestamp;

/// What became of a mapping's last pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastPass {
    /// When the run began it was part of.
    pub at: Timestamp,
    /// There was nothing to do, and nothing failed.
    pub was_idle: bool,
}

/// Whether a mapping is to be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Now,
    /// It sleeps: only if something is known already that it has to do.
    IfWoken,
    No,
}

/// Returns whether the agent passes a mapping by itself now.
#[must_use]
pub fn due(schedule: Schedule, last: Option<LastPass>, now: Timestamp) -> Due {
    let (interval, sleep) = match schedule {
        Schedule::EachLook => return Due::Now,
        Schedule::OnDemand => return Due::No,
        Schedule::Every { interval, sleep } => (interval, sleep),
    };
    // A clock that was set back must not hold up anything.
    let Some(last) = last.filter(|last| last.at <= now) else { return Due::Now };
    let has_waited = |time| last.at.checked_add(time).is_ok_and(|then| then <= now);
    match sleep.filter(|_| last.was_idle) {
        _ if !has_waited(interval) => Due::No,
        Some(sleep) if !has_waited(sleep) => Due::IfWoken,
        _ => Due::Now,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    #[test]
    fn a_mapping_is_due_when_its_time_has_passed_and_sleeps_while_nothing_happens() {
        let start = Timestamp::UNIX_EPOCH;
        let half_hourly = |sleep| Schedule::Every { interval: minutes(30), sleep };
        let at = |passed: u64, schedule, was_idle| {
            due(schedule, Some(LastPass { at: start, was_idle }), start + minutes(passed))
        };
        for was_idle in [false, true] {
            assert_eq!(at(29, half_hourly(None), was_idle), Due::No);
            assert_eq!(at(30, half_hourly(None), was_idle), Due::Now);
            assert_eq!(at(29, half_hourly(Some(minutes(720))), was_idle), Due::No);
        }
        assert_eq!(at(30, half_hourly(Some(minutes(720))), false), Due::Now);
        assert_eq!(at(30, half_hourly(Some(minutes(720))), true), Due::IfWoken);
        assert_eq!(at(719, half_hourly(Some(minutes(720))), true), Due::IfWoken);
        assert_eq!(at(720, half_hourly(Some(minutes(720))), true), Due::Now);
    }

    #[test]
    fn one_without_a_schedule_is_always_due_and_one_on_demand_never() {
        for last in [None, Some(LastPass { at: Timestamp::UNIX_EPOCH, was_idle: true })] {
            assert_eq!(due(Schedule::EachLook, last, Timestamp::UNIX_EPOCH), Due::Now);
            assert_eq!(due(Schedule::OnDemand, last, Timestamp::MAX), Due::No);
        }
    }

    #[test]
    fn what_was_never_passed_is_due_and_so_is_what_was_passed_in_the_future() {
        let schedule = Schedule::Every { interval: minutes(30), sleep: None };
        assert_eq!(due(schedule, None, Timestamp::UNIX_EPOCH), Due::Now);
        let last = LastPass { at: Timestamp::UNIX_EPOCH + minutes(1), was_idle: false };
        assert_eq!(due(schedule, Some(last), Timestamp::UNIX_EPOCH), Due::Now);
    }
}
