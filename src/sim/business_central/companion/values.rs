//! Values of rows by column name, and blank forms.

use serde_json::Value;
use uuid::Uuid;

use crate::sim::business_central::schema::Kind;
use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::blank;
use crate::sim::store::Row;

/// Returns how an empty property looks on a companion page.
pub(super) fn blank_of(kind: &Kind) -> Value {
    blank(kind)
}

/// Returns whether a value is the blank form of its type.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty() || Uuid::parse_str(text).is_ok_and(|id| id.is_nil()),
        Value::Null => true,
        _ => false,
    }
}

impl Service {
    /// Returns the position of a column of a table, among those of v2.0 or behind them.
    pub(crate) fn column_position(&self, table: usize, name: &str) -> Option<usize> {
        let base = &self.sets[table];
        base.position(name).or_else(|| {
            let extension = self.companion.extensions.get(table)?;
            let at = extension.iter().position(|column| column.name == name)?;
            Some(base.columns.len() + at)
        })
    }

    /// Returns a column of a row; null if it has none of this name.
    pub(crate) fn column<'a>(&self, table: usize, row: &'a Row, name: &str) -> &'a Value {
        let value = self.column_position(table, name).and_then(|at| row.values.get(at));
        value.unwrap_or(&Value::Null)
    }

    /// Returns a column of a row as text; blank if it is none.
    pub(super) fn text_of<'a>(&self, table: usize, row: &'a Row, name: &str) -> &'a str {
        self.column(table, row, name).as_str().unwrap_or_default()
    }

    /// Puts a value into a column of a row.
    pub(crate) fn put_column(&self, table: usize, row: &mut Row, name: &str, value: Value) {
        if let Some(place) = self.column_position(table, name).and_then(|at| row.values.get_mut(at)) {
            *place = value;
        }
    }

    /// Returns the position of a table that is always there.
    pub(super) fn table(&self, name: &str) -> usize {
        self.set(name).expect("invariant: the table exists")
    }

    /// Returns the rows of a table whose column has this text, ignoring case.
    pub(super) fn rows_with<'a>(
        &'a self,
        table: usize,
        name: &str,
        text: &'a str,
    ) -> impl Iterator<Item = &'a Row> {
        let position = self.column_position(table, name);
        self.store.rows(table).iter().filter_map(|row| self.listed(row)).filter(move |row| {
            let value = position.and_then(|at| row.values.get(at)).and_then(Value::as_str);
            value.is_some_and(|value| value.eq_ignore_ascii_case(text))
        })
    }
}
