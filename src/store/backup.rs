//! A copy of the store in a file of its own, consistent while the store is in use.

use std::fs;
use std::path::Path;

use super::file::copy_all;
use super::whole_file::{self, Existing};
use super::{Store, StoreError};

impl Store {
    /// Copies the store, as it is at this moment, into a file of its own that opens as a store. A file that is there
    /// already is only replaced with `replace`. Returns the size of the copy in bytes.
    pub fn backup(&self, to: &Path, replace: bool) -> Result<u64, StoreError> {
        let existing = if replace { Existing::Replace } else { Existing::Keep };
        if self.path().is_some_and(|own| is_same_file(own, to)) {
            return Err(StoreError::Exists { path: to.to_owned() });
        }
        // One moment of the store, whatever is committed while it is copied.
        let moment = self.moment()?;
        whole_file::write(to, existing, |database| {
            whole_file::in_one(database, |copy| copy_all(&moment, copy))
        })?;
        let copied = fs::metadata(to).map_err(|source| StoreError::Io { path: to.to_owned(), source })?;
        Ok(copied.len())
    }
}

/// Returns whether both names lead to one file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::store::Consent;

    fn consent(store: &Store, by: &str) {
        let mut transaction = store.transaction().unwrap();
        let consent = Consent { by: by.to_owned(), at: Timestamp::UNIX_EPOCH, text: "Yes".to_owned() };
        transaction.put_consent(&consent).unwrap();
        transaction.commit().unwrap();
    }

    fn by(store: &Store) -> String {
        store.snapshot().unwrap().consent().unwrap().unwrap().by
    }

    #[test]
    fn a_backup_opens_as_the_store_that_was() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tandem.redb")).unwrap();
        consent(&store, "Ida");
        let copy = folder.path().join("copy.redb");
        let bytes = store.backup(&copy, false).unwrap();
        consent(&store, "Max");
        assert_eq!(bytes, fs::metadata(&copy).unwrap().len());
        assert_eq!(by(&Store::open(&copy).unwrap()), "Ida");
        assert_eq!(by(&store), "Max");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_a_backup() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.redb");
        Store::in_memory().unwrap().backup(&copy, false).unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_backup_overwrites_only_where_it_was_told_to_and_never_the_store_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tandem.redb");
        let store = Store::open(&path).unwrap();
        consent(&store, "Ida");
        let copy = folder.path().join("copy.redb");
        fs::write(&copy, "something else").unwrap();
        assert!(matches!(store.backup(&copy, false).unwrap_err(), StoreError::Exists { .. }));
        assert_eq!(fs::read(&copy).unwrap(), b"something else");
        assert!(matches!(store.backup(&path, true).unwrap_err(), StoreError::Exists { .. }));
        store.backup(&copy, true).unwrap();
        assert_eq!(by(&Store::open(&copy).unwrap()), "Ida");
        let names = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
        let names: std::collections::BTreeSet<_> = names.collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().starts_with(".tandem-new")), "{names:?}");
    }
}
