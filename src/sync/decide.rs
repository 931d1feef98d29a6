//! What should happen to one coupling.

use crate::mapping::{DeletionPolicy, Field, Mapping};
use crate::model::{
    Answer, Became, Change, Conflict, ConflictKind, Coupling, CouplingState, Evidence, MappingName, Pair,
    Reason, Record, Side, Timestamp, Value, Version, WakeCondition,
};

use super::compare::in_step;
use super::merge::{Merge, Waiting, merge, settlements};
use super::newer::newer;

/// A coupling with what is known of its rows since the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub coupling: Coupling,
    pub seen: Pair<Option<Seen>>,
    /// Which rows were read by key in this pass.
    pub was_read: Pair<bool>,
    /// The open conflict of this coupling, perhaps answered.
    pub conflict: Option<Conflict>,
}

/// What an observation says, in the mapping's common shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Record {
        record: Record,
        version: Option<Version>,
        /// When the row was last changed, by its own system's clock. Only a `newer` policy looks at it (I28).
        modified_at: Option<Timestamp>,
    },
    Gone(Evidence),
    /// It cannot be told (yet): unreadable, or missing without evidence.
    Unclear,
}

/// What should happen to one coupling. It holds everything that applying needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing to write: fields that agree become base, and what was observed is settled.
    Settle(Merge),
    /// Values to write, and perhaps conflicts beside them. `versions` are the ones decided from.
    Write { merge: Merge, versions: Pair<Option<Version>> },
    /// Nothing may be written until that side has been read by key.
    Reread(Side),
    /// The row waits.
    Park { reason: Reason, wake: WakeCondition },
    /// Delete the surviving row on that side.
    Delete { on: Side, version: Version },
    /// One side is gone and the other is left alone: by policy, or because it was no deletion.
    LeaveDeletion { on: Side, became: Option<Became> },
    /// Ask a person about a deletion; `on` is the side where the row is gone.
    AskDeletion { on: Side },
    /// Create the row again on that side, from the surviving one.
    Restore { on: Side },
    /// The two rows are no longer one.
    Uncouple,
    /// Both rows are gone: there is nothing left to keep in step.
    Forget,
    /// Nothing can be said yet.
    Wait,
}

/// Decides what should happen to one coupling.
#[must_use]
pub fn decide(mapping: &Mapping, pending: &Pending) -> Decision {
    let answer = pending.conflict.as_ref().and_then(|conflict| conflict.answer.as_ref());
    if answer == Some(&Answer::Uncouple) {
        return Decision::Uncouple;
    }
    let changes = Pair::from_fn(|side| change(mapping, pending, side));
    let Pair { left: Some(left), right: Some(right) } = changes else { return Decision::Wait };
    match (left, right) {
        (Change::Gone(_), Change::Gone(_)) => Decision::Forget,
        (Change::Gone(evidence), right) => deletion(mapping, pending, Side::Left, &evidence, &right),
        (left, Change::Gone(evidence)) => deletion(mapping, pending, Side::Right, &evidence, &left),
        (left, right) => edits(mapping, pending, &Pair::new(left, right)),
    }
}

fn change(mapping: &Mapping, pending: &Pending, side: Side) -> Option<Change<Record>> {
    match &pending.seen[side] {
        None => Some(Change::Unchanged),
        // Absence is not blank (I36): such a record tells nothing.
        Some(Seen::Record { record, .. }) if !is_complete(mapping, record) => None,
        Some(Seen::Record { record, .. }) if in_step(mapping, &pending.coupling.base, record) => {
            Some(Change::Unchanged)
        }
        Some(Seen::Record { record, .. }) => Some(Change::Edited(record.clone())),
        Some(Seen::Gone(evidence)) => Some(Change::Gone(evidence.clone())),
        Some(Seen::Unclear) => None,
    }
}

