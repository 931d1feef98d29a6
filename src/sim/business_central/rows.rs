//! How rows come and go: under the next version, told to subscribers, remembered for a tombstone, and taken back as if they
//! had never been.

use serde_json::Value;
use uuid::Uuid;

use super::companion::Removed;
use super::error::Fault;
use super::service::Service;
use super::values::blank;
use super::webhooks::{Change, ChangeKind};
use crate::sim::store::{Row, Savepoint};

/// A place to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    store: Savepoint,
    changes: usize,
    removed: usize,
}

impl Service {
    /// Stores a row as it is, without the rules of the API.
    pub(crate) fn insert(&mut self, set: &str, id: Uuid, modified: &str, values: &[(&str, Value)]) {
        let index = self.set(set).expect("invariant: seeded sets exist");
        let mut row = self.blank_row(index, id, modified);
        for (name, value) in values {
            let position = self.column_position(index, name).expect("invariant: seeded properties exist");
            row.values[position] = value.clone();
        }
        self.put(index, row);
    }

    /// Stores a row under the next version.
    pub(super) fn put(&mut self, index: usize, mut row: Row) {
        row.version = self.store.next_version();
        self.put_as(index, row);
    }

    /// Stores a row under the version it has.
    pub(super) fn put_as(&mut self, index: usize, mut row: Row) {
        let set = &self.sets[index];
        set.compose(&mut row);
        let kind = match self.store.rows(index).get(&row.id) {
            None => Some(ChangeKind::Created),
            Some(before) => set.differs(before, &row).then_some(ChangeKind::Updated),
        };
        let (id, at) = (row.id, self.clock.millis());
        self.changes.extend(kind.map(|kind| Change { set: index, id, kind, at }));
        self.store.put(index, row);
    }

    /// Removes a row.
    pub(super) fn remove(&mut self, index: usize, id: Uuid) {
        let change = Change { set: index, id, kind: ChangeKind::Deleted, at: self.clock.millis() };
        self.changes.push(change);
        if let Some(row) = self.store.rows(index).get(&id).cloned() {
            self.removed.push(Removed { table: index, row, cause: self.companion.cause.clone() });
        }
        self.store.remove(index, id);
    }

    /// Returns the rows removed since the last call.
    pub(super) fn take_removed(&mut self) -> Vec<Removed> {
        std::mem::take(&mut self.removed)
    }

    /// Hands the changes of rows to those who subscribed to them.
    pub(super) fn note_changes(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        self.webhooks.note(&changes);
    }

    /// Marks a place to go back to.
    pub(super) fn mark(&mut self) -> Mark {
        Mark { store: self.store.savepoint(), changes: self.changes.len(), removed: self.removed.len() }
    }

    /// Keeps what happened since a mark.
    pub(super) fn keep(&mut self, mark: Mark) {
        self.store.keep(mark.store);
    }

    /// Takes back what happened since a mark.
    pub(super) fn take_back(&mut self, mark: Mark) {
        self.changes.truncate(mark.changes);
        self.removed.truncate(mark.removed);
        self.store.take_back(mark.store);
    }

    /// Changes columns of a stored row as it stands, without the rules of the API.
    pub(crate) fn amend(&mut self, set: &str, id: Uuid, values: &[(&str, Value)]) {
        let index = self.set(set).expect("invariant: seeded sets exist");
        let mut row = self.store.rows(index).get(&id).cloned().expect("invariant: seeded rows exist");
        for (name, value) in values {
            self.put_column(index, &mut row, name, value.clone());
        }
        self.store.put(index, row);
    }

    /// Stores a row made by a user.
    pub(super) fn insert_by(
        &mut self,
        set: &str,
        id: Uuid,
        modified: &str,
        by: Uuid,
        values: &[(&str, Value)],
    ) {
        let since = self.store.version();
        self.insert(set, id, modified, values);
        self.sign_changes(since, by);
    }

    /// Makes a row whose properties are all blank.
    pub(super) fn blank_row(&self, set: usize, id: Uuid, modified: &str) -> Row {
        let values = self.sets[set].columns.iter().map(|column| match column.name {
            "id" => Value::String(id.to_string()),
            "lastModifiedDateTime" => Value::from(modified),
            _ => blank(&column.kind),
        });
        let mut row = Row { id, version: 0, values: values.collect() };
        self.complete(set, &mut row);
        row
    }

    /// Does work that happens as a whole or not at all.
    pub(super) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mark = self.mark();
        let result = work(self);
        match &result {
            Ok(_) => self.keep(mark),
            Err(_) => self.take_back(mark),
        }
        result
    }
}
