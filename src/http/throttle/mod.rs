//! Keeping inside what a service allows: requests under way at once, requests in a window of time, requests in a day,
//! and the pauses it asks for.
//!
//! All requests of a user to a server go through one throttle. What it knows lives in memory alone: a program that is started
//! again begins with a full budget, and learns from the service's answers if that was too much. Whether a request may be
//! repeated is not decided here (see `retry`).

mod budget;
mod gate;
mod parallelism;
mod shared;
mod turnstile;

pub use gate::{Limits, Usage};
pub use shared::Throttles;
pub use turnstile::Departure;
pub(super) use turnstile::Throttle;
