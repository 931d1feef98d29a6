//! The services misbehaving: survived without a restart, and named.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use tandem::agent::{Health, LineAction};
use tandem::sim::{Faults, Options, Reaction, Service};

use crate::world::{At, World, status, sync, text};

/// Reacts so to the next batch of one service, and to no other.
fn hit_next_batch(faults: &Faults, service: Service, reaction: Reaction) {
    let hits = AtomicU64::new(0);
    faults.on_request(move |request| {
        let is_batch = request.service == service && request.path_and_query.contains("$batch");
        match is_batch && request.is_write && hits.fetch_add(1, Ordering::SeqCst) == 0 {
            true => reaction,
            false => Reaction::Proceed,
        }
    });
}

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
    let count = AtomicU64::new(0);
    faults.on_request(move |request| {
        let is_batch = request.path_and_query.contains("$batch");
        let number = count.fetch_add(u64::from(is_batch), Ordering::SeqCst);
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

/// I3: what became of a create is looked up by key although somebody edited the new row meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_in_doubt_is_found_although_its_row_was_edited() {
    let (world, desk) = synced().await;
    let newco = json!({"name": "Newco", "customertypecode": 3, "telephone1": "1"});
    world.create(At::Dataverse, "accounts", newco).await;
    let faults = world.simulation.faults();
    hit_next_batch(&faults, Service::BusinessCentral, Reaction::DropAfter);
    assert_eq!(sync(&desk).await.failures.len(), 1);
    faults.clear();
    let customer = world.find(At::BusinessCentral, "customers", "displayName", "Newco").await;
    let edit = json!({"phoneNumber": "99"});
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), edit).await;
    for _ in 0..3 {
        sync(&desk).await;
    }
    assert_eq!(sync(&desk).await.lines, []);
    world.find(At::BusinessCentral, "customers", "displayName", "Newco").await;
    world.find(At::Dataverse, "accounts", "name", "Newco").await;
}

/// I3 and I10: a deleted row that is created again by an answer, and the create's own answer is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_row_whose_answer_was_lost_is_there_once() {
    let (world, desk, _, conflict) = World::with_deletion_against_edit().await;
    let faults = world.simulation.faults();
    hit_next_batch(&faults, Service::Dataverse, Reaction::DropAfter);
    world.give(&desk, conflict, "restore").await;
    faults.clear();
    sync(&desk).await;
    assert_eq!(status(&desk).await.mappings.iter().map(|mapping| mapping.conflicts).sum::<u64>(), 6);
    assert_eq!(sync(&desk).await.lines, []);
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    assert_eq!(text(&account, "telephone1"), "7");
}

/// A value somebody typed goes to both sides; the second write fails. The answer holds until it has landed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_answer_that_landed_on_one_side_lands_on_the_other_later() {
    for hit in [Service::BusinessCentral, Service::Dataverse] {
        let world = World::start(Options::default()).await;
        world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
        let desk = world.desk();
        sync(&desk).await;
        let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
        let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
        let (customer, account) = (text(&customer, "id"), text(&account, "accountid"));
        world.edit(At::BusinessCentral, "customers", customer, json!({"phoneNumber": "1"})).await;
        world.edit(At::Dataverse, "accounts", account, json!({"telephone1": "2"})).await;
        sync(&desk).await;
        let faults = world.simulation.faults();
        hit_next_batch(&faults, hit, Reaction::DropBefore);
        let id = world.open_conflict(&desk, "CUSTOMER").await;
        world.give(&desk, id, "phone=both").await;
        faults.clear();
        sync(&desk).await;
        sync(&desk).await;
        assert_eq!(status(&desk).await.open_conflicts, 0, "{hit:?}");
        let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
        let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
        assert_eq!(
            (text(&customer, "phoneNumber"), text(&account, "telephone1")),
            ("both", "both"),
            "{hit:?}"
        );
        assert_eq!(sync(&desk).await.lines, []);
    }
}

