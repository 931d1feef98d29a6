//! The three-way merge, field by field (or group by group) against the base.

use std::collections::BTreeMap;

use crate::mapping::{Direction, Field, Mapping, Policy, normalise};
use crate::model::{
    Answer, Choice, Conflict, ConflictKind, FieldConflict, FieldId, Pair, Record, RowId, Side, Value,
};

/// What follows from two records and their base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// Values to write, for the side to be written.
    pub writes: Pair<Record>,
    /// Fields that are equal on both sides already: their base may be set at once.
    pub agreed: Record,
    /// Fields that collide.
    pub conflicts: Vec<FieldConflict>,
    /// Lookups whose target is not coupled. While there are any, nothing of the row is written.
    pub waiting: Vec<Waiting>,
}

/// A lookup that cannot be written yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub field: FieldId,
    pub side: Side,
    pub row: RowId,
}

/// What a person was shown of each field, and what they chose, if they chose.
pub type Settlements = BTreeMap<FieldId, (Pair<Value>, Option<Choice>)>;

/// Returns what a person's answer to a conflict says about each field.
#[must_use]
pub fn settlements(conflict: &Conflict) -> Settlements {
    let ConflictKind::Fields(fields) = &conflict.kind else { return Settlements::new() };
    let choice = |field: &FieldId| match &conflict.answer {
        Some(Answer::Take(side)) => Some(Choice::Side(*side)),
        Some(Answer::PerField(choices)) => choices.get(field).cloned(),
        _ => None,
    };
    fields.iter().map(|shown| (shown.field.clone(), (shown.values.clone(), choice(&shown.field)))).collect()
}

/// Merges two records against their base.
#[must_use]
pub fn merge(mapping: &Mapping, base: &Record, sides: Pair<&Record>, settlements: &Settlements) -> Merge {
    let mut merge = Merge::default();
    for unit in mapping.units() {
        let unit = Unit::new(base, sides, &unit);
        if unit.is_equal() {
            unit.agree(&mut merge);
            continue;
        }
        match unit.fields[0].direction {
            Direction::Match => {}
            Direction::ToRight => unit.own(Side::Left, &mut merge),
            Direction::ToLeft => unit.own(Side::Right, &mut merge),
            Direction::Both => unit.merge_both_ways(mapping, settlements, &mut merge),
        }
    }
    merge
}

/// Fields that merge as one, with their values.
struct Unit<'a> {
    fields: &'a [&'a Field],
    values: Vec<Pair<&'a Value>>,
    /// Absent as soon as one field has no base: then the whole unit is at first contact.
    base: Option<Vec<&'a Value>>,
}

