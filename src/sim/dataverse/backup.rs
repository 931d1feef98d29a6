//! What administrators do to an organisation as a whole: back it up, restore it, empty a table, put a copy in its place.

use serde_json::json;
use uuid::Uuid;

use super::service::Service;
use crate::sim::store::Store;

/// An organisation's rows at one moment.
#[derive(Debug)]
pub(super) struct Backup {
    store: Store,
    oldest_delta: u64,
}

impl Service {
    /// Takes a backup of the rows with their versions and tombstones.
    pub(crate) fn back_up(&mut self) {
        self.backup = Some(Backup { store: self.store.clone(), oldest_delta: self.oldest_delta });
    }

    /// Goes back to the backup, versions too.
    pub(crate) fn restore(&mut self) {
        if let Some(backup) = &self.backup {
            self.store = backup.store.clone();
            self.oldest_delta = backup.oldest_delta;
        }
    }

    /// Empties a table and leaves no tombstone; `None` if there is no such table.
    pub(crate) fn wipe(&mut self, set: &str) -> Option<()> {
        let table = self.table(set)?;
        self.store.wipe(table);
        Some(())
    }

    /// Becomes another organisation with the same rows.
    pub(crate) fn become_copy(&mut self, id: Uuid, name: &str) {
        let Some(table) = self.table("organizations") else { return };
        if let Some(mut row) = self.store.rows(table).get(&self.seed.organization).cloned() {
            self.store.remove(table, row.id);
            row.id = id;
            let columns = [("organizationid", json!(id)), ("name", json!(name))];
            for (column, value) in columns {
                if let Some(position) = self.tables[table].position(column) {
                    row.values[position] = value;
                }
            }
            row.version = self.store.next_version();
            self.store.put(table, row);
        }
        self.seed.organization = id;
    }
}
