//! A service that refuses exactly what exceeds its announced limits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tandem::sim::{DataSet, Faults, Options, Reaction, Service};

use crate::world::{At, World, sync};

const WINDOW: Duration = Duration::from_secs(1);

/// What one service has counted.
#[derive(Default)]
struct Counts {
    arrivals: VecDeque<Instant>,
    requests: u64,
    refused: u64,
}

/// Lets each service refuse what exceeds that many requests in a window, counted on its own.
fn enforce(faults: &Faults, requests: usize) -> Arc<Mutex<BTreeMap<u8, Counts>>> {
    let counts = Arc::new(Mutex::new(BTreeMap::<u8, Counts>::new()));
    let shared = Arc::clone(&counts);
    faults.on_request(move |request| {
        if request.service == Service::Token {
            return Reaction::Proceed;
        }
        let now = Instant::now();
        let mut counts = shared.lock().unwrap();
        let counts = counts.entry(request.service as u8).or_default();
        counts.requests += 1;
        while counts.arrivals.front().is_some_and(|arrival| now - *arrival >= WINDOW) {
            counts.arrivals.pop_front();
        }
        if counts.arrivals.len() >= requests {
            counts.refused += 1;
            return Reaction::Answer(429, Some(1));
        }
        counts.arrivals.push_back(now);
        Reaction::Proceed
    });
    counts
}

/// Syncs that many rows that only Business Central has, limits enforced. Returns all requests and those refused.
async fn sync_within(rows: usize, requests: usize, settings: &str) -> (u64, u64) {
    let world = World::start(Options { data: DataSet::Empty, rows, ..Options::default() }).await;
    world.configure("tandem.toml", "settle_secs = 0\n", &format!("settle_secs = 0\n{settings}"));
    let desk = world.desk();
    let faults = world.simulation.faults();
    let counts = enforce(&faults, requests);
    assert_eq!(sync(&desk).await.failures, []);
    faults.clear();
    assert_eq!(world.list(At::Dataverse, "accounts?$select=name").await.len(), rows);
    assert_eq!(sync(&desk).await.lines, [], "everything arrived, and once");
    let counts = counts.lock().unwrap();
    let sum = |of: fn(&Counts) -> u64| counts.values().map(of).sum();
    (sum(|counts| counts.requests), sum(|counts| counts.refused))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_the_limits_is_hardly_ever_refused() {
    let settings = "limits = { requests = 20, window_secs = 1, running = 5 }\n";
    let (requests, refused) = sync_within(2000, 20, settings).await;
    assert!(requests > 60, "{requests}: too few for the limits to matter");
    assert!(refused * 100 < requests * 2, "{refused} of {requests} refused");
}

/// I27. This also shows that the limits above are enforced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_know_the_limits_is_refused_and_comes_through() {
    let (_, refused) = sync_within(400, 8, "").await;
    assert!(refused > 0);
}

/// I27: the cause is named with the setting behind it, and nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_days_budget_that_is_used_up_stops_the_sync_and_is_named() {
    let world = World::start(Options { rows: 60, ..Options::default() }).await;
    let place = "settle_secs = 0\nsign_in";
    let limited = "settle_secs = 0\nlimits = { per_day = 60 }\nsign_in";
    world.configure("tandem.toml", place, limited);
    let sent = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sent);
    let faults = world.simulation.faults();
    faults.on_request(move |request| {
        counted.fetch_add(u64::from(request.service == Service::Dataverse), Ordering::SeqCst);
        Reaction::Proceed
    });
    let report = sync(&world.desk()).await;
    assert!(!report.failures.is_empty());
    for failure in &report.failures {
        assert_eq!(failure.problem, "the day's budget of requests to dataverse is used up");
        let remedy = failure.remedy.as_deref().unwrap();
        assert!(remedy.contains("goes on by itself in 14"), "{remedy}");
        assert!(remedy.contains("`per_day` in [connections.dataverse.limits]"), "{remedy}");
        assert!(failure.transient);
    }
    let used = sent.load(Ordering::SeqCst);
    assert!((10..=60).contains(&used), "{used}");
    faults.clear();
    world.configure("tandem.toml", limited, place);
    assert_eq!(sync(&world.desk()).await.failures, []);
    assert_eq!(sync(&world.desk()).await.lines, []);
}
