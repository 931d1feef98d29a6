//! Giving room in the file that nothing uses back to the disk.

use std::fs;
use std::sync::PoisonError;

use redb::CompactionError;

use super::{Store, StoreError};

/// A file below this is not worth the work.
const WORTHWHILE_BYTES: u64 = 16 * 1024 * 1024;

/// The size of the store's file before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    pub before: u64,
    pub after: u64,
}

impl Store {
    /// Gives unused room back. Returns nothing where somebody reads or writes just now: it is for another moment. A kill
    /// in the middle leaves the store as it was, in a file of whatever size.
    pub fn compact(&self) -> Result<Option<Compacted>, StoreError> {
        let before = self.file_bytes()?;
        let compacted = {
            let mut database = self.lock().write().unwrap_or_else(PoisonError::into_inner);
            database.compact()
        };
        match compacted {
            Ok(_) => Ok(Some(Compacted { before, after: self.file_bytes()? })),
            Err(CompactionError::TransactionInProgress) => Ok(None),
            Err(error) => Err(StoreError::Database(Box::new(error.into()))),
        }
    }

    /// Returns whether more than half of a file of some size is unused.
    pub fn is_mostly_unused(&self) -> Result<bool, StoreError> {
        let bytes = self.file_bytes()?;
        if bytes < WORTHWHILE_BYTES {
            return Ok(false);
        }
        let transaction = self.transaction()?;
        Ok(transaction.used_bytes()? * 2 < bytes)
    }

    fn file_bytes(&self) -> Result<u64, StoreError> {
        let Some(path) = self.path() else { return Ok(0) };
        let found = fs::metadata(path).map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        Ok(found.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectionName, Timestamp};
    use crate::store::Consent;

    fn fill(store: &Store, bytes: usize, pieces: usize) {
        let mut transaction = store.transaction().unwrap();
        let text = "x".repeat(bytes);
        for piece in 0..pieces {
            transaction.pin_identity(&ConnectionName::new(format!("c{piece}")), &text).unwrap();
        }
        transaction.commit().unwrap();
    }

    #[test]
    fn unused_room_is_given_back_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tandem.redb")).unwrap();
        let mut transaction = store.transaction().unwrap();
        let consent = Consent { by: "Ida".to_owned(), at: Timestamp::UNIX_EPOCH, text: "Yes".to_owned() };
        transaction.put_consent(&consent).unwrap();
        transaction.commit().unwrap();
        fill(&store, 1_000_000, 20);
        assert!(!store.is_mostly_unused().unwrap());
        fill(&store, 1, 20);
        assert!(store.is_mostly_unused().unwrap());
        let snapshot = store.snapshot().unwrap();
        assert_eq!(store.compact().unwrap(), None, "somebody reads");
        drop(snapshot);
        let Compacted { before, after } = store.compact().unwrap().unwrap();
        assert!(after * 2 < before, "{before} {after}");
        assert_eq!(store.snapshot().unwrap().consent().unwrap(), Some(consent));
        drop(store);
        Store::open(&folder.path().join("tandem.redb")).unwrap();
    }
}
