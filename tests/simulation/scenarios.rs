//! Stories that seeds told once, each told again by itself.

use tandem::model::{ColumnName, ConflictId, IntentVerb, RowId, Side, Value};

use super::ambush::{Ambush, Request, Surprise};
use super::circumstances::Circumstances;
use super::lasting::Lasting;
use super::memory_system::SETTLE_SECS;
use super::oracle;
use super::server::Effect;
use super::tables::{POISON, cards, customers};
use super::trouble::Rates;
use super::world::World;

/// A world without trouble, with one customer on both sides. Returns the rows of it, left and right.
async fn with_one_customer(deletion: &'static str) -> (World, [RowId; 2]) {
    let (_, circumstances) = World::draw(1);
    let circumstances =
        Circumstances { rows: 1, has_filter: false, has_cards: false, deletion, ..circumstances };
    let mut world = World::under(1, Rates::default(), circumstances);
    write(&mut world, Side::Left, None, &[("note", "note")]);
    world.run_sweeping(false).await;
    let coupling = world.customers_coupled().remove(0);
    (world, [coupling.rows.left, coupling.rows.right])
}

/// Somebody writes a row; the only one where none is named.
fn write(world: &mut World, side: Side, row: Option<&RowId>, values: &[(&str, &str)]) {
    let (now, table) = (world.now(side), customers(side));
    let mut machine = world.machine(side);
    let only = || machine.server.table(&table).rows.keys().next().cloned().unwrap();
    let id = row.cloned().unwrap_or_else(only);
    let values = values.iter().map(|(name, value)| (ColumnName::new(*name), Value::text(*value))).collect();
    machine.server.apply(&Effect::Update { table, id, version: None, values }, now);
}

fn street(world: &World, side: Side, row: &RowId) -> String {
    let machine = world.machine(side);
    match machine.server.table(&customers(side)).rows[row].value("street") {
        Value::Text(street) => street.clone(),
        other => format!("{other:?}"),
    }
}

/// The right refuses a row whose other fields it edited, while the left cannot be written. Returns what the left holds of
/// the edit afterwards: for each of two edits, in the same run as the refusal and in a later one.
pub async fn a_refused_row_beside_a_side_that_cannot_be_written() -> [String; 2] {
    let (mut world, [left, right]) = with_one_customer("ask").await;
    let mut streets = Vec::new();
    for edit in ["street 1", "street 2"] {
        write(&mut world, Side::Left, Some(&left), &[("note", POISON), ("name", edit)]);
        write(&mut world, Side::Right, Some(&right), &[("street", edit)]);
        world.machine(Side::Left).lasting = Some(Lasting::ThrottledWrites);
        world.run_sweeping(false).await;
        world.heal();
        oracle::quiet(&mut world).await;
        streets.push(street(&world, Side::Left, &left));
    }
    [streets.remove(0), streets.remove(0)]
}

/// The answer to a create under an id of ours is lost, and in the next run one of the reads by id fails: so many of them
/// went well before. Returns how many rows both sides hold in the end.
pub async fn a_created_row_that_cannot_be_looked_up(after: u64) -> [usize; 2] {
    let (mut world, _) = with_one_customer("ask").await;
    let now = world.now(Side::Left);
    world.people.create(&mut world.machine(Side::Left), now);
    world.machine(Side::Right).rates = Rates { cut_after: 1000, ..Rates::CALM };
    world.run_sweeping(false).await;
    world.heal();
    let ambush = Ambush { on: Request::Keyed, after, surprise: Surprise::SignedOut };
    world.machine(Side::Right).ambushes.push(ambush);
    world.run_sweeping(false).await;
    oracle::quiet(&mut world).await;
    Side::BOTH.map(|side| world.machine(side).server.table(&customers(side)).rows.len())
}

/// A world in which a customer of the left side is on its way to the right side, where it takes effect later.
async fn with_a_create_on_its_way() -> World {
    let (_, circumstances) = World::draw(1);
    let circumstances = Circumstances { rows: 1, has_filter: true, has_cards: false, ..circumstances };
    let mut world = World::under(1, Rates { delayed: 1000, ..Rates::CALM }, circumstances);
    write(&mut world, Side::Left, None, &[("note", "note")]);
    world.run_sweeping(false).await;
    world.calm();
    world
}

/// A create under an id of ours takes effect long after it was sent, when its row has left the filter and come back. Returns
/// how many rows both sides hold in the end.
pub async fn a_create_that_comes_late_while_its_row_is_outside() -> [usize; 2] {
    let mut world = with_a_create_on_its_way().await;
    write(&mut world, Side::Left, None, &[("blocked", "all")]);
    world.run_sweeping(false).await;
    world.clock.advance(SETTLE_SECS - 60);
    world.run_sweeping(false).await;
    write(&mut world, Side::Left, None, &[("blocked", "")]);
    oracle::quiet(&mut world).await;
    Side::BOTH.map(|side| world.machine(side).server.table(&customers(side)).rows.len())
}

