//! Judging what a full reading shows: which rows are as Tandem's books say, and what the others are.
//!
//! A row that is in step with its coupling's base needs no partner to be compared with: two rows that both are as the
//! base says are equal. So nothing of a row is kept but whether it is as known ([`Ledger`]), and memory does not grow
//! with what rows hold.

use sha2::{Digest, Sha256};

use crate::mapping::Mapping;
use crate::model::{Coupling, CouplingState, FieldId, Pair, Reason, Record, RowId, Side, Standing};

use super::matching::Keys;
use super::merge::{Settlements, merge};

/// The rows of one side that were seen, each with whether it is as the books say: 17 bytes a row, whatever it holds.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    rows: Vec<Seen>,
    is_sorted: bool,
}

type Seen = ([u8; 16], bool);

impl Ledger {
    /// Notes a row. What is noted of it later counts.
    pub fn note(&mut self, row: &RowId, is_known: bool) {
        self.rows.push((row.to_bytes(), is_known));
        self.is_sorted = false;
    }

    /// Puts the rows in order, once all are noted.
    pub fn close(&mut self) {
        self.rows.reverse();
        self.rows.sort_by_key(|(row, _)| *row);
        self.rows.dedup_by_key(|(row, _)| *row);
        self.is_sorted = true;
    }

    /// Returns how many rows were noted.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether no row was noted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns whether a row is as the books say; nothing if it was not seen. The ledger has to be closed.
    #[must_use]
    pub fn find(&self, row: &RowId) -> Option<bool> {
        debug_assert!(self.is_sorted, "invariant: a ledger is closed before it is asked");
        let at = self.rows.binary_search_by_key(&row.to_bytes(), |(row, _)| *row).ok()?;
        Some(self.rows[at].1)
    }
}

/// Returns a row's match keys as digests of one length, so that what is kept of a row does not grow with its contents.
#[must_use]
pub fn digested(keys: Keys) -> Keys {
    let digest = |key: String| -> String {
        Sha256::digest(key.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    };
    Keys { row: keys.row, keys: keys.keys.into_iter().map(|key| key.map(digest)).collect() }
}

/// One row of a coupling as it is, read by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Present {
    Record(Record),
    /// It is there, and outside the mapping's filter.
    Outside,
    Absent,
    Unreadable,
}

/// What a coupling is, seen from both systems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// Both rows hold what both sides agreed on.
    Equal,
    /// Tandem knows of a change, or is about to hear of one.
    Pending,
    /// A person is asked.
    Conflict,
    Parked(Reason),
    /// It waits for something else; the word says for what.
    Waiting(String),
    /// Neither row changed, by Tandem's books, and yet they differ, in these fields. None where only a filter tells.
    Different(Vec<FieldId>),
    /// The row on that side is gone, and Tandem has heard nothing of it.
    Missing {
        on: Side,
    },
    /// The row on that side cannot be read, and Tandem has heard nothing of it.
    Unreadable {
        on: Side,
    },
    OutOfScope(OutOfScope),
}

/// Why a coupling is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// A row is outside the mapping's filter.
    OutsideFilter,
    /// A row was deleted and the other is left alone.
    Deleted,
    /// A person said that the two are not one.
    Severed,
}

/// Classes a coupling both of whose rows are as the books say.
#[must_use]
pub fn class_of_known(coupling: &Coupling, standings: Pair<Option<&Standing>>) -> Class {
    match coupling.state {
        CouplingState::Severed => Class::OutOfScope(OutOfScope::Severed),
        CouplingState::Broken => Class::OutOfScope(OutOfScope::Deleted),
        CouplingState::Active { in_filter } if !(in_filter.left && in_filter.right) => {
            Class::OutOfScope(OutOfScope::OutsideFilter)
        }
        CouplingState::Active { .. } => {
            let classes = Side::BOTH.into_iter().filter_map(|side| Some(class_of_waiting(standings[side]?)));
            classes.min_by_key(urgency).unwrap_or(Class::Equal)
        }
    }
}

/// Classes a row by what it waits for.
#[must_use]
pub fn class_of_waiting(standing: &Standing) -> Class {
    if let Standing::Conflicted(_) = standing {
        return Class::Conflict;
    }
    match standing {
        Standing::Ready => Class::Pending,
        Standing::Parked { reason, .. } => Class::Parked(reason.clone()),
        // The name of the standing is the word people know it by.
        other => {
            let name = format!("{other:?}");
            Class::Waiting(name.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase())
        }
    }
}

