//! Judging whether a system was set back to an earlier state (I14).
//!
//! Suspicion: a row that was seen lately is gone, or older than it was. Proof: several rows are older than they were *and*
//! hold values again that the journal knows from before. Nothing here concludes from what could not be read.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{FieldId, Record, RowId, Timestamp, Trace, Value, Version};

/// How many traces of a table are kept.
const KEPT: usize = 40;

/// How many older rows are proof.
const PROOF: usize = 2;

/// A table of fewer rows may well be emptied by hand.
const WIPED_AT_LEAST: u64 = 5;
/// From so many rows on, losing more than half of them is no day's work either.
const HALVED_AT_LEAST: u64 = 20;

/// Returns the traces to keep of those known and those just seen, the latest first. A row that seems to have fallen behind
/// keeps its trace: that is what tells it.
#[must_use]
pub fn keep(known: Vec<Trace>, seen: impl IntoIterator<Item = Trace>, deleted: &[RowId]) -> Vec<Trace> {
    let mut traces: BTreeMap<RowId, Trace> =
        known.into_iter().map(|trace| (trace.row.clone(), trace)).collect();
    for trace in seen.into_iter().filter(is_traceable) {
        let is_behind = traces.get(&trace.row).is_some_and(|known| is_older(&trace, known));
        if !is_behind {
            traces.insert(trace.row.clone(), trace);
        }
    }
    for row in deleted {
        traces.remove(row);
    }
    let mut traces: Vec<_> = traces.into_values().collect();
    traces.sort_by_key(|trace| Reverse((trace.modified_at, number(trace))));
    traces.truncate(KEPT);
    traces
}

fn is_traceable(trace: &Trace) -> bool {
    trace.modified_at.is_some() || number(trace).is_some()
}

/// Returns whether a row as found is behind the same row as it was seen: by all that orders its states, and by one of
/// them for certain. A version that is no number orders nothing.
#[must_use]
pub fn is_older(found: &Trace, seen: &Trace) -> bool {
    let orders = [
        number(found).zip(number(seen)).map(|(found, seen)| found.cmp(&seen)),
        found.modified_at.zip(seen.modified_at).map(|(found, seen)| found.cmp(&seen)),
    ];
    let orders: Vec<_> = orders.into_iter().flatten().collect();
    orders.iter().all(|order| order.is_le()) && orders.iter().any(|order| order.is_lt())
}

/// Reads the number of a version such as `W/"4711"`.
fn number(trace: &Trace) -> Option<u64> {
    let text = trace.version.as_ref().map(Version::as_str)?;
    text.trim_start_matches("W/").trim_matches('"').parse().ok()
}

/// A coupled row that was seen lately, and what a read by key found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub seen: Trace,
    /// What was seen may still be undone by its own transaction: it proves nothing.
    pub is_settled: bool,
    /// What both sides last agreed on.
    pub agreed: Record,
    /// What the journal knows of earlier values.
    pub former: BTreeMap<FieldId, Vec<Value>>,
    pub found: Found,
}

/// What a read by key found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Row {
        trace: Trace,
        record: Record,
    },
    Absent,
    /// It could not be read.
    Unclear,
}

/// What the samples say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The samples that are proof, by their places.
    pub older: Vec<Older>,
    /// The samples that are gone, by their places.
    pub gone: Vec<usize>,
}

/// One sample that shows an earlier state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Older {
    pub sample: usize,
    pub field: FieldId,
    pub found: Value,
}

impl Verdict {
    /// Returns whether the system certainly was set back.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.older.len() >= PROOF
    }
}