fn deletion(
    mapping: &Mapping,
    pending: &Pending,
    on: Side,
    evidence: &Evidence,
    survivor: &Change<Record>,
) -> Decision {
    let other = on.other();
    let became = match evidence {
        Evidence::Became(became) => Some(*became),
        Evidence::Tombstone | Evidence::ConfirmedAbsent { .. } | Evidence::Rebaselined { .. } => None,
    };
    if pending.coupling.state != CouplingState::IN_SCOPE {
        // A row outside the filter is not the mapping's to delete, nor to ask about.
        return Decision::LeaveDeletion { on, became };
    }
    let delete = || match guard(mapping, pending, other) {
        Some(version) => Decision::Delete { on: other, version },
        None => without_version(pending, other),
    };
    let asked = pending
        .conflict
        .as_ref()
        .filter(|conflict| conflict.kind == ConflictKind::Deleted { on })
        .and_then(|conflict| conflict.answer.as_ref());
    match (asked, mapping.deletion, survivor) {
        (Some(Answer::Delete), ..) => delete(),
        (Some(Answer::Restore), ..) => restore(mapping, pending, on),
        _ if became.is_some() => Decision::LeaveDeletion { on, became },
        // Nobody deleted it: its system was set back to a state without it.
        _ if matches!(evidence, Evidence::Rebaselined { .. }) => Decision::AskDeletion { on },
        (_, DeletionPolicy::Ignore, _) => Decision::LeaveDeletion { on, became },
        (_, DeletionPolicy::Uncouple, _) => Decision::Uncouple,
        (_, DeletionPolicy::Restore, _) => restore(mapping, pending, on),
        (_, DeletionPolicy::Delete, Change::Unchanged) => delete(),
        (_, DeletionPolicy::Ask, _) | (_, DeletionPolicy::Delete, _) => Decision::AskDeletion { on },
    }
}

/// Creates the row again from all that the other one holds. Where the base does not tell that, the other is read first.
fn restore(mapping: &Mapping, pending: &Pending, on: Side) -> Decision {
    let survivor = on.other();
    let record = match &pending.seen[survivor] {
        Some(Seen::Record { record, .. }) => record,
        _ if is_complete(mapping, &pending.coupling.base) => &pending.coupling.base,
        _ => return Decision::Reread(survivor),
    };
    let sent = mapping.fields.iter().filter(|field| field.is_sent_on_restore(on));
    let uncoupled = sent.filter_map(|field| match record.get(&field.id) {
        Some(value @ Value::Uncoupled(side, row)) if !field.waits_alone(value) => {
            Some(Waiting { field: field.id.clone(), side: *side, row: row.clone(), is_alone: false })
        }
        _ => None,
    });
    match uncoupled.into_iter().next() {
        Some(waiting) => wait_for(mapping, &waiting),
        None => Decision::Restore { on },
    }
}

fn edits(mapping: &Mapping, pending: &Pending, changes: &Pair<Change<Record>>) -> Decision {
    match pending.coupling.state {
        CouplingState::Severed => return Decision::Wait,
        CouplingState::Broken => {
            let on = if pending.seen.left.is_none() { Side::Left } else { Side::Right };
            return park(Reason::PartnerDeleted { on });
        }
        CouplingState::Active { in_filter } if !(in_filter.left && in_filter.right) => {
            return park(Reason::PartnerOutOfFilter);
        }
        CouplingState::Active { .. } => {}
    }
    let base = &pending.coupling.base;
    let mut records: Pair<&Record> = Pair::new(base, base);
    for side in Side::BOTH {
        match (&changes[side], &pending.seen[side]) {
            (Change::Edited(record), _) | (_, Some(Seen::Record { record, .. })) => records[side] = record,
            // The base tells the row's content, but only of fields that have a base.
            _ if has_full_base(mapping, base) => {}
            _ => return Decision::Reread(side),
        }
    }
    let settled = pending.conflict.as_ref().map(settlements).unwrap_or_default();
    let newer = newer(&pending.seen, mapping.newer_by);
    let mut merge = merge(mapping, base, records, &settled, newer);
    if let Some(waiting) = merge.waiting.first() {
        let waits = wait_for(mapping, waiting);
        let waits_alone = merge.waiting.iter().all(|waiting| waiting.is_alone);
        merge.drop_what_waits();
        let is_asked = waits_alone && !merge.conflicts.is_empty();
        if !is_asked && Side::BOTH.iter().all(|side| merge.writes[*side].0.is_empty()) {
            return waits;
        }
    }
    let writes = Side::BOTH.into_iter().filter(|side| !merge.writes[*side].0.is_empty());
    for side in writes {
        if guard(mapping, pending, side).is_none() {
            return without_version(pending, side);
        }
    }
    let is_write = Side::BOTH.iter().any(|side| !merge.writes[*side].0.is_empty());
    if is_write || !merge.conflicts.is_empty() {
        let versions = Pair::from_fn(|side| version(pending, side));
        return Decision::Write { merge, versions };
    }
    Decision::Settle(merge)
}

