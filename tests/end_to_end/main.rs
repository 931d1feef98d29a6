//! Tandem against the two simulators, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails right there")]

mod agent;
mod command_line;
mod faults;
mod kill;
mod rows;
mod sync;
mod trouble;
mod world;
