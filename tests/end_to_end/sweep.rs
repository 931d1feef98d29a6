//! The slow sweep: what no feed tells of is found by comparing everything, a portion with each run.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;
use tandem::agent::Desk;
use tandem::model::Timestamp;
use tandem::sim::Options;

use crate::command_line::tandem;
use crate::world::{World, status, sync};

const WEEK_SECS: i64 = 7 * 24 * 3600;

/// I25: what a feed missed for good is found by the slow sweep, a portion with each run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slow_sweep_finds_what_a_feed_missed() {
    let world = World::start(Options::default()).await;
    assert_eq!(sync(&world.desk()).await.failures, []);
    // From here on the feed reaches back only behind what Tandem wrote.
    assert_eq!(sync(&world.desk()).await.lines, []);
    world.edit_unnoticed("customers", "BERGS", json!({"phoneNumber": "unheard"}));
    let later = Arc::new(AtomicI64::new(0));
    // Each run in a process of its own: where the sweep goes on is stored.
    let desk = || {
        let (mut desk, later) = (world.desk(), Arc::clone(&later));
        desk.set_clock(move || {
            Timestamp::from_second(Timestamp::now().as_second() + later.load(Ordering::SeqCst)).unwrap()
        });
        desk
    };
    let compared = async |desk: &Desk| {
        let mappings = status(desk).await.mappings;
        (mappings.iter().filter(|mapping| mapping.compared_at.is_some()).count(), mappings.len())
    };
    later.store(WEEK_SECS - 3600, Ordering::SeqCst);
    assert_eq!(sync(&desk()).await.lines, []);
    assert_eq!(compared(&desk()).await.0, 0, "it is not due");
    later.store(WEEK_SECS + 3600, Ordering::SeqCst);
    let mut runs = 0;
    while world.phone_of_account("BERGS").await != "unheard" {
        runs += 1;
        assert!(runs < 10, "the sweep does not find it");
        assert_eq!(sync(&desk()).await.failures, []);
        let (done, of) = compared(&desk()).await;
        assert!(done <= runs && (runs > 1 || done < of), "{done} of {of} in {runs} runs: no portions");
    }
    loop {
        let (done, of) = compared(&desk()).await;
        if done == of {
            break;
        }
        runs += 1;
        assert!(runs < 10, "the sweep does not end");
        sync(&desk()).await;
    }
    let report = sync(&desk()).await;
    assert_eq!((report.lines, report.failures), (vec![], vec![]));
}

/// The same at once, where a person asks for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_on_demand_heals_in_the_same_run() {
    let world = World::start(Options { companion: true, ..Options::default() }).await;
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    world.edit_unnoticed("customers", "BERGS", json!({"phoneNumber": "unheard"}));
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    assert_ne!(world.phone_of_account("BERGS").await, "unheard");
    assert_eq!(tandem(&world, &["sync", "--sweep"]).0, 0);
    assert_eq!(world.phone_of_account("BERGS").await, "unheard");
    let (code, out, _) = tandem(&world, &["status"]);
    assert_eq!(code, 0);
    assert!(out.contains("compared in full at "), "{out}");
}
