//! The store's format versions.
//!
//! | format | since | what it is |
//! |---|---|---|
//! | 1 | 0.1 | the first |
//!
//! A program opens its own format, migrates an older one and refuses a newer one. A migration first copies the file
//! to `tandem.redb.v{old}.bak` beside it, and writes the new format number in the transaction that ends it. Format 1
//! has no older one, so there is nothing to migrate yet.
//!
//! The number itself stands in table `meta` under `format`, as a plain `u64`, in every format there will ever be.

use std::path::Path;

use redb::{Database, ReadableDatabase, TableError};

use super::tables::{FORMAT_KEY, META};
use super::{Damage, StoreError};

/// The format this program reads and writes.
pub(super) const FORMAT: u64 = 1;

/// Passes a store in this program's format; refuses everything else.
pub(super) fn check(path: &Path, database: &Database) -> Result<(), StoreError> {
    match found(path, database)? {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => {
            Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT })
        }
        Some(_) | None => Err(StoreError::Damaged { path: path.to_owned(), source: Damage::Foreign }),
    }
}

fn found(path: &Path, database: &Database) -> Result<Option<u64>, StoreError> {
    let damaged = |error: redb::Error| StoreError::opening(path.to_owned(), None, error);
    let transaction = database.begin_read().map_err(|error| damaged(error.into()))?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(damaged(error.into())),
        Err(_) => return Ok(None),
    };
    let format = meta.get(FORMAT_KEY).map_err(|error| damaged(error.into()))?;
    Ok(format.map(|format| format.value()))
}
