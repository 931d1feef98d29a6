//! Which system each connection is pinned to, where its rows were last seen, and whether it is frozen.

use super::tables::{FREEZES, PINS, TRACES};
use super::{Source, StoreError, Transaction, View};
use crate::model::{ConnectionName, Freeze, Pin, TableName, Trace};

impl<S: Source> View<S> {
    /// Returns the system a connection is pinned to. A store from before names were kept has only its identity.
    pub fn pin(&self, connection: &ConnectionName) -> Result<Option<Pin>, StoreError> {
        let Some(identity) = self.pinned_identity(connection)? else { return Ok(None) };
        let pin: Option<Pin> = self.find(&PINS, &connection.as_str())?;
        let pin = pin.filter(|pin| pin.identity == identity);
        Ok(Some(pin.unwrap_or(Pin { identity, name: String::new() })))
    }

    /// Returns where rows of a table were last seen, the latest first.
    pub fn traces(&self, connection: &ConnectionName, table: &TableName) -> Result<Vec<Trace>, StoreError> {
        Ok(self.find(&TRACES, &(connection.as_str(), table.as_str()))?.unwrap_or_default())
    }

    /// Returns why a connection is frozen, if it is.
    pub fn freeze(&self, connection: &ConnectionName) -> Result<Option<Freeze>, StoreError> {
        self.find(&FREEZES, &connection.as_str())
    }
}

impl Transaction {
    /// Pins a connection to a system (I13).
    pub fn put_pin(&mut self, connection: &ConnectionName, pin: &Pin) -> Result<(), StoreError> {
        self.pin_identity(connection, &pin.identity)?;
        self.put(&PINS, &connection.as_str(), pin)
    }

    /// Stores where rows of a table were last seen.
    pub fn put_traces(
        &mut self,
        connection: &ConnectionName,
        table: &TableName,
        traces: &Vec<Trace>,
    ) -> Result<(), StoreError> {
        self.put(&TRACES, &(connection.as_str(), table.as_str()), traces)
    }

    /// Freezes a connection; the first cause stays.
    pub fn put_freeze(&mut self, connection: &ConnectionName, freeze: &Freeze) -> Result<(), StoreError> {
        match self.freeze(connection)? {
            Some(_) => Ok(()),
            None => self.put(&FREEZES, &connection.as_str(), freeze),
        }
    }

    /// Lifts a freeze.
    pub fn remove_freeze(&mut self, connection: &ConnectionName) -> Result<(), StoreError> {
        self.remove(&FREEZES, &connection.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FieldId, FreezeCause, OlderRow, Timestamp, Value, Version};
    use crate::store::Store;
    use crate::store::format_1::{check, keyed, mapping, time};
    use crate::store::stored::{StoredFreeze, StoredPin, StoredTrace};

    /// The bytes as they stand in files: a failure means that files already written would be read wrongly.
    #[test]
    fn pins_traces_and_freezes_keep_their_bytes() {
        let pin = Pin { identity: "i".to_owned(), name: "n".to_owned() };
        check::<StoredPin, _>(&pin, "01 0169 016e");
        let trace = Trace { row: keyed(), version: Some(Version::new("v")), modified_at: Some(time()) };
        check::<Vec<StoredTrace>, _>(&vec![trace], "01 01 0103412f31 010176 01fd00ca1dca3da7702f");
        let older = OlderRow {
            mapping: mapping(),
            row: keyed(),
            label: "L".to_owned(),
            field: FieldId::new("f"),
            agreed: Value::Flag(true),
            found: Value::Blank,
        };
        let causes = [
            (FreezeCause::Restored { detail: "d".to_owned() }, "01 fd00ca1dca3da7702f 00 0164"),
            (
                FreezeCause::OlderContent { sampled: 20, older: vec![older] },
                "01 fd00ca1dca3da7702f 01 14 01 014d 0103412f31 014c 0166 0301 00",
            ),
            (
                FreezeCause::Wiped { table: "t".into(), coupled: 5, gone: 4 },
                "01 fd00ca1dca3da7702f 02 0174 05 04",
            ),
        ];
        for (cause, expected) in causes {
            check::<StoredFreeze, _>(&Freeze { at: time(), cause }, expected);
        }
    }

    fn freeze(detail: &str) -> Freeze {
        Freeze { at: Timestamp::UNIX_EPOCH, cause: FreezeCause::Restored { detail: detail.to_owned() } }
    }

    /// I14
    #[test]
    fn a_freeze_lasts_until_it_is_lifted_and_keeps_its_first_cause() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let (erp, crm) = (ConnectionName::new("erp"), ConnectionName::new("crm"));
        transaction.put_freeze(&erp, &freeze("first")).unwrap();
        transaction.put_freeze(&erp, &freeze("second")).unwrap();
        assert_eq!(transaction.freeze(&erp).unwrap(), Some(freeze("first")));
        assert_eq!(transaction.freeze(&crm).unwrap(), None);
        transaction.remove_freeze(&erp).unwrap();
        assert_eq!(transaction.freeze(&erp).unwrap(), None);
    }

    /// I13
    #[test]
    fn a_pin_from_before_names_were_kept_has_its_identity() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let crm = ConnectionName::new("crm");
        assert_eq!(transaction.pin(&crm).unwrap(), None);
        transaction.pin_identity(&crm, "1").unwrap();
        let pin = |identity: &str, name: &str| Pin { identity: identity.to_owned(), name: name.to_owned() };
        assert_eq!(transaction.pin(&crm).unwrap(), Some(pin("1", "")));
        transaction.put_pin(&crm, &pin("2", "Contoso")).unwrap();
        assert_eq!(transaction.pin(&crm).unwrap(), Some(pin("2", "Contoso")));
        assert_eq!(transaction.pinned_identity(&crm).unwrap().as_deref(), Some("2"));
    }
}
