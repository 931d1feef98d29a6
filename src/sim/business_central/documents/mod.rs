//! Sales documents: headers that copy from their customer, lines that copy from their item, totals, and the actions that
//! turn one document into another.
//!
//! It does not play dimensions, prices by customer, or reservations; there is one tax, for customers liable to it.

mod actions;

mod conversion;
mod header;
mod line;
mod posting;
mod recalculate;
mod totals;

pub(super) use actions::{action, call};
pub(super) use recalculate::Written;
