//! Sales orders that are gone from API v2.0: posted, or really deleted.

use std::fs;

use serde_json::json;
use tandem::agent::{Desk, LineAction, RunReport};
use tandem::sim::{Options, Reaction};

use crate::world::{At, World, status, sync, text};

const ORDER: &str = r#"
    name = "ORDER"
    label = "number"
    match_by = [["number"]]
    conflict = "ask"
    first_contact = "ask"
    deletion = "delete"
    left = { table = "salesOrders", create = false }
    right = { table = "salesorders", create = true }
    [[field]]
    id = "number"
    left = "number"
    right = "ordernumber"
    direction = "match"
    type = "code"
    on_create = "right"
    [[field]]
    id = "external"
    left = "externalDocumentNumber"
    right = "name"
    direction = "->"
"#;

/// Starts a world with three synced orders, T-1 to T-3.
async fn with_orders(mapping: &str) -> (World, Desk) {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "deletion_confirm_secs = 1", "deletion_confirm_secs = 0");
    world.configure("tandem.toml", "sweep_secs = 1", "sweep_secs = 0");
    world.configure("tandem.toml", "poll_secs", "mappings = [\"ORDER\"]\npoll_secs");
    fs::write(world.places().mappings().join("ORDER.toml"), mapping).unwrap();
    for external in ["T-1", "T-2", "T-3"] {
        let line = json!({"lineType": "Item", "lineObjectNumber": "1035", "quantity": 1});
        let order = json!({"customerNumber": "GREAL", "externalDocumentNumber": external,
            "salesOrderLines": [line]});
        world.create(At::BusinessCentral, "salesOrders", order).await;
    }
    let desk = world.desk();
    let report = sync(&desk).await;
    assert_eq!(report.failures, [], "{report:#?}");
    assert_eq!(orders(&world).await, ["T-1", "T-2", "T-3"]);
    (world, desk)
}

/// Returns the orders that Dataverse has.
async fn orders(world: &World) -> Vec<String> {
    let rows = world.list(At::Dataverse, "salesorders").await;
    let mut names: Vec<_> = rows.iter().map(|row| text(row, "name").to_owned()).collect();
    names.sort();
    names
}

async fn order(world: &World, external: &str) -> String {
    let order = world.find(At::BusinessCentral, "salesOrders", "externalDocumentNumber", external).await;
    text(&order, "id").to_owned()
}

async fn post(world: &World, external: &str) {
    let action = format!("salesOrders({})/Microsoft.NAV.shipAndInvoice", order(world, external).await);
    world.create(At::BusinessCentral, &action, json!({})).await;
    assert_eq!(world.list(At::BusinessCentral, "salesInvoices").await.len(), 1);
}

fn said(report: &RunReport) -> Vec<(LineAction, &str)> {
    report.lines.iter().map(|line| (line.action, line.note.as_deref().unwrap_or_default())).collect()
}

/// I8: an order that was posted is neither deleted nor asked about; one that was deleted is deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_posted_order_is_told_from_a_deleted_one() {
    let (world, desk) = with_orders(ORDER).await;
    post(&world, "T-1").await;
    assert_eq!(said(&sync(&desk).await), [], "one look proves nothing");
    let note = "was posted in business-central, which is no deletion; both rows are left alone";
    assert_eq!(said(&sync(&desk).await), [(LineAction::Leave, note)]);
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(orders(&world).await, ["T-1", "T-2", "T-3"]);
    let id = order(&world, "T-2").await;
    world.delete(At::BusinessCentral, "salesOrders", &id).await;
    sync(&desk).await;
    assert_eq!(said(&sync(&desk).await), [(LineAction::Delete, "")]);
    assert_eq!(orders(&world).await, ["T-1", "T-3"]);
    assert_eq!(status(&desk).await.open_conflicts, 0);
}

/// I8: as long as nobody can say what became of an order, it is not deleted; and nothing else waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_which_nothing_can_be_said_is_not_deleted() {
    for (fault, is_failure) in [(403, false), (503, true)] {
        let (world, desk) = with_orders(ORDER).await;
        post(&world, "T-1").await;
        world.simulation.faults().on_request(move |request| {
            match request.path_and_query.contains("salesInvoices?") {
                true => Reaction::Answer(fault, None),
                false => Reaction::Proceed,
            }
        });
        for _ in 0..4 {
            let report = sync(&desk).await;
            assert_eq!(report.lines, [], "{fault}");
        }
        let id = order(&world, "T-3").await;
        let change = json!({"externalDocumentNumber": "T-4"});
        world.edit(At::BusinessCentral, "salesOrders", &id, change).await;
        let report = sync(&desk).await;
        assert_eq!(!report.failures.is_empty(), is_failure, "{fault}: {:?}", report.failures);
        if !is_failure {
            assert_eq!(orders(&world).await, ["T-1", "T-2", "T-4"]);
            let left_alone = &status(&desk).await.mappings[0].left_alone;
            assert!(left_alone.keys().any(|why| why.contains("whether it is deleted cannot be told")));
        }
        world.simulation.faults().clear();
        let mut lines = Vec::new();
        for _ in 0..3 {
            lines.extend(sync(&desk).await.lines.into_iter().map(|line| line.note.unwrap_or_default()));
        }
        assert!(lines.iter().any(|note| note.contains("was posted")), "{fault}: {lines:?}");
        assert_eq!(orders(&world).await, ["T-1", "T-2", "T-4"]);
    }
}

/// A mapping that does not know the orders' numbers cannot tell; it says so and deletes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_number_no_order_is_taken_for_deleted() {
    let (before, after) = ORDER.split_at(ORDER.find("    [[field]]").unwrap());
    let external = after.split_at(after.rfind("    [[field]]").unwrap()).1;
    let mapping = format!("{before}{external}").replace("\"number\"", "\"external\"");
    let (world, desk) = with_orders(&mapping).await;
    let id = order(&world, "T-1").await;
    world.delete(At::BusinessCentral, "salesOrders", &id).await;
    for _ in 0..4 {
        assert_eq!(sync(&desk).await.lines, []);
    }
    let why = "not found; whether it is deleted cannot be told: its number is not known; map salesOrders.number, \
               which tells posted rows from deleted ones";
    assert_eq!(status(&desk).await.mappings[0].left_alone.get(why), Some(&1));
    assert_eq!(orders(&world).await, ["T-1", "T-2", "T-3"]);
}
