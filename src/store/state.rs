//! What the store keeps beside the words of the model: how far a feed is, what was approved.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ColumnName, FieldId, MappingName, PageLink, Pair, Timestamp, Version, Watermark};

/// How far one table of one connection has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedState {
    /// The columns the watermark was read with. A feed that needs others has to start anew.
    pub columns: BTreeSet<ColumnName>,
    /// The mappings that got every row read so far. One that was left out has to be shown everything anew.
    pub users: BTreeSet<MappingName>,
    /// Absent until a first listing has been read to its end.
    pub watermark: Option<Watermark>,
    /// Where the listing under way goes on.
    pub page: Option<PageLink>,
    /// When this was stored. A watermark grows old although nothing happens.
    pub stored_at: Timestamp,
}

/// How far the slow sweep has compared the contents of one side of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentSweep {
    /// Where the sweep under way goes on; absent between two sweeps.
    pub page: Option<PageLink>,
    /// When a portion was last compared, or the table was first heard of.
    pub touched_at: Timestamp,
    /// When the last sweep was finished; absent until one was.
    pub finished_at: Option<Timestamp>,
}

/// What is known about a mapping as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingState {
    /// Digest of the mapping's definition when it was last compared in full.
    pub fingerprint: String,
    /// Digest of each field's columns and kind: what decides whether its bases still mean the same.
    pub fields: BTreeMap<FieldId, String>,
    /// The two tables, with their connections, that the couplings are about.
    pub tables: String,
    /// Who approved the first sync; absent until someone did.
    pub first_sync_approved: Option<Approval>,
}

/// What a restored backup says of a coupling, until both rows have been seen since: what the backup calls the base may
/// be older than what both sides agreed on last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// The versions at which both rows held the base when the backup was made.
    pub versions: Pair<Option<Version>>,
}

/// Who allowed something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
}

/// Who agreed that Tandem writes to the two systems, when, and to which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub by: String,
    pub at: Timestamp,
    pub text: String,
}

/// That a mapping stands still although there is work (I27).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// When it was first noticed.
    pub since: Timestamp,
    pub cause: Cause,
    /// What failed, in words.
    pub problem: String,
    pub remedy: Option<String>,
}

/// Why nothing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    CannotRead,
    CannotWrite,
    Throttled,
    WaitingForPerson,
    WaitingForReference,
}
