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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::store::{Approval, Store};

    #[test]
    fn each_mapping_has_its_own_state() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let (customer, item) = (MappingName::new("CUSTOMER"), MappingName::new("ITEM"));
        let approval = Approval { by: "Ida".to_owned(), at: Timestamp::UNIX_EPOCH };
        let state = MappingState {
            fingerprint: "f".to_owned(),
            first_sync_approved: Some(approval),
            ..MappingState::default()
        };
        transaction.put_mapping_state(&customer, &state).unwrap();
        assert_eq!(transaction.mapping_state(&customer).unwrap(), Some(state));
        assert_eq!(transaction.mapping_state(&item).unwrap(), None);
    }
}
