//! A write that is about to leave.

use jiff::Timestamp;

use super::{CouplingId, IntentId, MappingName, Record, RowId, RunId, Side, Version};

/// A write that is about to leave: stored before it is sent, closed with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub id: IntentId,
    pub run: RunId,
    pub mapping: MappingName,
    /// The side that is written.
    pub side: Side,
    pub verb: IntentVerb,
    /// When it was stored, by our clock: with the connection's settle time it says when a probe can be trusted.
    pub stored_at: Timestamp,
}

impl Intent {
    /// Stands for the moment of a write that a restored backup knows of: so long ago that nothing is under way any more,
    /// and that what it made may have been changed since.
    pub const OF_A_BACKUP: Timestamp = Timestamp::UNIX_EPOCH;
}

/// What is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentVerb {
    Create {
        /// The row on the other side that the new one is made from.
        source: RowId,
        /// The id Tandem minted, where the system takes one.
        minted: Option<RowId>,
        /// The fields sent, in the mapping's common shape.
        sent: Record,
        /// The server's time before the create was sent: a row it made is stamped no earlier.
        floor: Option<Timestamp>,
        /// The coupling whose deleted row is created again.
        replaces: Option<CouplingId>,
    },
    Update {
        coupling: CouplingId,
        row: RowId,
        version: Option<Version>,
        sent: Record,
    },
    Delete {
        coupling: CouplingId,
        row: RowId,
        version: Option<Version>,
    },
    /// A deleted row is created again, with no partner.
    Restore {
        replaces: RowId,
        minted: Option<RowId>,
        sent: Record,
        floor: Option<Timestamp>,
    },
    /// A row without a partner is deleted.
    Remove {
        row: RowId,
        version: Version,
    },
    /// A create under an id of ours that was looked for in vain: its row may be created anew, and it may yet take effect.
    Late {
        source: RowId,
        minted: RowId,
        sent: Record,
        replaces: Option<CouplingId>,
    },
}
