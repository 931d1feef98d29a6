//! Virtual time: it moves when somebody moves it, and a second with each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// When it starts, in seconds since 1970.
pub const START: i64 = 1_800_000_000;

/// Seconds since 1970. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    pub fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub fn advance(&self, secs: i64) {
        self.0.fetch_add(secs, Ordering::SeqCst);
    }

    /// Lets a second pass and returns the present.
    pub fn tick(&self) -> i64 {
        self.advance(1);
        self.now()
    }
}