/// Judges the samples. Where a restored backup ends, everything later is missing: a row does not count as older if another
/// that was changed after it stands as it was seen.
#[must_use]
pub fn judge(samples: &[Sample]) -> Verdict {
    let stands = |sample: &Sample| matches!(&sample.found, Found::Row { trace, .. } if *trace == sample.seen);
    let standing: Option<Timestamp> =
        samples.iter().filter(|sample| stands(sample)).filter_map(|sample| sample.seen.modified_at).max();
    let mut verdict = Verdict::default();
    for (place, sample) in samples.iter().enumerate() {
        match &sample.found {
            Found::Absent => verdict.gone.push(place),
            Found::Row { trace, record } if sample.is_settled && is_older(trace, &sample.seen) => {
                let is_before_standing = sample.seen.modified_at < standing;
                if let Some((field, found)) = earlier_value(sample, record).filter(|_| !is_before_standing) {
                    verdict.older.push(Older { sample: place, field, found });
                }
            }
            Found::Row { .. } | Found::Unclear => {}
        }
    }
    verdict
}

/// Finds a field that differs from what was agreed and holds what the journal knows from before.
fn earlier_value(sample: &Sample, record: &Record) -> Option<(FieldId, Value)> {
    record.0.iter().find_map(|(field, value)| {
        let differs = sample.agreed.get(field).is_some_and(|agreed| agreed != value);
        let is_known = || sample.former.get(field).is_some_and(|former| former.contains(value));
        (differs && is_known()).then(|| (field.clone(), value.clone()))
    })
}

/// Returns whether a table lost so many of its coupled rows, with no word of their deletion, that it was emptied or
/// exchanged.
#[must_use]
pub const fn is_wiped(coupled: u64, gone: u64) -> bool {
    let is_empty = gone == coupled && coupled >= WIPED_AT_LEAST;
    is_empty || coupled >= HALVED_AT_LEAST && gone * 2 > coupled
}

#[cfg(test)]
mod tests {
    use super::super::example::record;
    use super::*;

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn trace(row: &str, version: Option<&str>, second: Option<i64>) -> Trace {
        Trace { row: RowId::new(row), version: version.map(Into::into), modified_at: second.map(moment) }
    }

    #[test]
    fn a_row_is_older_only_where_nothing_speaks_for_newer() {
        let seen = trace("r", Some("W/\"20\""), Some(100));
        let check = |version: Option<&str>, second: Option<i64>, expected: bool| {
            let found = trace("r", version, second);
            assert_eq!(is_older(&found, &seen), expected, "{version:?} {second:?}");
        };
        check(Some("W/\"10\""), Some(50), true);
        check(Some("W/\"10\""), Some(100), true);
        check(Some("W/\"10\""), None, true);
        check(Some("W/\"20\""), Some(50), true);
        // A plain number, and a version that orders nothing.
        check(Some("19"), Some(50), true);
        check(Some("W/\"JzE5Oyc=\""), Some(50), true);
        check(Some("W/\"JzE5Oyc=\""), Some(100), false);
        check(Some("W/\"10\""), Some(150), false);
        check(Some("W/\"30\""), Some(50), false);
        check(Some("W/\"20\""), Some(100), false);
        check(None, None, false);
    }

    #[test]
    fn the_latest_traces_are_kept_and_none_moves_back() {
        let many = (0..60).map(|n| trace(&format!("r{n}"), None, Some(n)));
        let traces = keep(Vec::new(), many, &[]);
        assert_eq!(traces.len(), KEPT);
        assert_eq!(traces[0].row, RowId::new("r59"));
        let behind = [trace("r59", None, Some(3)), trace("r58", None, Some(70)), trace("none", None, None)];
        let traces = keep(traces, behind, &[RowId::new("r57")]);
        assert_eq!(traces[0], trace("r58", None, Some(70)));
        assert_eq!(traces[1], trace("r59", None, Some(59)), "kept, to be looked at");
        assert_eq!(traces[2].row, RowId::new("r56"), "a deletion that was told is none of them");
        assert_eq!(traces.len(), KEPT - 1);
    }

