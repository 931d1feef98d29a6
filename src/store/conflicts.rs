//! Conflicts that wait for a person.

use std::ops::Bound;

use super::tables::{CONFLICT_BY_ROWS, CONFLICTS};
use super::{Source, StoreError, Transaction, View};
use crate::model::{Conflict, ConflictId, MappingName, Pair, RowId};

impl<S: Source> View<S> {
    /// Returns a conflict by its number.
    pub fn conflict(&self, id: ConflictId) -> Result<Option<Conflict>, StoreError> {
        self.find(&CONFLICTS, &id.0)
    }

    /// Returns all open conflicts, in the order of their numbers.
    pub fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        self.list(&CONFLICTS, (Bound::Unbounded, Bound::Unbounded), usize::MAX)
    }

    /// Returns the open conflict of two coupled rows.
    pub fn conflict_of(
        &self,
        mapping: &MappingName,
        rows: &Pair<RowId>,
    ) -> Result<Option<Conflict>, StoreError> {
        match self.conflict_id_of(mapping, rows)? {
            Some(id) => self.conflict(id),
            None => Ok(None),
        }
    }

    fn conflict_id_of(
        &self,
        mapping: &MappingName,
        rows: &Pair<RowId>,
    ) -> Result<Option<ConflictId>, StoreError> {
        let key = (mapping.as_str(), &rows.left.to_bytes(), &rows.right.to_bytes());
        Ok(self.plain(CONFLICT_BY_ROWS, key)?.map(ConflictId))
    }
}

impl Transaction {
    /// Inserts a conflict, or replaces the one with its number.
    pub fn put_conflict(&mut self, conflict: &Conflict) -> Result<(), StoreError> {
        if self.conflict_id_of(&conflict.mapping, &conflict.rows)? != Some(conflict.id) {
            self.unindex_conflict(conflict.id)?;
            let rows = conflict.rows.as_ref().map(RowId::to_bytes);
            let key = (conflict.mapping.as_str(), &rows.left, &rows.right);
            self.set_plain(CONFLICT_BY_ROWS, key, conflict.id.0)?;
        }
        self.put(&CONFLICTS, &conflict.id.0, conflict)
    }

    /// Removes a conflict, if it is there.
    pub fn remove_conflict(&mut self, id: ConflictId) -> Result<(), StoreError> {
        self.unindex_conflict(id)?;
        self.remove(&CONFLICTS, &id.0)
    }

    /// Gives out a number for a new conflict.
    pub fn next_conflict_id(&mut self) -> Result<ConflictId, StoreError> {
        self.next_number("conflict").map(ConflictId)
    }

    fn unindex_conflict(&mut self, id: ConflictId) -> Result<(), StoreError> {
        let Some(old) = self.conflict(id)? else { return Ok(()) };
        if self.conflict_id_of(&old.mapping, &old.rows)? == Some(id) {
            let rows = old.rows.as_ref().map(RowId::to_bytes);
            self.remove_plain(CONFLICT_BY_ROWS, (old.mapping.as_str(), &rows.left, &rows.right))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Author, ConflictKind, Side, Stamp, Timestamp};
    use crate::store::Store;

    fn conflict(id: u64, left: &str, right: &str) -> Conflict {
        Conflict {
            id: ConflictId(id),
            mapping: MappingName::new("CUSTOMER"),
            rows: Pair::new(RowId::new(left), RowId::new(right)),
            label: "Adatum".to_owned(),
            kind: ConflictKind::Deleted { on: Side::Left },
            authors: Pair::new(Author::default(), Author::default()),
            raised_at: Timestamp::UNIX_EPOCH,
            stamp: Stamp::new("s"),
            answer: None,
            answered_in: None,
            suggestion: None,
        }
    }

    #[test]
    fn conflicts_are_listed_by_number_and_found_by_their_rows() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let (first, second) = (conflict(1, "l1", "r1"), conflict(2, "l2", "r2"));
        transaction.put_conflict(&second).unwrap();
        transaction.put_conflict(&first).unwrap();
        assert_eq!(transaction.conflicts().unwrap(), [first.clone(), second.clone()]);
        assert_eq!(transaction.conflict(second.id).unwrap().as_ref(), Some(&second));
        assert_eq!(transaction.conflict_of(&first.mapping, &first.rows).unwrap(), Some(first.clone()));
        let swapped = first.rows.clone().swap();
        assert_eq!(transaction.conflict_of(&first.mapping, &swapped).unwrap(), None);

        transaction.remove_conflict(first.id).unwrap();
        assert_eq!(transaction.conflict_of(&first.mapping, &first.rows).unwrap(), None);
        assert_eq!(transaction.conflicts().unwrap(), [second]);
    }

    #[test]
    fn the_index_follows_a_conflict_whose_rows_change() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let (before, after) = (conflict(1, "l1", "r1"), conflict(1, "l1", "r2"));
        transaction.put_conflict(&before).unwrap();
        transaction.put_conflict(&after).unwrap();
        assert_eq!(transaction.conflict_of(&before.mapping, &before.rows).unwrap(), None);
        assert_eq!(transaction.conflict_of(&after.mapping, &after.rows).unwrap(), Some(after));
    }
}
