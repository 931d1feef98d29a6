//! What must be true of a decision about two rows that both exist.

use super::super::decide::Decision;
use super::super::merge::{Merge, settlements};
use super::world::{World, has_uncoupled, has_writes, mirror, writes};
use crate::mapping::{Direction, Drift, Field, Policy};
use crate::model::{Choice, Pair, Reason, Record, Side, Value, WakeCondition};

/// What follows for fields that merge as one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Follows {
    /// Both sides hold these values afterwards.
    Becomes(Vec<Value>),
    /// Nothing changes, and nobody is asked. `drift`: what the mapping lets differ.
    Stands {
        drift: Option<Side>,
    },
    Asks,
}

/// Checks all laws of one decision.
pub fn check(world: &World) {
    let decision = world.decide();
    if let Decision::Reread(side) = decision {
        let mut read = world.clone();
        read.carry_out(&decision);
        assert_ne!(read.decide(), decision, "the {side} row is read again and again: {world:#?}");
        return check(&read);
    }
    let outcome = std::panic::catch_unwind(|| {
        check_values(world, &decision);
        if !waits_on_both(world) {
            check_mirror(world, &decision);
        }
        check_second_plan(world);
        check_echo(world, &decision);
        check_stamps(world, &decision);
    });
    assert!(outcome.is_ok(), "broken by {decision:#?} about {world:#?}");
}

fn check_values(world: &World, decision: &Decision) {
    let base = &world.pending.coupling.base;
    let [Some(left), Some(right)] = [&world.rows.left, &world.rows.right] else { panic!("both rows exist") };
    let units = world.mapping.units();
    let follows: Vec<_> = units.iter().map(|unit| follows(world, unit, [base, left, right])).collect();
    let waits = units.iter().zip(&follows).any(|(unit, follows)| match follows {
        Follows::Becomes(values) => values.iter().any(|value| matches!(value, Value::Uncoupled(..))),
        Follows::Asks => unit.iter().any(|field| [left, right].iter().any(|row| is_uncoupled(row, field))),
        Follows::Stands { .. } => false,
    });
    let merge = match decision {
        // I12: the whole row waits for the row it points to.
        Decision::Park {
            reason: Reason::WaitingForReference { .. },
            wake: WakeCondition::Coupled { .. },
        } => return assert!(waits, "it waits for nothing"),
        Decision::Settle(merge) | Decision::Write { merge, .. } => merge,
        other => panic!("two rows that exist are no case for {other:?}"),
    };
    assert!(!waits, "I12: it does not wait");
    let is_settled = !has_writes(merge) && merge.conflicts.is_empty();
    assert_eq!(matches!(decision, Decision::Settle(_)), is_settled, "settled is what leaves nothing to do");
    for record in [&merge.writes.left, &merge.writes.right, &merge.agreed] {
        assert!(!has_uncoupled(record), "I12: a reference to a row without partner is taken over");
    }
    let mut after = world.clone();
    after.carry_out(decision);
    let rows = after.rows.as_ref().map(|row| row.as_ref().expect("neither row is deleted"));
    for (unit, follows) in units.iter().zip(&follows) {
        check_unit(unit, follows, &Pair::new(left, right), &rows, merge);
        check_ownership(unit, &Pair::new(left, right), &rows);
        check_reality(unit, [base, left, right], merge);
    }
    // I32
    for field in world.mapping.fields.iter().filter(|field| field.is_compared()) {
        let [was, is] = [base, &after.pending.coupling.base].map(|base| base.get(&field.id));
        let is_seen_equal = rows.left.get(&field.id) == is && rows.right.get(&field.id) == is;
        assert!(was == is || is_seen_equal, "I32: the base of {} moved", field.id);
    }
}

fn is_uncoupled(row: &Record, field: &Field) -> bool {
    matches!(row.get(&field.id), Some(Value::Uncoupled(..)))
}

