//! Noticing a field that never comes to rest: two that write it fight over it, and each answers the other (I23).
//!
//! Two signs tell such a fight from people who edit. Either one value has to be written to one side again and again, as
//! something else takes it back; or each side stores something else than it was sent, and what the one made of it goes to
//! the other at the very version the write returned, so that nobody can have edited in between. A value that a server
//! rewrites once flows back once and settles (I37).

use std::time::Duration;

use crate::model::{Pair, Side, Timestamp, Value, Version, Writes};

/// How long a write is remembered that was followed by no other.
pub const WINDOW: Duration = Duration::from_secs(60 * 60);

/// Returns what is remembered of a field after a write. `stored` is what the answer showed of it, with its version.
#[must_use]
pub fn note(
    before: Option<Writes>,
    side: Side,
    sent: &Value,
    stored: Option<(&Value, Option<&Version>)>,
    now: Timestamp,
) -> Writes {
    let fresh = Writes {
        last: Pair::default(),
        again: Pair::new(0, 0),
        rewritten: 0,
        rewritten_on: side,
        rewritten_as: None,
        at: now,
    };
    let is_young = |writes: &Writes| writes.at.checked_add(WINDOW).is_ok_and(|end| now < end);
    let mut writes = before.filter(is_young).unwrap_or(fresh);
    writes.again[side] = if writes.last[side].as_ref() == Some(sent) { writes.again[side] + 1 } else { 0 };
    writes.last[side] = Some(sent.clone());
    match stored {
        Some((stored, version)) if stored != sent => {
            let goes_on = writes.rewritten_on == side.other();
            writes.rewritten = if goes_on { writes.rewritten + 1 } else { 1 };
            writes.rewritten_as = version.cloned();
        }
        Some(_) | None => (writes.rewritten, writes.rewritten_as) = (0, None),
    }
    writes.rewritten_on = side;
    writes.at = now;
    writes
}

/// Returns whether writing that value to a side would only go on with a fight. `from` is the version of the other row.
#[must_use]
pub fn never_rests(writes: &Writes, side: Side, value: &Value, from: Option<&Version>) -> bool {
    let is_taken_back = writes.again[side] + 1 >= Writes::MOST && writes.last[side].as_ref() == Some(value);
    let is_answered = writes.rewritten >= Writes::MOST
        && writes.rewritten_on == side.other()
        && from.is_some()
        && writes.rewritten_as.as_ref() == from;
    is_taken_back || is_answered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    /// I23: each side appends something to what it is sent.
    #[test]
    fn two_sides_that_rewrite_each_other_come_to_an_end() {
        let (mut side, mut value, mut version) = (Side::Right, "x".to_owned(), None);
        let mut writes: Option<Writes> = None;
        let mut count = 0;
        while !writes
            .as_ref()
            .is_some_and(|writes| never_rests(writes, side, &text(&value), version.as_ref()))
        {
            count += 1;
            assert!(count < 99, "never comes to an end");
            assert!(!writes.as_ref().is_some_and(Writes::is_fight));
            let stored = format!("{value}!");
            version = Some(Version::from(count.to_string().as_str()));
            writes = Some(note(writes, side, &text(&value), Some((&text(&stored), version.as_ref())), at(0)));
            (side, value) = (side.other(), stored);
        }
        assert_eq!(count, 4);
        assert!(writes.as_ref().unwrap().is_fight());
        // Somebody edits: the row has another version.
        let edited = Version::from("edited");
        assert!(!never_rests(&writes.unwrap(), side, &text("y"), Some(&edited)));
    }

    /// I37
    #[test]
    fn a_value_rewritten_by_one_side_settles() {
        let mut writes = None;
        for edit in 0..20 {
            let (sent, stored) = (text(&format!("{edit}")), text(&format!("{edit}!")));
            let version = Version::from(edit.to_string().as_str());
            writes = Some(note(writes, Side::Right, &sent, Some((&stored, Some(&version))), at(0)));
            assert!(!never_rests(writes.as_ref().unwrap(), Side::Left, &stored, Some(&version)));
            writes = Some(note(writes, Side::Left, &stored, Some((&stored, None)), at(0)));
        }
    }

    /// I23: something else sets the value back each time.
    #[test]
    fn a_value_that_is_taken_back_again_and_again_is_left_alone() {
        let mut writes = None;
        for _ in 0..4 {
            assert!(!writes.as_ref().is_some_and(|writes| never_rests(writes, Side::Left, &text("a"), None)));
            assert!(!writes.as_ref().is_some_and(Writes::is_fight));
            writes = Some(note(writes, Side::Left, &text("a"), Some((&text("a"), None)), at(0)));
        }
        let writes = writes.unwrap();
        assert!(writes.is_fight() && never_rests(&writes, Side::Left, &text("a"), None));
        assert!(!never_rests(&writes, Side::Left, &text("b"), None), "another value is somebody's word");
        assert!(!never_rests(&writes, Side::Right, &text("a"), None));
        let later = note(Some(writes), Side::Left, &text("a"), None, at(61));
        assert_eq!(later.again.left, 0);
    }

    #[test]
    fn people_who_change_their_mind_are_not_stopped() {
        let mut writes = None;
        for edit in 0..20 {
            let value = Value::Flag(edit % 2 == 0);
            assert!(!writes.as_ref().is_some_and(|writes| never_rests(writes, Side::Right, &value, None)));
            writes = Some(note(writes, Side::Right, &value, Some((&value, None)), at(edit)));
        }
    }

    #[test]
    fn a_side_that_rewrites_each_edit_of_the_other_fights_nobody() {
        let mut writes = None;
        for edit in 0..20 {
            let (sent, version) = (text(&format!("{edit}")), Version::from(edit.to_string().as_str()));
            let stored = text(&format!("{edit}!"));
            writes = Some(note(writes, Side::Right, &sent, Some((&stored, Some(&version))), at(0)));
            assert_eq!(writes.as_ref().unwrap().rewritten, 1);
            assert!(!never_rests(writes.as_ref().unwrap(), Side::Left, &stored, Some(&version)));
        }
    }

    /// Without a version nobody can tell whether somebody edited in between.
    #[test]
    fn rows_without_versions_are_not_taken_to_answer_each_other() {
        let (mut side, mut writes) = (Side::Right, None);
        for count in 0..20 {
            let (sent, stored) = (text(&format!("{count}")), text(&format!("{count}!")));
            writes = Some(note(writes, side, &sent, Some((&stored, None)), at(0)));
            side = side.other();
        }
        let writes = writes.unwrap();
        assert_eq!(writes.rewritten, 20);
        assert!(!never_rests(&writes, side, &text("x"), None));
        let version = Version::from("1");
        assert!(!never_rests(&writes, side, &text("x"), Some(&version)));
    }

    #[test]
    fn a_write_is_forgotten_after_an_hour() {
        let again = |minutes| {
            let first = note(None, Side::Left, &text("a"), None, at(0));
            note(Some(first), Side::Left, &text("a"), None, at(minutes)).again.left
        };
        assert_eq!((again(59), again(60)), (1, 0));
    }
}
