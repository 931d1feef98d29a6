//! What tests and demos do to the company and its companion by hand: uninstall, hold versions back, lock, merge, back up and
//! restore, empty a set, add a company.

use serde_json::json;
use uuid::Uuid;

use super::tombstones::{Cause, Successor};
use crate::sim::business_central::service::Service;

impl Service {
    /// Installs the companion or uninstalls it. Rows deleted while it is away leave no tombstone.
    pub(crate) fn install_companion(&mut self, installed: bool) {
        if installed && !self.companion.installed {
            self.companion.tombstones_from = self.store.version() + 1;
        }
        self.companion.installed = installed;
    }

    /// Begins a transaction in another company: the minimum active version stays at its version, until it ends.
    pub(crate) fn hold_row_versions(&mut self, hold: bool) {
        self.companion.open_transaction = hold.then(|| self.store.next_version());
    }

    /// Makes that many reads of the companion meet a lock.
    pub(crate) fn lock_companion_reads(&mut self, reads: u32) {
        self.companion.locked_reads = reads;
    }

    /// Takes a backup of the database.
    pub(crate) fn back_up(&mut self) {
        self.companion.backup = Some(Box::new(self.store.clone()));
    }

    /// Goes back to the backup, row versions too; `copied` is what Business Central reports to extensions.
    pub(crate) fn restore(&mut self, copied: bool) {
        if let Some(backup) = &self.companion.backup {
            self.store = (**backup).clone();
            self.late.clear();
            self.uncommitted.clear();
        }
        if copied {
            self.companion.lineage = Uuid::new_v4();
        }
    }

    /// Empties a set behind its back: neither subscribers nor the companion hear of it. `None` if there is no such set.
    pub(crate) fn wipe(&mut self, set: &str) -> Option<()> {
        let table = self.set(set)?;
        self.store.wipe(table);
        Some(())
    }

    /// Adds a company that shows the rows of the one there is.
    pub(crate) fn add_company(&mut self, id: Uuid, name: &str) {
        let made = self.now();
        let values = [("name", json!(format!("{name} {id}"))), ("displayName", json!(name))];
        self.insert("companies", id, &made, &values);
    }

    /// Merges a customer, vendor or contact into another as *Merge Duplicates* does: both rows are deleted, and the one
    /// that stays comes back under its own id. Returns whether there were both.
    pub(crate) fn merge(&mut self, set: &str, duplicate: Uuid, survivor: Uuid) -> bool {
        let Some(table) = self.set(set) else { return false };
        let Some(staying) = self.store.rows(table).get(&survivor).cloned() else { return false };
        let Some(leaving) = self.store.rows(table).get(&duplicate).cloned() else { return false };
        if duplicate == survivor {
            return false;
        }
        let Some(set) = self.companion.burial(table).map(|view| view.set.name) else { return false };
        let since = self.store.version();
        let number = self.code_of_row(table, &staying).to_owned();
        self.remove(table, duplicate);
        self.remove(table, survivor);
        self.follow_removal(table, &leaving);
        let cause = Cause { cause: "Merged", successor: Some(Successor { set, id: survivor, number }) };
        self.bury_removed_because(self.seed.person, &cause);
        let mut row = staying;
        self.put_column(table, &mut row, "lastModifiedDateTime", json!(self.now()));
        self.put(table, row);
        self.sign_changes(since, self.seed.person);
        true
    }
}
