//! Rows in memory with a version counter for the whole database, unique keys, remembered deletions and rollback.
//!
//! It knows nothing of columns beyond their position; meaning is the services'.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::Value;
use uuid::Uuid;

/// A stored row: its values stand in the order of its table's columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    /// The database-wide counter's value at the row's last change.
    pub(crate) version: u64,
    pub(crate) values: Vec<Value>,
}

/// The rows of one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    unique_columns: Vec<usize>,
    rows: BTreeMap<Uuid, Row>,
    unique: Vec<BTreeMap<String, Uuid>>,
    by_version: BTreeMap<u64, Uuid>,
    deleted: BTreeMap<u64, Uuid>,
    deleted_at: BTreeMap<Uuid, u64>,
}

impl Rows {
    pub(crate) fn get(&self, id: &Uuid) -> Option<&Row> {
        self.rows.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// Returns the rows whose id is greater, by id.
    pub(crate) fn after(&self, id: Option<Uuid>) -> impl Iterator<Item = &Row> {
        let lower = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range((lower, Bound::Unbounded)).map(|(_, row)| row)
    }

    /// Returns the row with this value in a unique column, ignoring case.
    pub(crate) fn by_key(&self, column: usize, value: &Value) -> Option<&Row> {
        let position = self.unique_columns.iter().position(|unique| *unique == column)?;
        self.rows.get(self.unique[position].get(&key_text(value)?)?)
    }

    /// Returns whether no two rows have the same value in a column.
    pub(crate) fn is_unique(&self, column: usize) -> bool {
        self.unique_columns.contains(&column)
    }

    /// Returns the rows by their first unique column, from after the given key.
    pub(crate) fn after_key<'a>(&'a self, key: Option<&str>) -> impl Iterator<Item = &'a Row> + use<'a> {
        let lower = key.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_owned()));
        let index = self.unique.first().expect("invariant: a table listed by key has one");
        index.range((lower, Bound::Unbounded)).filter_map(|(_, id)| self.rows.get(id))
    }

    /// Returns the rows changed after `low` and not after `high`, oldest change first.
    pub(crate) fn changed(&self, low: u64, high: u64) -> impl Iterator<Item = &Row> {
        let range = (Bound::Excluded(low), Bound::Included(high.max(low + 1)));
        let versions = self.by_version.range(range).filter(move |(version, _)| **version <= high);
        versions.filter_map(|(_, id)| self.rows.get(id))
    }

    /// Returns version and id of the rows deleted after `low` and not after `high`.
    pub(crate) fn deleted(&self, low: u64, high: u64) -> impl Iterator<Item = (u64, Uuid)> {
        let range = (Bound::Excluded(low), Bound::Included(high.max(low + 1)));
        let versions = self.deleted.range(range).filter(move |(version, _)| **version <= high);
        versions.map(|(version, id)| (*version, *id))
    }

    /// Returns the row that already has one of this row's unique keys, and the column.
    pub(crate) fn duplicate(&self, row: &Row) -> Option<(usize, Uuid)> {
        self.unique_columns.iter().zip(&self.unique).find_map(|(column, index)| {
            let other = index.get(&key_text(&row.values[*column])?)?;
            (*other != row.id).then_some((*column, *other))
        })
    }

    /// Puts an id into exactly this state and returns the state before.
    fn set(&mut self, id: Uuid, row: Option<Row>, deleted_at: Option<u64>) -> (Option<Row>, Option<u64>) {
        let old_deletion = self.deleted_at.remove(&id);
        if let Some(version) = old_deletion {
            self.deleted.remove(&version);
        }
        if let Some(version) = deleted_at {
            self.deleted.insert(version, id);
            self.deleted_at.insert(id, version);
        }
        let old = self.rows.remove(&id);
        if let Some(old) = &old {
            self.by_version.remove(&old.version);
            for (column, index) in self.unique_columns.iter().zip(&mut self.unique) {
                if let Some(key) = key_text(&old.values[*column]) {
                    index.remove(&key);
                }
            }
        }
        if let Some(row) = row {
            self.by_version.insert(row.version, id);
            for (column, index) in self.unique_columns.iter().zip(&mut self.unique) {
                if let Some(key) = key_text(&row.values[*column]) {
                    index.insert(key, id);
                }
            }
            self.rows.insert(id, row);
        }
        (old, old_deletion)
    }
}

/// Keys compare without case; blank values are no keys.
pub(crate) fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.to_uppercase()),
        other => Some(other.to_string()),
    }
}

