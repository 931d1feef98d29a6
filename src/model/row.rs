//! A row as its own system has it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{ColumnName, RowId, Value, Version};

/// A row as its own system has it, decoded but not translated.
///
/// A column that was not in the answer is absent from `values`; absence never means blank (I36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: RowId,
    pub version: Option<Version>,
    /// When the system says the row was last changed, by that system's clock.
    pub modified_at: Option<Timestamp>,
    /// Who changed it last, as far as the system tells.
    pub modified_by: Option<String>,
    pub values: BTreeMap<ColumnName, Value>,
}
