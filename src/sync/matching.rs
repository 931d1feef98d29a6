//! Finding which uncoupled rows belong together, by the mapping's match fields.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::Mapping;
use crate::model::{Pair, Record, RowId, Side, Value};

/// The keys of one uncoupled row, one for each of the mapping's match groups; a group with a blank field has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub row: RowId,
    pub keys: Vec<Option<String>>,
}

/// Which rows belong together and which cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// Left row, right row, and the match group that joined them.
    pub couples: Vec<(Pair<RowId>, usize)>,
    /// Rows for which a person has to decide. Nothing is created from them.
    pub doubts: Pair<BTreeMap<RowId, Doubt>>,
}

/// Why no partner could be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub key: String,
    /// How many rows of the other side have this key.
    pub candidates: usize,
}

/// Returns what a value is in a key; nothing where it says nothing. Texts compare without case.
pub(super) fn part_of_key(value: &Value) -> Option<String> {
    match value {
        Value::Blank | Value::Uncoupled(..) => None,
        Value::Text(text) => Some(text.trim().to_lowercase()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.normalize().to_string()),
        Value::Flag(flag) => Some(flag.to_string()),
        Value::Date(date) => Some(date.to_string()),
        Value::Instant(instant) => Some(instant.to_string()),
        Value::Reference(row) => Some(row.to_string()),
    }
}

/// Returns a record's match keys.
#[must_use]
pub fn keys_of(mapping: &Mapping, row: RowId, record: &Record) -> Keys {
    let keys = mapping
        .match_by
        .iter()
        .map(|group| {
            let parts: Option<Vec<_>> =
                group.iter().map(|field| record.get(field).and_then(part_of_key)).collect();
            parts.map(|parts| parts.join(" + "))
        })
        .collect();
    Keys { row, keys }
}

/// Couples rows whose key is unique on both sides; the first match group that tells decides.
///
/// A pair that an earlier group contradicts (same name, different numbers) is left to a person, and so is every row of
/// a key that several rows share.
#[must_use]
pub fn find_partners(rows: Pair<&[Keys]>) -> Matching {
    let mut matching = Matching::default();
    let mut taken: Pair<BTreeSet<usize>> = Pair::default();
    let groups = rows.left.iter().chain(rows.right).map(|row| row.keys.len()).max().unwrap_or(0);
    for group in 0..groups {
        for (key, found) in by_key(rows, &taken, group) {
            if found.left.is_empty() || found.right.is_empty() {
                continue;
            }
            let pair = found.as_ref().map(|indexes| indexes[0]);
            let is_single = found.left.len() == 1 && found.right.len() == 1;
            if is_single && !contradicts(&rows.left[pair.left], &rows.right[pair.right], group) {
                let rows = Pair::from_fn(|side| rows[side][pair[side]].row.clone());
                matching.couples.push((rows, group));
            } else {
                for side in Side::BOTH {
                    let candidates = found[side.other()].len();
                    let doubts = found[side].iter().map(|index| {
                        (rows[side][*index].row.clone(), Doubt { key: key.to_owned(), candidates })
                    });
                    matching.doubts[side].extend(doubts);
                }
            }
            for side in Side::BOTH {
                taken[side].extend(&found[side]);
            }
        }
    }
    matching
}

fn by_key<'a>(
    rows: Pair<&'a [Keys]>,
    taken: &Pair<BTreeSet<usize>>,
    group: usize,
) -> BTreeMap<&'a str, Pair<Vec<usize>>> {
    let mut found: BTreeMap<&str, Pair<Vec<usize>>> = BTreeMap::new();
    for side in Side::BOTH {
        for (index, row) in rows[side].iter().enumerate() {
            if let Some(Some(key)) = row.keys.get(group)
                && !taken[side].contains(&index)
            {
                found.entry(key).or_default()[side].push(index);
            }
        }
    }
    found
}

fn contradicts(left: &Keys, right: &Keys, group: usize) -> bool {
    left.keys
        .iter()
        .zip(&right.keys)
        .take(group)
        .any(|(left, right)| left.is_some() && right.is_some() && left != right)
}

#[cfg(test)]
mod tests {
    use super::super::example::{mapping, record};
    use super::*;

    /// Rows are written `id:number:name`, with nothing for blank.
    fn rows(text: &str) -> Vec<Keys> {
        text.split_whitespace()
            .map(|word| {
                let mut parts = word.split(':');
                let row = RowId::new(parts.next().unwrap());
                let keys = parts.map(|key| (!key.is_empty()).then(|| key.to_owned())).collect();
                Keys { row, keys }
            })
            .collect()
    }

