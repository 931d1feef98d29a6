//! What of a filter is on the wire, and when.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tandem::agent::RunReport;
use tandem::model::ColumnName;
use tandem::sim::{Options, Reaction};

use super::{COMPANION, DATAVERSE, ODATA, Questioned, STANDARD, WEB_SERVICES, listing};
use crate::world::{At, World, sync, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_asks_for_what_the_service_can_tell() {
    let questioned = Questioned::start().await;
    for (connection, table, filter, asked) in [
        (STANDARD, "items", "blocked eq false", Some("blocked eq false")),
        (STANDARD, "items", "type eq 'Service'", None),
        (STANDARD, "items", "not (blocked eq true)", None),
        (STANDARD, "items", "blocked eq false and type eq 'Service'", Some("blocked eq false")),
        (STANDARD, "customers", "currencyCode eq 'EUR'", None),
        (STANDARD, "customers", "number eq 'Z1' or city eq 'Berlin'", None),
        (STANDARD, "customers", "number eq 'Z1' or number eq 'A*'", None),
        (STANDARD, "customers", "addressLine1 eq ''", Some("addressLine1 eq ''")),
        (WEB_SERVICES, "Item", "Unit_Price gt 10", Some("Unit_Price gt 10")),
        (DATAVERSE, "accounts", "statecode eq 0 and name eq 'Ähre'", None),
        (ODATA, "accounts", "statecode eq 0 and name eq 'Ähre'", Some("statecode eq 0")),
        (ODATA, "accounts", "creditonhold ne true", None),
    ] {
        let filter: tandem::mapping::Filter = filter.parse().unwrap();
        let columns: Vec<ColumnName> = filter.columns().into_iter().collect();
        let system = questioned.open(connection);
        questioned.log().clear();
        listing(system.as_ref(), table, &columns, Some(filter.clone())).await;
        assert_eq!(questioned.asked(table).as_deref(), asked, "{connection} {table}: {filter}");
    }
    let system = questioned.open(COMPANION);
    questioned.log().clear();
    listing(system.as_ref(), "items", &["blocked".into()], Some("blocked eq false".parse().unwrap())).await;
    let asked = questioned.asked("items").unwrap();
    assert!(asked.starts_with("rowVersion gt 0 and rowVersion lt "), "{asked}");
    assert!(asked.ends_with(" and blocked eq false"), "{asked}");
}

/// Items and products alone, a few of them blocked, and a product whose partner is.
async fn world(filter: &str) -> World {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "poll_secs = 1\n", "poll_secs = 1\nmappings = [\"ITEM-PRODUCT\"]\n");
    world.configure(
        "mappings/ITEM-PRODUCT.toml",
        "filter = \"blocked eq false\"",
        &format!("filter = \"{filter}\""),
    );
    let items = world.list(At::BusinessCentral, "items?$orderby=number").await;
    for item in items.iter().step_by(5) {
        world.edit(At::BusinessCentral, "items", text(item, "id"), json!({"blocked": true})).await;
    }
    world
}

/// Syncs and returns what items were asked for.
async fn asked_for_items(world: &World, desk: &tandem::agent::Desk) -> (Vec<String>, RunReport) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    world.simulation.faults().on_request(move |request| {
        if request.path_and_query.contains("/items?") {
            seen.lock().unwrap().push(request.path_and_query.clone());
        }
        Reaction::Proceed
    });
    let report = sync(desk).await;
    world.simulation.faults().clear();
    assert_eq!(report.failures, []);
    let asked = log.lock().unwrap().clone();
    // Ids are swept without filter.
    (asked.into_iter().filter(|line| line.contains("displayName")).collect(), report)
}

const CONDITION: &str = "blocked%20eq%20false";

/// I9: a coupled row that left the filter has to be seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_first_listing_is_filtered() {
    let world = world("blocked eq false").await;
    let desk = world.desk();
    let (first, report) = asked_for_items(&world, &desk).await;
    assert!(first[0].contains(CONDITION), "{first:?}");
    assert!(report.total(|mapping| mapping.coupled) > 10);
    let (later, _) = asked_for_items(&world, &desk).await;
    assert!(!later.is_empty() && later.iter().all(|line| !line.contains(CONDITION)), "{later:?}");

    // The mapping changes, so that everything is listed anew: beside couplings.
    let item = world.list(At::BusinessCentral, "items?$filter=blocked%20eq%20false").await.remove(0);
    world.edit(At::BusinessCentral, "items", text(&item, "id"), json!({"blocked": true})).await;
    drop(desk);
    world.configure("mappings/ITEM-PRODUCT.toml", "conflict = \"ask\"", "conflict = \"left\"");
    let (anew, _) = asked_for_items(&world, &world.desk()).await;
    assert!(anew.iter().any(|line| !line.contains("$filter")), "{anew:?}");
    assert!(anew.iter().all(|line| !line.contains(CONDITION)), "{anew:?}");
}

/// A filter that the service is not asked leads to the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_listing_with_a_filter_leads_where_a_whole_one_does() {
    let (asked, judged) = (world("blocked eq false").await, world("not (blocked eq true)").await);
    let (desks, mut outcomes) = ([asked.desk(), judged.desk()], Vec::new());
    for (world, desk) in [&asked, &judged].into_iter().zip(&desks) {
        let (requests, first) = asked_for_items(world, desk).await;
        // What was outside comes in, and what was inside goes out.
        let items = world.list(At::BusinessCentral, "items?$orderby=number").await;
        for (at, blocked) in [(0, false), (1, true)] {
            let change = json!({"blocked": blocked, "unitPrice": 77});
            world.edit(At::BusinessCentral, "items", text(&items[at], "id"), change).await;
        }
        let (_, second) = asked_for_items(world, desk).await;
        let products = world.list(At::Dataverse, "products?$select=name,productnumber,price").await;
        let products: Vec<_> =
            products.iter().map(|row| (row["name"].clone(), row["price"].clone())).collect();
        outcomes.push((requests[0].contains(CONDITION), first.lines, second.lines, products));
    }
    let [(asked, first, second, products), judged] = &outcomes[..] else { panic!("two worlds") };
    assert!(*asked && !judged.0);
    assert!(!first.is_empty() && !second.is_empty());
    assert_eq!((first, second, products), (&judged.1, &judged.2, &judged.3));
}
