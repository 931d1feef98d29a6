//! Which of two rows was changed later: the one place where stamps of two systems are held against each other (I28).
//!
//! A stamp is the row's, not the field's: an edit of any other field moves it too, and so does a write of Tandem's own.

use crate::model::{Pair, Side, Timestamp};

use super::decide::Seen;

/// Returns the side whose row was changed later, by more than the two clocks may be apart. Equal and missing stamps pick
/// no winner.
#[must_use]
pub fn newer(seen: &Pair<Option<Seen>>, by: std::time::Duration) -> Option<Side> {
    let stamp = |side: Side| match &seen[side] {
        Some(Seen::Record { modified_at, .. }) => *modified_at,
        Some(Seen::Gone(_) | Seen::Unclear) | None => None,
    };
    let (left, right): (Timestamp, Timestamp) = (stamp(Side::Left)?, stamp(Side::Right)?);
    let ahead = left.duration_since(right);
    if ahead.unsigned_abs() <= by {
        return None;
    }
    Some(if ahead.is_positive() { Side::Left } else { Side::Right })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Record;

    const MARGIN: Duration = Duration::from_secs(120);

    fn check(left: Option<i64>, right: Option<i64>, by: Duration) -> Option<Side> {
        let seen = Pair::new(left, right).map(|second| {
            let modified_at = second.map(|second| Timestamp::from_second(second).unwrap());
            Some(Seen::Record { record: Record::default(), version: None, modified_at })
        });
        newer(&seen, by)
    }

    #[test]
    fn the_row_changed_later_by_more_than_the_margin_is_newer() {
        assert_eq!(check(Some(1121), Some(1000), MARGIN), Some(Side::Left));
        assert_eq!(check(Some(1000), Some(1121), MARGIN), Some(Side::Right));
        assert_eq!(check(Some(1120), Some(1000), MARGIN), None);
        assert_eq!(check(Some(1000), Some(1120), MARGIN), None);
    }

    /// I28: equal stamps never pick a winner, whatever the margin, and neither does a missing one.
    #[test]
    fn equal_and_missing_stamps_pick_no_winner() {
        assert_eq!(check(Some(1000), Some(1000), Duration::ZERO), None);
        assert_eq!(check(Some(1001), Some(1000), Duration::ZERO), Some(Side::Left));
        assert_eq!(check(None, Some(1000), MARGIN), None);
        assert_eq!(check(Some(1000), None, MARGIN), None);
        assert_eq!(newer(&Pair::default(), MARGIN), None);
    }
}
