//! Where a simulated process can be killed: every step that the outside would notice passes here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts steps and strikes at one of them. Clones share everything.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    passed: AtomicU64,
    /// The step at which the process dies; 0 for never.
    fatal: AtomicU64,
    dead: AtomicBool,
    death: Notify,
}

impl Gate {
    /// Lets the process die at the n-th step from here on.
    pub fn strike_at(&self, steps: u64) {
        self.0.fatal.store(self.passed() + steps, Ordering::SeqCst);
    }

    /// Spares the process, and the next one.
    pub fn spare(&self) {
        self.0.fatal.store(0, Ordering::SeqCst);
        self.0.dead.store(false, Ordering::SeqCst);
    }

    /// Returns how many steps were passed.
    pub fn passed(&self) -> u64 {
        self.0.passed.load(Ordering::SeqCst)
    }

    /// Passes a step of code that cannot wait. Returns whether the process is dead.
    pub fn pass_or_die(&self) -> bool {
        let step = self.0.passed.fetch_add(1, Ordering::SeqCst) + 1;
        if self.0.fatal.load(Ordering::SeqCst) == step {
            self.0.dead.store(true, Ordering::SeqCst);
            self.0.death.notify_one();
        }
        self.is_dead()
    }

    /// Passes a step; a dead process never comes back from it.
    pub async fn pass(&self) {
        if self.pass_or_die() {
            std::future::pending::<()>().await;
        }
    }

    pub fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::SeqCst)
    }

    /// Waits for the death of the process.
    pub async fn died(&self) {
        self.0.death.notified().await;
    }
}
