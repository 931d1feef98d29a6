//! What rows are called where others point to them by a value: names of rows, and rows by name.

use super::tables::{NAMES, ROWS_BY_NAME, side_byte};
use super::{Source, StoreError, Transaction, View};
use crate::model::{FieldId, MappingName, RowId, RowNames, Side};

impl<S: Source> View<S> {
    /// Returns what a row is called, if any of its values is a name.
    pub fn names(
        &self,
        mapping: &MappingName,
        side: Side,
        row: &RowId,
    ) -> Result<Option<RowNames>, StoreError> {
        self.find(&NAMES, &(mapping.as_str(), side_byte(side), &row.to_bytes()))
    }

    /// Returns the one row that is called so. Of several it cannot be told which is meant.
    pub fn row_named(
        &self,
        mapping: &MappingName,
        side: Side,
        field: &FieldId,
        name: &str,
    ) -> Result<Option<RowId>, StoreError> {
        let (mapping_name, side_key, field) = (mapping.as_str(), side_byte(side), field.as_str());
        let name = RowNames::folded(name);
        let index = self.open(ROWS_BY_NAME)?;
        let start = (mapping_name, side_key, field, name.as_str(), &[u8::MIN; 16]);
        let mut found = redb::ReadableTable::range(
            &index,
            start..=(mapping_name, side_key, field, name.as_str(), &[u8::MAX; 16]),
        )?;
        let (Some(key), None) = (found.next(), found.next()) else { return Ok(None) };
        let key = key?.0;
        let (.., row) = key.value();
        let names = self.find(&NAMES, &(mapping_name, side_key, row))?;
        Ok(names.map(|names: RowNames| names.row))
    }
}

impl Transaction {
    /// Stores what a row is called from now on.
    pub fn put_names(&mut self, names: &RowNames) -> Result<(), StoreError> {
        let old = self.names(&names.mapping, names.side, &names.row)?;
        if old.as_ref() == Some(names) || (old.is_none() && names.names.is_empty()) {
            return Ok(());
        }
        let row = names.row.to_bytes();
        let (mapping, side) = (names.mapping.as_str(), side_byte(names.side));
        for (field, name) in old.iter().flat_map(|old| &old.names) {
            let name = RowNames::folded(name);
            self.remove_plain(ROWS_BY_NAME, (mapping, side, field.as_str(), name.as_str(), &row))?;
        }
        for (field, name) in &names.names {
            let name = RowNames::folded(name);
            let key = (mapping, side, field.as_str(), name.as_str(), &row);
            self.open_changed(ROWS_BY_NAME)?.insert(key, ())?;
        }
        match names.names.is_empty() {
            true => self.remove(&NAMES, &(mapping, side, &row)),
            false => self.put(&NAMES, &(mapping, side, &row), names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn named(row: &str, code: &str) -> RowNames {
        let names = if code.is_empty() { [].into() } else { [("code".into(), code.to_owned())].into() };
        RowNames { mapping: "M".into(), side: Side::Left, row: RowId::new(row), names }
    }

    #[test]
    fn a_row_is_found_by_the_name_it_has_now() {
        let store = Store::in_memory().unwrap();
        let put = |row: &str, code: &str| {
            let mut transaction = store.transaction().unwrap();
            transaction.put_names(&named(row, code)).unwrap();
            transaction.commit().unwrap();
        };
        let find = |side: Side, code: &str| {
            store.snapshot().unwrap().row_named(&"M".into(), side, &"code".into(), code).unwrap()
        };
        put("ida", "IH");
        put("jo", "JR");
        assert_eq!(find(Side::Left, "ih "), Some(RowId::new("ida")), "whatever its case");
        assert_eq!(
            (find(Side::Right, "IH"), find(Side::Left, "I"), find(Side::Left, "")),
            (None, None, None)
        );
        put("ida", "IDA");
        assert_eq!((find(Side::Left, "IH"), find(Side::Left, "IDA")), (None, Some(RowId::new("ida"))));
        put("jo", "IDA");
        assert_eq!(find(Side::Left, "IDA"), None, "two are called so");
        put("jo", "");
        assert_eq!(find(Side::Left, "IDA"), Some(RowId::new("ida")));
        assert_eq!(
            store.snapshot().unwrap().names(&"M".into(), Side::Left, &RowId::new("jo")).unwrap(),
            None
        );
    }
}