    fn check(left: &str, right: &str, couples: &str, doubts: &str) {
        let (left, right) = (rows(left), rows(right));
        let matching = find_partners(Pair::new(&left, &right));
        let found: Vec<_> =
            matching.couples.iter().map(|(rows, _)| format!("{}-{}", rows.left, rows.right)).collect();
        assert_eq!(found.join(" "), couples);
        let found: Vec<_> =
            Side::BOTH.iter().flat_map(|side| matching.doubts[*side].keys()).map(RowId::as_str).collect();
        assert_eq!(found.join(" "), doubts);
    }

    #[test]
    fn the_number_decides_before_the_name() {
        check("l1:1:x l2:2:y", "r1:2:x r2:1:y", "l1-r2 l2-r1", "");
    }

    #[test]
    fn a_row_without_number_is_found_by_name() {
        check("l1:1:x l2:2:y", "r1::x r2:2:z", "l2-r2 l1-r1", "");
    }

    #[test]
    fn several_candidates_are_left_to_a_person() {
        check("l1::x", "r1::x r2::x r3::y", "", "l1 r1 r2");
        check("l1:1:x l2:1:y", "r1:1:x", "", "l1 l2 r1");
    }

    #[test]
    fn same_name_with_another_number_is_left_to_a_person() {
        check("l1:1:x", "r1:2:x", "", "l1 r1");
    }

    #[test]
    fn rows_without_keys_match_nothing() {
        check("l1::", "r1::", "", "");
    }

    #[test]
    fn of_three_keys_each_earlier_one_may_contradict() {
        check("l1:1:a:x", "r1:1:b:x", "l1-r1", "");
        check("l1::a:x", "r1:1:b:x", "", "l1 r1");
        check("l1::a:x", "r1:1::x", "l1-r1", "");
    }

    #[test]
    fn a_doubt_says_how_many_rows_have_which_key() {
        let (left, right) = (rows("l1::x"), rows("r1::x r2::x r3::x"));
        let matching = find_partners(Pair::new(&left, &right));
        let doubt = |candidates| Doubt { key: "x".to_owned(), candidates };
        assert_eq!(matching.doubts.left, [(RowId::new("l1"), doubt(3))].into());
        assert_eq!(matching.doubts.right[&RowId::new("r2")], doubt(1));
    }

    #[test]
    fn the_group_that_joined_two_rows_is_told() {
        let (left, right) = (rows("l1:1:x l2::y"), rows("r1:1:z r2:2:y"));
        let couples = find_partners(Pair::new(&left, &right)).couples;
        assert_eq!(couples.iter().map(|(_, group)| *group).collect::<Vec<_>>(), [0, 1]);
    }

    fn key(value: Value) -> Option<String> {
        let record = [("a".into(), value)].into_iter().collect();
        keys_of(&mapping(), RowId::new("r"), &record).keys.remove(0)
    }

    #[test]
    fn texts_match_without_case_and_numbers_by_their_value() {
        assert_eq!(key(Value::text("  Müller GmbH ")), Some("müller gmbh".to_owned()));
        assert_eq!(key(Value::Number("1.50".parse().unwrap())), Some("1.5".to_owned()));
        assert_eq!(key(Value::Flag(false)), Some("false".to_owned()));
        assert_eq!(key(Value::Date("2026-01-31".parse().unwrap())), Some("2026-01-31".to_owned()));
        let instant = Value::Instant("2026-01-31T10:00:00Z".parse().unwrap());
        assert_eq!(key(instant), Some("2026-01-31T10:00:00Z".to_owned()));
        assert_eq!(key(Value::Reference(RowId::new("eur"))), Some("eur".to_owned()));
    }

    #[test]
    fn what_says_nothing_is_no_key() {
        assert_eq!(key(Value::Blank), None);
        assert_eq!(key(Value::Text("  ".to_owned())), None);
        assert_eq!(key(Value::Uncoupled(Side::Left, RowId::new("x"))), None);
    }

    #[test]
    fn a_key_of_several_fields_needs_all_of_them() {
        let mut mapping = mapping();
        mapping.match_by = vec![vec!["a".into()], vec!["a".into(), "b".into()]];
        let keys = |text: &str| keys_of(&mapping, RowId::new("r"), &record(text)).keys;
        assert_eq!(keys("a=X b=Y"), [Some("x".to_owned()), Some("x + y".to_owned())]);
        assert_eq!(keys("a=X b="), [Some("x".to_owned()), None]);
        assert_eq!(keys("b=Y"), [None, None]);
    }
}
