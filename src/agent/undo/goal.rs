//! What a run did, in sum, to each pair of rows. Pure.

use std::collections::BTreeMap;

use crate::model::{
    Action, CauseOfWrite, CouplingId, FieldId, JournalEntry, MappingName, Pair, Record, RowId, Side, Value,
    Version,
};

/// What a run did to two rows that were one, or to one row without a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    pub mapping: MappingName,
    pub label: String,
    pub coupling: Option<CouplingId>,
    pub rows: Pair<Option<RowId>>,
    pub deeds: Pair<Option<Deed>>,
    pub tie: Tie,
    /// The number of its latest entry.
    pub last: u64,
}

/// What a run did to one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Created { version: Option<Version> },
    Updated { fields: BTreeMap<FieldId, Step>, version: Option<Version> },
    Deleted { values: Record },
}

/// What a run did to one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Absent where it was not known.
    pub before: Option<Value>,
    pub after: Value,
    /// A person chose the value.
    pub is_answer: bool,
}

/// What a run did to the coupling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tie {
    Kept,
    Made,
    /// Ended, with what both sides had agreed on.
    Ended {
        base: Record,
    },
}

/// Sums up the entries of a run, given in the order in which they were done. The goals come the latest first.
#[must_use]
pub fn goals(entries: &[(u64, JournalEntry)]) -> Vec<Goal> {
    let mut goals: Vec<Goal> = Vec::new();
    let mut found: BTreeMap<Key, usize> = BTreeMap::new();
    for (number, entry) in entries.iter().filter(|(_, entry)| entry.is_done() && is_deed(entry.action)) {
        let Some(key) = key(entry) else { continue };
        let index = *found.entry(key).or_insert_with(|| {
            goals.push(Goal::of(entry));
            goals.len() - 1
        });
        goals[index].take(*number, entry);
    }
    goals.retain(|goal| goal.tie != Tie::Kept || Side::BOTH.iter().any(|side| goal.deeds[*side].is_some()));
    goals.sort_by_key(|goal| std::cmp::Reverse(goal.last));
    goals
}

type Key = (MappingName, Option<CouplingId>, Option<(Side, RowId)>);

/// What belongs together: the coupling, or else the row.
fn key(entry: &JournalEntry) -> Option<Key> {
    let mapping = entry.mapping.clone();
    match (entry.links.coupling, &entry.row) {
        (Some(coupling), _) => Some((mapping, Some(coupling), None)),
        (None, Some(row)) => Some((mapping, None, Some((entry.side, row.clone())))),
        (None, None) => None,
    }
}

/// Returns whether it did something to a row or a coupling.
#[must_use]
pub const fn is_deed(action: Action) -> bool {
    match action {
        Action::Coupled | Action::Created | Action::Updated | Action::Deleted | Action::Uncoupled => true,
        Action::ConflictRaised | Action::ConflictSettled => false,
    }
}

impl Goal {
    fn of(entry: &JournalEntry) -> Self {
        Self {
            mapping: entry.mapping.clone(),
            label: entry.label.clone(),
            coupling: entry.links.coupling,
            rows: Pair::default(),
            deeds: Pair::default(),
            tie: Tie::Kept,
            last: 0,
        }
    }

    fn take(&mut self, number: u64, entry: &JournalEntry) {
        let side = entry.side;
        self.last = number;
        self.label.clone_from(&entry.label);
        if let Some(row) = &entry.row {
            self.rows[side] = Some(row.clone());
        }
        if let Some(partner) = &entry.links.partner {
            self.rows[side.other()] = Some(partner.clone());
        }
        match entry.action {
            Action::Coupled => self.tie = Tie::Made,
            Action::Uncoupled => {
                self.tie = match self.tie {
                    Tie::Made => Tie::Kept,
                    Tie::Kept | Tie::Ended { .. } => Tie::Ended { base: entry.links.base.clone() },
                }
            }
            Action::Created => {
                self.deeds[side] = Some(Deed::Created { version: entry.links.version.clone() });
            }
            Action::Updated => self.deeds[side] = Some(updated(self.deeds[side].take(), entry)),
            Action::Deleted => self.deeds[side] = deleted(self.deeds[side].take(), entry),
            Action::ConflictRaised | Action::ConflictSettled => {}
        }
    }
}

fn updated(earlier: Option<Deed>, entry: &JournalEntry) -> Deed {
    let version = entry.links.version.clone();
    let mut fields = match earlier {
        Some(Deed::Created { .. }) => return Deed::Created { version },
        Some(Deed::Updated { fields, .. }) => fields,
        Some(Deed::Deleted { .. }) | None => BTreeMap::new(),
    };
    for change in &entry.fields {
        let step = Step {
            before: change.before.clone(),
            after: change.after.clone(),
            is_answer: matches!(entry.cause, CauseOfWrite::Answer { .. }),
        };
        let known = fields.entry(change.field.clone()).or_insert(step.clone());
        known.after = step.after;
        known.is_answer |= step.is_answer;
    }
    Deed::Updated { fields, version }
}

