//! Store files that take their name only once they are whole: a new store, a backup, what was saved of a damaged one.
//!
//! A kill before that leaves a file under another name, and what had the name stays.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Database, WriteTransaction};

use super::StoreError;
use super::file::{check_whole, open_database, opening};

/// What happens to a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Keep,
    Replace,
}

/// Makes a store beside `path`, has it filled, sees that it opens, and gives it its name. Only its owner may read it.
pub(super) fn write(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&Database) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let io = |source: io::Error| StoreError::Io { path: path.to_owned(), source };
    if existing == Existing::Keep && path.exists() {
        return Err(StoreError::Exists { path: path.to_owned() });
    }
    let (file, unfinished) = tempfile::Builder::new()
        .prefix(".tandem-new-")
        .tempfile_in(folder_of(path))
        .map_err(io)?
        .into_parts();
    let database = open_database(path, FileBackend::new(file).map_err(|error| opening(path, error))?)?;
    fill(&database)?;
    drop(database);
    check_whole(&unfinished)?;
    take_name(unfinished, path, existing)
}

/// Does something in one transaction.
pub(super) fn in_one(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    work(&transaction)?;
    Ok(transaction.commit()?)
}

/// Gives a finished file its name, and makes the name as durable as the content.
pub(super) fn take_name(
    finished: tempfile::TempPath,
    path: &Path,
    existing: Existing,
) -> Result<(), StoreError> {
    let io = |source: io::Error| StoreError::Io { path: path.to_owned(), source };
    let named = match existing {
        Existing::Keep => finished.persist_noclobber(path),
        Existing::Replace => finished.persist(path),
    };
    match named {
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => {
            Err(StoreError::Exists { path: path.to_owned() })
        }
        Err(lost) => Err(io(lost.error)),
        Ok(()) => sync_folder(folder_of(path)).map_err(io),
    }
}

/// Returns the folder a file stands in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
