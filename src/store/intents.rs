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
