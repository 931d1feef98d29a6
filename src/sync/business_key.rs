//! Business keys: of rows from which others would be made, those that have none, or share theirs.

use std::collections::BTreeMap;

use crate::mapping::Mapping;
use crate::model::{Pair, Reason, Record, RowId, Side};

use super::matching::part_of_key;

/// The parts of a row's business key.
pub type BusinessKey = Vec<String>;

/// Returns a record's business key; nothing where a part of it is blank. Texts compare without case.
#[must_use]
pub fn business_key(mapping: &Mapping, record: &Record) -> Option<BusinessKey> {
    mapping.key.iter().map(|field| record.get(field).and_then(part_of_key)).collect()
}

/// Returns whether rows of that side are held where they have no business key of their own: others would be made from them.
#[must_use]
pub fn asks_for_key(mapping: &Mapping, side: Side) -> bool {
    !mapping.key.is_empty() && mapping.create[side.other()]
}

/// Returns the uncoupled rows that are held, each with the reason. `coupled` are the keys of the rows of the same table that
/// have their partners: these go on, and nothing is made beside them.
#[must_use]
pub fn held_for_key<'a>(
    rows: &'a BTreeMap<RowId, Option<BusinessKey>>,
    coupled: impl IntoIterator<Item = &'a BusinessKey>,
) -> BTreeMap<RowId, Reason> {
    let mut counts: BTreeMap<&BusinessKey, usize> = BTreeMap::new();
    for key in rows.values().flatten().chain(coupled) {
        *counts.entry(key).or_default() += 1;
    }
    let reason = |key: &Option<BusinessKey>| {
        let Some(key) = key else { return Some(Reason::NoBusinessKey) };
        let others = counts.get(key).map_or(0, |count| count - 1);
        (others > 0).then(|| Reason::BusinessKeyShared { key: key.join(" + "), others })
    };
    rows.iter().filter_map(|(row, key)| Some((row.clone(), reason(key)?))).collect()
}

/// What is held on both sides.
pub type HeldForKey = Pair<BTreeMap<RowId, Reason>>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::example::{mapping, record};
    use super::*;

    /// Rows are written `id:key`, with nothing for blank.
    fn rows(text: &str) -> BTreeMap<RowId, Option<BusinessKey>> {
        let row = |word: &str| {
            let (id, key) = word.split_once(':').unwrap();
            (RowId::new(id), (!key.is_empty()).then(|| vec![key.to_owned()]))
        };
        text.split_whitespace().map(row).collect()
    }

    fn check(uncoupled: &str, coupled: &str, expected: &str) {
        let coupled: Vec<BusinessKey> = coupled.split_whitespace().map(|key| vec![key.to_owned()]).collect();
        let (rows, mut told) = (rows(uncoupled), Vec::new());
        for (row, reason) in held_for_key(&rows, &coupled) {
            told.push(match reason {
                Reason::BusinessKeyShared { key, others } => format!("{row}:{key}+{others}"),
                reason => format!("{row}:{reason:?}"),
            });
        }
        assert_eq!(told.join(" "), expected);
    }

    #[test]
    fn rows_without_a_key_or_with_a_doubled_one_are_held() {
        check("a:1 b:2 c:3", "", "");
        check("a:1 b: c:3", "4", "b:NoBusinessKey");
        check("a:1 b:1 c:1 d:2", "", "a:1+2 b:1+2 c:1+2");
    }

    #[test]
    fn nothing_is_made_beside_a_coupled_row_of_that_key() {
        check("a:1 b:2", "1 3", "a:1+1");
        check("a:1", "1 1", "a:1+2");
    }

    #[test]
    fn a_key_needs_all_its_parts_and_tells_them_apart() {
        let mut mapping = mapping();
        mapping.key = vec!["a".into(), "b".into()];
        assert_eq!(business_key(&mapping, &record("a=X b=")), None);
        assert_eq!(business_key(&mapping, &record("a=X")), None);
        let keys = ["a=X b=Y", "a=x b=y", "a=Xb b=Y"].map(|text| business_key(&mapping, &record(text)));
        assert_eq!(keys[0], Some(vec!["x".to_owned(), "y".to_owned()]));
        assert!(keys[0] == keys[1] && keys[0] != keys[2]);
    }

    #[test]
    fn only_rows_that_others_are_made_from_are_asked_for_a_key() {
        let mut mapping = mapping();
        mapping.create = Pair::new(false, true);
        assert!(Side::BOTH.iter().all(|side| !asks_for_key(&mapping, *side)));
        mapping.key = vec!["a".into()];
        assert!(asks_for_key(&mapping, Side::Left) && !asks_for_key(&mapping, Side::Right));
    }

    proptest! {
        #[test]
        fn the_keys_of_all_that_go_on_are_there_and_unique(
            uncoupled in prop::collection::btree_map("[a-z]{3}", prop::option::of(0..9_u8), 0..20),
            coupled in prop::collection::btree_set(0..9_u8, 0..4),
        ) {
            let key = |number: u8| vec![number.to_string()];
            let rows: BTreeMap<RowId, _> = uncoupled
                .into_iter()
                .map(|(row, number)| (RowId::new(row), number.map(key)))
                .collect();
            let coupled: Vec<_> = coupled.into_iter().map(key).collect();
            let held = held_for_key(&rows, &coupled);
            let free: Vec<_> = rows.iter().filter(|(row, _)| !held.contains_key(*row)).collect();
            let mut seen: Vec<_> = coupled.clone();
            for (_, key) in free {
                let key = key.clone().unwrap();
                prop_assert!(!seen.contains(&key));
                seen.push(key);
            }
            for row in held.keys() {
                let others = rows.iter().filter(|(other, _)| *other != row).filter_map(|(_, key)| key.as_ref());
                let key = rows[row].as_ref();
                prop_assert!(key.is_none_or(|key| others.chain(&coupled).any(|other| other == key)));
            }
        }
    }
}
