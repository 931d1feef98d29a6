//! Patterns of whole rows: unchanged, edited, gone, out of the filter; with every deletion policy and every answer.

use super::super::decide::{Decision, Seen};
use super::super::example::{mapping as example, record};
use super::laws;
use super::world::{World, writes};
use crate::mapping::{DeletionPolicy, Direction, Field, Mapping};
use crate::model::{
    Answer, Became, ConflictKind, CouplingState, Evidence, FieldId, Pair, Reason, Side, Timestamp, Value,
};

/// What is known of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// In step, and nothing was seen since.
    Quiet,
    /// In step, and seen again.
    Echoed,
    Edited,
    Deleted,
    ProvedAbsent,
    Became,
    /// Unreadable, or missing without evidence.
    Unclear,
}

use Fate::{Became as BecameOther, Deleted, Echoed, Edited, ProvedAbsent, Quiet, Unclear};

const FATES: [Fate; 7] = [Quiet, Echoed, Edited, Deleted, ProvedAbsent, BecameOther, Unclear];

const POLICIES: [DeletionPolicy; 5] = [
    DeletionPolicy::Ignore,
    DeletionPolicy::Ask,
    DeletionPolicy::Delete,
    DeletionPolicy::Uncouple,
    DeletionPolicy::Restore,
];

const STATES: [CouplingState; 5] = [
    CouplingState::IN_SCOPE,
    CouplingState::Active { in_filter: Pair::new(false, true) },
    CouplingState::Active { in_filter: Pair::new(true, false) },
    CouplingState::Active { in_filter: Pair::new(false, false) },
    CouplingState::Broken,
];

impl Fate {
    const fn is_gone(self) -> bool {
        matches!(self, Deleted | ProvedAbsent | BecameOther)
    }

    const fn is_deleted(self) -> bool {
        matches!(self, Deleted | ProvedAbsent)
    }
}

/// One pattern.
#[derive(Clone, Debug)]
struct Case {
    fates: Pair<Fate>,
    policy: DeletionPolicy,
    state: CouplingState,
    /// An answered conflict about a deletion on that side.
    answer: Option<(Side, Answer)>,
    /// Whether the base has every field, also those that are only matched by.
    is_base_full: bool,
}

impl Case {
    fn world(&self) -> World {
        let base = record("a=1 b=1 g=1 h=1 o=1 m=1");
        let mut mapping = Mapping { deletion: self.policy, ..example() };
        let matched = Field { direction: Direction::Match, ..mapping.fields[0].clone() };
        mapping.fields.push(Field { id: "m".into(), ..matched });
        let mut world = World::new(mapping, base.clone(), base.clone(), base);
        for side in Side::BOTH {
            let fate = self.fates[side];
            if fate == Edited {
                let row = world.rows[side].as_mut().expect("both rows are there");
                row.set("b".into(), Value::text(side.word()));
            }
            if fate.is_gone() {
                world.rows[side] = None;
            }
            world.pending.seen[side] = match fate {
                Quiet => None,
                Echoed | Edited | Deleted => Some(world.read(side)),
                ProvedAbsent => Some(Seen::Gone(Evidence::ConfirmedAbsent {
                    first: Timestamp::UNIX_EPOCH,
                    second: Timestamp::UNIX_EPOCH,
                })),
                BecameOther => Some(Seen::Gone(Evidence::Became(Became::Merged))),
                Unclear => Some(Seen::Unclear),
            };
        }
        if !self.is_base_full {
            world.pending.coupling.base.0.remove(&FieldId::new("m"));
        }
        world.pending.coupling.state = self.state;
        if let Some((on, answer)) = &self.answer {
            world.ask(ConflictKind::Deleted { on: *on }, Some(answer.clone()));
        }
        world
    }

    /// The side where the row is gone, if the other one is still there and clear.
    fn gone_on(&self) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| {
            self.fates[*side].is_gone() && matches!(self.fates[side.other()], Quiet | Echoed | Edited)
        })
    }

    fn answer_to(&self, on: Side) -> Option<&Answer> {
        self.answer.as_ref().filter(|(side, _)| *side == on).map(|(_, answer)| answer)
    }
}

fn cases() -> Vec<Case> {
    let mut answers = vec![None];
    for side in Side::BOTH {
        let words = [Answer::Delete, Answer::Restore, Answer::Uncouple, Answer::Later, Answer::Take(side)];
        answers.extend(words.map(|answer| Some((side, answer))));
    }
    let mut cases = Vec::new();
    for (left, right) in FATES.iter().flat_map(|left| FATES.iter().map(move |right| (*left, *right))) {
        for (policy, state) in POLICIES.iter().flat_map(|policy| STATES.map(|state| (*policy, state))) {
            for answer in &answers {
                for is_base_full in [true, false] {
                    let (fates, answer) = (Pair::new(left, right), answer.clone());
                    cases.push(Case { fates, policy, state, answer, is_base_full });
                }
            }
        }
    }
    cases
}

