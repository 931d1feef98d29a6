//! The audit: rules that no decision may break, held against every decision before anything of it leaves.
//!
//! It shares nothing with what decides, so that a mistake there is caught here. A finding never happens; where one does,
//! its row is stopped and people are told.

use crate::mapping::{DeletionPolicy, Field, Mapping};
use crate::model::{Answer, ConflictKind, CouplingState, Evidence, FieldId, Record, Side, Value};

use super::decide::{Decision, Pending, Seen};

/// A rule that a decision breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("{field} would be written on the {on}, where the mapping does not write it")]
    NotWrittenThere { field: FieldId, on: Side },
    #[error("{field} points to a row that has no partner, and would be written all the same")]
    Unresolved { field: FieldId },
    #[error("{field} points to a row, and would be blanked on the {on}")]
    BlankedReference { field: FieldId, on: Side },
    #[error("the row on the {on} would be deleted without proof that its partner is")]
    NoEvidence { on: Side },
    #[error("the row on the {on} would be deleted, which neither the mapping nor a person asks for")]
    NotAllowed { on: Side },
    #[error("the row would be created again on the {on}, where nothing proves that it is gone")]
    NotGone { on: Side },
}

/// Returns the rule that a decision breaks, if it breaks one.
#[must_use]
pub fn audit(mapping: &Mapping, pending: &Pending, decision: &Decision) -> Option<Finding> {
    match decision {
        Decision::Write { merge, .. } => Side::BOTH.into_iter().find_map(|on| {
            let source = known(pending, on.other());
            let is_answered = answer(pending).is_some();
            merge.writes[on].0.iter().find_map(|(field, value)| {
                let is_written = mapping.field(field).is_some_and(|field| field.direction.flows_to(on));
                if !is_written {
                    return Some(Finding::NotWrittenThere { field: field.clone(), on });
                }
                reference(mapping, on, field, value, source).filter(|finding| {
                    // A person may blank what they were asked about.
                    !(is_answered && matches!(finding, Finding::BlankedReference { .. }))
                })
            })
        }),
        Decision::Delete { on, .. } => deletion(mapping, pending, *on),
        Decision::Restore { on } => {
            let is_gone = matches!(pending.seen[*on], Some(Seen::Gone(_)));
            (!is_gone).then_some(Finding::NotGone { on: *on })
        }
        Decision::Settle(_)
        | Decision::Reread(_)
        | Decision::Park { .. }
        | Decision::LeaveDeletion { .. }
        | Decision::AskDeletion { .. }
        | Decision::Uncouple
        | Decision::Forget
        | Decision::Wait => None,
    }
}

/// Returns the rule that a new row breaks. `again`: it takes the place of a deleted one, and holds what that owned, too.
#[must_use]
pub fn audit_create(
    mapping: &Mapping,
    on: Side,
    sent: &Record,
    source: &Record,
    again: bool,
) -> Option<Finding> {
    let is_sent = |field: &Field| field.on_create[on] || (again && field.direction.flows_to(on.other()));
    sent.0.iter().find_map(|(field, value)| match mapping.field(field).is_some_and(is_sent) {
        true => reference(mapping, on, field, value, source),
        false => Some(Finding::NotWrittenThere { field: field.clone(), on }),
    })
}

/// I12
fn reference(
    mapping: &Mapping,
    on: Side,
    field: &FieldId,
    value: &Value,
    source: &Record,
) -> Option<Finding> {
    let is_lookup = mapping.field(field).is_some_and(Field::is_lookup);
    match value {
        Value::Uncoupled(..) => Some(Finding::Unresolved { field: field.clone() }),
        Value::Blank if is_lookup && source.get(field).is_some_and(|value| !value.is_blank()) => {
            Some(Finding::BlankedReference { field: field.clone(), on })
        }
        _ => None,
    }
}

/// I8
fn deletion(mapping: &Mapping, pending: &Pending, on: Side) -> Option<Finding> {
    let gone = on.other();
    let is_ordered = answer(pending) == Some(&Answer::Delete)
        && pending.conflict.as_ref().is_some_and(|open| open.kind == ConflictKind::Deleted { on: gone });
    let is_proved = match &pending.seen[gone] {
        Some(Seen::Gone(Evidence::Tombstone | Evidence::ConfirmedAbsent { .. })) => true,
        Some(Seen::Gone(Evidence::Became(_) | Evidence::Rebaselined { .. })) => is_ordered,
        Some(Seen::Record { .. } | Seen::Unclear) | None => false,
    };
    let is_allowed = is_ordered || mapping.deletion == DeletionPolicy::Delete;
    if !is_proved {
        return Some(Finding::NoEvidence { on });
    }
    (!is_allowed || pending.coupling.state != CouplingState::IN_SCOPE).then_some(Finding::NotAllowed { on })
}