/// A feed is shared by two mappings; one could not run while it went on. Back again, it is shown what it missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_that_was_left_out_misses_nothing() {
    let (world, desk) = synced().await;
    drop(desk);
    world.configure("mappings/CUSTOMER.toml", "\"phoneNumber\"", "\"phoneNumer\"");
    let edited = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let edit = json!({"emailaddress1": "missed@x.example"});
    world.edit(At::Dataverse, "accounts", text(&edited, "accountid"), edit).await;
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures.len(), 1);
    drop(desk);
    world.configure("mappings/CUSTOMER.toml", "\"phoneNumer\"", "\"phoneNumber\"");
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "email"), "missed@x.example");
    assert_eq!(sync(&desk).await.lines, []);
}

/// Deletions that an expired link hid are found by a sweep, in both mappings that share the feed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_hidden_by_an_expired_delta_link_are_swept_up() {
    let world = World::start(Options::default()).await;
    for mapping in ["mappings/VENDOR.toml", "mappings/CUSTOMER.toml"] {
        world.configure(mapping, "deletion = \"ignore\"", "deletion = \"delete\"");
    }
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    world.configure("tandem.toml", "deletion_confirm_secs = 1", "deletion_confirm_secs = 0");
    world.configure("tandem.toml", "sweep_secs = 1", "sweep_secs = 86400");
    let desk = world.desk();
    sync(&desk).await;
    for number in ["V0001", "BLONP"] {
        let account = world.find(At::Dataverse, "accounts", "accountnumber", number).await;
        world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
    }
    world.simulation.faults().expire_delta_tokens();
    let mut deleted = Vec::new();
    for _ in 0..3 {
        let report = sync(&desk).await;
        assert_eq!(report.failures, []);
        let deletions = report.lines.into_iter().filter(|line| line.action == LineAction::Delete);
        deleted.extend(deletions.map(|line| line.mapping));
    }
    deleted.sort();
    assert_eq!(deleted, ["CUSTOMER", "VENDOR"]);
}

/// One side that cannot be written holds up nothing but what goes there (I26).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_cannot_be_written_does_not_hold_up_the_other() {
    let (world, desk) = synced().await;
    let one = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let two = world.find(At::Dataverse, "accounts", "accountnumber", "V0002").await;
    world.edit(At::BusinessCentral, "vendors", text(&one, "id"), json!({"phoneNumber": "1"})).await;
    world.edit(At::Dataverse, "accounts", text(&two, "accountid"), json!({"telephone1": "2"})).await;
    let faults = world.simulation.faults();
    faults.on_request(|request| {
        let is_batch = request.service == Service::Dataverse && request.path_and_query.contains("$batch");
        if is_batch && request.is_write { Reaction::Answer(429, Some(60)) } else { Reaction::Proceed }
    });
    assert_eq!(sync(&desk).await.failures.len(), 1);
    let seen = world.find(At::BusinessCentral, "vendors", "number", "V0002").await;
    assert_eq!(text(&seen, "phoneNumber"), "2");
}

/// I34: what landed without an answer stands in the history like everything else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_whose_answer_was_lost_are_told_once() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    world.edit(At::BusinessCentral, "vendors", text(&vendor, "id"), json!({"phoneNumber": "1"})).await;
    let faults = world.simulation.faults();
    hit_next_batch(&faults, Service::Dataverse, Reaction::DropAfter);
    assert_eq!(sync(&desk).await.lines, []);
    faults.clear();
    let told: Vec<_> = sync(&desk).await.lines.into_iter().map(|line| line.action).collect();
    assert_eq!(told, [LineAction::Update]);

    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0002").await;
    world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
    hit_next_batch(&faults, Service::BusinessCentral, Reaction::DropAfter);
    assert_eq!(sync(&desk).await.lines, []);
    faults.clear();
    let told: Vec<_> = sync(&desk).await.lines.into_iter().map(|line| line.action).collect();
    assert_eq!(told, [LineAction::Delete]);
    let vendors = status(&desk).await.mappings.into_iter().find(|mapping| mapping.mapping == "VENDOR");
    assert_eq!(vendors.unwrap().couplings, 28);
}
