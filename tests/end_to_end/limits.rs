//! A service that refuses exactly what exceeds its announced limits.

use std::collections::{BTreeMap, VecDeque};
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
    assert!(requests > 100, "{requests}: too few for the limits to matter");
    assert!(refused * 100 < requests * 2, "{refused} of {requests} refused");
}

/// I27. This also shows that the limits above are enforced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_know_the_limits_is_refused_and_comes_through() {
    let (_, refused) = sync_within(400, 8, "").await;
    assert!(refused > 0);
}
