//! Several batches of writes under way at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::json;
use tandem::agent::{Desk, LineAction};
use tandem::sim::{DataSet, Options, Reaction, SeenRequest, Service};

use crate::world::{At, World, plan, status, sync, text};

/// Starts a world with that many accounts that Business Central lacks.
async fn with_accounts(count: usize) -> (World, Desk) {
    let world = World::start(Options { data: DataSet::Empty, ..Options::default() }).await;
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    for number in 0..count {
        let account = json!({"name": format!("Account {number:03}"), "customertypecode": 3});
        world.create(At::Dataverse, "accounts", account).await;
    }
    (world, desk)
}

fn is_write_to_business_central(request: &SeenRequest) -> bool {
    // Nothing is read by key before rows of Dataverse are created in Business Central.
    request.service == Service::BusinessCentral && request.path_and_query.contains("$batch")
}

async fn names_in_business_central(world: &World) -> Vec<String> {
    let customers = world.list(At::BusinessCentral, "customers").await;
    let mut names: Vec<_> =
        customers.iter().map(|customer| text(customer, "displayName").to_owned()).collect();
    names.sort();
    names
}

fn expected_names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("Account {number:03}")).collect()
}

/// I18 and I24
#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn batches_overlap_and_the_report_keeps_its_order() {
    let (world, desk) = with_accounts(120).await;
    let preview = plan(&desk).await;
    // A batch is held until another one is there beside it, or in vain for a while if they come one by one.
    let there = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let seen = Arc::clone(&there);
    world.simulation.faults().on_request(move |request| {
        if is_write_to_business_central(request) {
            let (count, came) = &*seen;
            let mut count = count.lock().unwrap();
            *count += 1;
            came.notify_all();
            drop(came.wait_timeout_while(count, Duration::from_secs(60), |count| *count < 2).unwrap());
        }
        Reaction::Proceed
    });
    let overlapping = Arc::clone(&there);
    let highest = Arc::new(AtomicUsize::new(0));
    let most = Arc::clone(&highest);
    world.simulation.faults().after_request(move |request, _| {
        if is_write_to_business_central(request) {
            // The first to be applied: all that came before it were under way together.
            let came = *overlapping.0.lock().unwrap();
            let _ = most.compare_exchange(0, came as usize, Ordering::SeqCst, Ordering::SeqCst);
        }
    });
    let report = sync(&desk).await;
    world.simulation.faults().clear();
    assert_eq!(report.failures, []);
    assert_eq!(report.lines, preview.lines);
    assert!(highest.load(Ordering::SeqCst) >= 2, "the batches came one by one");
    assert_eq!(names_in_business_central(&world).await, expected_names(120));
}

/// I3 and I20: the answers to several batches of creates without ids of ours are lost together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_batches_in_doubt_at_once_double_nothing() {
    for (reaction, first) in [(Reaction::DropAfter, 0), (Reaction::DropAfter, 1), (Reaction::DropBefore, 1)] {
        let (world, desk) = with_accounts(80).await;
        let hits = AtomicUsize::new(0);
        let faults = world.simulation.faults();
        faults.on_request(move |request| {
            let is_hit = is_write_to_business_central(request)
                && (first..first + 3).contains(&hits.fetch_add(1, Ordering::SeqCst));
            if is_hit { reaction } else { Reaction::Proceed }
        });
        assert!(!sync(&desk).await.failures.is_empty());
        faults.clear();
        for _ in 0..3 {
            sync(&desk).await;
        }
        let report = sync(&desk).await;
        assert_eq!((report.lines, report.failures), (vec![], vec![]), "{reaction:?}");
        assert_eq!(names_in_business_central(&world).await, expected_names(80), "{reaction:?}");
        assert_eq!(status(&desk).await.open_conflicts, 0);
    }
}

/// I34: a service that goes away between batches. What is said to be done is done, and the rest follows later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_refusal_for_load_no_further_batch_is_sent_and_nothing_is_lost() {
    let (world, desk) = with_accounts(240).await;
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let faults = world.simulation.faults();
    faults.on_request(move |request| {
        if !is_write_to_business_central(request) {
            return Reaction::Proceed;
        }
        match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Reaction::Proceed,
            _ => Reaction::Answer(503, Some(3600)),
        }
    });
    let report = sync(&desk).await;
    assert!(report.failures.iter().any(|failure| failure.transient), "{:?}", report.failures);
    let created = report.lines.iter().filter(|line| line.action == LineAction::Create).count();
    let sent = writes.load(Ordering::SeqCst);
    faults.clear();
    assert_eq!(names_in_business_central(&world).await.len(), created);
    assert!((2..=5).contains(&sent), "{sent} batches were sent although the service wants a pause");
    // The pause is the session's: another one does not know of it.
    drop(desk);
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(names_in_business_central(&world).await, expected_names(240));
}
