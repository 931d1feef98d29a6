//! What can go wrong with the store, where, and what to do.

use std::io;
use std::path::PathBuf;

use super::CodecError;
use crate::model::{CouplingId, MappingName, RowId, Side};

/// Why the store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "{} is in use by {}: stop it first, or let it do the work",
        path.display(),
        holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse { path: PathBuf, holder: Option<u32> },
    #[error(
        "{} was written by a newer Tandem (format {found}, this one knows {known}): \
         upgrade Tandem or restore a backup",
        path.display()
    )]
    Newer { path: PathBuf, found: u64, known: u64 },
    #[error(
        "{} cannot be read as Tandem's store and was left as it is: `tandem doctor` says what can be saved of it; or \
         keep the file, and restore a backup in its place",
        path.display()
    )]
    Damaged { path: PathBuf, source: Damage },
    #[error(
        "the stored value {key} of table {table} cannot be read: `tandem doctor` says what can be saved; or keep \
         the store's file, and restore a backup"
    )]
    Unreadable { table: &'static str, key: String, source: CodecError },
    #[error("the value {key} for table {table} cannot be stored")]
    Unstorable { table: &'static str, key: String, source: CodecError },
    #[error(
        "{side} row {row} of mapping {mapping} is already in coupling {coupling}: uncouple it there first"
    )]
    AlreadyCoupled { mapping: MappingName, side: Side, row: RowId, coupling: CouplingId },
    #[error("there is no store at {} yet: `tandem sync` makes it", path.display())]
    None { path: PathBuf },
    #[error("{} is there already: name another file", path.display())]
    Exists { path: PathBuf },
    #[error(
        "the backup {} is about {backed_up} as {connection}, the present store about {present}: nothing was changed; \
         move the present store away first if the backup is the right one",
        path.display()
    )]
    OtherSystem { path: PathBuf, connection: String, backed_up: String, present: String },
    #[error("cannot reach {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the store failed: close Tandem and start it again; if it stays, ask `tandem doctor`, or restore a backup"
    )]
    Database(#[source] Box<redb::Error>),
}

/// What is wrong with a file that should be a store.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    #[error("the file is empty")]
    Empty,
    #[error("it is a redb file that Tandem did not write")]
    Foreign,
    #[error("its pages contradict each other")]
    Pages,
    #[error("some of its values cannot be read or contradict each other")]
    Content,
    #[error(transparent)]
    Redb(Box<redb::Error>),
}

impl StoreError {
    /// Tells a damaged file from one in use and from a disk that does not answer.
    pub(super) fn opening(path: PathBuf, holder: Option<u32>, error: redb::Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::InUse { path, holder }
            }
            redb::Error::Io(source)
                if !matches!(source.kind(), InvalidData | InvalidInput | UnexpectedEof) =>
            {
                Self::Io { path, source }
            }
            damage => Self::Damaged { path, source: Damage::Redb(Box::new(damage)) },
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(StorageError, TableError, TransactionError, CommitError);
