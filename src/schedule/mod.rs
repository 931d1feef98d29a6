//! When to look again. Pure: moments and counts come in, durations and verdicts go out.

mod backoff;
mod due;

pub use backoff::wait;
pub use due::{Due, LastPass, due};