fn answer(pending: &Pending) -> Option<&Answer> {
    pending.conflict.as_ref().and_then(|conflict| conflict.answer.as_ref())
}

/// What a side holds, as far as it is known.
fn known(pending: &Pending, side: Side) -> &Record {
    match &pending.seen[side] {
        Some(Seen::Record { record, .. }) => record,
        Some(Seen::Gone(_) | Seen::Unclear) | None => &pending.coupling.base,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decide::decide;
    use super::super::example::{any_case, conflict, lookup, mapping, record};
    use super::super::merge::Merge;
    use super::*;
    use crate::mapping::Unresolved;
    use crate::model::{Became, Coupling, CouplingId, Pair, RowId, Timestamp};

    fn pending(left: Option<Seen>, right: Option<Seen>) -> Pending {
        Pending {
            coupling: Coupling {
                id: CouplingId(1),
                mapping: "EXAMPLE".into(),
                rows: Pair::new(RowId::new("l"), RowId::new("r")),
                base: record("a=1 b=1 g=1 h=1 o=1"),
                versions: Pair::new(Some("1".into()), Some("1".into())),
                state: CouplingState::IN_SCOPE,
                label: "l".into(),
            },
            seen: Pair::new(left, right),
            was_read: Pair::default(),
            conflict: None,
        }
    }

    fn seen(record: Record) -> Option<Seen> {
        Some(Seen::Record { record, version: Some("2".into()), modified_at: None })
    }

    fn write(on: Side, fields: Record) -> Decision {
        let mut merge = Merge::default();
        merge.writes[on] = fields;
        Decision::Write { merge, versions: Pair::new(Some("1".into()), Some("1".into())) }
    }

    fn with_lookup() -> Mapping {
        let mut mapping = mapping();
        mapping.fields[0].kind = lookup(Unresolved::Row);
        mapping
    }

    /// I11
    #[test]
    fn a_write_to_a_field_that_the_other_side_does_not_give_is_caught() {
        let pending = pending(seen(record("a=1 o=2")), None);
        assert_eq!(audit(&mapping(), &pending, &write(Side::Right, record("o=2"))), None);
        let found = audit(&mapping(), &pending, &write(Side::Left, record("o=2")));
        assert_eq!(found, Some(Finding::NotWrittenThere { field: "o".into(), on: Side::Left }));
        let found = audit(&mapping(), &pending, &write(Side::Left, record("unknown=2")));
        assert_eq!(found, Some(Finding::NotWrittenThere { field: "unknown".into(), on: Side::Left }));
    }

    /// I12
    #[test]
    fn a_reference_without_partner_is_neither_written_nor_blanked() {
        let target = Value::Uncoupled(Side::Left, RowId::new("eur"));
        let source: Record = [("a".into(), target.clone())].into_iter().collect();
        let pending = pending(seen(source.clone()), None);
        let found = audit(&with_lookup(), &pending, &write(Side::Right, source.clone()));
        assert_eq!(found, Some(Finding::Unresolved { field: "a".into() }));
        let blank: Record = [("a".into(), Value::Blank)].into_iter().collect();
        let found = audit(&with_lookup(), &pending, &write(Side::Right, blank.clone()));
        let expected = Finding::BlankedReference { field: "a".into(), on: Side::Right };
        assert_eq!(found, Some(expected.clone()));
        assert_eq!(audit_create(&with_lookup(), Side::Right, &blank, &source, false), Some(expected));
        assert_eq!(audit_create(&with_lookup(), Side::Right, &blank, &blank, false), None);
        // A text that is blank on one side may well be blanked on the other.
        assert_eq!(audit(&mapping(), &pending, &write(Side::Right, blank)), None);
    }

    /// I8
    #[test]
    fn a_deletion_without_evidence_or_permission_is_caught() {
        let delete = Decision::Delete { on: Side::Right, version: "1".into() };
        let deleting = Mapping { deletion: DeletionPolicy::Delete, ..mapping() };
        let proved = pending(Some(Seen::Gone(Evidence::Tombstone)), None);
        assert_eq!(audit(&deleting, &proved, &delete), None);
        let not_allowed = Some(Finding::NotAllowed { on: Side::Right });
        assert_eq!(audit(&mapping(), &proved, &delete), not_allowed);
        let asking = Mapping { deletion: DeletionPolicy::Ask, ..mapping() };
        assert_eq!(audit(&asking, &proved, &delete), not_allowed);
        let mut outside = proved;
        outside.coupling.state = CouplingState::Active { in_filter: Pair::new(true, false) };
        assert_eq!(audit(&deleting, &outside, &delete), not_allowed);
        for unproved in [
            None,
            Some(Seen::Unclear),
            seen(record("a=1")),
            Some(Seen::Gone(Evidence::Became(Became::Posted))),
        ] {
            let found = audit(&deleting, &pending(unproved, None), &delete);
            assert_eq!(found, Some(Finding::NoEvidence { on: Side::Right }));
        }
    }

    /// I8: a person may order what the mapping does not allow, for the deletion they were asked about.
    #[test]
    fn a_deletion_that_a_person_ordered_is_allowed_for_that_row_alone() {
        let delete = Decision::Delete { on: Side::Right, version: "1".into() };
        let check = |gone: Evidence, kind: ConflictKind, answer: Answer| {
            let mut ordered = pending(Some(Seen::Gone(gone)), None);
            ordered.conflict = Some(conflict(kind, Some(answer)));
            audit(&mapping(), &ordered, &delete)
        };
        let asked = ConflictKind::Deleted { on: Side::Left };
        let not_allowed = Some(Finding::NotAllowed { on: Side::Right });
        assert_eq!(check(Evidence::Tombstone, asked.clone(), Answer::Delete), None);
        assert_eq!(check(Evidence::Tombstone, asked.clone(), Answer::Later), not_allowed);
        let other_row = ConflictKind::Deleted { on: Side::Right };
        assert_eq!(check(Evidence::Tombstone, other_row.clone(), Answer::Delete), not_allowed);
        assert_eq!(check(Evidence::Tombstone, ConflictKind::Fields(vec![]), Answer::Delete), not_allowed);
        // A row that its restored system lacks is no proof by itself, but it is what the person was asked about.
        let rebaselined = || Evidence::Rebaselined { at: Timestamp::UNIX_EPOCH };
        assert_eq!(check(rebaselined(), asked.clone(), Answer::Delete), None);
        let no_evidence = Some(Finding::NoEvidence { on: Side::Right });
        assert_eq!(check(rebaselined(), asked, Answer::Restore), no_evidence);
        assert_eq!(check(rebaselined(), other_row, Answer::Delete), no_evidence);
    }

    /// I12
    #[test]
    fn a_person_may_blank_a_reference_but_not_point_it_to_a_row_without_partner() {
        let source: Record = [("a".into(), Value::Reference(RowId::new("eur")))].into_iter().collect();
        let blank = write(Side::Right, [("a".into(), Value::Blank)].into_iter().collect());
        let mut answered = pending(seen(source), None);
        let found = audit(&with_lookup(), &answered, &blank);
        assert_eq!(found, Some(Finding::BlankedReference { field: "a".into(), on: Side::Right }));
        let kind = ConflictKind::Fields(vec![]);
        answered.conflict = Some(conflict(kind.clone(), None));
        assert_eq!(audit(&with_lookup(), &answered, &blank), found, "asked, and not answered");
        answered.conflict = Some(conflict(kind, Some(Answer::Take(Side::Right))));
        assert_eq!(audit(&with_lookup(), &answered, &blank), None);
        let target = Value::Uncoupled(Side::Left, RowId::new("eur"));
        let uncoupled = write(Side::Right, [("a".into(), target)].into_iter().collect());
        let found = audit(&with_lookup(), &answered, &uncoupled);
        assert_eq!(found, Some(Finding::Unresolved { field: "a".into() }));
    }

    #[test]
    fn a_row_that_is_not_gone_is_not_created_again() {
        let restore = Decision::Restore { on: Side::Left };
        let gone = pending(Some(Seen::Gone(Evidence::Tombstone)), None);
        assert_eq!(audit(&mapping(), &gone, &restore), None);
        let there = pending(None, None);
        assert_eq!(audit(&mapping(), &there, &restore), Some(Finding::NotGone { on: Side::Left }));
    }

    /// I11
    #[test]
    fn a_new_row_gets_only_what_is_sent_on_create() {
        let sent = record("a=1 o=1");
        let create = |on, again| audit_create(&mapping(), on, &sent, &sent, again);
        assert_eq!(create(Side::Right, false), None);
        let owned = Finding::NotWrittenThere { field: "o".into(), on: Side::Left };
        assert_eq!(create(Side::Left, false), Some(owned));
        let mut mirrored = mapping();
        mirrored.fields[4].direction = crate::mapping::Direction::ToRight;
        assert_eq!(audit_create(&mirrored, Side::Left, &record("a=1 o=1"), &sent, true), None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_decided_breaks_a_rule((base, left, right) in any_case()) {
            let mut pending = pending(seen(left), seen(right));
            pending.coupling.base = base;
            let decision = decide(&mapping(), &pending);
            prop_assert_eq!(audit(&mapping(), &pending, &decision), None);
        }
    }
}