/// A create under an id of ours takes effect late, when its row has left the filter; and the row it made cannot be read until
/// no request can be under way any more. Returns how many rows both sides hold in the end.
pub async fn a_create_that_comes_late_as_a_row_that_cannot_be_read() -> [usize; 2] {
    let mut world = with_a_create_on_its_way().await;
    let (_, minted, _) = create_in_doubt(&mut world);
    write(&mut world, Side::Left, None, &[("blocked", "all")]);
    world.run_sweeping(false).await;
    world.machine(Side::Right).lasting = Some(Lasting::UnreadableRow(minted));
    world.clock.advance(SETTLE_SECS + 60);
    world.run_sweeping(false).await;
    world.heal();
    oracle::quiet(&mut world).await;
    Side::BOTH.map(|side| world.machine(side).server.table(&customers(side)).rows.len())
}

/// A create without an id of ours takes effect late, beside a row of the same content that was there before, is edited
/// meanwhile, and has no partner because the right refused it. Returns how many rows both sides hold in the end.
pub async fn a_create_that_comes_late_beside_one_that_was_there() -> [usize; 2] {
    let (mut world, _) = with_one_customer("ask").await;
    let content = [("name", "name 1"), ("street", "street 1"), ("city", "Oslo"), ("phone", "")];
    let now = world.now(Side::Left);
    let made = world.people.create(&mut world.machine(Side::Left), now);
    let Some(Effect::Create { id: refused, .. }) = made else { panic!("{made:?}") };
    write(&mut world, Side::Left, Some(&refused), &[("note", POISON)]);
    write(&mut world, Side::Left, Some(&refused), &content);
    world.run_sweeping(false).await;
    let now = world.now(Side::Right);
    let made = world.people.create(&mut world.machine(Side::Right), now);
    let Some(Effect::Create { id: source, .. }) = made else { panic!("{made:?}") };
    write(&mut world, Side::Right, Some(&source), &content);
    world.machine(Side::Left).rates = Rates { delayed: 1000, ..Rates::CALM };
    world.run_sweeping(false).await;
    world.calm();
    write(&mut world, Side::Left, Some(&refused), &[("phone", "1")]);
    world.run_sweeping(false).await;
    world.clock.advance(SETTLE_SECS + 60);
    oracle::quiet(&mut world).await;
    Side::BOTH.map(|side| world.machine(side).server.table(&customers(side)).rows.len())
}

/// The answer to a create is lost that left the city out, and its row gets one before Tandem looks. Returns the city of the new
/// row in the end, and how many conflicts there are.
pub async fn a_create_in_doubt_whose_row_gets_a_city(on: Side) -> (Value, usize) {
    let (mut world, _) = with_one_customer("ask").await;
    let now = world.now(on.other());
    let made = world.people.create(&mut world.machine(on.other()), now);
    let Some(Effect::Create { id: source, .. }) = made else { panic!("{made:?}") };
    write(&mut world, on.other(), Some(&source), &[("street", "street 1"), ("city", "")]);
    world.machine(on).rates = Rates { cut_after: 1000, ..Rates::CALM };
    world.run_sweeping(false).await;
    world.calm();
    write(&mut world, on.other(), Some(&source), &[("city", "OSLO")]);
    oracle::quiet(&mut world).await;
    let coupling = world.customers_coupled().into_iter().find(|coupling| coupling.rows[on.other()] == source);
    let made = coupling.expect("the two are one").rows[on].clone();
    let city = world.machine(on).server.table(&customers(on)).rows[&made].value("city").clone();
    (city, world.store().snapshot().unwrap().conflicts().unwrap().len())
}

/// A person has a deletion passed on and then wants the row back, while that deletion is on its way. Returns how many rows
/// Tandem deleted on the side where the row was to come back.
pub async fn a_deletion_that_comes_late() -> usize {
    let (mut world, [left, right]) = with_one_customer("delete").await;
    // A neighbour: beside nothing that can be read, no absence is proved.
    let now = world.now(Side::Left);
    world.people.create(&mut world.machine(Side::Left), now);
    world.run_sweeping(false).await;
    write(&mut world, Side::Left, Some(&left), &[("phone", "0-2")]);
    let gone = Effect::Delete { table: customers(Side::Right), id: right, version: None };
    let now = world.now(Side::Right);
    world.machine(Side::Right).server.apply(&gone, now);
    world.run_sweeping(false).await;
    world.machine(Side::Left).rates = Rates { delayed: 1000, ..Rates::CALM };
    world.answer_with(ConflictId(1), "delete").await;
    world.calm();
    world.answer_with(ConflictId(1), "restore").await;
    oracle::quiet(&mut world).await;
    world.machine(Side::Right).deeds.deleted.len()
}