fn check_unit(
    unit: &[&Field],
    follows: &Follows,
    before: &Pair<&Record>,
    after: &Pair<&Record>,
    merge: &Merge,
) {
    let values = |row: &Record| of(row, unit);
    let asked = |field: &&&Field| merge.conflicts.iter().any(|conflict| conflict.field == field.id);
    let raised = unit.iter().filter(asked).count();
    let drifts: Vec<_> =
        merge.drifts.iter().filter(|drift| unit.iter().any(|f| f.id == drift.field)).collect();
    match follows {
        // I7: what was edited arrives on both sides, whatever becomes of other fields.
        Follows::Becomes(expected) => {
            assert_eq!((values(after.left), values(after.right)), (expected.clone(), expected.clone()));
            assert!(raised == 0 && drifts.is_empty());
        }
        Follows::Stands { drift } => {
            assert_eq!(
                (values(before.left), values(before.right)),
                (values(after.left), values(after.right))
            );
            assert_eq!(raised, 0);
            let differs = |field: &&&Field| before.left.get(&field.id) != before.right.get(&field.id);
            let expected = drift.map_or(0, |_| unit.iter().filter(differs).count());
            assert_eq!(drifts.len(), expected, "what drifted is told");
            assert!(drifts.iter().all(|told| Some(told.on) == *drift));
        }
        // I6
        Follows::Asks => {
            assert!(raised > 0, "nobody is asked");
            assert_eq!(
                (values(before.left), values(before.right)),
                (values(after.left), values(after.right))
            );
        }
    }
}

/// I11
fn check_ownership(unit: &[&Field], before: &Pair<&Record>, after: &Pair<&Record>) {
    let is_written = |side: Side| of(before[side], unit) != of(after[side], unit);
    match unit[0].direction {
        Direction::Both => {}
        Direction::ToRight => assert!(!is_written(Side::Left), "the left side owns {}", unit[0].id),
        Direction::ToLeft => assert!(!is_written(Side::Right), "the right side owns {}", unit[0].id),
        Direction::UnlessBlank(side) => {
            assert!(!is_written(side) || is_blank(&of(before[side], unit)), "{side} owns {}", unit[0].id);
        }
        Direction::CreateOnly | Direction::Match => {
            assert!(!is_written(Side::Left) && !is_written(Side::Right), "{} is never written", unit[0].id);
        }
    }
}

/// I5: what is asked was changed on both sides, to different values.
fn check_reality(unit: &[&Field], [base, left, right]: [&Record; 3], merge: &Merge) {
    for conflict in merge.conflicts.iter().filter(|conflict| unit.iter().any(|f| f.id == conflict.field)) {
        assert_eq!(unit[0].direction, Direction::Both);
        assert_eq!(left.get(&conflict.field), Some(&conflict.values.left));
        assert_eq!(right.get(&conflict.field), Some(&conflict.values.right));
        assert_ne!(conflict.values.left, conflict.values.right);
        let changed = |row: &Record| unit.iter().any(|field| base.get(&field.id) != row.get(&field.id));
        assert!(changed(left) && changed(right), "{} was changed on one side only", conflict.field);
    }
}

/// Says what is to follow, in the words of the documentation.
fn follows(world: &World, unit: &[&Field], [base, left, right]: [&Record; 3]) -> Follows {
    let values = Pair::new(of(left, unit), of(right, unit));
    let stands = Follows::Stands { drift: None };
    if values.left == values.right {
        return stands;
    }
    let base: Option<Vec<Value>> = unit.iter().map(|field| base.get(&field.id).cloned()).collect();
    let changed = Pair::from_fn(|side| base.as_ref() != Some(&values[side]));
    let owned = |owner: Side| {
        let may_stand = world.mapping.drift(unit[0]) != Drift::Revert;
        match &base {
            None if is_blank(&values[owner]) => stands.clone(),
            Some(_) if may_stand && !changed[owner] => Follows::Stands { drift: Some(owner.other()) },
            _ => Follows::Becomes(values[owner].clone()),
        }
    };
    match unit[0].direction {
        Direction::CreateOnly | Direction::Match => stands,
        Direction::ToRight => owned(Side::Left),
        Direction::ToLeft => owned(Side::Right),
        Direction::UnlessBlank(owner) if is_blank(&values[owner]) => {
            Follows::Becomes(values[owner.other()].clone())
        }
        Direction::UnlessBlank(owner) => owned(owner),
        Direction::Both => match (&base, &changed) {
            (Some(_), Pair { left: true, right: false }) => Follows::Becomes(values.left),
            (Some(_), Pair { left: false, right: true }) => Follows::Becomes(values.right),
            (None, _) if is_blank(&values.left) => Follows::Becomes(values.right),
            (None, _) if is_blank(&values.right) => Follows::Becomes(values.left),
            _ => collides(world, unit, &values, base.is_none()),
        },
    }
}

