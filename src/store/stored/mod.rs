//! The types the store's bytes are made of, one for each word of the model.
//!
//! What is written here is a file format. Fields and variants are told apart by their position alone, so they are
//! never reordered, renamed in meaning or removed; a change of shape is a new value format with a migration.

mod before_2;
mod brake;
mod change;
mod conflict;
mod coupling;
mod echo;
mod intent;
mod journal;
mod mirror;
mod names;
mod regression;
mod state;
mod value;

pub(super) use before_2::{FormerConflict, FormerJournalEntry};
pub(super) use brake::{StoredApprovedRow, StoredBrakedPlan, StoredDoneInHour, StoredPace, StoredPlannedRow};
pub(super) use change::StoredObservation;
pub(super) use conflict::StoredConflict;
pub(super) use coupling::StoredCoupling;
pub(super) use echo::StoredEcho;
pub(super) use intent::StoredIntent;
pub(super) use journal::{StoredJournalEntry, StoredRun};
pub(super) use mirror::Stored;
pub(super) use names::StoredRowNames;
pub(super) use regression::{StoredFreeze, StoredPin, StoredTrace};
pub(super) use state::{
    StoredConsent, StoredContentSweep, StoredDoubt, StoredFeedState, StoredLastPass, StoredMappingState,
    StoredStandstill,
};
pub(super) use value::StoredTime;

#[cfg(test)]
pub(super) use value::StoredValue;

pub use mirror::Malformed;
