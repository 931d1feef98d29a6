//! When to look again. Pure: moments and counts come in, durations go out.

mod backoff;

pub use backoff::wait;
