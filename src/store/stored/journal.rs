//! Stored journal entries and runs.

use std::collections::BTreeMap;

use super::conflict::StoredAnswerPlace;
use super::mirror::{StoredPair, stored};
use super::value::{StoredRecord, StoredRowId, StoredSide, StoredTime, StoredValue};
use crate::model::{Action, CauseOfWrite, Counts, FieldChange, JournalEntry, Links, Outcome, Run};

stored! {
    /// One thing done to one row.
    struct StoredJournalEntry for JournalEntry, format 2 {
        run: u64,
        at: StoredTime,
        mapping: String,
        action: StoredAction,
        side: StoredSide,
        row: Option<StoredRowId>,
        label: String,
        cause: StoredCauseOfWrite,
        fields: Vec<StoredFieldChange>,
        outcome: StoredOutcome,
        links: StoredLinks,
    }
}

stored! {
    /// What ties an entry to rows and couplings.
    struct StoredLinks for Links {
        coupling: Option<u64>,
        partner: Option<StoredRowId>,
        version: Option<String>,
        base: StoredRecord,
        replaces: Option<StoredRowId>,
    }
}

stored! {
    /// What was done.
    enum StoredAction for Action {
        Coupled,
        Created,
        Updated,
        Deleted,
        Uncoupled,
        ConflictRaised,
        ConflictSettled,
    }
}

stored! {
    /// Why it was done.
    enum StoredCauseOfWrite for CauseOfWrite {
        Edit { side: StoredSide },
        Match { key: String },
        Answer { conflict: u64, place: Option<StoredAnswerPlace> },
        Recovery,
        Undo { run: u64 },
        Approval { plan: String, by: String },
    }
}

stored! {
    /// One field's value before and after.
    struct StoredFieldChange for FieldChange {
        field: String,
        before: Option<StoredValue>,
        after: StoredValue,
    }
}

stored! {
    /// How it ended.
    enum StoredOutcome for Outcome {
        Done,
        Refused { code: String },
        Stale,
        DoneUnguarded,
    }
}

stored! {
    /// One run: the passes started together.
    struct StoredRun for Run {
        id: u64,
        started_at: StoredTime,
        finished_at: Option<StoredTime>,
        trigger: String,
        counts: BTreeMap<String, StoredCounts>,
        failures: Vec<String>,
    }
}

stored! {
    /// What a pass did.
    struct StoredCounts for Counts {
        read: StoredPair<u64>,
        coupled: u64,
        created: StoredPair<u64>,
        updated: StoredPair<u64>,
        deleted: StoredPair<u64>,
        uncoupled: u64,
        conflicts_raised: u64,
        conflicts_settled: u64,
        refused: u64,
        stale: u64,
    }
}
