//! Judging what was seen: which rows belong together, what changed, and what follows.
//!
//! Pure: equal input gives an equal plan, in the same order. A decision holds everything `agent::apply` needs, so
//! applying has no choices left.

mod audit;
mod brake;
mod business_key;
mod compare;
mod decide;
mod echo;
mod matching;
mod merge;
mod newer;
mod plan;
mod regression;
mod unit;
mod verify;

pub use audit::{Finding, audit, audit_create};
pub use brake::{Limit, Limits, Situation, Tally, counted};
pub use business_key::{BusinessKey, HeldForKey, asks_for_key, business_key, held_for_key};
pub use compare::{agreed, in_step};
pub use decide::{Decision, Pending, Seen, decide};
pub use echo::{WINDOW as ECHO_WINDOW, never_rests, note as note_write};
pub use matching::{Doubt, Keys, Matching, find_partners, keys_of};
pub use merge::{Drifted, Merge, Settlements, Waiting, merge, settlements};
pub use plan::{decision_hash, plan_hash};
pub use regression::{Found, Older, Sample, Verdict, is_older, is_wiped, judge, keep};
pub use verify::{
    Class, Ledger, OutOfScope, Present, class_of_known, class_of_strange, class_of_waiting, digested,
};

#[cfg(test)]
mod enumeration;
#[cfg(test)]
mod example;
