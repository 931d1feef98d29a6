//! The file itself: made, opened, refused, copied into memory.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{
    Builder, Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition, Value, WriteTransaction,
};

use super::held_back::HeldBack;
use super::owner::{self, OwnerFile};
use super::tables::{FORMAT_KEY, META, Visitor, visit_all};
use super::{Damage, Snapshot, StoreError, Transaction, migrate};

/// redb's default of 1 GiB is for servers.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Everything Tandem knows. One process holds it; its threads share it.
#[derive(Debug)]
pub struct Store {
    /// Dropped first: the pid file goes before the lock does.
    _owner: Option<OwnerFile>,
    database: Database,
}

impl Store {
    /// Opens the store, and makes it where there is no file. A file it refuses stays as it is, byte by byte.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = match File::options().read(true).write(true).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                create(path)?;
                File::options().read(true).write(true).open(path)
            }
            file => file,
        }
        .map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        let database = open_own(path, file)?;
        Ok(Self { _owner: OwnerFile::write(path), database })
    }

    /// Makes an empty store that lives in memory only.
    pub fn in_memory() -> Result<Self, StoreError> {
        let database = in_memory_database()?;
        let transaction = database.begin_write()?;
        make_tables(&transaction)?;
        transaction.commit()?;
        Ok(Self { _owner: None, database })
    }

    /// Copies the store as it is at this moment into memory. What is done to either does not reach the other.
    pub fn fork(&self) -> Result<Self, StoreError> {
        let database = in_memory_database()?;
        let transaction = database.begin_write()?;
        visit_all(&mut Copy { from: &self.database.begin_read()?, to: &transaction })?;
        transaction.commit()?;
        Ok(Self { _owner: None, database })
    }

    /// Takes a snapshot to read from.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::reading(self.database.begin_read()?))
    }

    /// Starts a transaction, once no other one is under way.
    pub fn transaction(&self) -> Result<Transaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_quick_repair(true);
        Ok(Transaction::writing(transaction))
    }
}

/// Makes a whole store under another name before it takes its own, so that a kill in between leaves no torn file.
fn create(path: &Path) -> Result<(), StoreError> {
    let io_error = |source: io::Error| StoreError::Io { path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let (file, unfinished) =
        tempfile::Builder::new().prefix(".tandem-new-").tempfile_in(folder).map_err(io_error)?.into_parts();
    let database = open_database(path, FileBackend::new(file).map_err(|error| opening(path, error))?)?;
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    make_tables(&transaction)?;
    transaction.commit()?;
    drop(database);
    match unfinished.persist_noclobber(path) {
        Err(lost) if lost.error.kind() != ErrorKind::AlreadyExists => Err(io_error(lost.error)),
        Ok(()) | Err(_) => sync_folder(folder).map_err(io_error),
    }
}

/// Makes the file's name as durable as its content.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Opens a file that may be anything, and writes to it only if it is a store of this format.
fn open_own(path: &Path, file: File) -> Result<Database, StoreError> {
    let is_empty = file.metadata().map(|metadata| metadata.len() == 0);
    if is_empty.map_err(|source| StoreError::Io { path: path.to_owned(), source })? {
        return Err(StoreError::Damaged { path: path.to_owned(), source: Damage::Empty });
    }
    let file = HeldBack::new(FileBackend::new(file).map_err(|error| opening(path, error))?);
    let opened = panic::catch_unwind(AssertUnwindSafe(|| {
        let database = open_database(path, file.clone())?;
        migrate::check(path, &database)?;
        Ok(database)
    }));
    // redb says that opening an altered file may panic.
    let damaged = |_| Err(StoreError::Damaged { path: path.to_owned(), source: Damage::Pages });
    let database = opened.unwrap_or_else(damaged)?;
    file.release().map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
    Ok(database)
}

fn open_database(path: &Path, backend: impl StorageBackend) -> Result<Database, StoreError> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder.create_with_backend(backend).map_err(|error| opening(path, error))
}

fn opening(path: &Path, error: redb::DatabaseError) -> StoreError {
    StoreError::opening(path.to_owned(), owner::holder(path), error.into())
}

fn in_memory_database() -> Result<Database, StoreError> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    let made = builder.create_with_backend(InMemoryBackend::new());
    made.map_err(|error| StoreError::Database(Box::new(error.into())))
}

fn make_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    visit_all(&mut Make(transaction))?;
    transaction.open_table(META)?.insert(FORMAT_KEY, migrate::FORMAT)?;
    Ok(())
}

/// Makes every table, so that a snapshot of a store without content finds them.
struct Make<'a>(&'a WriteTransaction);

impl Visitor for Make<'_> {
    type Error = StoreError;

    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        self.0.open_table(table)?;
        Ok(())
    }
}

/// Copies every table.
struct Copy<'a> {
    from: &'a ReadTransaction,
    to: &'a WriteTransaction,
}

impl Visitor for Copy<'_> {
    type Error = StoreError;

    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let mut to = self.to.open_table(table)?;
        for entry in self.from.open_table(table)?.iter()? {
            let (key, value) = entry?;
            to.insert(key.value(), value.value())?;
        }
        Ok(())
    }
}