/// What waits for a person is said before what waits by itself.
const fn urgency(class: &Class) -> u8 {
    match class {
        Class::Conflict => 0,
        Class::Waiting(_) => 1,
        Class::Parked(_) => 2,
        _ => 3,
    }
}

/// Classes a coupling that is not as the books say, though no feed is about to tell so: as its rows would be decided if
/// they were seen.
#[must_use]
pub fn class_of_strange(mapping: &Mapping, coupling: &Coupling, present: Pair<&Present>) -> Class {
    if coupling.state == CouplingState::Broken {
        // A row that was deleted is back.
        return Class::Different(Vec::new());
    }
    if let Some(on) = Side::BOTH.into_iter().find(|side| *present[*side] == Present::Absent) {
        return Class::Missing { on };
    }
    if let Some(on) = Side::BOTH.into_iter().find(|side| *present[*side] == Present::Unreadable) {
        return Class::Unreadable { on };
    }
    let (Present::Record(left), Present::Record(right)) = (present.left, present.right) else {
        return Class::Different(Vec::new());
    };
    let merge = merge(mapping, &coupling.base, Pair::new(left, right), &Settlements::new(), None);
    let is_touched = |field: &FieldId| {
        Side::BOTH.iter().any(|side| merge.writes[*side].get(field).is_some())
            || merge.conflicts.iter().any(|conflict| conflict.field == *field)
            || merge.waiting.iter().any(|waiting| waiting.field == *field)
            || merge.drifts.iter().any(|drift| drift.field == *field)
    };
    let touched: Vec<_> = mapping.fields.iter().map(|field| &field.id).filter(|id| is_touched(id)).collect();
    match touched.is_empty() {
        true => Class::Equal,
        false => Class::Different(touched.into_iter().cloned().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConflictId, CouplingId, WakeCondition};
    use crate::sync::example::{mapping, record};

    fn coupling(base: &str, state: CouplingState) -> Coupling {
        Coupling {
            id: CouplingId(1),
            mapping: mapping().name,
            rows: Pair::new(RowId::new("l"), RowId::new("r")),
            base: record(base),
            versions: Pair::default(),
            state,
            label: "L".to_owned(),
        }
    }

    fn strange(base: &str, left: &Present, right: &Present) -> Class {
        let coupling = coupling(base, CouplingState::IN_SCOPE);
        class_of_strange(&mapping(), &coupling, Pair::new(left, right))
    }

    fn rows(base: &str, left: &str, right: &str) -> Class {
        strange(base, &Present::Record(record(left)), &Present::Record(record(right)))
    }

    /// I35: what is kept of a row does not depend on what it holds.
    #[test]
    fn a_ledger_keeps_seventeen_bytes_a_row() {
        assert_eq!(size_of::<Seen>(), 17);
        let key = |text: &str| Keys { row: RowId::new("l"), keys: vec![Some(text.to_owned()), None] };
        let long = digested(key(&"x".repeat(100_000)));
        assert_eq!(long.keys[0].as_ref().unwrap().len(), 32);
        assert_eq!(long.keys[1], None);
        assert_ne!(digested(key("a")), digested(key("b")));
        assert_eq!(digested(key("a")), digested(key("a")));
    }

    #[test]
    fn what_was_seen_last_of_a_row_counts() {
        let mut ledger = Ledger::default();
        for (row, is_known) in [("b", true), ("a", false), ("c", true), ("a", true), ("b", false)] {
            ledger.note(&RowId::new(row), is_known);
        }
        ledger.close();
        assert_eq!((ledger.len(), ledger.is_empty()), (3, false));
        assert!(Ledger::default().is_empty());
        let found = ["a", "b", "c", "d"].map(|row| ledger.find(&RowId::new(row)));
        assert_eq!(found, [Some(true), Some(false), Some(true), None]);
    }

    #[test]
    fn rows_as_the_books_say_are_equal_or_wait() {
        let reason = Reason::PerhapsDeleted;
        let parked = Standing::Parked { reason: reason.clone(), wake: WakeCondition::RowChanges };
        let conflicted = Standing::Conflicted(ConflictId(1));
        let coupling = coupling("", CouplingState::IN_SCOPE);
        let class = |left, right| class_of_known(&coupling, Pair::new(left, right));
        assert_eq!(class(None, None), Class::Equal);
        assert_eq!(class(None, Some(&Standing::Ready)), Class::Pending);
        assert_eq!(class(Some(&Standing::Ready), Some(&parked)), Class::Parked(reason));
        assert_eq!(class(Some(&parked), Some(&conflicted)), Class::Conflict);
    }

    #[test]
    fn couplings_that_take_no_part_are_not_compared() {
        let class = |state| class_of_known(&coupling("", state), Pair::default());
        assert_eq!(class(CouplingState::Severed), Class::OutOfScope(OutOfScope::Severed));
        assert_eq!(class(CouplingState::Broken), Class::OutOfScope(OutOfScope::Deleted));
        let outside = CouplingState::Active { in_filter: Pair::new(true, false) };
        assert_eq!(class(outside), Class::OutOfScope(OutOfScope::OutsideFilter));
    }

    #[test]
    fn a_value_no_feed_told_of_is_a_difference() {
        let base = "a=1 b=1 g=1 h=1 o=1";
        let different = |fields: &[&str]| Class::Different(fields.iter().map(|id| (*id).into()).collect());
        assert_eq!(rows(base, "a=2 b=1 g=1 h=1 o=1", base), different(&["a"]));
        assert_eq!(rows(base, "a=2 b=1 g=1 h=1 o=1", "a=3 b=2 g=1 h=1 o=1"), different(&["a", "b"]));
        assert_eq!(rows(base, base, "a=1 b=1 g=2 h=1 o=1"), different(&["g"]));
        assert_eq!(rows(base, "a=2 b=1 g=1 h=1 o=1", "a=2 b=1 g=1 h=1 o=1"), Class::Equal);
        // At first contact a blank erases nothing, so it is none of the mapping's business.
        assert_eq!(rows("a=1 b=1 g=1 h=1", "a=1 b=1 g=1 h=1 o=", "a=1 b=1 g=1 h=1 o=1"), Class::Equal);
    }

    #[test]
    fn a_row_that_is_gone_or_cannot_be_read_is_told_as_that() {
        let there = Present::Record(record("a=1"));
        assert_eq!(strange("a=1", &there, &Present::Absent), Class::Missing { on: Side::Right });
        assert_eq!(strange("a=1", &Present::Unreadable, &there), Class::Unreadable { on: Side::Left });
        assert_eq!(strange("a=1", &Present::Absent, &Present::Unreadable), Class::Missing { on: Side::Left });
        assert_eq!(strange("a=1", &Present::Outside, &there), Class::Different(Vec::new()));
    }

    #[test]
    fn what_waits_for_a_person_is_told_before_what_waits_by_itself() {
        let held = Standing::Held;
        let parked = Standing::Parked { reason: Reason::PerhapsDeleted, wake: WakeCondition::RowChanges };
        let conflicted = Standing::Conflicted(ConflictId(1));
        let coupling = coupling("", CouplingState::IN_SCOPE);
        let order = [
            (&conflicted, Class::Conflict),
            (&held, Class::Waiting("held".to_owned())),
            (&parked, Class::Parked(Reason::PerhapsDeleted)),
            (&Standing::Ready, Class::Pending),
        ];
        for (at, (first, class)) in order.iter().enumerate() {
            for (later, _) in &order[at..] {
                for pair in [Pair::new(Some(*first), Some(*later)), Pair::new(Some(*later), Some(*first))] {
                    assert_eq!(class_of_known(&coupling, pair), *class, "{pair:?}");
                }
            }
        }
    }

    #[test]
    fn a_row_that_is_back_after_its_deletion_is_a_difference() {
        let base = Present::Record(record("a=1 b=1 g=1 h=1 o=1"));
        let broken = coupling("a=1 b=1 g=1 h=1 o=1", CouplingState::Broken);
        let found = class_of_strange(&mapping(), &broken, Pair::new(&base, &base));
        assert_eq!(found, Class::Different(Vec::new()));
    }

    /// What would wait for a reference, or is left to drift, differs as well as what would be written.
    #[test]
    fn a_reference_without_partner_and_a_drift_are_differences() {
        let base = "a=1 b=1 g=1 h=1 o=1";
        let mut pointing = record(base);
        pointing.set("b".into(), crate::model::Value::Uncoupled(Side::Left, RowId::new("x")));
        let found = strange(base, &Present::Record(pointing), &Present::Record(record(base)));
        assert_eq!(found, Class::Different(vec!["b".into()]));
        let mapping = Mapping { drift: crate::mapping::Drift::Keep, ..mapping() };
        let rows = ["a=1 b=1 g=1 h=1 o=1", "a=1 b=1 g=1 h=1 o=2"].map(|row| Present::Record(record(row)));
        let coupling = coupling(base, CouplingState::IN_SCOPE);
        let found = class_of_strange(&mapping, &coupling, Pair::new(&rows[0], &rows[1]));
        assert_eq!(found, Class::Different(vec!["o".into()]));
    }
}
