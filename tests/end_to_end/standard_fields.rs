//! Every enabled field of every shipped mapping: an edit on the side that may arrives on the other; one on the other side
//! is dealt with as the field's drift rule says. What only identifies rows, or is given to new ones, stays as it is edited.

mod hands;
mod table;

use std::collections::BTreeSet;

use tandem::agent::Desk;
use tandem::mapping::{Direction, Drift, End, Field, Mapping, STANDARD, StandardSet, parse, standard};
use tandem::model::{Pair, Side};
use tandem::sim::Options;

use crate::world::{World, sync};
use hands::{Couple, Hands};
use table::NOT_EDITED;

/// Returns the mappings of a set with what they have when used together.
fn mappings(set: StandardSet) -> Vec<Mapping> {
    let connections = Pair::new("business-central".into(), "dataverse".into());
    let names: BTreeSet<_> = set.mappings().into_iter().map(Into::into).collect();
    let read = |name: &str| parse(name, standard(name).unwrap(), &connections).unwrap().among(&names);
    set.mappings().into_iter().map(read).collect()
}

/// Says whether people can edit a field there.
fn can_be_edited(mapping: &Mapping, field: &Field, side: Side) -> bool {
    let is_listed = |(name, id, on, _): &(&str, &str, Side, &str)| {
        mapping.name.as_str() == *name && field.id.as_str() == *id && side == *on
    };
    !matches!(field.ends[side], End::Constant(_)) && !NOT_EDITED.iter().any(is_listed)
}

/// Returns the fields that people can edit on a side, among those with such a direction.
fn editable(mapping: &Mapping, side: Side, is_meant: impl Fn(Direction) -> bool) -> Vec<&Field> {
    let fields = mapping.fields.iter().filter(|field| is_meant(field.direction));
    fields.filter(|field| can_be_edited(mapping, field, side)).collect()
}

/// The fields of a couple that are edited in a round, with what both sides showed before and after the edit.
struct Edited<'a> {
    couple: &'a Couple<'a>,
    fields: Vec<&'a Field>,
    before: Vec<Pair<String>>,
    given: Vec<String>,
}

/// Has people edit fields of every couple on one side.
async fn edit<'a>(
    hands: &Hands<'_>,
    couples: &'a [Couple<'a>],
    side: Side,
    is_meant: impl Fn(Direction) -> bool,
    trouble: &mut Vec<String>,
) -> Vec<Edited<'a>> {
    let mut rounds = Vec::new();
    for couple in couples {
        let fields = editable(couple.mapping, side, &is_meant);
        let before = hands.shown(couple, &fields).await;
        rounds.push(Edited { couple, fields, before, given: Vec::new() });
    }
    for round in &mut rounds {
        trouble.extend(hands.edit(round.couple, side, &round.fields).await.err());
    }
    for round in &mut rounds {
        let shown = hands.shown(round.couple, &round.fields).await;
        round.given = shown.into_iter().map(|shown| shown[side].clone()).collect();
        for ((field, before), given) in round.fields.iter().zip(&round.before).zip(&round.given) {
            if before[side] == *given {
                trouble
                    .push(format!("{}.{}: nobody edits it in {side}", round.couple.mapping.name, field.id));
            }
        }
    }
    rounds
}

/// An edit on a side that may is on both sides after a sync.
async fn edits_arrive(hands: &Hands<'_>, couples: &[Couple<'_>], side: Side, trouble: &mut Vec<String>) {
    let flows = |direction: Direction| direction.flows_to(side.other());
    let rounds = edit(hands, couples, side, flows, trouble).await;
    sync(hands.desk).await;
    for round in rounds {
        let shown = hands.shown(round.couple, &round.fields).await;
        for (field, (given, shown)) in round.fields.iter().zip(round.given.iter().zip(&shown)) {
            let expected = hands.expected(round.couple, field, side, given).await;
            if shown[side] != *given || shown[side.other()] != expected {
                let name = &round.couple.mapping.name;
                trouble.push(format!("{name}.{}: {given:?} put in {side} is {shown:?}", field.id));
            }
        }
    }
}

