//! Many seeds, lived through side by side.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Verdict, live};

/// Which seeds to live through.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    pub from: u64,
    pub seeds: u64,
    /// Steps of each.
    pub steps: u64,
    pub threads: usize,
}

/// A seed that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub steps: u64,
    pub wrong: Vec<String>,
}

/// What was lived through so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub seeds: u64,
    pub steps: u64,
    pub kills: u64,
    pub failures: Vec<Failure>,
}

impl Failure {
    /// Says what went wrong and how to see it again.
    pub fn report(&self) -> String {
        let Self { seed, steps, wrong } = self;
        format!(
            "seed {seed}: {wrong:#?}\n\
             replay: TANDEM_TEST_LOUD=1 cargo run --release --example soak -- --from {seed} --seeds 1 --steps {steps}"
        )
    }
}

impl Series {
    /// Lives through the seeds. `goes_on` is asked before each and told after each.
    pub fn live(self, goes_on: impl Fn(&Tally) -> bool + Sync) -> Tally {
        let tally = Mutex::new(Tally::default());
        let next = AtomicU64::new(self.from);
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                let is_over = !goes_on(&tally.lock().unwrap_or_else(PoisonError::into_inner));
                if is_over || seed >= self.from + self.seeds {
                    return;
                }
                let verdict = catch_unwind(AssertUnwindSafe(|| live(seed, self.steps)));
                let Verdict { kills, wrong } = verdict.unwrap_or_else(|panic| panicked(panic.as_ref()));
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                tally.seeds += 1;
                tally.steps += self.steps;
                tally.kills += kills;
                if !wrong.is_empty() {
                    tally.failures.push(Failure { seed, steps: self.steps, wrong });
                }
                goes_on(&tally);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(work);
            }
        });
        tally.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Verdict {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    Verdict { kills: 0, wrong: vec![format!("panicked: {text}")] }
}
