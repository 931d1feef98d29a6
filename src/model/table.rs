//! What a system says about one of its tables.

use std::collections::BTreeMap;

use super::{ColumnName, TableName};

/// A table's columns and abilities, as its system describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDescription {
    pub table: TableName,
    pub key: ColumnName,
    pub columns: BTreeMap<ColumnName, Column>,
    pub abilities: TableAbilities,
}

/// What can and cannot be done with one table; as default nothing can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableAbilities {
    /// A create may carry an id of our choice, and a replay of it is refused as a duplicate.
    pub takes_ids: bool,
    /// The change feed names deleted rows.
    pub lists_deletions: bool,
    /// A read may show a row whose transaction is not committed.
    pub dirty_reads: bool,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub kind: ColumnKind,
    /// The most characters a text may have.
    pub max_chars: Option<usize>,
    /// The decimal places the column keeps.
    pub scale: Option<u32>,
    pub creatable: bool,
    pub updatable: bool,
    /// The tables a reference may point into; empty for other kinds.
    pub targets: Vec<TableName>,
}

/// What kind of values a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    Number,
    Flag,
    Date,
    Instant,
    /// A numbered choice (Dataverse) — travels as a number.
    Choice,
    /// A named member of an enum (Business Central) — travels as text.
    Member,
    /// An id: the row's own, or a lookup.
    Reference,
    /// Anything Tandem does not map: images, files, collections.
    Other,
}
