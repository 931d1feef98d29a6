//! What was seen of a row and what it waits for.

use std::time::Duration;

use jiff::Timestamp;

use super::{ConflictId, MappingName, Row, RowId, Side};

/// Why a row may be taken as deleted (I8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The system's own change feed said so.
    Tombstone,
    /// Keyed read and filter both found nothing while a neighbour was readable, twice.
    ConfirmedAbsent { first: Timestamp, second: Timestamp },
    /// The row is gone because it became another one, as its system says.
    Became(Became),
    /// A person rebaselined the connection, and the row was neither listed nor readable then.
    Rebaselined { at: Timestamp },
}

/// What became of a row that is gone but was not deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Became {
    /// Posted: a posted document stands in its place.
    Posted,
    /// Converted: an order or invoice stands in its place.
    Converted,
    /// Merged into a row that stays.
    Merged,
    /// Something this Tandem has no word for.
    Other,
}

/// What an observation saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The row as read.
    Row(Row),
    /// The row is gone, with the evidence for it.
    Gone(Evidence),
    /// Absent from a sweep; evidence is being gathered and nothing may be concluded yet.
    Missing { first_confirmed: Option<Timestamp> },
    /// The row could not be decoded; the text says why.
    Unreadable(String),
}

/// A row seen to differ from its coupling's base, or not coupled. It stays until it is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub mapping: MappingName,
    pub side: Side,
    pub row: RowId,
    pub content: Content,
    pub standing: Standing,
    /// When this content arrived, by our clock; for people and for the journal only.
    pub seen_at: Timestamp,
}

/// What an unsettled row waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Ready,
    Parked {
        reason: Reason,
        wake: WakeCondition,
    },
    Conflicted(ConflictId),
    /// A run that wrote it was undone: it is left alone until a person edits or resumes it.
    Held,
    /// What would be done to it is part of a plan over a limit, which waits for a person.
    Braked,
}

/// Why a row is left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No partner, and the mapping does not create rows on that side.
    CreateOff { on: Side },
    /// More than one row could be its partner.
    Ambiguous { key: String, candidates: usize },
    /// The row it would be coupled to has another partner already.
    PartnerTaken { partner: RowId },
    /// A lookup's target is not coupled.
    WaitingForReference { field: String, mapping: MappingName, side: Side, row: RowId },
    /// Its partner is outside the mapping's filter.
    PartnerOutOfFilter,
    /// The partner was deleted and the mapping leaves deletions alone.
    PartnerDeleted { on: Side },
    /// The row was deleted and the mapping leaves deletions alone.
    DeletionIgnored,
    /// The other system refused the row; the text says what it answered.
    Refused { code: String, message: String },
    /// A value does not fit the other side.
    DoesNotFit { field: String, message: String },
    /// The row could not be read.
    Unreadable { message: String },
    /// The row was not found; whether it is deleted is not proved yet.
    PerhapsDeleted,
    /// A row that cannot be read may be its partner.
    PartnerUnreadable { partner: RowId },
    /// One of the two became another row on that side; the other is left alone.
    Became { on: Side, became: Became },
    /// The row is gone, but what would tell a deletion from a row that became another is not known; the text says what.
    FateUnknown { message: String },
    /// Its row on that side has no version to write by, and the mapping does not say to write it without.
    NoVersion { on: Side },
    /// The row it would be coupled to is held.
    PartnerHeld { partner: RowId },
    /// Fields were changed on that side, which does not own them; the mapping lists that and leaves it.
    Drifted { on: Side, fields: String },
    /// The same, and the mapping says nothing of it.
    DriftKept { on: Side },
    /// Each side takes back what the other one holds, again and again, without anybody editing.
    KeepsChanging { field: String, left: String, right: String },
    /// What was decided about the row breaks a rule that no decision may break; the text says which.
    Unsafe { message: String },
    /// A new row would be made from it, and a part of the mapping's business key is blank.
    NoBusinessKey,
    /// A new row would be made from it, and that many other rows have the same business key.
    BusinessKeyShared { key: String, others: usize },
}

impl Reason {
    /// Returns whether all that is left of the row is a difference that the mapping allows.
    #[must_use]
    pub const fn is_drift(&self) -> bool {
        matches!(self, Self::Drifted { .. } | Self::DriftKept { .. })
    }

    /// Returns whether it was tried and failed, and not merely left alone: the row cannot be read, or what it holds cannot be
    /// written.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::DoesNotFit { .. }
                | Self::Unreadable { .. }
                | Self::PartnerUnreadable { .. }
                | Self::NoVersion { .. }
                | Self::KeepsChanging { .. }
                | Self::Unsafe { .. }
        )
    }

    /// Returns whether the row is held for its business key.
    #[must_use]
    pub const fn is_business_key(&self) -> bool {
        matches!(self, Self::NoBusinessKey | Self::BusinessKeyShared { .. })
    }
}

/// The event that puts a parked row back to ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WakeCondition {
    /// The row, or its partner, is edited, or the mapping changes.
    RowChanges,
    /// That row of that mapping gets a partner.
    Coupled { mapping: MappingName, side: Side, row: RowId },
    /// The moment has come (transient failures).
    At(Timestamp),
}

impl WakeCondition {
    /// Wakes when that much time has passed.
    #[must_use]
    pub fn after(now: Timestamp, pause: Duration) -> Self {
        Self::At(now.checked_add(pause).unwrap_or(Timestamp::MAX))
    }
}

/// What happened to one side of a coupling since its base, in the mapping's common shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T> {
    Unchanged,
    Edited(T),
    Gone(Evidence),
}