impl<'a> Unit<'a> {
    fn new(base: &'a Record, sides: Pair<&'a Record>, fields: &'a [&'a Field]) -> Self {
        let value = |side: Side, field: &Field| sides[side].get(&field.id).unwrap_or(&Value::Blank);
        Self {
            fields,
            values: fields.iter().map(|field| Pair::from_fn(|side| value(side, field))).collect(),
            base: fields.iter().map(|field| base.get(&field.id)).collect(),
        }
    }

    fn is_equal(&self) -> bool {
        self.values.iter().all(|pair| pair.left == pair.right)
    }

    fn is_unchanged(&self, side: Side) -> bool {
        self.base
            .as_ref()
            .is_some_and(|base| base.iter().zip(&self.values).all(|(base, pair)| *base == pair[side]))
    }

    fn is_blank(&self, side: Side) -> bool {
        self.values.iter().all(|pair| pair[side].is_blank())
    }

    fn agree(&self, merge: &mut Merge) {
        if self.fields[0].direction == Direction::Match {
            return;
        }
        for (field, pair) in self.fields.iter().zip(&self.values) {
            merge.agreed.set(field.id.clone(), pair.left.clone());
        }
    }

    /// The owner's values go to the other side, except that a blank erases nothing at first contact.
    fn own(&self, owner: Side, merge: &mut Merge) {
        if self.base.is_none() && self.is_blank(owner) {
            return;
        }
        self.take(owner, merge);
    }

    fn merge_both_ways(&self, mapping: &Mapping, settlements: &Settlements, merge: &mut Merge) {
        let first_contact = self.base.is_none();
        let winner = Side::BOTH.into_iter().find(|side| {
            let other = side.other();
            self.is_unchanged(other) || (first_contact && self.is_blank(other))
        });
        if let Some(side) = winner {
            self.take(side, merge);
            return;
        }
        if let Some(choices) = self.choices(settlements) {
            self.settle(&choices, merge);
            return;
        }
        let policy = self.fields.iter().map(|field| mapping.policy(field, first_contact));
        match policy.reduce(|a, b| if a == b { a } else { Policy::Ask }) {
            Some(Policy::Take(side)) => self.take(side, merge),
            Some(Policy::Ask) | None => self.collide(merge),
        }
    }

    /// That side's values are written to the other.
    fn take(&self, side: Side, merge: &mut Merge) {
        for (index, field) in self.fields.iter().enumerate() {
            self.resolve(index, field, self.values[index][side].clone(), merge);
        }
    }

    fn settle(&self, choices: &[Option<Choice>], merge: &mut Merge) {
        for (index, field) in self.fields.iter().enumerate() {
            let value = match &choices[index] {
                Some(Choice::Side(side)) => self.values[index][*side].clone(),
                // As the field would be read, or the two sides would not recognise it.
                Some(Choice::Value(value)) => normalise(&field.kind, value.clone()),
                None => self.values[index].left.clone(),
            };
            self.resolve(index, field, value, merge);
        }
    }

    /// The field becomes that value on each side that has another one.
    fn resolve(&self, index: usize, field: &Field, value: Value, merge: &mut Merge) {
        if let Value::Uncoupled(side, row) = value {
            merge.waiting.push(Waiting { field: field.id.clone(), side, row });
            return;
        }
        let pair = &self.values[index];
        if pair.left == pair.right && *pair.left == value {
            merge.agreed.set(field.id.clone(), value);
            return;
        }
        for side in Side::BOTH {
            if *pair[side] != value {
                merge.writes[side].set(field.id.clone(), value.clone());
            }
        }
    }

    /// Returns a choice for each field that differs, if a person chose for all of them with these very values before
    /// their eyes. Of fields that merge as one, those not answered follow a side that was chosen for the others.
    fn choices(&self, settlements: &Settlements) -> Option<Vec<Option<Choice>>> {
        let given: Vec<_> = self.fields.iter().map(|field| settlements.get(&field.id)).collect();
        let mut chosen = given.iter().flatten().filter_map(|(_, choice)| choice.as_ref());
        let followed = match chosen.next()? {
            choice @ Choice::Side(_) if chosen.all(|other| other == choice) => Some(choice),
            _ => None,
        };
        given
            .iter()
            .zip(&self.values)
            .map(|(given, pair)| {
                if pair.left == pair.right {
                    return Some(None);
                }
                let (shown, choice) = (*given)?;
                let choice = choice.as_ref().or(followed)?;
                (shown.as_ref() == *pair).then(|| Some(choice.clone()))
            })
            .collect()
    }

    fn collide(&self, merge: &mut Merge) {
        for (index, field) in self.fields.iter().enumerate() {
            let pair = self.values[index];
            let uncoupled = Side::BOTH.into_iter().find_map(|side| match pair[side] {
                Value::Uncoupled(from, row) => Some((*from, row.clone())),
                _ => None,
            });
            if pair.left == pair.right {
                continue;
            }
            match uncoupled {
                Some((side, row)) => {
                    merge.waiting.push(Waiting { field: field.id.clone(), side, row });
                }
                None => merge.conflicts.push(FieldConflict {
                    field: field.id.clone(),
                    base: self.base.as_ref().map(|base| base[index].clone()),
                    values: pair.map(Clone::clone),
                }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::example::{any_case, mapping, mirrored, record};
    use super::*;

    fn check(base: &str, left: &str, right: &str) -> Merge {
        let sides = (record(left), record(right));
        merge(&mapping(), &record(base), Pair::new(&sides.0, &sides.1), &Settlements::new())
    }

    #[test]
    fn an_edit_on_one_side_goes_to_the_other() {
        let merge = check("a=1 b=1", "a=2 b=1", "a=1 b=1");
        assert_eq!(merge.writes.right, record("a=2"));
        assert_eq!(merge.agreed.get(&"b".into()), Some(&Value::text("1")));
    }

    /// I7
    #[test]
    fn edits_to_different_fields_merge() {
        let merge = check("a=1 b=1", "a=2 b=1", "a=1 b=2");
        assert_eq!((merge.writes.left, merge.writes.right), (record("b=2"), record("a=2")));
        assert!(merge.conflicts.is_empty());
    }

    #[test]
    fn edits_to_one_field_collide_and_the_rest_flows() {
        let merge = check("a=1 b=1", "a=2 b=2", "a=3 b=1");
        assert_eq!(merge.conflicts.len(), 1);
        assert_eq!(merge.writes.right, record("b=2"));
    }

    #[test]
    fn a_group_merges_as_one() {
        let merge = check("g=1 h=1", "g=2 h=1", "g=1 h=2");
        assert_eq!(merge.conflicts.len(), 2);
        assert_eq!(merge.writes, Pair::default());
    }

    #[test]
    fn at_first_contact_a_blank_takes_the_other_value_and_a_difference_asks() {
        let merge = check("", "a= b=1", "a=2 b=2");
        assert_eq!(merge.writes.left, record("a=2"));
        assert_eq!(merge.conflicts[0].field, "b".into());
        assert_eq!(merge.conflicts[0].base, None);
    }

    /// I11
    #[test]
    fn an_owned_field_is_never_written_on_its_owner() {
        let merge = check("o=1", "o=1", "o=2");
        assert_eq!((merge.writes.left, merge.writes.right), (record(""), record("o=1")));
        let merge = check("", "o=", "o=2");
        assert_eq!(merge.writes, Pair::default());
    }

    /// I12
    #[test]
    fn an_uncoupled_reference_waits() {
        let mut left = record("a=1");
        let target = Value::Uncoupled(Side::Left, RowId::new("x"));
        left.set("a".into(), target);
        let right = record("a=1");
        let merge = merge(&mapping(), &record("a=1"), Pair::new(&left, &right), &Settlements::new());
        assert_eq!(merge.waiting.len(), 1);
        assert_eq!(merge.writes, Pair::default());
    }

    #[test]
    fn an_answer_settles_only_the_values_it_was_given_for() {
        let (left, right) = (record("a=2"), record("a=3"));
        let shown = Pair::new(Value::text("2"), Value::text("3"));
        let typed = Choice::Value(Value::text("4"));
        let settled = Settlements::from([("a".into(), (shown, Some(typed.clone())))]);
        let settle = |settled| {
            let base = record("a=1 b= o= g= h=");
            merge(&mapping(), &base, Pair::new(&left, &right), settled)
        };
        let done = settle(&settled);
        assert_eq!((done.writes.left, done.writes.right), (record("a=4"), record("a=4")));
        let stale = Pair::new(Value::text("2"), Value::text("9"));
        let refused = settle(&Settlements::from([("a".into(), (stale, Some(typed)))]));
        assert_eq!(refused.conflicts.len(), 1);
    }

    /// Of a group it is enough to answer one field, if that names a side.
    #[test]
    fn the_rest_of_a_group_follows_the_side_that_was_chosen() {
        let (left, right) = (record("g=2 h=2"), record("g=3 h=3"));
        let shown = || Pair::new(Value::text("2"), Value::text("3"));
        let settle = |choice: Choice, other: Pair<Value>| {
            let settled = [("g".into(), (shown(), Some(choice))), ("h".into(), (other, None))];
            let base = record("a= b= o= g=1 h=1");
            merge(&mapping(), &base, Pair::new(&left, &right), &Settlements::from(settled))
        };
        let done = settle(Choice::Side(Side::Right), shown());
        assert_eq!((done.writes.left, done.writes.right), (record("g=3 h=3"), record("")));
        // A typed value says nothing of the rest, and a side only what was shown of it.
        assert_eq!(settle(Choice::Value(Value::text("4")), shown()).conflicts.len(), 2);
        let stale = Pair::new(Value::text("2"), Value::text("9"));
        assert_eq!(settle(Choice::Side(Side::Right), stale).conflicts.len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// I5 and I6: a conflict is real, and complete.
        #[test]
        fn conflicts_are_exactly_the_real_ones((base, left, right) in any_case()) {
            let mapping = mapping();
            let merge = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new());
            for unit in mapping.units() {
                let differs = |a: &Record, b: &Record| unit.iter().any(|field| a.get(&field.id) != b.get(&field.id));
                let collides = unit[0].direction == Direction::Both
                    && differs(&left, &base) && differs(&right, &base) && differs(&left, &right);
                let raised = unit.iter().any(|field| merge.conflicts.iter().any(|c| c.field == field.id));
                prop_assert_eq!(raised, collides);
                if collides {
                    for field in &unit {
                        prop_assert!(merge.writes.left.get(&field.id).is_none());
                        prop_assert!(merge.writes.right.get(&field.id).is_none());
                    }
                }
            }
        }

        /// I7: where different units changed, both edits arrive on both sides and nothing collides.
        #[test]
        fn disjoint_edits_arrive_on_both_sides((base, left, mut right) in any_case()) {
            let mapping = mapping();
            let units = mapping.units();
            let changed = |record: &Record, index: usize| units[index].iter().any(|f| record.get(&f.id) != base.get(&f.id));
            for (index, unit) in units.iter().enumerate() {
                for field in unit.iter().filter(|_| changed(&left, index)) {
                    right.set(field.id.clone(), base.get(&field.id).cloned().unwrap_or_default());
                }
            }
            let merge = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new());
            prop_assert!(merge.conflicts.is_empty());
            let (after_left, after_right) = (applied(&left, &merge.writes.left), applied(&right, &merge.writes.right));
            prop_assert_eq!(&after_left, &after_right);
            for field in &mapping.fields {
                let edited = if left.get(&field.id) != base.get(&field.id) { &left } else { &right };
                if field.direction == Direction::Both {
                    prop_assert_eq!(after_left.get(&field.id), edited.get(&field.id));
                }
            }
        }

        /// Planning again after applying finds nothing to write (I21).
        #[test]
        fn a_second_merge_writes_nothing((base, left, right) in any_case()) {
            let mapping = mapping();
            let first = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new());
            let (left, right) = (applied(&left, &first.writes.left), applied(&right, &first.writes.right));
            let mut base = applied(&base, &first.agreed);
            for side in Side::BOTH {
                base = applied(&base, &first.writes[side]);
            }
            let second = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new());
            prop_assert_eq!(second.writes, Pair::default());
            prop_assert_eq!(second.conflicts, first.conflicts);
        }

        /// Swapping the sides mirrors the merge.
        #[test]
        fn swapping_the_sides_mirrors_the_merge((base, left, right) in any_case()) {
            let straight = merge(&mapping(), &base, Pair::new(&left, &right), &Settlements::new());
            let swapped = merge(&mirrored(&mapping()), &base, Pair::new(&right, &left), &Settlements::new());
            prop_assert_eq!(straight.writes, swapped.writes.swap());
            prop_assert_eq!(straight.agreed, swapped.agreed);
            prop_assert_eq!(straight.conflicts.len(), swapped.conflicts.len());
        }
    }

    fn applied(record: &Record, writes: &Record) -> Record {
        let mut record = record.clone();
        for (field, value) in &writes.0 {
            record.set(field.clone(), value.clone());
        }
        record
    }
}
