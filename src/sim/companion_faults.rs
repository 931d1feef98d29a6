//! Faults on demand that only a change feed by row versions can meet.

use uuid::Uuid;

use super::faults::{Faults, lock};

impl Faults {
    /// Installs the companion API or uninstalls it: then each of its sets answers 404, and deleted rows leave no tombstone.
    pub fn install_companion(&self, installed: bool) {
        lock(&self.business_central).install_companion(installed);
    }

    /// Begins a transaction in another company, or ends it: while it is open, `minimumActiveRowVersion` stands still.
    pub fn hold_row_versions(&self, hold: bool) {
        lock(&self.business_central).hold_row_versions(hold);
    }

    /// Makes that many reads of the companion's rows answer 409, because somebody holds a lock.
    pub fn lock_companion_reads(&self, reads: u32) {
        lock(&self.business_central).lock_companion_reads(reads);
    }

    /// Merges a customer, vendor or contact into another: both ids get a tombstone, and the survivor's is back at once.
    /// Returns whether the set has both rows.
    pub fn merge(&self, set: &str, duplicate: Uuid, survivor: Uuid) -> bool {
        lock(&self.business_central).merge(set, duplicate, survivor)
    }

    /// Takes a backup of Business Central.
    pub fn back_up(&self) {
        lock(&self.business_central).back_up();
    }

    /// Restores the last backup, so that row versions fall; `new_lineage` says whether the companion notices.
    pub fn restore(&self, new_lineage: bool) {
        lock(&self.business_central).restore(new_lineage);
    }
}
