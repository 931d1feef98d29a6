//! What was done, to which row, why, with the values before and after.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    AnswerPlace, ConflictId, CouplingId, FieldId, MappingName, Pair, PlanHash, Record, RowId, RunId, Side,
    Value, Version,
};

/// One thing done to one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    pub run: RunId,
    pub at: Timestamp,
    pub mapping: MappingName,
    pub action: Action,
    /// The side that was written; for `Coupled` and conflicts the side that gave rise to it.
    pub side: Side,
    /// The row on `side`; unknown where a create's outcome is not known.
    pub row: Option<RowId>,
    /// What people call the row.
    pub label: String,
    pub cause: CauseOfWrite,
    /// Of a deletion: what the row held when it was last seen.
    pub fields: Vec<FieldChange>,
    pub outcome: Outcome,
    pub links: Links,
}

/// What ties an entry to rows and couplings, so that it can be undone and a row's story be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    pub coupling: Option<CouplingId>,
    /// The row on the other side.
    pub partner: Option<RowId>,
    /// The version the write left behind, where the answer told it.
    pub version: Option<Version>,
    /// What both sides had agreed on, where a coupling ended.
    pub base: Record,
    /// The deleted row in whose place a created one stands.
    pub replaces: Option<RowId>,
}

impl JournalEntry {
    /// Returns whether it was done, and not only tried.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.outcome, Outcome::Done | Outcome::DoneUnguarded)
    }

    /// Returns every row it is about.
    pub fn rows(&self) -> impl Iterator<Item = (Side, &RowId)> {
        let (row, replaced) = (self.row.as_ref(), self.links.replaces.as_ref());
        let here = row.into_iter().chain(replaced).map(|row| (self.side, row));
        here.chain(self.links.partner.iter().map(|row| (self.side.other(), row)))
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Coupled,
    Created,
    Updated,
    Deleted,
    Uncoupled,
    ConflictRaised,
    ConflictSettled,
}

/// Why it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CauseOfWrite {
    /// A row was changed (or is new, or gone) on that side.
    Edit { side: Side },
    /// Both rows match by these fields.
    Match { key: String },
    /// A person answered a conflict; where is not known of old entries.
    Answer { conflict: ConflictId, place: Option<AnswerPlace> },
    /// A write of an earlier, interrupted run was found to have landed.
    Recovery,
    /// A person undid a run.
    Undo { run: RunId },
    /// A person approved the plan it was part of.
    Approval { plan: PlanHash, by: String },
}

impl CauseOfWrite {
    /// Returns whether a person asked for this very write: such work is not counted against the brakes.
    #[must_use]
    pub const fn is_consent(&self) -> bool {
        match self {
            Self::Answer { .. } | Self::Undo { .. } | Self::Approval { .. } => true,
            Self::Edit { .. } | Self::Match { .. } | Self::Recovery => false,
        }
    }
}

/// One field's value before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    pub field: FieldId,
    /// Absent where it was not known (a new row).
    pub before: Option<Value>,
    pub after: Value,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Refused by the system, with its code.
    Refused {
        code: String,
    },
    /// The row had moved on; it is decided again.
    Stale,
    /// Done to a row without a version, that was compared right before.
    DoneUnguarded,
}

impl Outcome {
    /// Returns how a write ended that was done to that version of a row.
    #[must_use]
    pub fn done_to(version: Option<&Version>) -> Self {
        match version {
            Some(version) if version.is_content() => Self::DoneUnguarded,
            Some(_) | None => Self::Done,
        }
    }
}

/// One run: the passes started together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// What started it: `schedule`, `command`, `answer`, `undo`.
    pub trigger: String,
    pub counts: BTreeMap<MappingName, Counts>,
    /// What stopped a mapping or the run, in words for people.
    pub failures: Vec<String>,
}

/// What a pass did. Every number equals the outcomes in the journal (I34); `read` counts rows seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub read: Pair<u64>,
    pub coupled: u64,
    pub created: Pair<u64>,
    pub updated: Pair<u64>,
    pub deleted: Pair<u64>,
    pub uncoupled: u64,
    pub conflicts_raised: u64,
    pub conflicts_settled: u64,
    pub refused: u64,
    pub stale: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I2: a write that no server held against a version is told from the others.
    #[test]
    fn a_write_to_a_row_without_a_version_is_journalled_so() {
        assert_eq!(Outcome::done_to(Some(&Version::of_content("5c1e"))), Outcome::DoneUnguarded);
        assert_eq!(Outcome::done_to(Some(&"W/\"1\"".into())), Outcome::Done);
        assert_eq!(Outcome::done_to(None), Outcome::Done);
    }
}