/// A street goes from the right to the left, and the answer is lost; before Tandem looks, a person gives the right its old
/// street again. Returns the street of both in the end.
pub async fn an_edit_taken_back_while_its_arrival_is_in_doubt() -> [String; 2] {
    let (mut world, [left, right]) = with_one_customer("ask").await;
    write(&mut world, Side::Right, Some(&right), &[("street", "street 1")]);
    world.run_sweeping(false).await;
    write(&mut world, Side::Right, Some(&right), &[("street", "street 2")]);
    world.machine(Side::Left).rates = Rates { cut_after: 1000, ..Rates::CALM };
    world.run_sweeping(false).await;
    world.calm();
    write(&mut world, Side::Right, Some(&right), &[("street", "street 1")]);
    for _ in 0..2 {
        world.run_sweeping(false).await;
    }
    [street(&world, Side::Left, &left), street(&world, Side::Right, &right)]
}

/// The two sides edit different fields of one address, and the left takes its edit back while nothing can be written to it.
/// Its phone goes to the right meanwhile, whose row is so seen again. Returns the street of both in the end.
pub async fn an_edit_in_question_that_is_taken_back() -> [String; 2] {
    let (mut world, [left, right]) = with_one_customer("ask").await;
    write(&mut world, Side::Left, Some(&left), &[("street", "street 1"), ("city", "Oslo")]);
    world.run_sweeping(false).await;
    write(&mut world, Side::Left, Some(&left), &[("city", "Bergen")]);
    write(&mut world, Side::Right, Some(&right), &[("street", "street 2")]);
    world.run_sweeping(false).await;
    assert_eq!(world.store().snapshot().unwrap().conflicts().unwrap().len(), 1);
    write(&mut world, Side::Left, Some(&left), &[("city", "Oslo"), ("phone", "1")]);
    world.machine(Side::Left).lasting = Some(Lasting::ThrottledWrites);
    for _ in 0..2 {
        world.run_sweeping(false).await;
    }
    world.heal();
    world.run_sweeping(false).await;
    [street(&world, Side::Left, &left), street(&world, Side::Right, &right)]
}

/// A create under an id of ours is looked for in vain; its row is renamed to `name 2`, and just before it is sent again, the
/// first one takes effect. Returns the names in both systems in the end.
pub async fn a_create_that_comes_late_before_its_row_is_sent_again() -> [Value; 2] {
    let (mut world, _) = with_one_customer("ask").await;
    let now = world.now(Side::Left);
    world.people.create(&mut world.machine(Side::Left), now);
    world.machine(Side::Right).rates = Rates { cut_before: 1000, ..Rates::CALM };
    world.run_sweeping(false).await;
    world.calm();
    let (source, minted, landing) = create_in_doubt(&mut world);
    let ambush = Ambush { on: Request::Write, after: 0, surprise: Surprise::Person(landing) };
    world.machine(Side::Right).ambushes.push(ambush);
    write(&mut world, Side::Left, Some(&source), &[("name", "name 2")]);
    world.run_sweeping(false).await;
    oracle::quiet(&mut world).await;
    let name = |side, row| world.machine(side).server.table(&customers(side)).rows[row].value("name").clone();
    [name(Side::Left, &source), name(Side::Right, &minted)]
}

/// Returns the create on the right whose answer was lost: the row it was made from, the one it makes, and its effect.
fn create_in_doubt(world: &mut World) -> (RowId, RowId, Effect) {
    let mut intents = world.store().snapshot().unwrap().intents().unwrap();
    intents.retain(|intent| intent.mapping.as_str() == "CUSTOMER");
    let IntentVerb::Create { source, minted: Some(minted), sent, .. } = intents[0].verb.clone() else {
        panic!("{intents:?}")
    };
    let values = sent.0.into_iter().map(|(field, value)| (ColumnName::new(field.as_str()), value)).collect();
    let landing = Effect::Create { table: customers(Side::Right), id: minted.clone(), values };
    (source, minted, landing)
}

