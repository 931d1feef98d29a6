//! Every pattern of changes, policies and answers, enumerated: what must hold of each single decision.
//!
//! One and two fields are enumerated with all values that matter; four fields by pattern of change, as units are shown to be
//! judged independently of each other. Whole rows are enumerated beside them.

mod fields;
mod laws;
mod rows;
mod world;
