//! Undoing a run: a plan of its own, made from the journal, that touches only rows that still are as the run left them.
//!
//! `goal` sums up what the run did to each pair of rows, `judge` says what undoing one row means in view of what it holds
//! by now; both are pure. `carry_out` reads, holds and writes with the very jobs of a pass, `restore` makes deleted rows
//! again, `ties` takes couplings back, and `resume` lets held rows go on.

pub mod carry_out;
pub mod goal;
pub mod hold;
pub mod judge;
pub mod restore;
pub mod resume;
pub mod ties;
