//! The three-way merge, field by field (or group by group) against the base.

use std::collections::BTreeMap;

use crate::mapping::{Direction, Mapping};
use crate::model::{
    Answer, Choice, Conflict, ConflictKind, FieldConflict, FieldId, Pair, Record, RowId, Side, Value,
};

use super::unit::Unit;

/// What follows from two records and their base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// Values to write, for the side to be written.
    pub writes: Pair<Record>,
    /// Fields that are equal on both sides already: their base may be set at once.
    pub agreed: Record,
    /// Fields that collide.
    pub conflicts: Vec<FieldConflict>,
    /// Fields whose owner's value is not on the other side, and that are left so.
    pub drifts: Vec<Drifted>,
    /// Lookups whose target is not coupled. While a side's row has any, nothing of it is written to the other.
    pub waiting: Vec<Waiting>,
}

impl Merge {
    /// Drops what would be written from rows whose lookups wait: the other way, edits flow meanwhile.
    pub fn drop_what_waits(&mut self) {
        for waiting in self.waiting.iter().filter(|waiting| !waiting.is_alone) {
            self.writes[waiting.side.other()] = Record::default();
        }
    }
}

/// A lookup that cannot be written yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub field: FieldId,
    /// The side of the row that is pointed to.
    pub side: Side,
    pub row: RowId,
    /// Only the field waits, and not its row.
    pub is_alone: bool,
}

/// A field that was changed on the side that does not own it, and that the mapping leaves so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drifted {
    pub field: FieldId,
    /// The side that was changed.
    pub on: Side,
    /// The mapping wants it listed.
    pub is_reported: bool,
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