/// A place in a transaction: how much of it stands before, or that it began here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Savepoint(Option<usize>);

#[derive(Clone, Debug)]
struct Undo {
    table: usize,
    id: Uuid,
    row: Option<Row>,
    deleted_at: Option<u64>,
}

/// All tables of one system.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    tables: Vec<Rows>,
    version: u64,
    undo: Option<Vec<Undo>>,
}

impl Store {
    /// Makes empty tables, each with the positions of its unique columns.
    pub(crate) fn new(tables: impl IntoIterator<Item = Vec<usize>>, version: u64) -> Self {
        let tables = tables.into_iter().map(|unique_columns| {
            let unique = unique_columns.iter().map(|_| BTreeMap::new()).collect();
            Rows { unique_columns, unique, ..Rows::default() }
        });
        Self { tables: tables.collect(), version, undo: None }
    }

    /// Adds an empty table, which comes last.
    pub(crate) fn add_table(&mut self) {
        self.tables.push(Rows::default());
    }

    /// Adds a column, empty in every row, which comes last.
    pub(crate) fn add_column(&mut self, table: usize) {
        self.tables[table].rows.values_mut().for_each(|row| row.values.push(Value::Null));
    }

    /// Makes a column unique from here on; what stands twice is found under one of its rows.
    pub(crate) fn add_unique(&mut self, table: usize, column: usize) {
        let table = &mut self.tables[table];
        let keys = table.rows.values().filter_map(|row| Some((key_text(&row.values[column])?, row.id)));
        table.unique.push(keys.collect());
        table.unique_columns.push(column);
    }

    /// Lets a column repeat its values.
    pub(crate) fn drop_unique(&mut self, table: usize, column: usize) {
        let table = &mut self.tables[table];
        if let Some(at) = table.unique_columns.iter().position(|unique| *unique == column) {
            table.unique_columns.remove(at);
            table.unique.remove(at);
        }
    }

    pub(crate) fn rows(&self, table: usize) -> &Rows {
        &self.tables[table]
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Moves the counter on.
    pub(crate) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// Stores a row whose version the caller has set from [`Store::next_version`].
    pub(crate) fn put(&mut self, table: usize, row: Row) {
        self.set(table, row.id, Some(row), None);
    }

    pub(crate) fn remove(&mut self, table: usize, id: Uuid) {
        let version = self.next_version();
        self.set(table, id, None, Some(version));
    }

    /// Empties a table as if its rows had never been: nothing remembers their deletion.
    pub(crate) fn wipe(&mut self, table: usize) {
        let ids: Vec<_> = self.tables[table].rows.keys().copied().collect();
        for id in ids {
            self.set(table, id, None, None);
        }
    }

    fn set(&mut self, table: usize, id: Uuid, row: Option<Row>, deleted_at: Option<u64>) {
        let (row, deleted_at) = self.tables[table].set(id, row, deleted_at);
        if let Some(undo) = &mut self.undo {
            undo.push(Undo { table, id, row, deleted_at });
        }
    }

    /// Starts a transaction; transactions do not nest.
    pub(crate) fn begin(&mut self) {
        self.undo = Some(Vec::new());
    }

    pub(crate) fn commit(&mut self) {
        self.undo = None;
    }

    /// Takes back everything since [`Store::begin`]; versions used up stay used up.
    pub(crate) fn rollback(&mut self) {
        for undo in self.undo.take().into_iter().flatten().rev() {
            self.tables[undo.table].set(undo.id, undo.row, undo.deleted_at);
        }
    }

    /// Marks a place to go back to, in the open transaction or in one of its own.
    pub(crate) fn savepoint(&mut self) -> Savepoint {
        match &self.undo {
            Some(undo) => Savepoint(Some(undo.len())),
            None => {
                self.begin();
                Savepoint(None)
            }
        }
    }

    /// Keeps what happened since a savepoint.
    pub(crate) fn keep(&mut self, savepoint: Savepoint) {
        if savepoint.0.is_none() {
            self.commit();
        }
    }

    /// Takes back what happened since a savepoint.
    pub(crate) fn take_back(&mut self, savepoint: Savepoint) {
        let Some(kept) = savepoint.0 else { return self.rollback() };
        let later = self.undo.as_mut().map(|undo| undo.split_off(kept));
        for undo in later.into_iter().flatten().rev() {
            self.tables[undo.table].set(undo.id, undo.row, undo.deleted_at);
        }
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.undo.is_some()
    }
}
