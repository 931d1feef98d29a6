//! Stored pins, traces and freezes: what a system is, where its rows were, and why it is left alone.

use super::mirror::stored;
use super::value::{StoredRowId, StoredTime, StoredValue};
use crate::model::{Freeze, FreezeCause, OlderRow, Pin, Trace};

stored! {
    /// The system a connection was pinned to.
    struct StoredPin for Pin {
        identity: String,
        name: String,
    }
}

stored! {
    /// How far a row had come when it was last seen.
    struct StoredTrace for Trace {
        row: StoredRowId,
        version: Option<String>,
        modified_at: Option<StoredTime>,
    }
}

stored! {
    /// Why a connection is left alone until a person rebaselines it.
    struct StoredFreeze for Freeze {
        at: StoredTime,
        cause: StoredFreezeCause,
    }
}

stored! {
    /// What proved that a system was set back.
    enum StoredFreezeCause for FreezeCause {
        Restored { detail: String },
        OlderContent { sampled: u64, older: Vec<StoredOlderRow> },
        Wiped { table: String, coupled: u64, gone: u64 },
    }
}

stored! {
    /// A row that holds an earlier value again.
    struct StoredOlderRow for OlderRow {
        mapping: String,
        row: StoredRowId,
        label: String,
        field: String,
        agreed: StoredValue,
        found: StoredValue,
    }
}
