//! Intents: writes whose outcome is not stored yet.

use std::ops::Bound;

use super::tables::INTENTS;
use super::{Source, StoreError, Transaction, View};
use crate::model::{Intent, IntentId};

impl<S: Source> View<S> {
    /// Returns all open intents, in the order they were stored. There are never more than one batch a connection.
    pub fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        self.list(&INTENTS, (Bound::Unbounded, Bound::Unbounded), usize::MAX)
    }
}

impl Transaction {
    /// Stores an intent. Commit before the write leaves.
    pub fn put_intent(&mut self, intent: &Intent) -> Result<(), StoreError> {
        self.put(&INTENTS, &intent.id.0, intent)
    }

    /// Closes an intent. Call it in the transaction that stores the outcome.
    pub fn remove_intent(&mut self, id: IntentId) -> Result<(), StoreError> {
        self.remove(&INTENTS, &id.0)
    }

    /// Gives out a number for a new intent.
    pub fn next_intent_id(&mut self) -> Result<IntentId, StoreError> {
        self.next_number("intent").map(IntentId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CouplingId, IntentVerb, MappingName, RowId, RunId, Side, Timestamp};
    use crate::store::Store;

    /// I20: what a killed process was about to write is found again.
    #[test]
    fn an_open_intent_outlives_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tandem.redb");
        let store = Store::open(&path).unwrap();
        let mut transaction = store.transaction().unwrap();
        let row = RowId::new("A/1");
        let verb = IntentVerb::Delete { coupling: CouplingId(1), row, version: None };
        let intent = Intent {
            id: transaction.next_intent_id().unwrap(),
            run: RunId(1),
            mapping: MappingName::new("CUSTOMER"),
            side: Side::Left,
            verb,
            stored_at: Timestamp::UNIX_EPOCH,
        };
        transaction.put_intent(&intent).unwrap();
        transaction.commit().unwrap();

        let killed = folder.path().join("killed.redb");
        std::fs::copy(&path, &killed).unwrap();
        drop(store);
        let store = Store::open(&killed).unwrap();
        let mut transaction = store.transaction().unwrap();
        assert_eq!(transaction.intents().unwrap(), std::slice::from_ref(&intent));
        assert_eq!(transaction.next_intent_id().unwrap(), IntentId(2));
        transaction.remove_intent(intent.id).unwrap();
        assert_eq!(transaction.intents().unwrap(), []);
    }
}
