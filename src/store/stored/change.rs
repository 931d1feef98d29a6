//! Stored observations: what was seen of a row and what it waits for.

use std::collections::BTreeMap;

use super::mirror::stored;
use super::value::{StoredRowId, StoredSide, StoredTime, StoredValue};
use crate::model::{Became, Content, Evidence, Observation, Reason, Row, Standing, WakeCondition};

stored! {
    /// A row seen to differ from its coupling's base, or not coupled.
    struct StoredObservation for Observation {
        mapping: String,
        side: StoredSide,
        row: StoredRowId,
        content: StoredContent,
        standing: StoredStanding,
        seen_at: StoredTime,
    }
}

stored! {
    /// What an observation saw.
    enum StoredContent for Content {
        Row(row: StoredRow),
        Gone(evidence: StoredEvidence),
        Missing { first_confirmed: Option<StoredTime> },
        Unreadable(message: String),
    }
}

stored! {
    /// Why a row may be taken as deleted.
    enum StoredEvidence for Evidence {
        Tombstone,
        ConfirmedAbsent { first: StoredTime, second: StoredTime },
        Became(became: StoredBecame),
        Rebaselined { at: StoredTime },
    }
}

stored! {
    /// What became of a row that is gone but was not deleted.
    enum StoredBecame for Became {
        Posted,
        Converted,
        Merged,
        Other,
    }
}

stored! {
    /// A row as its own system has it.
    struct StoredRow for Row {
        id: StoredRowId,
        version: Option<String>,
        modified_at: Option<StoredTime>,
        modified_by: Option<String>,
        values: BTreeMap<String, StoredValue>,
    }
}

stored! {
    /// What an unsettled row waits for.
    enum StoredStanding for Standing {
        Ready,
        Parked { reason: StoredReason, wake: StoredWakeCondition },
        Conflicted(conflict: u64),
        Held,
        Braked,
    }
}

stored! {
    /// Why a row is left alone.
    enum StoredReason for Reason {
        CreateOff { on: StoredSide },
        Ambiguous { key: String, candidates: u64 },
        PartnerTaken { partner: StoredRowId },
        WaitingForReference { field: String, mapping: String, side: StoredSide, row: StoredRowId },
        PartnerOutOfFilter,
        PartnerDeleted { on: StoredSide },
        DeletionIgnored,
        Refused { code: String, message: String },
        DoesNotFit { field: String, message: String },
        Unreadable { message: String },
        PerhapsDeleted,
        PartnerUnreadable { partner: StoredRowId },
        Became { on: StoredSide, became: StoredBecame },
        FateUnknown { message: String },
        NoVersion { on: StoredSide },
        PartnerHeld { partner: StoredRowId },
        Drifted { on: StoredSide, fields: String },
        DriftKept { on: StoredSide },
        KeepsChanging { field: String, left: String, right: String },
        Unsafe { message: String },
        NoBusinessKey,
        BusinessKeyShared { key: String, others: u64 },
    }
}

stored! {
    /// The event that puts a parked row back to ready.
    enum StoredWakeCondition for WakeCondition {
        RowChanges,
        Coupled { mapping: String, side: StoredSide, row: StoredRowId },
        At(at: StoredTime),
    }
}
