//! Patterns of values: one field with everything, two fields alone and as a group, four fields by pattern of change.

use super::super::decide::{Decision, Seen};
use super::super::example::mapping as example;
use super::super::merge::{Merge, Settlements, merge};
use super::laws;
use super::world::World;
use crate::mapping::{Direction, Drift, End, Field, Mapping, Policy};
use crate::model::Side::{Left, Right};
use crate::model::{Answer, Choice, ConflictKind, FieldConflict, FieldId, Pair, Record, RowId, Side, Value};

/// What a mapping says of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kind {
    direction: Direction,
    drift: Drift,
    conflict: Policy,
}

/// Returns all that a mapping can say of a field, each effect once.
fn kinds() -> Vec<Kind> {
    let owned =
        [Direction::ToRight, Direction::ToLeft, Direction::UnlessBlank(Left), Direction::UnlessBlank(Right)];
    let drifts = [Drift::Revert, Drift::Keep, Drift::Report];
    let policies = [Policy::Ask, Policy::Take(Left), Policy::Take(Right), Policy::Newer];
    let kind = |direction, drift, conflict| Kind { direction, drift, conflict };
    let owned =
        owned.into_iter().flat_map(|direction| drifts.map(|drift| kind(direction, drift, Policy::Ask)));
    let shared = policies.map(|policy| kind(Direction::Both, Drift::Revert, policy));
    let alone = [Direction::CreateOnly, Direction::Match];
    let alone = alone.map(|direction| kind(direction, Drift::Revert, Policy::Ask));
    owned.chain(shared).chain(alone).collect()
}

const IDS: [&str; 4] = ["a", "b", "c", "d"];

/// Makes a mapping of fields of those kinds; the last `grouped` of them merge as one.
fn mapping(kinds: &[Kind], grouped: usize) -> Mapping {
    let fields = kinds.iter().enumerate().map(|(index, kind)| Field {
        id: IDS[index].into(),
        ends: Pair::from_fn(|_| End::Column(IDS[index].into())),
        steps: Pair::default(),
        normal: vec![],
        direction: kind.direction,
        drift: Some(kind.drift),
        conflict: Some(kind.conflict),
        group: (index + grouped >= kinds.len()).then(|| "group".to_owned()),
        on_create: Pair::new(true, true),
        optional: false,
        not_null: false,
        rate_of: None,
        ..example().fields[0].clone()
    });
    Mapping { fields: fields.collect(), ..example() }
}

/// The values of one field: base, left and right.
type Values = (Option<Value>, Value, Value);

/// Returns every pattern of those values, with and without base.
fn patterns(values: impl Fn(Side) -> Vec<Value>, bases: &[Option<Value>]) -> Vec<Values> {
    let pairs = values(Left)
        .into_iter()
        .flat_map(|left| values(Right).into_iter().map(move |right| (left.clone(), right)));
    pairs
        .flat_map(|(left, right)| bases.iter().map(move |base| (base.clone(), left.clone(), right.clone())))
        .collect()
}

fn word(text: &str) -> Value {
    Value::text(text)
}

/// Blank, three values, and a reference to a row without partner.
fn all_values(side: Side) -> Vec<Value> {
    vec![Value::Blank, word("1"), word("2"), word("3"), Value::Uncoupled(side, RowId::new("x"))]
}

fn few_values(_: Side) -> Vec<Value> {
    vec![Value::Blank, word("1"), word("2")]
}

fn bases() -> [Option<Value>; 3] {
    [None, Some(Value::Blank), Some(word("1"))]
}

/// Returns base, left and right of fields with those values.
fn records(values: &[&Values]) -> [Record; 3] {
    let record = |value: &dyn Fn(&Values) -> Option<Value>| {
        let field = |(index, values): (usize, &&Values)| Some((FieldId::new(IDS[index]), value(values)?));
        values.iter().enumerate().filter_map(field).collect::<Record>()
    };
    [record(&|v| v.0.clone()), record(&|v| Some(v.1.clone())), record(&|v| Some(v.2.clone()))]
}

