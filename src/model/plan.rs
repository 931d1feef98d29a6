//! What is about to be done, row by row, and what a person has to approve first.

use jiff::Timestamp;

use super::{FieldChange, FieldId, MappingName, PlanHash, RowId, Side};

/// What is about to be done to one row on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedWrite {
    /// The side that is written; of an uncoupling and of a question the side that still has its row.
    pub on: Side,
    pub verb: PlanVerb,
    /// The row on that side; of a create the row on the other side that the new one is made from.
    pub row: RowId,
    /// What people call the row.
    pub label: String,
    pub fields: Vec<FieldChange>,
}

impl PlannedWrite {
    /// Returns what tells this write from all others of its mapping's plan.
    #[must_use]
    pub fn key(&self) -> PlanKey {
        PlanKey { on: self.on, verb: self.verb, row: self.row.to_bytes() }
    }
}

/// What a planned write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanVerb {
    Create,
    Update,
    Delete,
    /// The other row is gone, and the two are to be one no longer.
    Uncouple,
    /// The other row is gone, and a person is to be asked.
    Ask,
}

impl PlanVerb {
    /// Returns the word of reports and saved plans.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Uncouple => "uncouple",
            Self::Ask => "ask",
        }
    }
}

/// What tells a planned write from all others of its mapping's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanKey {
    pub on: Side,
    pub verb: PlanVerb,
    pub row: [u8; 16],
}

/// A digest of everything a planned write would do. Versions and moments are no part of it: a row that was only touched is
/// written as it was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionHash(pub u128);

/// One row of a plan as it is kept: not the values, only their digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRow {
    pub mapping: MappingName,
    pub on: Side,
    pub verb: PlanVerb,
    pub row: RowId,
    pub label: String,
    pub hash: DecisionHash,
}

impl PlannedRow {
    /// Returns what tells this row from all others of its mapping's plan.
    #[must_use]
    pub fn key(&self) -> PlanKey {
        PlanKey { on: self.on, verb: self.verb, row: self.row.to_bytes() }
    }
}

/// A row of a plan that a person approved, until it is done or its values change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedRow {
    pub planned: PlannedRow,
    pub plan: PlanHash,
    pub by: String,
    pub at: Timestamp,
}

/// A plan over a limit, which waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrakedPlan {
    pub mapping: MappingName,
    pub hash: PlanHash,
    /// Since when the mapping has been waiting, whatever its plan held meanwhile.
    pub since: Timestamp,
    pub rows: u64,
    pub trips: Vec<Trip>,
}

/// A limit that a plan is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trip {
    pub on: Side,
    pub what: Tripped,
    pub planned: u64,
    /// What was done within the window already without being approved.
    pub before: u64,
    pub bound: Bound,
}

/// What there is too much of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tripped {
    Creates,
    Updates,
    Deletions,
    /// One field turning blank.
    Blanks(FieldId),
}

/// What the limit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    Rows(u64),
    Percent {
        percent: u64,
        of: u64,
    },
    /// More than half of a small table.
    MostOf(u64),
}

/// What is counted within the window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    Create,
    Update,
    Delete,
    Uncouple,
    Ask,
    Blank(FieldId),
}

impl From<PlanVerb> for Counted {
    fn from(verb: PlanVerb) -> Self {
        match verb {
            PlanVerb::Create => Self::Create,
            PlanVerb::Update => Self::Update,
            PlanVerb::Delete => Self::Delete,
            PlanVerb::Uncouple => Self::Uncouple,
            PlanVerb::Ask => Self::Ask,
        }
    }
}

/// How often something was done within one hour without being approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneInHour {
    pub mapping: MappingName,
    pub on: Side,
    pub what: Counted,
    /// Hours since 1970.
    pub hour: u64,
    pub count: u64,
}

/// How a mapping's passes follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// When the first sync was through: until then creates and updates are what was approved as the first sync.
    pub first_sync_ended_at: Option<Timestamp>,
    /// When a pass was last through, to the hour.
    pub last_pass_at: Timestamp,
    pub absence: Option<Absence>,
}

/// A time without passes, which more work than usual follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    pub ended_at: Timestamp,
    pub days: u64,
}
