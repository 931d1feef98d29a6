//! Stored intents: writes that are about to leave.

use super::mirror::stored;
use super::value::{StoredRecord, StoredRowId, StoredSide, StoredTime};
use crate::model::{Intent, IntentVerb};

stored! {
    /// A write that is about to leave.
    struct StoredIntent for Intent {
        id: u64,
        run: u64,
        mapping: String,
        side: StoredSide,
        verb: StoredIntentVerb,
        stored_at: StoredTime,
    }
}

stored! {
    /// What is about to be written.
    enum StoredIntentVerb for IntentVerb {
        Create {
            source: StoredRowId,
            minted: Option<StoredRowId>,
            sent: StoredRecord,
            floor: Option<StoredTime>,
            replaces: Option<u64>,
        },
        Update { coupling: u64, row: StoredRowId, version: Option<String>, sent: StoredRecord },
        Delete { coupling: u64, row: StoredRowId, version: Option<String> },
        Restore {
            replaces: StoredRowId,
            minted: Option<StoredRowId>,
            sent: StoredRecord,
            floor: Option<StoredTime>,
        },
        Remove { row: StoredRowId, version: String },
        Late { source: StoredRowId, minted: StoredRowId, sent: StoredRecord, replaces: Option<u64> },
    }
}
