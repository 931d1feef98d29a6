//! Stored states of feeds and mappings, and the consent.

use std::collections::{BTreeMap, BTreeSet};

use super::mirror::{StoredPair, stored};
use super::value::StoredTime;
use crate::schedule::LastPass;
use crate::store::{Approval, Cause, Consent, ContentSweep, Doubt, FeedState, MappingState, Standstill};

stored! {
    /// How far one table of one connection has been read.
    struct StoredFeedState for FeedState {
        columns: BTreeSet<String>,
        users: BTreeSet<String>,
        watermark: Option<String>,
        page: Option<String>,
        stored_at: StoredTime,
    }
}

stored! {
    /// How far the slow sweep has compared the contents of one side of a mapping.
    struct StoredContentSweep for ContentSweep {
        page: Option<String>,
        touched_at: StoredTime,
        finished_at: Option<StoredTime>,
    }
}

stored! {
    /// What is known about a mapping as a whole.
    struct StoredMappingState for MappingState {
        fingerprint: String,
        fields: BTreeMap<String, String>,
        tables: String,
        first_sync_approved: Option<StoredApproval>,
    }
}

stored! {
    /// Who allowed something, and when.
    struct StoredApproval for Approval {
        by: String,
        at: StoredTime,
    }
}

stored! {
    /// Who agreed that Tandem writes, when, and to which text.
    struct StoredConsent for Consent {
        by: String,
        at: StoredTime,
        text: String,
    }
}

stored! {
    /// What a restored backup says of a coupling.
    struct StoredDoubt for Doubt {
        versions: StoredPair<Option<String>>,
    }
}

stored! {
    /// When a mapping was passed last.
    struct StoredLastPass for LastPass {
        at: StoredTime,
        was_idle: bool,
    }
}

stored! {
    /// That a mapping stands still.
    struct StoredStandstill for Standstill {
        since: StoredTime,
        cause: StoredCause,
        problem: String,
        remedy: Option<String>,
    }
}

stored! {
    /// Why nothing goes on.
    enum StoredCause for Cause {
        CannotRead,
        CannotWrite,
        Throttled,
        WaitingForPerson,
        WaitingForReference,
    }
}