/// A row made and deleted in one run was never there.
fn deleted(earlier: Option<Deed>, entry: &JournalEntry) -> Option<Deed> {
    let last = entry.fields.iter().filter_map(|change| Some((change.field.clone(), change.before.clone()?)));
    let mut values: Record = last.collect();
    match earlier {
        Some(Deed::Created { .. }) => return None,
        Some(Deed::Updated { fields, .. }) => {
            for (field, step) in fields {
                if let Some(before) = step.before {
                    values.set(field, before);
                }
            }
        }
        Some(Deed::Deleted { .. }) | None => {}
    }
    Some(Deed::Deleted { values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FieldChange, Links, Outcome, RunId, Timestamp};

    fn entry(action: Action, side: Side, coupling: u64, fields: &[(&str, &str, &str)]) -> JournalEntry {
        let rows = Pair::new(RowId::new("l"), RowId::new("r"));
        let change = |(field, before, after): &(&str, &str, &str)| FieldChange {
            field: FieldId::new(*field),
            before: Some(Value::text(*before)),
            after: Value::text(*after),
        };
        JournalEntry {
            run: RunId(1),
            at: Timestamp::UNIX_EPOCH,
            mapping: "CUSTOMER".into(),
            action,
            side,
            row: Some(rows[side].clone()),
            label: "Bólido".to_owned(),
            cause: CauseOfWrite::Edit { side: side.other() },
            fields: fields.iter().map(change).collect(),
            outcome: Outcome::Done,
            links: Links {
                coupling: Some(CouplingId(coupling)),
                partner: Some(rows[side.other()].clone()),
                version: Some("2".into()),
                ..Links::default()
            },
        }
    }

    fn sum(entries: Vec<JournalEntry>) -> Vec<Goal> {
        goals(&(1..).zip(entries).collect::<Vec<_>>())
    }

    const ON: Side = Side::Right;

    #[test]
    fn what_was_coupled_and_written_is_one_goal_from_the_first_value_to_the_last() {
        let goals = sum(vec![
            entry(Action::Coupled, Side::Left, 1, &[]),
            entry(Action::Updated, ON, 1, &[("phone", "1", "2")]),
            entry(Action::Updated, ON, 1, &[("phone", "2", "3"), ("city", "", "Graz")]),
        ]);
        let [goal] = goals.as_slice() else { panic!("{goals:?}") };
        assert_eq!((&goal.tie, goal.last), (&Tie::Made, 3));
        let Some(Deed::Updated { fields, .. }) = &goal.deeds.right else { panic!("{goal:?}") };
        let phone = &fields[&FieldId::new("phone")];
        assert_eq!((phone.before.clone(), phone.after.clone()), (Some(Value::text("1")), Value::text("3")));
        assert_eq!(fields.len(), 2);
        assert_eq!(goal.deeds.left, None);
    }

    #[test]
    fn a_row_made_and_then_written_was_made() {
        let goals = sum(vec![
            entry(Action::Created, ON, 1, &[]),
            entry(Action::Updated, ON, 1, &[("phone", "1", "2")]),
        ]);
        assert_eq!(goals[0].deeds.right, Some(Deed::Created { version: Some("2".into()) }));
    }

    #[test]
    fn a_row_written_and_then_deleted_held_what_it_held_first() {
        let written = entry(Action::Updated, ON, 1, &[("phone", "1", "2")]);
        let deleted = entry(Action::Deleted, ON, 1, &[("phone", "2", ""), ("city", "Graz", "")]);
        let goals = sum(vec![written, deleted.clone()]);
        let values = [("city", "Graz"), ("phone", "1")];
        let values = values.map(|(field, value)| (FieldId::new(field), Value::text(value)));
        assert_eq!(goals[0].deeds.right, Some(Deed::Deleted { values: values.into_iter().collect() }));
        assert_eq!(sum(vec![entry(Action::Created, ON, 1, &[]), deleted]), []);
    }

    #[test]
    fn what_was_not_done_is_not_undone_and_the_latest_comes_first() {
        let mut refused = entry(Action::Updated, ON, 1, &[("phone", "1", "2")]);
        refused.outcome = Outcome::Refused { code: "Blocked".to_owned() };
        let raised = entry(Action::ConflictRaised, Side::Left, 1, &[]);
        assert_eq!(sum(vec![refused, raised]), []);
        let both = [1, 2].map(|coupling| entry(Action::Updated, ON, coupling, &[("phone", "1", "2")]));
        let last: Vec<_> = sum(both.into()).iter().map(|goal| goal.last).collect();
        assert_eq!(last, [2, 1]);
    }
}