    /// A row seen at `second` that was agreed to be `a=2` after `a=1`, and is found as `found` of `at`.
    fn sample(second: i64, found: &str, at: i64) -> Sample {
        let found = match found {
            "gone" => Found::Absent,
            "unclear" => Found::Unclear,
            found => Found::Row { trace: trace("r", None, Some(at)), record: record(found) },
        };
        Sample {
            seen: trace("r", None, Some(second)),
            is_settled: true,
            agreed: record("a=2 b=1"),
            former: [("a".into(), vec![Value::text("0"), Value::text("1")])].into(),
            found,
        }
    }

    /// I14
    #[test]
    fn two_rows_that_hold_earlier_values_again_are_proof() {
        let verdict = judge(&[sample(100, "a=1 b=1", 50), sample(90, "a=0 b=1", 40)]);
        assert!(verdict.is_proof());
        assert_eq!(verdict.older[0].found, Value::text("1"));
        assert!(!judge(&[sample(100, "a=1 b=1", 50)]).is_proof(), "one may be an accident");
    }

    /// I14: what people and late transactions do is none.
    #[test]
    fn what_is_newer_unknown_or_unreadable_is_no_proof() {
        let check = |one: Sample| {
            let verdict = judge(&[one.clone(), one.clone(), one.clone()]);
            assert_eq!(verdict.older, vec![], "{one:?}");
        };
        check(sample(100, "a=1 b=1", 150));
        check(sample(100, "a=2 b=1", 50));
        check(sample(100, "a=9 b=1", 50));
        check(sample(100, "unclear", 0));
        check(sample(100, "gone", 0));
        check(Sample { is_settled: false, ..sample(100, "a=1 b=1", 50) });
        assert_eq!(judge(&[sample(100, "gone", 0), sample(90, "unclear", 0)]).gone, vec![0]);
    }

    /// I14: a transaction that was rolled back takes its own rows back, and nothing that came after them.
    #[test]
    fn rows_older_than_one_that_stands_are_no_proof() {
        let rolled_back = [sample(100, "a=1 b=1", 50), sample(101, "a=1 b=1", 60)];
        assert!(judge(&rolled_back).is_proof());
        let [one, other] = rolled_back;
        let standing = sample(120, "a=2 b=1", 120);
        assert!(!judge(&[one.clone(), other.clone(), standing]).is_proof());
        let edited_since = sample(120, "a=7 b=1", 180);
        let from_before = sample(40, "a=2 b=1", 40);
        assert!(judge(&[one, other, edited_since, from_before]).is_proof());
    }

    /// I14: what changed in the same moment as a row that stands may be of a transaction that came after it.
    #[test]
    fn rows_as_old_as_one_that_stands_are_still_proof() {
        let [one, other] = [sample(100, "a=1 b=1", 50), sample(100, "a=1 b=1", 60)];
        assert!(judge(&[one, other, sample(100, "a=2 b=1", 100)]).is_proof());
    }

    #[test]
    fn each_sample_is_told_by_its_place() {
        let verdict = judge(&[
            sample(100, "unclear", 0),
            sample(100, "a=1 b=1", 50),
            sample(100, "gone", 0),
            sample(100, "b=1 a=0", 50),
        ]);
        let older = |sample, found| Older { sample, field: "a".into(), found: Value::text(found) };
        assert_eq!(verdict, Verdict { older: vec![older(1, "1"), older(3, "0")], gone: vec![2] });
    }

    #[test]
    fn of_rows_changed_in_one_moment_the_highest_versions_are_kept() {
        let many = (0..60).map(|n| trace(&format!("r{n}"), Some(&format!("W/\"{n}\"")), None));
        let traces = keep(Vec::new(), many, &[]);
        assert_eq!((traces[0].row.as_str(), traces.len()), ("r59", KEPT));
    }

    #[test]
    fn a_table_is_wiped_when_it_is_empty_or_lost_more_than_half() {
        for (coupled, gone, expected) in
            [(4, 4, false), (5, 5, true), (5, 4, false), (20, 10, false), (20, 11, true), (0, 0, false)]
        {
            assert_eq!(is_wiped(coupled, gone), expected, "{gone} of {coupled}");
        }
    }
}
