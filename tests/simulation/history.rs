//! Everything people did, in its order: what the oracle judges by.

use std::collections::{BTreeMap, BTreeSet};

use tandem::model::{ColumnName, RowId, Side, Value};

use super::oracle::normal;
use super::server::Stored;
use super::tables::EDITED;

/// One value a person gave a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub side: Side,
    pub row: RowId,
    /// What tells the row and its copies, those made anew included.
    pub tag: Value,
    pub field: &'static str,
    pub value: Value,
    /// The row was deleted by a person afterwards.
    pub is_gone: bool,
}

/// Everything people did.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub edits: Vec<Edit>,
    /// Rows people deleted, with their tags.
    pub deleted: BTreeMap<(Side, RowId), Value>,
    /// How many rows people made: their tags are numbered.
    pub made: u64,
    /// The tags of rows about which people were asked and gave an answer.
    pub answered: BTreeSet<String>,
}

impl History {
    /// Notes what was written. A value that was there already is no edit: no system tells it from silence.
    pub fn note(
        &mut self,
        side: Side,
        row: &RowId,
        values: &[(ColumnName, Value)],
        before: Option<&Stored>,
        after: &Stored,
    ) {
        let is_edit = |column: &ColumnName| {
            before.is_none_or(|before| before.value(column.as_str()) != after.value(column.as_str()))
        };
        for (column, value) in values.iter().filter(|(column, _)| is_edit(column)) {
            let field = EDITED.into_iter().chain(["currency"]).find(|field| *field == column.as_str());
            if let Some(field) = field {
                let (row, tag, value) = (row.clone(), after.value("tag").clone(), value.clone());
                self.edits.push(Edit { side, row, tag, field, value, is_gone: false });
            }
        }
    }

    /// Notes a deletion. What was written to the row went with it.
    pub fn note_deletion(&mut self, side: Side, row: &RowId, tag: &Value) {
        self.deleted.insert((side, row.clone()), tag.clone());
        let its_own = |edit: &&mut Edit| (edit.side, &edit.row) == (side, row);
        self.edits.iter_mut().filter(its_own).for_each(|edit| edit.is_gone = true);
    }

    /// Lets what was written to rows be gone with them, whoever deleted them: where a row of that tag comes back, it comes from
    /// elsewhere.
    pub fn forget_rows_but(&mut self, side: Side, rows: &BTreeMap<RowId, Stored>) {
        let is_over = |edit: &&mut Edit| edit.side == side && !rows.contains_key(&edit.row);
        self.edits.iter_mut().filter(is_over).for_each(|edit| edit.is_gone = true);
    }

    /// Returns whether people deleted a row of that tag, on that side or on any.
    pub fn was_deleted(&self, on: Option<Side>, tag: &Value) -> bool {
        self.deleted.iter().any(|((side, _), deleted)| on.is_none_or(|on| on == *side) && deleted == tag)
    }

    /// Returns whether a row that people made on that side held these very values at one time or another, those aside that
    /// were blank and what only the left has.
    pub fn has_twin(&self, side: Side, values: &[(ColumnName, Value)]) -> bool {
        let mut held: BTreeMap<&RowId, BTreeSet<(&str, Value)>> = BTreeMap::new();
        for edit in self.edits.iter().filter(|edit| edit.side == side) {
            held.entry(&edit.row).or_default().insert((edit.field, normal(edit.field, &edit.value)));
        }
        let own = ["tag", "note"];
        let shared: Vec<_> = values.iter().filter(|(column, _)| !own.contains(&column.as_str())).collect();
        let is_held = |held: &BTreeSet<_>, field, value| {
            held.contains(&(field, normal(field, value))) || held.contains(&(field, Value::Blank))
        };
        held.values().any(|held| shared.iter().all(|(column, value)| is_held(held, column.as_str(), value)))
    }

    /// Returns whether people answered a conflict of a row of that tag.
    pub fn was_answered(&self, tag: &Value) -> bool {
        matches!(tag, Value::Text(tag) if self.answered.contains(tag))
    }
}
