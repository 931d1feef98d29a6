//! Whoever runs the servers: backs them up and puts backups back, empties tables, copies environments and companies.

use std::sync::{Arc, Mutex};

use uuid::Uuid;

use super::faults::lock;
use super::{business_central, dataverse};

/// A handle on what administrators do to whole databases. Clones share everything.
#[derive(Clone, Debug)]
pub struct Operator {
    pub(crate) dataverse: Arc<Mutex<dataverse::Service>>,
    pub(crate) business_central: Arc<Mutex<business_central::Service>>,
}

/// There is no such table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no table {0}")]
pub struct UnknownTable(String);

impl Operator {
    /// Backs up Dataverse.
    pub fn back_up_dataverse(&self) {
        lock(&self.dataverse).back_up();
    }

    /// Puts the last backup of Dataverse back: rows, versions and tombstones. Delta links made since then still are
    /// answered, as if nothing had happened.
    pub fn restore_dataverse(&self) {
        lock(&self.dataverse).restore();
    }

    /// Backs up Business Central.
    pub fn back_up_business_central(&self) {
        lock(&self.business_central).back_up();
    }

    /// Puts the last backup of Business Central back: rows and versions.
    pub fn restore_business_central(&self) {
        lock(&self.business_central).restore(false);
    }

    /// Empties a table of Dataverse behind its back: no tombstone is left.
    pub fn wipe_dataverse(&self, set: &str) -> Result<(), UnknownTable> {
        lock(&self.dataverse).wipe(set).ok_or_else(|| UnknownTable(set.to_owned()))
    }

    /// Empties a table of Business Central behind its back: no tombstone is left, and nobody is told.
    pub fn wipe_business_central(&self, set: &str) -> Result<(), UnknownTable> {
        lock(&self.business_central).wipe(set).ok_or_else(|| UnknownTable(set.to_owned()))
    }

    /// Lets a copy of the Dataverse environment answer in its place: the same rows, another organisation.
    pub fn put_copy_of_dataverse_in_place(&self, name: &str) {
        lock(&self.dataverse).become_copy(Uuid::new_v4(), name);
    }

    /// Copies the company of Business Central and returns the copy's id. The copy shows the very rows of the company, also
    /// what changes afterwards.
    pub fn copy_company(&self, name: &str) -> Uuid {
        let id = Uuid::new_v4();
        lock(&self.business_central).add_company(id, name);
        id
    }
}
