//! What was written lately to coupled rows, kept as long as it may be followed by an echo.

use redb::ReadableTable;

use super::stored::StoredEcho;
use super::tables::ECHOES;
use super::{Source, StoreError, Transaction, View, codec};
use crate::model::{CouplingId, Echo, MappingName, Timestamp};

impl<S: Source> View<S> {
    /// Returns what was written lately to two coupled rows.
    pub fn echo(&self, mapping: &MappingName, id: CouplingId) -> Result<Option<Echo>, StoreError> {
        self.find(&ECHOES, &(mapping.as_str(), id.0))
    }
}

impl Transaction {
    /// Stores what was written lately.
    pub fn put_echo(&mut self, mapping: &MappingName, id: CouplingId, echo: &Echo) -> Result<(), StoreError> {
        self.put(&ECHOES, &(mapping.as_str(), id.0), echo)
    }

    /// Forgets at most `most` that were last written before `since` and keep nothing from going on. Returns how many.
    pub(super) fn trim_echoes(&mut self, since: Timestamp, most: usize) -> Result<usize, StoreError> {
        let mut old = Vec::new();
        {
            let table = self.open(ECHOES.definition())?;
            for entry in table.iter()? {
                let (key, bytes) = entry?;
                let echo = codec::decode::<StoredEcho, Echo>(ECHOES.name(), &key.value(), bytes.value())?;
                if old.len() < most
                    && echo.fields.values().all(|writes| writes.at < since && !writes.is_fight())
                {
                    let (mapping, id) = key.value();
                    old.push((mapping.to_owned(), id));
                }
            }
        }
        for (mapping, id) in &old {
            self.remove(&ECHOES, &(mapping.as_str(), *id))?;
        }
        Ok(old.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Pair, Side, Writes};
    use crate::store::{Kept, Store};

    /// I35
    #[test]
    fn what_was_written_long_ago_is_forgotten() {
        let store = Store::in_memory().unwrap();
        let name = MappingName::new("CUSTOMER");
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut transaction = store.transaction().unwrap();
        for second in 1..=3 {
            let writes = Writes {
                last: Pair::default(),
                again: Pair::new(0, 0),
                rewritten: 0,
                rewritten_on: Side::Left,
                rewritten_as: None,
                at: at(second),
            };
            let echo = Echo { fields: [("name".into(), writes)].into() };
            transaction.put_echo(&name, CouplingId(second.unsigned_abs()), &echo).unwrap();
        }
        transaction.commit().unwrap();
        let kept = Kept { since: Timestamp::MIN, entries: 9, echoes_since: at(3) };
        assert!(!store.trim(kept).unwrap());
        let snapshot = store.snapshot().unwrap();
        let left = [1, 2, 3].map(|id| snapshot.echo(&name, CouplingId(id)).unwrap().is_some());
        assert_eq!(left, [false, false, true]);
    }
}