fn world(mapping: &Mapping, values: &[&Values], newer: Option<Side>) -> World {
    let [base, left, right] = records(values);
    let mut world = World::new(mapping.clone(), base, left, right);
    world.newer = newer;
    world.observe();
    world
}

fn winners(mapping: &Mapping) -> Vec<Option<Side>> {
    match mapping.fields.iter().any(|field| field.conflict == Some(Policy::Newer)) {
        true => vec![None, Some(Left), Some(Right)],
        false => vec![None],
    }
}

/// Returns what may be known and answered about one field.
fn variants(world: &World, values: &Values) -> Vec<World> {
    let mut variants = vec![world.clone()];
    for side in Side::BOTH {
        // A row in step came by; or its version is not known.
        let mut seen = world.clone();
        seen.pending.seen[side] = Some(seen.read(side));
        let mut unknown = world.clone();
        unknown.pending.coupling.versions[side] = None;
        variants.extend([seen, unknown]);
    }
    let shown = FieldConflict {
        field: IDS[0].into(),
        base: values.0.clone(),
        values: Pair::new(values.1.clone(), values.2.clone()),
    };
    let stale = FieldConflict { values: Pair::new(word("8"), values.2.clone()), ..shown.clone() };
    let typed = Answer::PerField([(IDS[0].into(), Choice::Value(word("9")))].into());
    let answers = [Answer::Take(Left), Answer::Take(Right), Answer::Later, typed];
    let is_reference = |value: &Value| matches!(value, Value::Uncoupled(..));
    if world.mapping.fields[0].direction == Direction::Both
        && ![&values.1, &values.2].into_iter().any(is_reference)
    {
        for (shown, answer) in [&shown, &stale].into_iter().flat_map(|s| answers.iter().map(move |a| (s, a)))
        {
            let mut asked = world.clone();
            asked.ask(ConflictKind::Fields(vec![shown.clone()]), Some(answer.clone()));
            variants.push(asked);
        }
    }
    variants
}

/// I5, I6, I7, I11, I12, I18, I21, I28, I32, and swapping the sides: one field, every value, policy, answer and knowledge.
#[test]
fn one_field_keeps_all_laws() {
    let mut cases = 0;
    for kind in kinds() {
        let mapping = mapping(&[kind], 0);
        for values in patterns(all_values, &bases()) {
            for newer in winners(&mapping) {
                for world in variants(&world(&mapping, &[&values], newer), &values) {
                    laws::check(&world);
                    cases += 1;
                }
            }
        }
    }
    assert!(cases > 8_000, "{cases}");
}

/// I5, I6, I7, I11, I12, I18, I21, I28, I32: two fields that merge as one, of the same direction, with every pair of policies.
#[test]
fn a_group_of_two_keeps_all_laws() {
    let kinds = kinds();
    let fits = |a: &Kind, b: &Kind| {
        a.direction == b.direction
            && a.drift == b.drift
            && !matches!(a.direction, Direction::Match | Direction::CreateOnly)
    };
    let mut cases = 0;
    for (a, b) in kinds.iter().flat_map(|a| kinds.iter().map(move |b| (a, b))).filter(|(a, b)| fits(a, b)) {
        let mapping = mapping(&[*a, *b], 2);
        let patterns = patterns(few_values, &bases());
        // The base of a group is there as a whole or not at all, but for a field that was mapped later.
        for (one, two) in patterns.iter().flat_map(|one| patterns.iter().map(move |two| (one, two))) {
            for newer in winners(&mapping) {
                laws::check(&world(&mapping, &[one, two], newer));
                cases += 1;
            }
        }
    }
    assert!(cases > 25_000, "{cases}");
}

