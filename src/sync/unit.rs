//! Fields that merge as one: a group, or a single field.

use crate::mapping::{Drift, Field, Mapping, Policy, normalise};
use crate::model::{Choice, FieldConflict, Pair, Record, Side, Value};

use super::merge::{Drifted, Merge, Settlements, Waiting};

/// Fields that merge as one, with their values.
pub(super) struct Unit<'a> {
    fields: &'a [&'a Field],
    values: Vec<Pair<&'a Value>>,
    /// Absent as soon as one field has no base: then the whole unit is at first contact.
    base: Option<Vec<&'a Value>>,
}

impl<'a> Unit<'a> {
    /// Puts the values together; there is nothing to merge where one is absent.
    pub(super) fn new(base: &'a Record, sides: Pair<&'a Record>, fields: &'a [&'a Field]) -> Option<Self> {
        let values =
            |field: &&Field| Some(Pair::new(sides.left.get(&field.id)?, sides.right.get(&field.id)?));
        Some(Self {
            fields,
            values: fields.iter().map(values).collect::<Option<_>>()?,
            base: fields.iter().map(|field| base.get(&field.id)).collect(),
        })
    }

    pub(super) fn is_equal(&self) -> bool {
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

    pub(super) fn agree(&self, merge: &mut Merge) {
        for (field, pair) in self.fields.iter().zip(&self.values) {
            merge.agreed.set(field.id.clone(), pair.left.clone());
        }
    }

    /// The owner's values go to the other side, except that a blank erases nothing at first contact. Where only the other
    /// side was changed, the mapping may let that stand.
    pub(super) fn own(&self, mapping: &Mapping, owner: Side, merge: &mut Merge) {
        if self.base.is_none() && self.is_blank(owner) && !mapping.overwrites {
            return;
        }
        if self.is_blank(owner) && self.fields[0].not_null {
            self.let_stand(owner, false, merge);
            return;
        }
        let drift = mapping.drift(self.fields[0]);
        if drift != Drift::Revert && self.is_unchanged(owner) {
            self.let_stand(owner.other(), drift == Drift::Report, merge);
        } else {
            self.take(owner, merge);
        }
    }

    /// The owner's values count while it has any; while it has none it takes the other side's.
    pub(super) fn own_unless_blank(&self, mapping: &Mapping, owner: Side, merge: &mut Merge) {
        if self.is_blank(owner) {
            self.take(owner.other(), merge);
        } else {
            self.own(mapping, owner, merge);
        }
    }

    fn let_stand(&self, on: Side, is_reported: bool, merge: &mut Merge) {
        for (field, pair) in self.fields.iter().zip(&self.values) {
            if pair.left == pair.right {
                merge.agreed.set(field.id.clone(), pair.left.clone());
            } else {
                merge.drifts.push(Drifted { field: field.id.clone(), on, is_reported });
            }
        }
    }

    pub(super) fn merge_both_ways(
        &self,
        mapping: &Mapping,
        settlements: &Settlements,
        newer: Option<Side>,
        merge: &mut Merge,
    ) {
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
        let policy = policy.reduce(|a, b| if a == b { a } else { Policy::Ask });
        match (policy, newer) {
            (Some(Policy::Take(side)), _) | (Some(Policy::Newer), Some(side)) => self.take(side, merge),
            (Some(Policy::Newer), None) | (Some(Policy::Ask) | None, _) => self.collide(merge),
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
        let is_alone = field.waits_alone(&value);
        if let Value::Uncoupled(side, row) = value {
            merge.waiting.push(Waiting { field: field.id.clone(), side, row, is_alone });
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
                Value::Uncoupled(from, row) => Some((*from, row.clone(), field.waits_alone(pair[side]))),
                _ => None,
            });
            if pair.left == pair.right {
                continue;
            }
            match uncoupled {
                Some((side, row, is_alone)) => {
                    merge.waiting.push(Waiting { field: field.id.clone(), side, row, is_alone });
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
    use super::super::example::{mapping, mirrored, record};
    use super::super::merge::merge;
    use super::*;
    use crate::mapping::Direction;
    use crate::model::Side::{Left, Right};

    /// Merges field `o` with that direction and says what follows: `left=x` is written there, `drift` is left as it is.
    fn outcome(mapping: &Mapping, base: &str, left: &str, right: &str, newer: Option<Side>) -> String {
        let sides = (record(left), record(right));
        let merge = merge(mapping, &record(base), Pair::new(&sides.0, &sides.1), &Settlements::new(), newer);
        let mut words = Vec::new();
        for side in Side::BOTH {
            words.extend(merge.writes[side].0.values().map(|value| match value {
                Value::Text(text) => format!("{side}={text}"),
                _ => format!("{side}="),
            }));
        }
        words.extend(merge.drifts.iter().map(|drift| {
            format!("{} on the {}", if drift.is_reported { "drift" } else { "kept drift" }, drift.on)
        }));
        words.extend(merge.conflicts.iter().map(|_| "ask".to_owned()));
        words.join(", ")
    }

    fn with(direction: Direction, drift: Drift) -> Mapping {
        let mut mapping = mapping();
        mapping.fields.retain(|field| field.id == "o".into());
        mapping.fields[0].direction = direction;
        mapping.drift = drift;
        mapping
    }

    /// Checks what follows, and that it follows mirrored where the sides are swapped.
    #[track_caller]
    fn check(mapping: &Mapping, [base, left, right]: [&str; 3], expected: &str) {
        assert_eq!(outcome(mapping, base, left, right, None), expected);
        let swapped = outcome(&mirrored(mapping), base, right, left, None);
        let mirror = |word: &str| match word {
            word if word.contains("left") => word.replace("left", "right"),
            word => word.replace("right", "left"),
        };
        assert_eq!(swapped, mirror(expected), "mirrored");
    }

    /// I11
    #[test]
    fn an_owner_with_a_value_is_never_written_and_one_without_takes_the_others() {
        let mapping = with(Direction::UnlessBlank(Left), Drift::Revert);
        check(&mapping, ["o=1", "o=2", "o=1"], "right=2");
        check(&mapping, ["o=1", "o=2", "o=3"], "right=2");
        check(&mapping, ["o=1", "o=1", "o=3"], "right=1");
        check(&mapping, ["o=1", "o=1", "o="], "right=1");
        check(&mapping, ["o=1", "o=", "o=1"], "left=1");
        check(&mapping, ["o=1", "o=", "o=3"], "left=3");
        check(&mapping, ["o=1", "o=", "o="], "");
        check(&mapping, ["", "o=1", "o=3"], "right=1");
        check(&mapping, ["", "o=", "o=3"], "left=3");
    }

    #[test]
    fn an_owner_that_overwrites_does_so_at_first_contact_with_a_blank_too() {
        let mut mapping = with(Direction::ToRight, Drift::Revert);
        check(&mapping, ["", "o=", "o=3"], "");
        mapping.overwrites = true;
        check(&mapping, ["", "o=", "o=3"], "right=");
        mapping.fields[0].not_null = true;
        check(&mapping, ["", "o=", "o=3"], "kept drift on the left");
    }

    #[test]
    fn a_field_sent_on_creation_only_is_never_merged() {
        let mapping = with(Direction::CreateOnly, Drift::Revert);
        check(&mapping, ["o=1", "o=2", "o=1"], "");
        check(&mapping, ["o=1", "o=2", "o=3"], "");
        check(&mapping, ["", "o=2", "o="], "");
    }

    #[test]
    fn a_change_on_the_side_that_does_not_own_the_field_is_reverted_kept_or_reported() {
        for (direction, blank) in [(Direction::ToRight, "right="), (Direction::UnlessBlank(Left), "left=3")] {
            let revert = with(direction, Drift::Revert);
            check(&revert, ["o=1", "o=1", "o=3"], "right=1");
            for (drift, stands) in
                [(Drift::Keep, "kept drift on the right"), (Drift::Report, "drift on the right")]
            {
                let mapping = with(direction, drift);
                check(&mapping, ["o=1", "o=1", "o=3"], stands);
                check(&mapping, ["o=1", "o=1", "o="], stands);
                // The owner's next edit goes over it.
                check(&mapping, ["o=1", "o=2", "o=3"], "right=2");
                check(&mapping, ["o=1", "o=3", "o=3"], "");
                check(&mapping, ["o=1", "o=", "o=3"], blank);
                // Without a base nobody can tell who changed it: the owner's value counts.
                check(&mapping, ["", "o=1", "o=3"], "right=1");
            }
        }
    }

    #[test]
    fn a_collision_is_settled_by_the_newer_row_where_that_can_be_told() {
        let mut mapping = with(Direction::Both, Drift::Revert);
        mapping.fields[0].conflict = Some(Policy::Newer);
        for base in ["o=1", ""] {
            let outcome = |newer| outcome(&mapping, base, "o=2", "o=3", newer);
            assert_eq!(outcome(Some(Left)), "right=2");
            assert_eq!(outcome(Some(Right)), "left=3");
            assert_eq!(outcome(None), "ask");
        }
        // What does not collide is not its business.
        assert_eq!(outcome(&mapping, "o=1", "o=2", "o=1", Some(Right)), "right=2");
    }

    /// I36: a value that is absent from what was read says nothing.
    #[test]
    fn an_absent_value_is_no_blank() {
        for direction in [Direction::ToRight, Direction::Both, Direction::UnlessBlank(Left)] {
            let mapping = with(direction, Drift::Revert);
            check(&mapping, ["o=1", "", "o=1"], "");
            check(&mapping, ["o=1", "o=1", ""], "");
            check(&mapping, ["", "", "o=1"], "");
        }
    }

    /// Fields that merge as one and whose policies disagree ask.
    #[test]
    fn a_group_whose_policies_disagree_asks() {
        let mut mapping = mapping();
        mapping.fields.retain(|field| field.group.is_some());
        let outcome = |mapping: &Mapping| outcome(mapping, "g=1 h=1", "g=2 h=1", "g=1 h=2", Some(Left));
        mapping.fields[0].conflict = Some(Policy::Newer);
        assert_eq!(outcome(&mapping), "ask, ask");
        mapping.fields[1].conflict = Some(Policy::Newer);
        assert_eq!(outcome(&mapping), "right=2, right=1");
        mapping.fields[1].conflict = Some(Policy::Take(Right));
        assert_eq!(outcome(&mapping), "ask, ask");
    }
}
