//! With the companion extension in Business Central: what its feeds, its ids and its absence lead to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use tandem::agent::{Desk, LineAction, RunReport};
use tandem::sim::{Options, Reaction, SeenRequest};

use crate::world::{At, World, sync, text};

const ROOT: &str = "/api/tandem/sync/v1.0/";

/// Starts a world with the companion and vendors whose deletion is passed on.
async fn with_companion() -> World {
    let world = World::start(Options { companion: true, ..Options::default() }).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    world
}

async fn synced() -> (World, Desk) {
    let world = with_companion().await;
    let desk = world.desk();
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);
    (world, desk)
}

async fn id_of(world: &World, at: At, set: &str, column: &str, text: &str, key: &str) -> uuid::Uuid {
    world.find(at, set, column, text).await[key].as_str().unwrap().parse().unwrap()
}

async fn vendor(world: &World, number: &str) -> uuid::Uuid {
    id_of(world, At::BusinessCentral, "vendors", "number", number, "id").await
}

async fn accounts(world: &World, number: &str) -> usize {
    world.list(At::Dataverse, &format!("accounts?$filter=accountnumber%20eq%20'{number}'")).await.len()
}

fn deleted(report: &RunReport) -> u64 {
    report.total(|mapping| mapping.deleted.left + mapping.deleted.right)
}

fn created(report: &RunReport) -> u64 {
    report.total(|mapping| mapping.created.left + mapping.created.right)
}

/// Edits a vendor's phone in Business Central.
async fn phone(world: &World, number: &str, phone: &str) {
    let id = vendor(world, number).await.to_string();
    world.edit(At::BusinessCentral, "vendors", &id, json!({"phoneNumber": phone})).await;
}

async fn phone_of_account(world: &World, number: &str) -> String {
    let account = world.find(At::Dataverse, "accounts", "accountnumber", number).await;
    text(&account, "telephone1").to_owned()
}

fn is_companion(request: &SeenRequest) -> bool {
    request.path_and_query.contains(ROOT)
}

/// I21 and I2: the same work as without it, on its feeds, and nothing more in the second run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_kept_in_step_through_the_companion() {
    let world = with_companion().await;
    let standard = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&standard);
    world.simulation.faults().on_request(move |request| {
        if request.path_and_query.contains("/api/v2.0/companies")
            && request.path_and_query.contains("/vendors?")
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Reaction::Proceed
    });
    let desk = world.desk();
    let first = sync(&desk).await;
    assert_eq!(first.failures, []);
    assert!(created(&first) > 50, "{}", created(&first));
    assert_eq!(standard.load(Ordering::Relaxed), 0, "vendors are read at the companion alone");
    world.simulation.faults().clear();
    let state = world.world_state().await;
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(world.world_state().await, state);
    phone(&world, "V0001", "7-7").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let change = json!({"emailaddress1": "new@v.example"});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    assert_eq!(sync(&desk).await.lines.len(), 2);
    assert_eq!(phone_of_account(&world, "V0001").await, "7-7");
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!(text(&vendor, "email"), "new@v.example");
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
}

/// I8: a tombstone and a 404 are evidence enough, in the very next run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_is_passed_on_by_its_tombstone() {
    let (world, desk) = synced().await;
    let id = vendor(&world, "V0001").await.to_string();
    world.delete(At::BusinessCentral, "vendors", &id).await;
    let report = sync(&desk).await;
    assert_eq!(deleted(&report), 1, "{:?}", report.lines);
    assert_eq!(accounts(&world, "V0001").await, 0);
    assert_eq!(sync(&desk).await.lines, []);
}

/// I3: Tandem's own id tells whether a create landed whose answer was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_is_lost_is_not_doubled() {
    let (world, desk) = synced().await;
    for hit in [Reaction::DropAfter, Reaction::DropBefore] {
        let name = format!("Made {hit:?}");
        let account = json!({"name": name, "customertypecode": 11});
        world.create(At::Dataverse, "accounts", account).await;
        let left = AtomicU32::new(1);
        world.simulation.faults().on_request(move |request| {
            let is_write = is_companion(request) && request.method == "POST";
            let is_hit = is_write && left.swap(0, Ordering::Relaxed) == 1;
            if is_hit { hit } else { Reaction::Proceed }
        });
        sync(&desk).await;
        world.simulation.faults().clear();
        let report = sync(&desk).await;
        assert_eq!(report.failures, []);
        world.find(At::BusinessCentral, "vendors", "displayName", &name).await;
        assert_eq!(sync(&desk).await.lines, []);
    }
}

/// A store that was lost makes the same ids again, so that a replayed create proves itself (I29).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losing_the_store_doubles_nothing() {
    let (world, desk) = synced().await;
    drop(desk);
    let state = world.world_state().await;
    std::fs::remove_file(world.places().store()).unwrap();
    let report = sync(&world.desk()).await;
    assert_eq!((created(&report), deleted(&report)), (0, 0), "{:?}", report.lines);
    assert_eq!(world.world_state().await, state);
}

/// I8: installing and removing the extension are no deletions, and what was edited meanwhile arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_companion_may_come_and_go() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    for (round, installed) in [true, false, true, false].into_iter().enumerate() {
        world.simulation.faults().install_companion(installed);
        phone(&world, "V0001", &format!("0{round}")).await;
        let report = sync(&desk).await;
        assert_eq!(report.failures, [], "installed: {installed}");
        assert_eq!((created(&report), deleted(&report)), (0, 0), "{:?}", report.lines);
        assert_eq!(phone_of_account(&world, "V0001").await, format!("0{round}"));
        assert_eq!(sync(&desk).await.lines, []);
    }
}

