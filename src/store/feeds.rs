//! How far each table has been read and swept, and which system each connection was pinned to.

use super::tables::{FEEDS, IDENTITIES, SWEEPS};
use super::{FeedState, Source, StoreError, Transaction, View};
use crate::model::{ConnectionName, TableName, Timestamp};

impl<S: Source> View<S> {
    /// Returns how far a table has been read.
    pub fn feed(
        &self,
        connection: &ConnectionName,
        table: &TableName,
    ) -> Result<Option<FeedState>, StoreError> {
        self.find(&FEEDS, &(connection.as_str(), table.as_str()))
    }

    /// Returns when the last sweep of a table's ids was finished.
    pub fn sweep(
        &self,
        connection: &ConnectionName,
        table: &TableName,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.find(&SWEEPS, &(connection.as_str(), table.as_str()))
    }

    /// Returns the organisation, environment or company that a connection was pinned to.
    pub fn pinned_identity(&self, connection: &ConnectionName) -> Result<Option<String>, StoreError> {
        self.find(&IDENTITIES, &connection.as_str())
    }
}

impl Transaction {
    /// Stores how far a table has been read. Call it in the transaction that stores what was read.
    pub fn put_feed(
        &mut self,
        connection: &ConnectionName,
        table: &TableName,
        feed: &FeedState,
    ) -> Result<(), StoreError> {
        self.put(&FEEDS, &(connection.as_str(), table.as_str()), feed)
    }

    /// Forgets how far a table has been read: the next reading starts anew.
    pub fn remove_feed(&mut self, connection: &ConnectionName, table: &TableName) -> Result<(), StoreError> {
        self.remove(&FEEDS, &(connection.as_str(), table.as_str()))
    }

    /// Stores when a sweep of a table's ids was finished.
    pub fn put_sweep(
        &mut self,
        connection: &ConnectionName,
        table: &TableName,
        finished_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.put(&SWEEPS, &(connection.as_str(), table.as_str()), &finished_at)
    }

    /// Pins a connection to the system it was first used with (I13).
    pub fn pin_identity(&mut self, connection: &ConnectionName, identity: &str) -> Result<(), StoreError> {
        self.put(&IDENTITIES, &connection.as_str(), &identity.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ColumnName, PageLink, Watermark};
    use crate::store::Store;

    #[test]
    fn each_table_of_each_connection_has_its_own_feed() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let (erp, crm) = (ConnectionName::new("erp"), ConnectionName::new("crm"));
        let (accounts, contacts) = (TableName::new("accounts"), TableName::new("contacts"));
        let feed = FeedState {
            users: ["M".into()].into(),
            columns: [ColumnName::new("name")].into(),
            watermark: Some(Watermark::new("w")),
            page: Some(PageLink::new("p")),
            stored_at: Timestamp::UNIX_EPOCH,
        };
        transaction.put_feed(&crm, &accounts, &feed).unwrap();
        transaction.put_feed(&crm, &contacts, &FeedState::default()).unwrap();
        transaction.put_sweep(&crm, &accounts, Timestamp::MAX).unwrap();
        transaction.pin_identity(&crm, "contoso").unwrap();

        assert_eq!(transaction.feed(&crm, &accounts).unwrap(), Some(feed));
        assert_eq!(transaction.feed(&crm, &contacts).unwrap(), Some(FeedState::default()));
        assert_eq!(transaction.feed(&erp, &accounts).unwrap(), None);
        assert_eq!(transaction.sweep(&crm, &accounts).unwrap(), Some(Timestamp::MAX));
        assert_eq!(transaction.sweep(&crm, &contacts).unwrap(), None);
        assert_eq!(transaction.pinned_identity(&crm).unwrap().as_deref(), Some("contoso"));
        assert_eq!(transaction.pinned_identity(&erp).unwrap(), None);

        transaction.remove_feed(&crm, &accounts).unwrap();
        assert_eq!(transaction.feed(&crm, &accounts).unwrap(), None);
    }
}
