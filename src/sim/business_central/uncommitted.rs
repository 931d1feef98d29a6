//! Reads are dirty: they show rows whose transaction is still open and may be rolled back, and what rolled back never was.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Fault;
use super::schema::Kind;
use super::service::{Operation, Service, Surface};
use crate::sim::profile::Profile;
use crate::sim::store::Row;

impl Service {
    /// Opens a transaction that edits the row of this key, or makes one; lists and single reads show it. `None` if there
    /// is no such set or property.
    pub(crate) fn edit_uncommitted(
        &mut self,
        set: &str,
        key: &str,
        change: &Map<String, Value>,
    ) -> Option<()> {
        let index = self.set(set)?;
        let set = &self.sets[index];
        let row = self.store.rows(index).by_key(set.key_position(), &Value::from(key)).cloned();
        let now = self.now();
        let mut row = row.unwrap_or_else(|| {
            let mut row = self.blank_row(index, Uuid::new_v4(), &now);
            row.values[set.key_position()] = Value::from(key);
            row
        });
        for (name, value) in change {
            row.values[set.shown(name)?] = value.clone();
        }
        set.put(&mut row, "lastModifiedDateTime", now);
        row.version = self.store.next_version();
        self.uncommitted.push((index, row));
        Some(())
    }

    /// Ends all open transactions: as if they had never been.
    pub(crate) fn roll_back(&mut self) {
        self.uncommitted.clear();
    }

    /// Ends all open transactions well: their rows keep the stamps and the versions they were given when they were edited.
    pub(crate) fn commit(&mut self) {
        for (index, mut row) in std::mem::take(&mut self.uncommitted) {
            let (id, since) = (row.id, self.store.version());
            if self.store.rows(index).get(&id).is_some_and(|stored| stored.version > row.version) {
                row.version = self.store.next_version();
            }
            let version = row.version;
            self.put_as(index, row);
            self.settle(index, id, version - 1, self.seed.person);
            self.sign_changes(since, self.seed.person);
        }
    }

    /// Reads with the rows of open transactions in place; the companion reads what is committed.
    pub(super) fn read_dirty<T>(
        &mut self,
        operation: &Operation<'_>,
        set: usize,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if operation.surface == Surface::Companion {
            return read(self);
        }
        let mut open = self.uncommitted.clone();
        if !operation.request.person && self.disturbance.plays(Profile::RolledBackRows) {
            open.extend(self.chance_row(set).map(|row| (set, row)));
        }
        if open.is_empty() {
            return read(self);
        }
        let savepoint = self.mark();
        for (index, row) in open {
            self.put_as(index, row);
        }
        let result = read(self);
        self.take_back(savepoint);
        result
    }

    /// Sometimes returns a row like one of the set's that somebody is about to insert, and then does not.
    fn chance_row(&mut self, set: usize) -> Option<Row> {
        let key = self.sets[set].key_position();
        let rows = self.store.rows(set);
        let numbered = matches!(self.sets[set].columns[key].kind, Kind::Code(_));
        let count = if numbered { rows.iter().count() } else { 0 };
        if count == 0 || !self.disturbance.strikes(Profile::RolledBackRows) {
            return None;
        }
        let mut row = rows.iter().nth(self.disturbance.below(count))?.clone();
        let id = Uuid::new_v4();
        row.id = id;
        self.sets[set].put(&mut row, "id", id.to_string());
        row.values[key] = Value::from("UNSTORED");
        self.sets[set].put(&mut row, "lastModifiedDateTime", self.now());
        row.version = self.store.next_version();
        Some(row)
    }
}