/// I8: what answers 404 because the extension was just removed is not taken for deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_removed_in_the_middle_of_a_run_deletes_nothing() {
    let (world, desk) = synced().await;
    phone(&world, "V0001", "1").await;
    let id = vendor(&world, "V0002").await.to_string();
    world.delete(At::BusinessCentral, "vendors", &id).await;
    let faults = world.simulation.faults().clone();
    // Right after the vendor's tombstone was read it is gone, so that the vendor answers 404 like everything else.
    let removed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&removed);
    world.simulation.faults().after_request(move |request, _| {
        if request.path_and_query.contains("deletedRows") && request.path_and_query.contains("vendors") {
            faults.install_companion(false);
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let report = sync(&desk).await;
    world.simulation.faults().clear();
    assert_eq!(deleted(&report), 0, "{:?}", report.lines);
    assert_eq!(removed.load(Ordering::Relaxed), 1);
    let [failure] = &report.failures[..] else { panic!("{:?}", report.failures) };
    assert!(failure.transient, "{failure:?}");
    assert_eq!(accounts(&world, "V0002").await, 1);
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);
    assert_eq!(phone_of_account(&world, "V0001").await, "1");
}

/// I25: a transaction that does not end holds the feed back; what it held back comes later, and nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_back_comes_later() {
    let (world, desk) = synced().await;
    world.simulation.faults().hold_row_versions(true);
    phone(&world, "V0001", "held").await;
    let id = vendor(&world, "V0002").await.to_string();
    world.delete(At::BusinessCentral, "vendors", &id).await;
    for _ in 0..2 {
        let report = sync(&desk).await;
        assert_eq!((report.lines, report.failures), (vec![], vec![]));
    }
    world.simulation.faults().hold_row_versions(false);
    let report = sync(&desk).await;
    assert_eq!(deleted(&report), 1, "{:?}", report.lines);
    assert_eq!(phone_of_account(&world, "V0001").await, "held");
    assert_eq!(sync(&desk).await.lines, []);
}

/// I8: merging deletes the survivor and makes it anew; the duplicate is no deletion either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_is_no_deletion() {
    let (world, desk) = synced().await;
    let (duplicate, survivor) = (vendor(&world, "V0001").await, vendor(&world, "V0002").await);
    assert!(world.simulation.faults().merge("vendors", duplicate, survivor));
    let report = sync(&desk).await;
    assert_eq!(deleted(&report), 0, "{:?}", report.lines);
    let left: Vec<_> = report.lines.iter().filter(|line| line.action == LineAction::Leave).collect();
    assert_eq!(left.len(), 1, "{:?}", report.lines);
    assert!(left[0].note.as_ref().is_some_and(|note| note.contains("merged into another row")), "{left:?}");
    assert_eq!((accounts(&world, "V0001").await, accounts(&world, "V0002").await), (1, 1));
    assert_eq!(sync(&desk).await.lines, []);
    phone(&world, "V0002", "still one").await;
    sync(&desk).await;
    assert_eq!(phone_of_account(&world, "V0002").await, "still one");
}

/// I14: a database that was restored or copied is not written, nor is what it says passed on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_stops_all_writes() {
    for new_lineage in [false, true] {
        let (world, desk) = synced().await;
        world.simulation.faults().back_up();
        phone(&world, "V0001", "after the backup").await;
        assert_eq!(sync(&desk).await.failures, []);
        world.simulation.faults().restore(new_lineage);
        let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0002").await;
        let change = json!({"telephone1": "must not arrive"});
        world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
        let state = world.world_state().await;
        for _ in 0..2 {
            let report = sync(&desk).await;
            let [failure] = &report.failures[..] else { panic!("{:?}", report.failures) };
            assert!(failure.problem.contains("was restored or copied"), "{}", failure.problem);
            assert!(failure.remedy.is_some() && !failure.transient);
            assert_eq!(world.world_state().await, state);
        }
        assert_eq!(phone_of_account(&world, "V0001").await, "after the backup");
    }
}

/// A read that meets a lock is asked again, and spoils nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_read_is_repeated() {
    let (world, desk) = synced().await;
    phone(&world, "V0001", "locked").await;
    world.simulation.faults().lock_companion_reads(2);
    assert_eq!(sync(&desk).await.failures, []);
    assert_eq!(phone_of_account(&world, "V0001").await, "locked");
}

/// The inbox shows who changed a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_names_who_edited_in_business_central() {
    let (world, desk) = synced().await;
    phone(&world, "V0001", "1").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let change = json!({"telephone1": "2"});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    sync(&desk).await;
    let page = std::fs::read_to_string(world.folder.path().join("resolve-conflicts.toml")).unwrap();
    let users = world.names_of_users().await;
    assert!(users.iter().any(|name| page.contains(name.as_str())), "{users:?}: {page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_that_is_required_and_missing_is_said() {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "overlap_secs = 10", "overlap_secs = 10\ncompanion = \"required\"");
    let report = sync(&world.desk()).await;
    let [failure] = &report.failures[..] else { panic!("{:?}", report.failures) };
    assert!(failure.problem.contains("companion extension is not installed"), "{}", failure.problem);
    world.simulation.faults().install_companion(true);
    assert_eq!(sync(&world.desk()).await.failures, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_that_is_switched_off_is_not_asked() {
    let world = with_companion().await;
    world.configure("tandem.toml", "overlap_secs = 10", "overlap_secs = 10\ncompanion = \"off\"");
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    world.simulation.faults().on_request(move |request| {
        count.fetch_add(u32::from(is_companion(request)), Ordering::Relaxed);
        Reaction::Proceed
    });
    assert_eq!(sync(&world.desk()).await.failures, []);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}
