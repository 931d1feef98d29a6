//! Noticing that a transaction that does not end holds the feed back.
//!
//! Nothing is lost by it: what was committed meanwhile is read once the transaction has ended.

use std::time::Duration;

use super::SyncState;
use crate::model::Timestamp;

/// How long the feed may stand before people are told.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Since when the feed stands at the same version.
#[derive(Debug, Default)]
pub struct Standstill {
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    at: i64,
    since: Timestamp,
    is_told: bool,
}

impl Standstill {
    /// Takes note of a state. Returns since when the feed stands, once, when that has become long.
    pub fn note(&mut self, state: &SyncState) -> Option<Timestamp> {
        let now = state.server_time?;
        if state.committed_below > state.last_used {
            self.held = None;
            return None;
        }
        match &mut self.held {
            Some(held) if held.at == state.committed_below => {
                let is_long = held.since.checked_add(PATIENCE).is_ok_and(|end| end <= now);
                (is_long && !std::mem::replace(&mut held.is_told, is_long)).then_some(held.since)
            }
            held => {
                *held = Some(Held { at: state.committed_below, since: now, is_told: false });
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::state;
    use super::*;

    #[test]
    fn a_feed_that_is_held_back_for_minutes_is_told_once() {
        let mut standstill = Standstill::default();
        let mut at = |minute: u8, last_used, committed_below| {
            let time = format!("2026-11-21T12:{minute:02}:00Z").parse().unwrap();
            let state = SyncState { server_time: Some(time), ..state(last_used, committed_below) };
            standstill.note(&state).map(|since| since.to_string())
        };
        assert_eq!(at(0, 100, 101), None);
        assert_eq!(at(1, 110, 101), None);
        assert_eq!(at(5, 120, 101), None);
        assert_eq!(at(6, 130, 101).as_deref(), Some("2026-11-21T12:01:00Z"));
        assert_eq!(at(9, 140, 101), None, "it was told");
        assert_eq!(at(10, 150, 141), None, "it went on");
        assert_eq!(at(16, 160, 161), None);
        assert_eq!(at(30, 170, 161), None, "held anew");
    }
}