fn has_full_base(mapping: &Mapping, base: &Record) -> bool {
    mapping.fields.iter().all(|field| !field.is_compared() || base.get(&field.id).is_some())
}

/// Returns whether a record has every field of the mapping.
fn is_complete(mapping: &Mapping, record: &Record) -> bool {
    mapping.fields.iter().all(|field| record.get(&field.id).is_some())
}

/// Returns the version that a write of a row names (I2). The digest of its content is one only where the mapping says so.
fn guard(mapping: &Mapping, pending: &Pending, side: Side) -> Option<Version> {
    version(pending, side).filter(|version| mapping.unguarded || !version.is_content())
}

/// Decides about a row that is to be written and has no version to write by.
fn without_version(pending: &Pending, side: Side) -> Decision {
    match pending.was_read[side] {
        true => park(Reason::NoVersion { on: side }),
        false => Decision::Reread(side),
    }
}

/// Returns the version of the content that the decision was made from.
fn version(pending: &Pending, side: Side) -> Option<Version> {
    match &pending.seen[side] {
        Some(Seen::Record { version, .. }) => version.clone(),
        _ => pending.coupling.versions[side].clone(),
    }
}

fn park(reason: Reason) -> Decision {
    Decision::Park { reason, wake: WakeCondition::RowChanges }
}

