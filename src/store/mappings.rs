//! What was approved: each mapping's fingerprint and first sync, and the consent to write at all.

use super::tables::{CONSENT, MAPPINGS};
use super::{Consent, MappingState, Source, StoreError, Transaction, View};
use crate::model::MappingName;

impl<S: Source> View<S> {
    /// Returns what is known about a mapping as a whole.
    pub fn mapping_state(&self, mapping: &MappingName) -> Result<Option<MappingState>, StoreError> {
        self.find(&MAPPINGS, &mapping.as_str())
    }

    /// Returns who agreed that Tandem writes, if anyone did.
    pub fn consent(&self) -> Result<Option<Consent>, StoreError> {
        self.find(&CONSENT, &())
    }
}

impl Transaction {
    /// Stores what is known about a mapping as a whole.
    pub fn put_mapping_state(
        &mut self,
        mapping: &MappingName,
        state: &MappingState,
    ) -> Result<(), StoreError> {
        self.put(&MAPPINGS, &mapping.as_str(), state)
    }

    /// Stores who agreed that Tandem writes.
    pub fn put_consent(&mut self, consent: &Consent) -> Result<(), StoreError> {
        self.put(&CONSENT, &(), consent)
    }
}
