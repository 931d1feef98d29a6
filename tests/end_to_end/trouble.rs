//! The services misbehaving: survived without a restart, and named.

use serde_json::json;
use tandem::agent::Health;
use tandem::sim::{Options, Reaction, Service};

use crate::world::{At, World, status, sync, text};

async fn synced() -> (World, tandem::agent::Desk) {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    (world, desk)
}

/// Makes an edit, syncs under trouble, heals, syncs again: the edit arrives.
async fn survives(
    world: &World,
    desk: &tandem::agent::Desk,
    trouble: impl AsyncFn(),
    heal: impl AsyncFn(),
) -> String {
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    world
        .edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"phoneNumber": "through"}))
        .await;
    trouble().await;
    let report = sync(desk).await;
    let troubled = status(desk).await;
    assert!(!report.failures.is_empty());
    assert_eq!(troubled.health, Health::Retrying, "{:?}", troubled.failures);
    heal().await;
    assert_eq!(sync(desk).await.failures, []);
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    assert_eq!(text(&account, "telephone1"), "through");
    troubled.failures[0].problem.clone()
}

/// I27
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_connection_is_survived_and_named() {
    let (world, desk) = synced().await;
    let faults = world.simulation.faults();
    let cause = survives(
        &world,
        &desk,
        async || faults.refuse_connections(Service::Dataverse, true).await,
        async || faults.refuse_connections(Service::Dataverse, false).await,
    )
    .await;
    assert!(cause.starts_with("cannot reach dataverse"), "{cause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unavailable_service_is_survived_and_named() {
    let (world, desk) = synced().await;
    let faults = world.simulation.faults();
    let cause = survives(
        &world,
        &desk,
        async || {
            faults.on_request(|request| match request.service {
                Service::Dataverse => Reaction::Answer(503, None),
                _ => Reaction::Proceed,
            });
        },
        async || faults.clear(),
    )
    .await;
    assert!(cause.contains("dataverse is not available (HTTP 503)"), "{cause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_is_renewed_unnoticed() {
    let (world, desk) = synced().await;
    world.simulation.faults().expire_tokens();
    assert_eq!(sync(&desk).await.failures, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_delta_link_leads_to_a_full_comparison() {
    let (world, desk) = synced().await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"telephone1": "after"})).await;
    world.simulation.faults().expire_delta_tokens();
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);
    assert_eq!(report.lines.len(), 1, "{:?}", report.lines);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "after");
}

/// I3: a write that was applied without an answer is found, not repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_doubles_nothing() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    let faults = world.simulation.faults();
    let count = std::sync::atomic::AtomicU64::new(0);
    faults.on_request(move |request| {
        let is_batch = request.path_and_query.contains("$batch");
        let number = count.fetch_add(u64::from(is_batch), std::sync::atomic::Ordering::SeqCst);
        if is_batch && number.is_multiple_of(2) { Reaction::DropAfter } else { Reaction::Proceed }
    });
    for _ in 0..30 {
        if sync(&desk).await.failures.is_empty() {
            break;
        }
    }
    faults.clear();
    sync(&desk).await;
    assert_eq!(sync(&desk).await.lines, []);
    let customers = world.list(At::BusinessCentral, "customers").await;
    assert_eq!(customers.len(), 95, "91 of Northwind and 4 of Dataverse's own");
    let accounts = world.list(At::Dataverse, "accounts").await;
    let mut numbers: Vec<_> =
        accounts.iter().map(|row| text(row, "accountnumber")).filter(|n| !n.is_empty()).collect();
    numbers.sort_unstable();
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all);
}
