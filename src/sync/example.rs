//! A small mapping and records for the tests of this folder: `a` and `b` flow both ways, `g` and `h` are a group, the
//! left side owns `o`.

use proptest::prelude::*;

use crate::mapping::{
    DeletionPolicy, Direction, Drift, End, Field, FieldKind, Lookup, Mapping, Policy, Schedule, Unresolved,
};
use crate::model::{
    Answer, Conflict, ConflictId, ConflictKind, Pair, Record, RowId, Side, Stamp, Timestamp, Value,
};

pub(super) fn mapping() -> Mapping {
    let field = |id: &str, direction: Direction, group: Option<&str>| Field {
        id: id.into(),
        ends: Pair::from_fn(|_| End::Column(id.into())),
        steps: Pair::default(),
        normal: vec![],
        direction,
        kind: FieldKind::Text,
        group: group.map(Into::into),
        conflict: None,
        drift: None,
        on_create: Pair::from_fn(|side| direction.flows_to(side)),
        optional: false,
        not_null: false,
        rate_of: None,
    };
    Mapping {
        name: "EXAMPLE".into(),
        connections: Pair::new("l".into(), "r".into()),
        tables: Pair::new("lefts".into(), "rights".into()),
        filters: Pair::new(None, None),
        create: Pair::new(true, true),
        new_row: Pair::default(),
        templates: Pair::default(),
        create_from: Pair::default(),
        fields: vec![
            field("a", Direction::Both, None),
            field("b", Direction::Both, None),
            field("g", Direction::Both, Some("pair")),
            field("h", Direction::Both, Some("pair")),
            field("o", Direction::ToRight, None),
        ],
        left_out: vec![],
        match_by: vec![vec!["a".into()]],
        label: "a".into(),
        first_contact: Policy::Ask,
        conflict: Policy::Ask,
        newer_by: std::time::Duration::from_secs(120),
        drift: Drift::Revert,
        deletion: DeletionPolicy::Ignore,
        unguarded: false,
        schedule: Schedule::EachLook,
        depends_on: vec![],
        apart_from: vec![],
        needs_companion: false,
        company: Pair::default(),
        has_several_companies: false,
        made_with: Pair::default(),
        key: vec![],
        overwrites: false,
        follows: vec![],
        names: Pair::default(),
        across_companies: Pair::default(),
    }
}

pub(super) fn lookup(unresolved: Unresolved) -> FieldKind {
    FieldKind::Lookup(Lookup {
        mappings: vec!["CURRENCY".into()],
        by: Pair::default(),
        blank_is_base_currency: false,
        unresolved,
    })
}

pub(super) fn mirrored(mapping: &Mapping) -> Mapping {
    let mut mapping = mapping.clone();
    let policy = |policy| match policy {
        Policy::Take(side) => Policy::Take(Side::other(side)),
        policy => policy,
    };
    mapping.first_contact = policy(mapping.first_contact);
    mapping.conflict = policy(mapping.conflict);
    mapping.create = mapping.create.swap();
    for field in &mut mapping.fields {
        field.direction = match field.direction {
            Direction::ToRight => Direction::ToLeft,
            Direction::ToLeft => Direction::ToRight,
            Direction::UnlessBlank(side) => Direction::UnlessBlank(side.other()),
            other => other,
        };
        field.conflict = field.conflict.map(policy);
        field.on_create = field.on_create.swap();
    }
    mapping
}

/// A conflict of the coupling that the tests are about.
pub(super) fn conflict(kind: ConflictKind, answer: Option<Answer>) -> Conflict {
    Conflict {
        id: ConflictId(1),
        mapping: "EXAMPLE".into(),
        rows: Pair::new(RowId::new("l"), RowId::new("r")),
        label: "l".to_owned(),
        kind,
        authors: Pair::default(),
        raised_at: Timestamp::UNIX_EPOCH,
        stamp: Stamp::new("s"),
        answer,
        answered_in: None,
        suggestion: None,
    }
}

/// Reads `a=1 b=` as a record; a field that is not named is not in it.
pub(super) fn record(text: &str) -> Record {
    text.split_whitespace()
        .map(|word| {
            let (field, value) = word.split_once('=').expect("field=value");
            (field.into(), Value::text(value))
        })
        .collect()
}

/// A base and two records over all fields, few values so that they often agree.
pub(super) fn any_case() -> impl Strategy<Value = (Record, Record, Record)> {
    (any_record(), any_record(), any_record())
}

fn any_record() -> impl Strategy<Value = Record> {
    let value = prop_oneof![Just(Value::Blank), Just(Value::text("1")), Just(Value::text("2"))];
    proptest::collection::vec(value, 5)
        .prop_map(|values| ["a", "b", "g", "h", "o"].into_iter().map(Into::into).zip(values).collect())
}

#[test]
fn the_example_has_four_units() {
    assert_eq!(mapping().units().len(), 4);
    assert!(Side::BOTH.iter().all(|side| Direction::Both.flows_to(*side)));
}
