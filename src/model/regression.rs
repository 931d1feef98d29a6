//! What tells a system that goes on from one that was set back: where its rows were last seen, and what was found.

use jiff::Timestamp;

use super::{FieldId, MappingName, Row, RowId, TableName, Value, Version};

/// The system a connection was pinned to when it was first used (I13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub identity: String,
    /// What people call it.
    pub name: String,
}

/// How far a row had come when it was last seen. Going on, a row never falls behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub row: RowId,
    pub version: Option<Version>,
    /// By the system's clock.
    pub modified_at: Option<Timestamp>,
}

impl Trace {
    /// Takes the trace of a row.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self { row: row.id.clone(), version: row.version.clone(), modified_at: row.modified_at }
    }
}

/// Why nothing is written to a connection, nor passed on from it, until a person rebaselines it (I14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// When it was found, by our clock.
    pub at: Timestamp,
    pub cause: FreezeCause,
}

/// What proved that a system was set back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FreezeCause {
    /// The system itself tells.
    Restored { detail: String },
    /// Rows are as they were before: older than they were seen, with values that the journal knows.
    OlderContent { sampled: u64, older: Vec<OlderRow> },
    /// Most of a table's coupled rows are not there, and the system told of no deletion.
    Wiped { table: TableName, coupled: u64, gone: u64 },
}

/// A row that holds an earlier value again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderRow {
    pub mapping: MappingName,
    pub row: RowId,
    /// What people call the row.
    pub label: String,
    pub field: FieldId,
    /// What both sides last agreed on.
    pub agreed: Value,
    /// What it held before that, and holds again.
    pub found: Value,
}
