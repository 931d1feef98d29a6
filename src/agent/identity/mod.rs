//! Whether a connection still leads to the system it led to, and whether that system's past still is the one that was read.
//!
//! Another organisation, environment or company is told by its identity (I13), a restored backup by rows that are as they
//! were before (I14). Either way nothing is written until a person decides; `rebaseline` is how they go on.

pub mod examine;
pub mod freeze;
pub mod look;
pub mod pinned;
pub mod rebaseline;
mod survey;
pub mod traces;
pub mod wiped;
pub mod words;