/// An edit on a side that does not own the field is taken back, or stays, as the drift rule says; the owner's value stays.
async fn drift_is_dealt_with(
    hands: &Hands<'_>,
    couples: &[Couple<'_>],
    side: Side,
    trouble: &mut Vec<String>,
) {
    let rounds =
        edit(hands, couples, side, |direction| direction.owner() == Some(side.other()), trouble).await;
    sync(hands.desk).await;
    for round in rounds {
        let shown = hands.shown(round.couple, &round.fields).await;
        let values = round.before.iter().zip(&round.given).zip(&shown);
        for (field, ((before, given), shown)) in round.fields.iter().zip(values) {
            let mapping = round.couple.mapping;
            let expected = match mapping.drift(field) {
                Drift::Revert => &before[side],
                Drift::Keep | Drift::Report => given,
            };
            let kept = shown[side.other()] == before[side.other()];
            if shown[side] != *expected || !kept {
                let name = &mapping.name;
                trouble.push(format!(
                    "{name}.{}: {before:?}, then {given:?} put in {side}, is {shown:?}",
                    field.id
                ));
            }
        }
    }
}

/// What rows are matched by, or given when they are made, is nobody's afterwards: an edit stays where it is.
async fn edits_go_nowhere(hands: &Hands<'_>, couples: &[Couple<'_>], side: Side, trouble: &mut Vec<String>) {
    let rounds = edit(hands, couples, side, flows_nowhere, trouble).await;
    sync(hands.desk).await;
    for round in rounds {
        let shown = hands.shown(round.couple, &round.fields).await;
        for (field, (before, (given, shown))) in
            round.fields.iter().zip(round.before.iter().zip(round.given.iter().zip(&shown)))
        {
            if shown[side] != *given || shown[side.other()] != before[side.other()] {
                let name = &round.couple.mapping.name;
                trouble.push(format!("{name}.{}: {given:?} put in {side} moved {shown:?}", field.id));
            }
        }
    }
}

fn flows_nowhere(direction: Direction) -> bool {
    matches!(direction, Direction::CreateOnly | Direction::Match)
}

async fn check(set: StandardSet) {
    let world = World::start(Options { companion: true, ..Options::default() }).await;
    world.use_mappings(set);
    hands::prepare(&world).await;
    let desk: Desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    let mappings = mappings(set);
    let hands = Hands { world: &world, desk: &desk, mappings: &mappings };
    let mut couples = Vec::new();
    for mapping in &mappings {
        couples.push(hands.couple(mapping).await);
    }
    world.simulation.office().reopen("SO11036").unwrap();
    let mut trouble = Vec::new();
    edits_arrive(&hands, &couples, Side::Left, &mut trouble).await;
    edits_arrive(&hands, &couples, Side::Right, &mut trouble).await;
    drift_is_dealt_with(&hands, &couples, Side::Right, &mut trouble).await;
    drift_is_dealt_with(&hands, &couples, Side::Left, &mut trouble).await;
    edits_go_nowhere(&hands, &couples, Side::Right, &mut trouble).await;
    assert_eq!(trouble, Vec::<String>::new());
    let report = sync(&desk).await;
    assert_eq!((report.lines, report.failures), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_flows_with_the_new_prices() {
    check(StandardSet::NewPrices).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_flows_with_the_old_prices() {
    check(StandardSet::OldPrices).await;
}

/// What is listed as edited by nobody is a field that would be edited there otherwise.
#[test]
fn only_fields_of_mappings_are_left_out() {
    let known: Vec<_> =
        [StandardSet::NewPrices, StandardSet::OldPrices].into_iter().flat_map(mappings).collect();
    let edited = table::ROWS.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>();
    assert_eq!(edited, STANDARD.iter().map(|(name, _)| *name).collect(), "a row of each is edited");
    for (name, id, side, why) in NOT_EDITED {
        let mut mappings = known.iter().filter(|mapping| mapping.name.as_str() == *name);
        let field = mappings.find_map(|mapping| mapping.field(&(*id).into()));
        let would_be = field.is_some_and(|field| {
            let may = field.direction.flows_to(side.other())
                || field.direction.owner() == Some(side.other())
                || flows_nowhere(field.direction) && *side == Side::Right;
            may && !matches!(field.ends[*side], End::Constant(_))
        });
        assert!(would_be && !why.is_empty(), "{name}.{id} {side}");
    }
}
