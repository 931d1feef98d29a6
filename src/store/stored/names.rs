//! Stored names of rows that others point to by a value.

use std::collections::BTreeMap;

use super::mirror::stored;
use super::value::{StoredRowId, StoredSide};
use crate::model::RowNames;

stored! {
    /// What a row is called, by field.
    struct StoredRowNames for RowNames {
        mapping: String,
        side: StoredSide,
        row: StoredRowId,
        names: BTreeMap<String, String>,
    }
}