/// What follows for two fields is what follows for each alone: every pair of kinds, every pair of values.
#[test]
fn fields_are_judged_independently() {
    let patterns = patterns(few_values, &[None, Some(word("1"))]);
    let merged = |mapping: &Mapping, values: &[&Values]| {
        let [base, left, right] = records(values);
        merge(mapping, &base, Pair::new(&left, &right), &Settlements::new(), Some(Left))
    };
    let kinds = kinds();
    for (first, second) in kinds.iter().flat_map(|a| kinds.iter().map(move |b| (a, b))) {
        let both = mapping(&[*first, *second], 0);
        let alone = [0, 1].map(|at| {
            let fields = vec![both.fields[at].clone()];
            Mapping { fields, ..both.clone() }
        });
        let blank: Values = (None, Value::Blank, Value::Blank);
        let firsts: Vec<_> = patterns.iter().map(|one| merged(&alone[0], &[one, &blank])).collect();
        let seconds: Vec<_> = patterns.iter().map(|two| merged(&alone[1], &[&blank, two])).collect();
        for (one, first) in patterns.iter().zip(&firsts) {
            for (two, second) in patterns.iter().zip(&seconds) {
                let expected = joined(first, second);
                assert_eq!(merged(&both, &[one, two]), expected, "{:?} {one:?} {two:?}", both.fields);
            }
        }
    }
}

fn joined(first: &Merge, second: &Merge) -> Merge {
    let mut merge = first.clone();
    for side in Side::BOTH {
        merge.writes[side].0.extend(second.writes[side].0.clone());
    }
    merge.agreed.0.extend(second.agreed.0.clone());
    merge.conflicts.extend(second.conflicts.clone());
    merge.drifts.extend(second.drifts.clone());
    merge.waiting.extend(second.waiting.clone());
    merge
}

/// The patterns of change of one field.
fn changes() -> Vec<Values> {
    let (one, two, three) = (word("1"), word("2"), word("3"));
    vec![
        (Some(one.clone()), one.clone(), one.clone()),
        (Some(one.clone()), two.clone(), one.clone()),
        (Some(one.clone()), one.clone(), two.clone()),
        (Some(one.clone()), two.clone(), two.clone()),
        (Some(one), two.clone(), three.clone()),
        (None, two, three),
    ]
}

/// I5, I6, I7, I11, I18, I21, I32: all patterns of change of four fields, apart and with two of them merging as one.
#[test]
fn four_fields_keep_all_laws() {
    let kind = |direction| Kind { direction, drift: Drift::Revert, conflict: Policy::Ask };
    let both = kind(Direction::Both);
    let layouts = [
        ([both; 4], 0),
        ([both, both, kind(Direction::ToRight), kind(Direction::UnlessBlank(Right))], 0),
        ([both, kind(Direction::CreateOnly), both, both], 2),
        (
            [
                both,
                Kind { drift: Drift::Keep, ..kind(Direction::ToLeft) },
                Kind { drift: Drift::Report, ..kind(Direction::ToRight) },
                Kind { conflict: Policy::Take(Right), ..both },
            ],
            0,
        ),
    ];
    for (kinds, grouped) in layouts {
        let mapping = mapping(&kinds, grouped);
        let changes = changes();
        for pattern in 0..changes.len().pow(4) {
            let at = |field: u32| &changes[pattern / changes.len().pow(field) % changes.len()];
            laws::check(&world(&mapping, &[at(0), at(1), at(2), at(3)], None));
        }
    }
}

/// I36: of a record in which one field is absent nothing follows, however the others changed.
#[test]
fn an_absent_value_is_no_blank() {
    for (kind, other) in
        kinds().into_iter().flat_map(|kind| kinds().into_iter().map(move |other| (kind, other)))
    {
        let mapping = mapping(&[kind, other], 0);
        let changes = changes();
        for (one, two) in changes.iter().flat_map(|one| changes.iter().map(move |two| (one, two))) {
            for (side, field) in [(Left, 0), (Left, 1), (Right, 0), (Right, 1)] {
                let mut world = world(&mapping, &[one, two], None);
                for side in Side::BOTH {
                    world.pending.seen[side] = Some(world.read(side));
                }
                if let Some(Seen::Record { record, .. }) = &mut world.pending.seen[side] {
                    record.0.remove(&FieldId::new(IDS[field]));
                }
                let decision = world.decide();
                assert_eq!(decision, Decision::Wait, "{kind:?} {other:?}");
            }
        }
    }
}