fn collides(world: &World, unit: &[&Field], values: &Pair<Vec<Value>>, is_first_contact: bool) -> Follows {
    if let Some(answered) = answered(world, unit, values) {
        return Follows::Becomes(answered);
    }
    let policies: Vec<_> = unit.iter().map(|field| world.mapping.policy(field, is_first_contact)).collect();
    match (policies[0], world.newer) {
        _ if policies.iter().any(|policy| *policy != policies[0]) => Follows::Asks,
        (Policy::Take(side), _) | (Policy::Newer, Some(side)) => Follows::Becomes(values[side].clone()),
        (Policy::Ask, _) | (Policy::Newer, None) => Follows::Asks,
    }
}

/// Returns what a person chose, if they saw these values. Groups are not answered here.
fn answered(world: &World, unit: &[&Field], values: &Pair<Vec<Value>>) -> Option<Vec<Value>> {
    let (shown, choice) = settlements(world.pending.conflict.as_ref()?).remove(&unit[0].id)?;
    let is_shown = Side::BOTH.iter().all(|side| values[*side] == [shown[*side].clone()]);
    match choice.filter(|_| is_shown)? {
        Choice::Side(side) => Some(values[side].clone()),
        Choice::Value(value) => Some(vec![value]),
    }
}

fn of(row: &Record, unit: &[&Field]) -> Vec<Value> {
    unit.iter().map(|field| row.get(&field.id).cloned().expect("a row has all fields")).collect()
}

fn is_blank(values: &[Value]) -> bool {
    values.iter().all(Value::is_blank)
}

/// Returns whether both rows point to rows without partner by one field: which of them is named is arbitrary.
fn waits_on_both(world: &World) -> bool {
    let waits = |field: &Field| {
        [&world.rows.left, &world.rows.right]
            .iter()
            .all(|row| row.as_ref().is_some_and(|row| is_uncoupled(row, field)))
    };
    world.mapping.fields.iter().any(waits)
}

/// Swapping the sides, the mapping and its policies mirrors the decision.
pub fn check_mirror(world: &World, decision: &Decision) {
    assert_eq!(world.mirrored().decide(), mirror(decision.clone()), "mirrored");
}

/// I21: when a decision is carried out, deciding again finds nothing to write and nobody else to ask.
pub fn check_second_plan(world: &World) {
    let mut world = world.clone();
    let decisions = world.settle();
    assert!(decisions.iter().filter(|decision| writes(decision)).count() <= 1, "{decisions:#?}");
    let asked = world.pending.conflict.clone().map(|conflict| conflict.kind);
    let still = |world: &World| world.pending.conflict.clone().map(|conflict| conflict.kind);
    for _ in 0..2 {
        if world.is_coupled {
            let again = world.decide();
            assert!(!writes(&again), "a second plan writes: {again:#?}");
            world.carry_out(&again);
            assert_eq!(still(&world), asked, "a second plan asks anew");
        }
    }
}

/// I18: what is decided does not depend on whether a row in step came by once more.
fn check_echo(world: &World, decision: &Decision) {
    let coupling = &world.pending.coupling;
    if coupling.versions.left.is_none() || coupling.versions.right.is_none() {
        return;
    }
    let mut echoed = world.clone();
    for side in Side::BOTH {
        echoed.pending.seen[side].get_or_insert(world.read(side));
    }
    assert_eq!(echoed.decide(), *decision, "decided otherwise after an echo");
}

/// I28: stamps decide nothing where no policy asks for the newer row.
fn check_stamps(world: &World, decision: &Decision) {
    let mapping = &world.mapping;
    let policies = mapping.fields.iter().map(|field| mapping.policy(field, false));
    if policies.chain([mapping.first_contact]).any(|policy| policy == Policy::Newer) {
        return;
    }
    for newer in Side::BOTH {
        let mut stamped = world.clone();
        stamped.newer = Some(newer);
        for side in Side::BOTH {
            if stamped.pending.seen[side].is_some() {
                stamped.pending.seen[side] = Some(stamped.read(side));
            }
        }
        assert_eq!(stamped.decide(), *decision, "I28: a stamp decided");
    }
}