/// Merges two records against their base. `newer` is the side whose row was changed later, where that can be told.
#[must_use]
pub fn merge(
    mapping: &Mapping,
    base: &Record,
    sides: Pair<&Record>,
    settlements: &Settlements,
    newer: Option<Side>,
) -> Merge {
    let mut merge = Merge::default();
    for fields in mapping.units().iter().filter(|fields| fields[0].is_compared()) {
        // A value that is absent is not blank (I36): nothing follows from it.
        let Some(unit) = Unit::new(base, sides, fields) else { continue };
        if unit.is_equal() {
            unit.agree(&mut merge);
            continue;
        }
        match fields[0].direction {
            Direction::Match | Direction::CreateOnly => {}
            Direction::ToRight => unit.own(mapping, Side::Left, &mut merge),
            Direction::ToLeft => unit.own(mapping, Side::Right, &mut merge),
            Direction::UnlessBlank(owner) => unit.own_unless_blank(mapping, owner, &mut merge),
            Direction::Both => unit.merge_both_ways(mapping, settlements, newer, &mut merge),
        }
    }
    merge
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::example::{any_case, conflict, mapping, mirrored, record};
    use super::*;

    fn check(base: &str, left: &str, right: &str) -> Merge {
        let sides = (record(left), record(right));
        merge(&mapping(), &record(base), Pair::new(&sides.0, &sides.1), &Settlements::new(), None)
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
    fn what_both_sides_hold_is_agreed_however_it_came_about() {
        let edited = check("a=1 o=1 g=1 h=1", "a=2 o=2 g=2 h=2", "a=2 o=2 g=2 h=2");
        assert_eq!(edited, Merge { agreed: record("a=2 o=2 g=2 h=2"), ..Merge::default() });
        let first = check("", "a= b=1 o= g=1 h=", "a= b=1 o= g=1 h=");
        assert_eq!(first, Merge { agreed: record("a= b=1 o= g=1 h="), ..Merge::default() });
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

    #[test]
    fn a_blank_that_says_nothing_goes_nowhere() {
        let mut mapping = mapping();
        mapping.fields[4].not_null = true;
        let (base, left, right) = (record("o=1"), record("o="), record("o=1"));
        let merge = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new(), None);
        let drift = Drifted { field: "o".into(), on: Side::Left, is_reported: false };
        assert_eq!(merge, Merge { drifts: vec![drift], ..Merge::default() });
    }

    /// I12
    #[test]
    fn an_uncoupled_reference_waits() {
        let mut left = record("a=1");
        let target = Value::Uncoupled(Side::Left, RowId::new("x"));
        left.set("a".into(), target);
        let right = record("a=1");
        let merge = merge(&mapping(), &record("a=1"), Pair::new(&left, &right), &Settlements::new(), None);
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
            merge(&mapping(), &base, Pair::new(&left, &right), settled, None)
        };
        let done = settle(&settled);
        assert_eq!((done.writes.left, done.writes.right), (record("a=4"), record("a=4")));
        let stale = Pair::new(Value::text("2"), Value::text("9"));
        let refused = settle(&Settlements::from([("a".into(), (stale, Some(typed)))]));
        assert_eq!(refused.conflicts.len(), 1);
    }

    #[test]
    fn an_answer_says_something_of_the_fields_that_were_asked_about() {
        let values = Pair::new(Value::text("2"), Value::text("3"));
        let asked =
            ["a", "b"].map(|id| FieldConflict { field: id.into(), base: None, values: values.clone() });
        let chosen = |answer: Option<Answer>| -> Vec<_> {
            let settlements = settlements(&conflict(ConflictKind::Fields(asked.to_vec()), answer));
            assert_eq!(settlements.keys().map(FieldId::as_str).collect::<Vec<_>>(), ["a", "b"]);
            assert!(settlements.values().all(|(shown, _)| *shown == values));
            settlements.into_values().map(|(_, choice)| choice).collect()
        };
        let left = Some(Choice::Side(Side::Left));
        assert_eq!(chosen(Some(Answer::Take(Side::Left))), [left.clone(), left]);
        let typed = Choice::Value(Value::text("4"));
        let per_field = [("b".into(), typed.clone()), ("z".into(), typed.clone())];
        assert_eq!(chosen(Some(Answer::PerField(per_field.into()))), [None, Some(typed)]);
        assert_eq!(chosen(Some(Answer::Later)), [None, None]);
        assert_eq!(chosen(None), [None, None]);
        let deleted = conflict(ConflictKind::Deleted { on: Side::Left }, Some(Answer::Take(Side::Left)));
        assert!(settlements(&deleted).is_empty());
    }

    /// Of a group it is enough to answer one field, if that names a side.
    #[test]
    fn the_rest_of_a_group_follows_the_side_that_was_chosen() {
        let (left, right) = (record("g=2 h=2"), record("g=3 h=3"));
        let shown = || Pair::new(Value::text("2"), Value::text("3"));
        let settle = |choice: Choice, other: Pair<Value>| {
            let settled = [("g".into(), (shown(), Some(choice))), ("h".into(), (other, None))];
            let base = record("a= b= o= g=1 h=1");
            merge(&mapping(), &base, Pair::new(&left, &right), &Settlements::from(settled), None)
        };
        let done = settle(Choice::Side(Side::Right), shown());
        assert_eq!((done.writes.left, done.writes.right), (record("g=3 h=3"), record("")));
        // A typed value says nothing of the rest, and a side only what was shown of it.
        assert_eq!(settle(Choice::Value(Value::text("4")), shown()).conflicts.len(), 2);
        let stale = Pair::new(Value::text("2"), Value::text("9"));
        assert_eq!(settle(Choice::Side(Side::Right), stale).conflicts.len(), 2);
    }

    #[test]
    fn what_is_equal_within_a_group_is_agreed_while_the_rest_is_written() {
        let merge = check("g=1 h=1", "g=2 h=1", "g=1 h=1");
        assert_eq!((merge.writes.right, merge.agreed), (record("g=2"), record("h=1")));
    }

    /// Of three fields that merge as one, the third follows two answers only if these are of one mind.
    #[test]
    fn an_unanswered_field_follows_no_side_where_the_others_disagree() {
        let mut mapping = mapping();
        mapping.fields[1].group = mapping.fields[2].group.clone();
        let (base, left, right) = (record("b=1 g=1 h=1"), record("b=2 g=2 h=2"), record("b=3 g=3 h=3"));
        let settle = |g: Side, h: Side| {
            let shown = || Pair::new(Value::text("2"), Value::text("3"));
            let choices = [("b", None), ("g", Some(Choice::Side(g))), ("h", Some(Choice::Side(h)))];
            let settled = choices.map(|(id, choice)| (id.into(), (shown(), choice)));
            merge(&mapping, &base, Pair::new(&left, &right), &Settlements::from(settled), None)
        };
        assert_eq!(settle(Side::Left, Side::Left).writes, Pair::new(record(""), left.clone()));
        let disagreeing = settle(Side::Left, Side::Right);
        assert_eq!((disagreeing.writes, disagreeing.conflicts.len()), (Pair::default(), 3));
    }

    /// I12: nobody is asked to choose a row that cannot be pointed to yet.
    #[test]
    fn a_collision_with_an_uncoupled_reference_waits() {
        for side in Side::BOTH {
            let mut rows = Pair::new(record("a=2"), record("a=3"));
            rows[side].set("a".into(), Value::Uncoupled(side, RowId::new("x")));
            let merge = merge(&mapping(), &record("a=1"), rows.as_ref(), &Settlements::new(), None);
            let waiting = Waiting { field: "a".into(), side, row: RowId::new("x"), is_alone: false };
            assert_eq!(merge, Merge { waiting: vec![waiting], ..Merge::default() });
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// I5 and I6: a conflict is real, and complete.
        #[test]
        fn conflicts_are_exactly_the_real_ones((base, left, right) in any_case()) {
            let mapping = mapping();
            let merge = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new(), None);
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
            let merge = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new(), None);
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
            let first = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new(), None);
            let (left, right) = (applied(&left, &first.writes.left), applied(&right, &first.writes.right));
            let mut base = applied(&base, &first.agreed);
            for side in Side::BOTH {
                base = applied(&base, &first.writes[side]);
            }
            let second = merge(&mapping, &base, Pair::new(&left, &right), &Settlements::new(), None);
            prop_assert_eq!(second.writes, Pair::default());
            prop_assert_eq!(second.conflicts, first.conflicts);
        }

        /// Swapping the sides mirrors the merge.
        #[test]
        fn swapping_the_sides_mirrors_the_merge((base, left, right) in any_case()) {
            let straight = merge(&mapping(), &base, Pair::new(&left, &right), &Settlements::new(), None);
            let swapped = merge(&mirrored(&mapping()), &base, Pair::new(&right, &left), &Settlements::new(), None);
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
