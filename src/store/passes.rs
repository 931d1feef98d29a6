//! When mappings with a time of their own were passed last: kept so that a restart does not begin to count anew.

use super::tables::PASSES;
use super::{Source, StoreError, Transaction, View};
use crate::model::MappingName;
use crate::schedule::LastPass;

impl<S: Source> View<S> {
    /// Returns what is known of a mapping's last pass.
    pub fn last_pass(&self, mapping: &MappingName) -> Result<Option<LastPass>, StoreError> {
        self.find(&PASSES, &mapping.as_str())
    }
}

impl Transaction {
    /// Stores when a mapping was passed.
    pub fn put_last_pass(&mut self, mapping: &MappingName, pass: &LastPass) -> Result<(), StoreError> {
        self.put(&PASSES, &mapping.as_str(), pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::store::Store;

    #[test]
    fn each_mapping_has_a_last_pass_of_its_own() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let (customer, item) = (MappingName::new("CUSTOMER"), MappingName::new("ITEM"));
        let pass = LastPass { at: Timestamp::UNIX_EPOCH, was_idle: true };
        transaction.put_last_pass(&customer, &pass).unwrap();
        assert_eq!(transaction.last_pass(&customer).unwrap(), Some(pass));
        assert_eq!(transaction.last_pass(&item).unwrap(), None);
    }
}