/// A create under an id of ours is looked for in vain, its row's phone is emptied and the create repeated, in vain as well.
/// Then the first one takes effect: before it is looked for once more, or just before it is sent once more. Returns the
/// phones in both systems in the end.
pub async fn a_create_that_comes_late_with_a_value_emptied_since(is_sent_again: bool) -> [Value; 2] {
    let (mut world, _) = with_one_customer("ask").await;
    let now = world.now(Side::Left);
    let made = world.people.create(&mut world.machine(Side::Left), now);
    let Some(Effect::Create { id: source, .. }) = made else { panic!("{made:?}") };
    write(&mut world, Side::Left, Some(&source), &[("phone", "0-1"), ("note", "note")]);
    world.machine(Side::Right).rates = Rates { cut_before: 1000, ..Rates::CALM };
    world.run_sweeping(false).await;
    let (_, minted, landing) = create_in_doubt(&mut world);
    write(&mut world, Side::Left, Some(&source), &[("phone", "")]);
    world.run_sweeping(false).await;
    world.calm();
    if is_sent_again {
        let ambush = Ambush { on: Request::Write, after: 0, surprise: Surprise::Person(landing) };
        world.machine(Side::Right).ambushes.push(ambush);
    } else {
        let now = world.now(Side::Right);
        world.machine(Side::Right).server.apply(&landing, now);
    }
    world.run_sweeping(false).await;
    oracle::quiet(&mut world).await;
    let phone =
        |side, row| world.machine(side).server.table(&customers(side)).rows[row].value("phone").clone();
    [phone(Side::Left, &source), phone(Side::Right, &minted)]
}

/// Most customers are deleted on the right, and on the left after them, while their cards cannot be read. Returns what the
/// first run says when they can be read again.
pub async fn cards_out_of_reach_while_customers_are_deleted() -> Vec<String> {
    let (_, circumstances) = World::draw(1);
    let circumstances =
        Circumstances { rows: 24, has_filter: false, has_cards: true, deletion: "delete", ..circumstances };
    let mut world = World::under(1, Rates::default(), circumstances);
    let rows = world.machine(Side::Left).server.table(&customers(Side::Left)).rows.clone();
    for row in rows.keys() {
        write(&mut world, Side::Left, Some(row), &[("note", "note")]);
    }
    oracle::quiet(&mut world).await;
    world.machine(Side::Right).lasting = Some(Lasting::UnreadableTable(cards()));
    for coupling in world.customers_coupled().into_iter().take(16) {
        let now = world.now(Side::Right);
        let gone = Effect::Delete { table: customers(Side::Right), id: coupling.rows.right, version: None };
        world.machine(Side::Right).server.apply(&gone, now);
    }
    world.run_sweeping(false).await;
    assert_eq!(world.machine(Side::Left).deeds.deleted.len(), 16);
    world.heal();
    let report = world.run_sweeping(true).await;
    report.failures.into_iter().map(|failure| failure.problem).collect()
}

/// A card is given a phone that its customer never had, the customer is deleted, and a person wants it back. Returns the
/// phones of both in the end.
pub async fn a_customer_restored_from_a_card_that_differs() -> [Value; 2] {
    let (_, circumstances) = World::draw(1);
    let circumstances =
        Circumstances { rows: 3, has_filter: false, has_cards: true, deletion: "delete", ..circumstances };
    let mut world = World::under(1, Rates::default(), circumstances);
    write(&mut world, Side::Left, None, &[("phone", ""), ("note", "note")]);
    oracle::quiet(&mut world).await;
    let couplings = world.store().snapshot().unwrap().couplings(&"CARD".into(), None, 10).unwrap();
    let customers_table = customers(Side::Left);
    let customer = world.machine(Side::Left).server.table(&customers_table).rows.keys().next().cloned();
    let coupling = couplings.into_iter().find(|coupling| Some(&coupling.rows.left) == customer.as_ref());
    let rows = coupling.expect("the customer has a card").rows;
    let values = vec![(ColumnName::new("phone"), Value::text("0-1"))];
    let edit = Effect::Update { table: cards(), id: rows.right.clone(), version: None, values };
    let gone = Effect::Delete { table: customers_table.clone(), id: rows.left, version: None };
    for (side, effect) in [(Side::Right, edit), (Side::Left, gone)] {
        let now = world.now(side);
        world.machine(side).server.apply(&effect, now);
    }
    oracle::quiet(&mut world).await;
    world.answer_with(ConflictId(1), "restore").await;
    oracle::quiet(&mut world).await;
    let couplings = world.store().snapshot().unwrap().couplings(&"CARD".into(), None, 10).unwrap();
    let coupling = couplings.into_iter().find(|coupling| coupling.rows.right == rows.right);
    let restored = coupling.expect("the card has a customer").rows.left;
    let phone = |side, table, row| world.machine(side).server.table(table).rows[row].value("phone").clone();
    [phone(Side::Left, &customers_table, &restored), phone(Side::Right, &cards(), &rows.right)]
}
