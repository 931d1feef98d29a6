//! Tandem against the two simulators, over HTTP.

mod sync;
mod world;