fn wait_for(mapping: &Mapping, waiting: &Waiting) -> Decision {
    let lookup = mapping.field(&waiting.field).and_then(Field::lookup);
    let target = lookup.and_then(|lookup| lookup.mappings.first().cloned());
    let target: MappingName = target.unwrap_or_else(|| mapping.name.clone());
    Decision::Park {
        reason: Reason::WaitingForReference {
            field: waiting.field.to_string(),
            mapping: target.clone(),
            side: waiting.side,
            row: waiting.row.clone(),
        },
        wake: WakeCondition::Coupled { mapping: target, side: waiting.side, row: waiting.row.clone() },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::example::{any_case, conflict, lookup, mapping, record};
    use super::*;
    use crate::mapping::Unresolved;
    use crate::model::{CouplingId, RowId};

    fn pending(base: &str, left: Option<&str>, right: Option<&str>) -> Pending {
        let seen = |text: Option<&str>| {
            text.map(|text| match text {
                "gone" => Seen::Gone(Evidence::Tombstone),
                "unclear" => Seen::Unclear,
                _ => Seen::Record { record: record(text), version: Some("2".into()), modified_at: None },
            })
        };
        Pending {
            coupling: Coupling {
                id: CouplingId(1),
                mapping: "EXAMPLE".into(),
                rows: Pair::new(RowId::new("l"), RowId::new("r")),
                base: record(base),
                versions: Pair::new(Some("1".into()), Some("1".into())),
                state: CouplingState::IN_SCOPE,
                label: "l".into(),
            },
            seen: Pair::new(seen(left), seen(right)),
            was_read: Pair::default(),
            conflict: None,
        }
    }

    const BASE: &str = "a=1 b=1 g=1 h=1 o=1";
    const EDITED: &str = "a=2 b=1 g=1 h=1 o=1";

    #[test]
    fn an_edit_is_written_with_the_version_it_was_decided_from() {
        let Decision::Write { merge, versions } = decide(&mapping(), &pending(BASE, Some(EDITED), None))
        else {
            panic!("expected a write");
        };
        assert_eq!(merge.writes.right, record("a=2"));
        assert_eq!(versions.right, Some("1".into()));
    }

    /// I2
    #[test]
    fn a_row_without_a_known_version_is_read_first() {
        let mut pending = pending(BASE, Some(EDITED), None);
        pending.coupling.versions.right = None;
        assert_eq!(decide(&mapping(), &pending), Decision::Reread(Side::Right));
    }

    /// I2: a row that has no version is never written, unless the mapping says so and its content stands for one.
    #[test]
    fn a_row_without_versions_is_parked_unless_the_mapping_writes_it_unguarded() {
        let content = Version::of_content("5c1e");
        let check = |version: Option<&Version>, unguarded: bool, was_read: bool, expected: [&str; 2]| {
            let mapping = Mapping { unguarded, deletion: DeletionPolicy::Delete, ..mapping() };
            for (left, expected) in [EDITED, "gone"].into_iter().zip(expected) {
                let mut pending = pending(BASE, Some(left), None);
                pending.coupling.versions.right = version.cloned();
                pending.was_read.right = was_read;
                let decision = format!("{:?}", decide(&mapping, &pending));
                assert!(decision.starts_with(expected), "{version:?} {unguarded} {was_read}: {decision}");
            }
        };
        let parked = ["Park { reason: NoVersion { on: Right }"; 2];
        let reread = ["Reread(Right)"; 2];
        for unguarded in [false, true] {
            check(None, unguarded, false, reread);
            check(None, unguarded, true, parked);
        }
        check(Some(&content), false, false, reread);
        check(Some(&content), false, true, parked);
        check(Some(&content), true, false, ["Write", "Delete"]);
    }

    #[test]
    fn a_field_without_base_needs_both_rows() {
        let decision = decide(&mapping(), &pending("a=1 b=1 g=1 h=1", Some(EDITED), None));
        assert_eq!(decision, Decision::Reread(Side::Right));
    }

    #[test]
    fn an_echo_is_settled() {
        assert!(matches!(decide(&mapping(), &pending(BASE, Some(BASE), None)), Decision::Settle(_)));
    }

    /// I9
    #[test]
    fn a_partner_outside_the_filter_parks_the_edit() {
        let mut pending = pending(BASE, Some(EDITED), None);
        pending.coupling.state = CouplingState::Active { in_filter: Pair::new(true, false) };
        assert!(matches!(
            decide(&mapping(), &pending),
            Decision::Park { reason: Reason::PartnerOutOfFilter, .. }
        ));
    }

    #[test]
    fn deletions_follow_the_policy() {
        let mut mapping = mapping();
        let check = |mapping: &Mapping, right, expected: Decision| {
            assert_eq!(decide(mapping, &pending(BASE, Some("gone"), right)), expected);
        };
        check(&mapping, None, Decision::LeaveDeletion { on: Side::Left, became: None });
        mapping.deletion = DeletionPolicy::Delete;
        check(&mapping, None, Decision::Delete { on: Side::Right, version: "1".into() });
        // I10
        check(&mapping, Some(EDITED), Decision::AskDeletion { on: Side::Left });
        check(&mapping, Some("gone"), Decision::Forget);
        check(&mapping, Some("unclear"), Decision::Wait);
        mapping.deletion = DeletionPolicy::Ask;
        check(&mapping, None, Decision::AskDeletion { on: Side::Left });
        mapping.deletion = DeletionPolicy::Uncouple;
        check(&mapping, None, Decision::Uncouple);
        check(&mapping, Some(EDITED), Decision::Uncouple);
        mapping.deletion = DeletionPolicy::Restore;
        check(&mapping, None, Decision::Restore { on: Side::Left });
        check(&mapping, Some(EDITED), Decision::Restore { on: Side::Left });
        check(&mapping, Some("gone"), Decision::Forget);
    }

    /// I10: a row that came by unchanged is no edit that a deletion would undo.
    #[test]
    fn a_survivor_that_is_in_step_is_deleted_by_the_version_seen() {
        let mapping = Mapping { deletion: DeletionPolicy::Delete, ..mapping() };
        let expected = Decision::Delete { on: Side::Right, version: "2".into() };
        assert_eq!(decide(&mapping, &pending(BASE, Some("gone"), Some(BASE))), expected);
    }

    #[test]
    fn an_answer_to_a_deletion_is_carried_out_whatever_the_policy() {
        for deletion in [DeletionPolicy::Ignore, DeletionPolicy::Ask, DeletionPolicy::Restore] {
            let mapping = Mapping { deletion, ..mapping() };
            let unanswered = decide(&mapping, &pending(BASE, Some("gone"), Some(EDITED)));
            let check = |on: Side, answer: Answer, expected: &Decision| {
                let mut pending = pending(BASE, Some("gone"), Some(EDITED));
                pending.conflict = Some(conflict(ConflictKind::Deleted { on }, Some(answer.clone())));
                assert_eq!(decide(&mapping, &pending), *expected, "{deletion:?}, {answer:?}");
            };
            let delete = Decision::Delete { on: Side::Right, version: "2".into() };
            check(Side::Left, Answer::Delete, &delete);
            check(Side::Left, Answer::Restore, &Decision::Restore { on: Side::Left });
            check(Side::Left, Answer::Uncouple, &Decision::Uncouple);
            check(Side::Left, Answer::Later, &unanswered);
            // The question was about the other row.
            check(Side::Right, Answer::Delete, &unanswered);
        }
    }

    #[test]
    fn an_edit_of_a_coupling_that_takes_no_part_goes_nowhere() {
        let decide = |state: CouplingState, left: Option<&str>, right: Option<&str>| {
            let mut pending = pending(BASE, left, right);
            pending.coupling.state = state;
            decide(&mapping(), &pending)
        };
        assert_eq!(decide(CouplingState::Severed, Some(EDITED), None), Decision::Wait);
        for (left, right, on) in [(Some(EDITED), None, Side::Right), (None, Some(EDITED), Side::Left)] {
            let expected = park(Reason::PartnerDeleted { on });
            assert_eq!(decide(CouplingState::Broken, left, right), expected);
        }
        let outside = CouplingState::Active { in_filter: Pair::new(false, true) };
        assert_eq!(decide(outside, None, Some(EDITED)), park(Reason::PartnerOutOfFilter));
    }

    #[test]
    fn what_collides_is_decided_by_both_versions_even_with_nothing_to_write() {
        let edits = pending(BASE, Some(EDITED), Some("a=3 b=1 g=1 h=1 o=1"));
        let Decision::Write { merge, versions } = decide(&mapping(), &edits) else { panic!("it collides") };
        assert_eq!((merge.writes, merge.conflicts.len()), (Pair::default(), 1));
        assert_eq!(versions, Pair::new(Some("2".into()), Some("2".into())));
    }

    #[test]
    fn a_field_that_is_only_matched_by_needs_no_base() {
        let mut mapping = mapping();
        mapping.fields[4].direction = crate::mapping::Direction::Match;
        let decision = decide(&mapping, &pending("a=1 b=1 g=1 h=1", Some(EDITED), None));
        assert!(matches!(decision, Decision::Write { .. }), "{decision:?}");
    }

    /// A base tells the other row only where it has every field, also those that are only matched by.
    #[test]
    fn a_row_is_created_again_from_all_that_the_other_holds() {
        let mapping = Mapping { deletion: DeletionPolicy::Restore, ..mapping() };
        let decide = |right: Option<&str>| decide(&mapping, &pending("a=1 b=1 g=1 h=1", Some("gone"), right));
        assert_eq!(decide(None), Decision::Reread(Side::Right));
        assert_eq!(decide(Some(BASE)), Decision::Restore { on: Side::Left });
    }

    /// I12
    #[test]
    fn a_row_is_not_created_again_without_the_row_it_points_to() {
        let mut mapping = Mapping { deletion: DeletionPolicy::Restore, ..mapping() };
        let mut pending = pending(BASE, Some("gone"), Some(BASE));
        if let Some(Seen::Record { record, .. }) = &mut pending.seen.right {
            record.set("b".into(), Value::Uncoupled(Side::Right, RowId::new("x")));
        }
        let decision = decide(&mapping, &pending);
        assert!(
            matches!(decision, Decision::Park { wake: WakeCondition::Coupled { .. }, .. }),
            "{decision:?}"
        );
        mapping.fields[1].kind = lookup(Unresolved::Field);
        assert_eq!(decide(&mapping, &pending), Decision::Restore { on: Side::Left }, "only the field waits");
    }

    /// I36
    #[test]
    fn a_record_without_all_fields_tells_nothing() {
        assert_eq!(decide(&mapping(), &pending(BASE, Some("a=2 b=1 g=1 h=1"), None)), Decision::Wait);
    }

    /// A document that was posted or a row that was merged is no deletion, whatever the policy.
    #[test]
    fn what_became_another_row_is_left_alone() {
        for deletion in [DeletionPolicy::Delete, DeletionPolicy::Ask, DeletionPolicy::Uncouple] {
            let mapping = Mapping { deletion, ..mapping() };
            let mut pending = pending(BASE, None, Some(EDITED));
            pending.seen.left = Some(Seen::Gone(Evidence::Became(Became::Merged)));
            let expected = Decision::LeaveDeletion { on: Side::Left, became: Some(Became::Merged) };
            assert_eq!(decide(&mapping, &pending), expected);
        }
    }

    /// I14
    #[test]
    fn a_row_that_a_restored_system_lacks_is_asked_about_whatever_the_policy() {
        for deletion in [DeletionPolicy::Ignore, DeletionPolicy::Delete, DeletionPolicy::Uncouple] {
            let mapping = Mapping { deletion, ..mapping() };
            let mut pending = pending("", None, Some(EDITED));
            pending.seen.left =
                Some(Seen::Gone(Evidence::Rebaselined { at: crate::model::Timestamp::UNIX_EPOCH }));
            assert_eq!(decide(&mapping, &pending), Decision::AskDeletion { on: Side::Left });
        }
    }

    /// I12
    #[test]
    fn a_row_with_an_uncoupled_reference_waits_for_it() {
        let mut pending = pending(BASE, Some(EDITED), None);
        let target = crate::model::Value::Uncoupled(Side::Left, RowId::new("x"));
        if let Some(Seen::Record { record, .. }) = &mut pending.seen.left {
            record.set("b".into(), target);
        }
        assert!(matches!(
            decide(&mapping(), &pending),
            Decision::Park { reason: Reason::WaitingForReference { .. }, .. }
        ));
    }

    /// I12, I26: what a row cannot give yet holds up nothing that it is to get.
    #[test]
    fn a_row_that_waits_gets_what_the_other_has() {
        let mut pending = pending(BASE, Some(EDITED), Some("a=1 b=1 g=1 h=2 o=1"));
        if let Some(Seen::Record { record, .. }) = &mut pending.seen.left {
            record.set("b".into(), Value::Uncoupled(Side::Left, RowId::new("eur")));
        }
        let Decision::Write { merge, .. } = decide(&mapping(), &pending) else {
            panic!("expected a write");
        };
        assert_eq!(merge.writes, Pair::new(record("h=2"), Record::default()));
    }

    /// I12: where only the field waits, the rest of the row flows, and what collides is asked.
    #[test]
    fn a_field_that_waits_alone_holds_up_nothing() {
        let mut mapping = mapping();
        mapping.fields[1].kind = lookup(Unresolved::Field);
        let decide = |left: &str, right: Option<&str>| {
            let mut pending = pending(BASE, Some(left), right);
            if let Some(Seen::Record { record, .. }) = &mut pending.seen.left {
                record.set("b".into(), Value::Uncoupled(Side::Left, RowId::new("eur")));
            }
            decide(&mapping, &pending)
        };
        let Decision::Write { merge, .. } = decide(EDITED, None) else { panic!("expected a write") };
        assert_eq!(merge.writes, Pair::new(Record::default(), record("a=2")));
        let waits = decide(BASE, None);
        assert!(
            matches!(waits, Decision::Park { reason: Reason::WaitingForReference { .. }, .. }),
            "{waits:?}"
        );
        let Decision::Write { merge, .. } = decide(EDITED, Some("a=3 b=1 g=1 h=1 o=1")) else {
            panic!("expected a question")
        };
        assert_eq!((merge.conflicts.len(), merge.writes), (1, Pair::default()));
    }

    /// I12
    #[test]
    fn a_row_that_waits_is_woken_by_the_table_it_points_to() {
        let mut mapping = mapping();
        let target = Value::Uncoupled(Side::Left, RowId::new("eur"));
        let decide = |mapping: &Mapping| {
            let mut pending = pending(BASE, Some(EDITED), None);
            if let Some(Seen::Record { record, .. }) = &mut pending.seen.left {
                record.set("b".into(), target.clone());
            }
            match decide(mapping, &pending) {
                Decision::Park { wake, .. } => wake,
                other => panic!("{other:?}"),
            }
        };
        let wake = |mapping: &str| WakeCondition::Coupled {
            mapping: mapping.into(),
            side: Side::Left,
            row: RowId::new("eur"),
        };
        assert_eq!(decide(&mapping), wake("EXAMPLE"));
        mapping.fields[1].kind = lookup(Unresolved::Row);
        assert_eq!(decide(&mapping), wake("CURRENCY"));
    }

    proptest! {
        /// I11 and I5 at the level of decisions: an owner's field is never written on its side, and what collides is
        /// written on neither.
        #[test]
        fn decisions_respect_ownership_and_conflicts((base, left, right) in any_case()) {
            let mut pending = pending("", None, None);
            pending.coupling.base = base;
            pending.seen = Pair::new(left, right)
                .map(|record| Some(Seen::Record { record, version: Some("2".into()), modified_at: None }));
            match decide(&mapping(), &pending) {
                Decision::Write { merge, .. } => {
                    prop_assert!(merge.writes.left.get(&"o".into()).is_none());
                    for conflict in &merge.conflicts {
                        prop_assert!(merge.writes.left.get(&conflict.field).is_none());
                        prop_assert!(merge.writes.right.get(&conflict.field).is_none());
                    }
                }
                decision => prop_assert!(matches!(decision, Decision::Settle(_))),
            }
        }
    }
}
