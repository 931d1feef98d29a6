//! Since when a mapping stands still, and why: kept so that a restart does not begin to count anew.

use super::tables::STANDSTILLS;
use super::{Source, Standstill, StoreError, Transaction, View};
use crate::model::MappingName;

impl<S: Source> View<S> {
    /// Returns since when a mapping stands still, if it does.
    pub fn standstill(&self, mapping: &MappingName) -> Result<Option<Standstill>, StoreError> {
        self.find(&STANDSTILLS, &mapping.as_str())
    }
}

impl Transaction {
    /// Stores that a mapping stands still.
    pub fn put_standstill(
        &mut self,
        mapping: &MappingName,
        standstill: &Standstill,
    ) -> Result<(), StoreError> {
        self.put(&STANDSTILLS, &mapping.as_str(), standstill)
    }

    /// Stores that a mapping goes on.
    pub fn remove_standstill(&mut self, mapping: &MappingName) -> Result<(), StoreError> {
        self.remove(&STANDSTILLS, &mapping.as_str())
    }
}