fn check_all(law: impl Fn(&Case, &World, &Decision)) {
    for case in cases() {
        let world = case.world();
        let decision = world.decide();
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| law(&case, &world, &decision)));
        assert!(outcome.is_ok(), "broken by {decision:?} about {case:?}");
    }
}

/// I8: a row is deleted only where its partner is proved to be deleted and the mapping or a person says so.
#[test]
fn a_deletion_needs_evidence_and_leave() {
    let mut deletions = 0;
    check_all(|case, world, decision| {
        if let Decision::Delete { on, version } = decision {
            let is_ordered = case.answer_to(on.other()) == Some(&Answer::Delete);
            let is_policy = case.policy == DeletionPolicy::Delete
                && case.fates[on.other()].is_deleted()
                && case.fates[*on] != Edited;
            assert!(is_ordered && case.fates[on.other()].is_gone() || is_policy);
            assert_eq!(Some(version), world.pending.coupling.versions[*on].as_ref());
        }
    });
    for case in cases() {
        deletions += u32::from(matches!(case.world().decide(), Decision::Delete { .. }));
    }
    assert!(deletions > 0);
}

/// I9: what is outside the filter, or broken off, is neither deleted nor created again nor asked about.
#[test]
fn a_row_outside_the_filter_is_nobodys_deletion() {
    check_all(|case, _, decision| {
        if case.state != CouplingState::IN_SCOPE {
            assert!(!writes(decision) && !matches!(decision, Decision::AskDeletion { .. }));
        }
    });
}

/// I10, and what each policy says of a row that is gone.
#[test]
fn a_deletion_follows_policy_and_answer() {
    check_all(|case, _, decision| {
        let Some(on) = case.gone_on().filter(|_| case.state == CouplingState::IN_SCOPE) else { return };
        if case.answer.as_ref().is_some_and(|(_, answer)| *answer == Answer::Uncouple) {
            return assert_eq!(*decision, Decision::Uncouple);
        }
        let survivor = on.other();
        let restored = match case.fates[survivor] {
            Quiet if !case.is_base_full => Decision::Reread(survivor),
            _ => Decision::Restore { on },
        };
        let deleted =
            |decision: &Decision| matches!(decision, Decision::Delete { on, .. } if *on == survivor);
        match (case.answer_to(on), case.policy) {
            (Some(Answer::Delete), _) => assert!(deleted(decision)),
            (Some(Answer::Restore), _) => assert_eq!(*decision, restored),
            _ if case.fates[on] == BecameOther => {
                assert_eq!(*decision, Decision::LeaveDeletion { on, became: Some(Became::Merged) });
            }
            (_, DeletionPolicy::Ignore) => {
                assert_eq!(*decision, Decision::LeaveDeletion { on, became: None });
            }
            (_, DeletionPolicy::Uncouple) => assert_eq!(*decision, Decision::Uncouple),
            (_, DeletionPolicy::Restore) => assert_eq!(*decision, restored),
            (_, DeletionPolicy::Delete) if case.fates[survivor] != Edited => assert!(deleted(decision)),
            (_, DeletionPolicy::Delete | DeletionPolicy::Ask) => {
                assert_eq!(*decision, Decision::AskDeletion { on });
            }
        }
    });
}

/// What cannot be told yet waits, and what is gone on both sides is forgotten; a person may part the two at any time.
#[test]
fn nothing_follows_from_what_is_unclear() {
    check_all(|case, _, decision| {
        let is_parted = case.answer.as_ref().is_some_and(|(_, answer)| *answer == Answer::Uncouple);
        if is_parted {
            assert_eq!(*decision, Decision::Uncouple);
        } else if Side::BOTH.iter().any(|side| case.fates[*side] == Unclear) {
            assert_eq!(*decision, Decision::Wait);
        } else if Side::BOTH.iter().all(|side| case.fates[*side].is_gone()) {
            assert_eq!(*decision, Decision::Forget);
        }
    });
}

/// Swapping the sides mirrors the decision.
#[test]
fn rows_are_judged_alike_on_both_sides() {
    check_all(|_, world, decision| {
        // With both rows there, which of them a broken coupling names is arbitrary.
        if !matches!(decision, Decision::Park { reason: Reason::PartnerDeleted { .. }, .. }) {
            laws::check_mirror(world, decision);
        }
    });
}

/// I21: when a decision about whole rows is carried out, a second plan is empty.
#[test]
fn a_second_plan_about_rows_is_empty() {
    check_all(|_, world, _| laws::check_second_plan(world));
}
