//! Everything Tandem knows, in one redb file: couplings, observations, feeds, conflicts, intents, the journal.
//!
//! The only folder that names redb, and `codec` the only file that names bincode. It keeps and finds; it decides
//! nothing. Each stored value carries a format version and has its own type in `stored`, so that a refactoring of
//! `model` cannot change what an old file means.
//!
//! `Store` is the file, `Snapshot` reads one moment of it, `Transaction` reads and writes and keeps everything or
//! nothing. Both are a `View`, so code that only reads can take either.

mod backup;
mod brakes;
mod codec;
mod compact;
mod conflicts;
mod couplings;
mod doubts;
mod echoes;
mod error;
mod examine;
mod feeds;
mod file;
mod held_back;
mod intents;
mod journal;
mod mappings;
mod migrate;
mod names;
mod observations;
mod owner;
mod passes;
mod quietly;
mod regression;
mod restore;
mod retention;
mod runs;
mod standstills;
mod state;
mod stored;
mod sweeps;
mod tables;
mod view;
mod whole_file;

#[cfg(test)]
mod format_1;
#[cfg(test)]
mod format_2;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod strategies;

pub use codec::CodecError;
pub use compact::Compacted;
pub use error::{Damage, StoreError};
pub use examine::{Examination, Pages, Salvaged, TableFindings, Unreadable, examine, salvage};
pub use file::Store;
pub use restore::{Present, Restorable, RestoreFacts};
pub use retention::Kept;
pub use state::{Approval, Cause, Consent, ContentSweep, Doubt, FeedState, MappingState, Standstill};
pub use view::{Snapshot, Source, Transaction, View};
