//! What rows are called where others point to them by a value of theirs.

use std::collections::BTreeMap;

use super::{FieldId, MappingName, RowId, Side};

/// The values of one row by which rows of other tables point to it, by field of the mapping that couples it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowNames {
    pub mapping: MappingName,
    pub side: Side,
    pub row: RowId,
    pub names: BTreeMap<FieldId, String>,
}

impl RowNames {
    /// Returns whether one of its names is that one.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let name = Self::folded(name);
        self.names.values().any(|own| Self::folded(own) == name)
    }

    /// Returns a name without what tells no two rows apart: case, and outer blanks.
    #[must_use]
    pub fn folded(name: &str) -> String {
        name.trim().to_uppercase()
    }
}
