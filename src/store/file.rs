//! The file itself: made, opened, refused, copied into memory.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{
    Builder, Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition, Value, WriteTransaction,
};

use super::held_back::HeldBack;
use super::owner::{self, OwnerFile};
use super::quietly::quietly;
use super::tables::{FORMAT_KEY, META, Visitor, visit_all};
use super::whole_file::{self, Existing};
use super::{Damage, Snapshot, StoreError, Transaction, migrate};

/// redb's default of 1 GiB is for servers.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Everything Tandem knows. One process holds it; its threads share it.
#[derive(Debug)]
pub struct Store {
    /// Dropped first: the pid file goes before the lock does.
    _owner: Option<OwnerFile>,
    /// Taken for itself only to compact the file.
    database: RwLock<Database>,
    /// Absent where it is on storage of another kind.
    path: Option<PathBuf>,
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
        Ok(Self {
            _owner: OwnerFile::write(path),
            database: RwLock::new(database),
            path: Some(path.to_owned()),
        })
    }

    /// Opens the store on storage of another kind than a file, and makes it where there is nothing yet. What was cut short
    /// while it was made is no store: a file takes its name only afterwards, other storage has to be emptied.
    pub fn on(storage: impl StorageBackend) -> Result<Self, StoreError> {
        let nowhere = Path::new("");
        let io = |source| StoreError::Io { path: nowhere.to_owned(), source };
        let is_empty = storage.len().map_err(io)? == 0;
        let database = open_database(nowhere, storage)?;
        if is_empty {
            let mut transaction = database.begin_write()?;
            transaction.set_quick_repair(true);
            make_tables(&transaction)?;
            transaction.commit()?;
        }
        let found = migrate::check(nowhere, &database)?;
        migrate::bring_up(&database, found)?;
        Ok(Self::without_file(database))
    }

    /// Copies a store into memory, to look at: the file stays as it is, byte by byte, whatever its format. It must not be
    /// in use.
    pub fn open_to_look(path: &Path) -> Result<Self, StoreError> {
        Self::open_to_read(path)?.fork()
    }

    /// Opens a store to read it at length. Nothing is copied, and what is written stays in memory: the file stays as it is,
    /// byte by byte, whatever its format. It must not be in use, and nobody else can use it meanwhile.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: path.to_owned(), source };
        let file = File::options().read(true).write(true).open(path).map_err(io)?;
        let Opened { database, found, .. } = open_held_back(path, file)?;
        migrate::bring_up(&database, found)?;
        Ok(Self::without_file(database))
    }

    /// Makes an empty store that lives in memory only.
    pub fn in_memory() -> Result<Self, StoreError> {
        let database = in_memory_database()?;
        let transaction = database.begin_write()?;
        make_tables(&transaction)?;
        transaction.commit()?;
        Ok(Self::without_file(database))
    }

    /// Copies the store as it is at this moment into memory. What is done to either does not reach the other.
    pub fn fork(&self) -> Result<Self, StoreError> {
        let database = in_memory_database()?;
        let transaction = database.begin_write()?;
        copy_all(&self.moment()?, &transaction)?;
        transaction.commit()?;
        Ok(Self::without_file(database))
    }

    /// Takes a snapshot to read from.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::reading(self.moment()?))
    }

    /// Starts a transaction, once no other one is under way.
    pub fn transaction(&self) -> Result<Transaction, StoreError> {
        let mut transaction = self.database().begin_write()?;
        transaction.set_quick_repair(true);
        Ok(Transaction::writing(transaction))
    }

    pub(super) const fn without_file(database: Database) -> Self {
        Self { _owner: None, database: RwLock::new(database), path: None }
    }

    /// Returns the store's file, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(super) const fn lock(&self) -> &RwLock<Database> {
        &self.database
    }

    /// Returns the store as redb reads it, at this moment.
    pub(super) fn moment(&self) -> Result<ReadTransaction, StoreError> {
        Ok(self.database().begin_read()?)
    }

    fn database(&self) -> RwLockReadGuard<'_, Database> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a store where there is none.
fn create(path: &Path) -> Result<(), StoreError> {
    match whole_file::write(path, Existing::Keep, |database| whole_file::in_one(database, make_tables)) {
        // Another process made one meanwhile.
        Err(StoreError::Exists { .. }) => Ok(()),
        made => made,
    }
}

/// Opens a file that may be anything, and writes to it only if it is a store of this format or of an older one.
fn open_own(path: &Path, file: File) -> Result<Database, StoreError> {
    let Opened { database, file, found } = open_held_back(path, file)?;
    if found < migrate::FORMAT {
        let kept =
            keep(path, &file, found).map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        tracing::info!(kept = %kept.display(), "Store of an older format kept before it is brought up");
    }
    file.release().map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
    migrate::bring_up(&database, found)?;
    Ok(database)
}

/// Copies the file as it is beside it; the copy has its name only once it is whole and durable.
fn keep(path: &Path, file: &HeldBack, format: u64) -> io::Result<PathBuf> {
    let beside = |end: &str| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".v{format}.bak{end}"));
        path.with_file_name(name)
    };
    let (part, kept) = (beside(".part"), beside(""));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut copy = options.open(&part)?;
    file.copy_to(&mut copy)?;
    copy.sync_all()?;
    drop(copy);
    fs::rename(&part, &kept)?;
    whole_file::sync_folder(whole_file::folder_of(path))?;
    Ok(kept)
}

/// A store that was opened, with nothing written to its file yet.
pub(super) struct Opened {
    pub(super) database: Database,
    pub(super) file: HeldBack,
    /// Its format.
    pub(super) found: u64,
}

/// Opens a store of this format or an older one, with nothing written to its file yet.
pub(super) fn open_held_back(path: &Path, file: File) -> Result<Opened, StoreError> {
    let is_empty = file.metadata().map(|metadata| metadata.len() == 0);
    if is_empty.map_err(|source| StoreError::Io { path: path.to_owned(), source })? {
        return Err(StoreError::Damaged { path: path.to_owned(), source: Damage::Empty });
    }
    let file = HeldBack::new(FileBackend::new(file).map_err(|error| opening(path, error))?);
    // redb promises no panic for an altered file whose every page is checked; a promise is no reason to let one through.
    let opened = quietly(|| {
        let database = open_checked(path, file.clone())?;
        let found = migrate::check(path, &database)?;
        Ok((database, found))
    });
    let damaged = |()| Err(StoreError::Damaged { path: path.to_owned(), source: Damage::Pages });
    let (database, found) = opened.unwrap_or_else(damaged)?;
    Ok(Opened { database, file, found })
}

/// Sees that a file opens as a store of this format, every page of it in order. Nothing is written.
pub(super) fn check_whole(path: &Path) -> Result<(), StoreError> {
    let file = File::options().read(true).write(true).open(path);
    open_held_back(path, file.map_err(|source| StoreError::Io { path: path.to_owned(), source })?).map(drop)
}

/// Opens a file whose every page is checked first: one altered since redb wrote it could not be trusted in anything.
fn open_checked(path: &Path, backend: impl StorageBackend) -> Result<Database, StoreError> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder.create_with_backend(backend).map_err(|error| opening(path, error))
}

pub(super) fn open_database(path: &Path, backend: impl StorageBackend) -> Result<Database, StoreError> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder.create_with_backend(backend).map_err(|error| opening(path, error))
}

pub(super) fn opening(path: &Path, error: redb::DatabaseError) -> StoreError {
    StoreError::opening(path.to_owned(), owner::holder(path), error.into())
}

fn in_memory_database() -> Result<Database, StoreError> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    let made = builder.create_with_backend(InMemoryBackend::new());
    made.map_err(|error| StoreError::Database(Box::new(error.into())))
}

/// Makes the tables that are not there yet, for a store of this format.
pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
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
pub(super) fn copy_all(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), StoreError> {
    visit_all(&mut Copy { from, to })
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectionName, Timestamp};
    use crate::store::{Consent, tables};

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tandem.redb");
        (folder, path)
    }

    fn consent(by: &str) -> Consent {
        Consent { by: by.to_owned(), at: Timestamp::UNIX_EPOCH, text: "Yes".to_owned() }
    }

    fn give_consent(store: &Store, by: &str) {
        let mut transaction = store.transaction().unwrap();
        transaction.put_consent(&consent(by)).unwrap();
        transaction.commit().unwrap();
    }

    fn consent_by(store: &Store) -> Option<String> {
        store.snapshot().unwrap().consent().unwrap().map(|consent| consent.by)
    }

    /// Opens a file that must be refused, and sees that no byte of it changed and nothing was left beside it.
    fn refusal(path: &Path) -> StoreError {
        let before = fs::read(path).unwrap();
        let error = Store::open(path).map(drop).unwrap_err();
        assert!(fs::read(path).unwrap() == before, "the refused file was written to: {error}");
        assert!(!path.with_file_name("tandem.pid").exists());
        error
    }

    fn set_format(store: &Store, format: u64) {
        let transaction = store.database().begin_write().unwrap();
        transaction.open_table(META).unwrap().insert(FORMAT_KEY, format).unwrap();
        transaction.commit().unwrap();
    }

    #[test]
    fn what_was_committed_is_there_after_opening_again() {
        let (_folder, path) = folder();
        give_consent(&Store::open(&path).unwrap(), "Ida");
        let store = Store::open(&path).unwrap();
        assert_eq!(consent_by(&store).as_deref(), Some("Ida"));
        assert_eq!(store.snapshot().unwrap().commits().unwrap(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path) = folder();
        let _store = Store::open(&path).unwrap();
        for path in [&path, &path.with_file_name("tandem.pid")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn nothing_is_left_beside_a_closed_store() {
        let (folder, path) = folder();
        drop(Store::open(&path).unwrap());
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["tandem.redb"]);
    }

    /// I30
    #[test]
    fn a_second_owner_is_refused_and_told_who_the_first_is() {
        let (_folder, path) = folder();
        let _store = Store::open(&path).unwrap();
        let error = Store::open(&path).map(drop).unwrap_err();
        let pid = std::process::id();
        assert!(matches!(error, StoreError::InUse { holder: Some(holder), .. } if holder == pid));
        assert!(error.to_string().contains(&format!("is in use by process {pid}:")), "{error}");
        assert!(path.with_file_name("tandem.pid").exists());
    }

    /// I30
    #[test]
    fn of_many_owners_at_once_one_gets_a_fresh_store() {
        let (_folder, path) = folder();
        let opened: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open(&path))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().filter(|store| store.is_ok()).count(), 1);
        let others = opened.iter().filter_map(|store| store.as_ref().err());
        assert!(others.into_iter().all(|error| matches!(error, StoreError::InUse { .. })));
    }

    /// I30
    #[test]
    fn a_pid_file_left_behind_blocks_nothing() {
        let (_folder, path) = folder();
        let pid_path = path.with_file_name("tandem.pid");
        for stale in ["1\n", "no number"] {
            fs::write(&pid_path, stale).unwrap();
            let store = Store::open(&path).unwrap();
            assert_eq!(owner::holder(&path), Some(std::process::id()));
            drop(store);
            assert!(!pid_path.exists());
        }
    }

    /// I30: the test starts itself as the other process, which holds the store until it is killed.
    #[test]
    fn a_dead_owners_lock_is_free_at_once() {
        use std::io::{BufRead, BufReader, Read};
        use std::process::{Command, Stdio};
        if let Some(path) = std::env::var_os("TANDEM_TEST_HOLD_STORE") {
            let store = Store::open(Path::new(&path)).unwrap();
            give_consent(&store, "Ida");
            println!("\nholding");
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            return;
        }
        let (_folder, path) = folder();
        let mut owner = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "store::file::tests::a_dead_owners_lock_is_free_at_once"])
            .env("TANDEM_TEST_HOLD_STORE", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(owner.stdout.take().unwrap());
        assert!(output.lines().any(|line| line.unwrap() == "holding"));
        let error = Store::open(&path).map(drop).unwrap_err();
        assert!(
            matches!(error, StoreError::InUse { holder: Some(pid), .. } if pid == owner.id()),
            "{error:?}"
        );
        owner.kill().unwrap();
        owner.wait().unwrap();
        assert_eq!(owner::holder(&path), Some(owner.id()));
        let store = Store::open(&path).unwrap();
        assert_eq!(owner::holder(&path), Some(std::process::id()));
        assert_eq!(consent_by(&store).as_deref(), Some("Ida"));
    }

    /// I20
    #[test]
    fn a_killed_owner_leaves_every_commit_and_nothing_else() {
        let (folder, path) = folder();
        let store = Store::open(&path).unwrap();
        give_consent(&store, "Ida");
        let mut unfinished = store.transaction().unwrap();
        unfinished.put_consent(&consent("Max")).unwrap();
        let killed = folder.path().join("killed.redb");
        fs::copy(&path, &killed).unwrap();
        assert_eq!(consent_by(&Store::open(&killed).unwrap()).as_deref(), Some("Ida"));
    }

    #[test]
    fn a_newer_store_is_refused_and_left_as_it_is() {
        let (folder, path) = folder();
        let store = Store::open(&path).unwrap();
        set_format(&store, migrate::FORMAT + 1);
        let killed = folder.path().join("killed.redb");
        fs::copy(&path, &killed).unwrap();
        drop(store);
        for path in [path, killed] {
            let error = refusal(&path);
            assert!(matches!(error, StoreError::Newer { found: 3, known: 2, .. }));
            let advice = "was written by a newer Tandem (format 3, this one knows 2): upgrade Tandem or restore a backup";
            assert!(error.to_string().ends_with(advice), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
        let (_folder, path) = folder();
        for content in [&b""[..], b"x", b"redb", &[0; 8192], &[0x5a; 300_000]] {
            fs::write(&path, content).unwrap();
            let error = refusal(&path);
            assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
            assert!(error.to_string().contains("restore a backup"), "{error}");
        }
    }

    #[test]
    fn the_redb_file_of_another_program_is_refused_and_left_as_it_is() {
        let (_folder, path) = folder();
        let other = Database::create(&path).unwrap();
        let transaction = other.begin_write().unwrap();
        let table = TableDefinition::<&str, &str>::new("meta");
        transaction.open_table(table).unwrap().insert("format", "1").unwrap();
        transaction.commit().unwrap();
        drop(other);
        assert!(matches!(refusal(&path), StoreError::Damaged { source: Damage::Foreign, .. }));
    }

    #[test]
    fn a_damaged_store_is_refused_and_left_as_it_is() {
        let (_folder, path) = folder();
        let store = Store::open(&path).unwrap();
        give_consent(&store, "Ida");
        drop(store);
        let whole = fs::read(&path).unwrap();
        for kept in [4, 100, 4096, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..kept]).unwrap();
            let error = refusal(&path);
            assert!(matches!(error, StoreError::Damaged { .. }), "{kept}: {error:?}");
        }
        for page in 0..whole.len().min(64 * 4096) / 4096 {
            let mut damaged = whole.clone();
            damaged[page * 4096..(page + 1) * 4096].fill(0xa5);
            fs::write(&path, &damaged).unwrap();
            if let Err(error) = Store::open(&path) {
                assert!(matches!(error, StoreError::Damaged { .. }), "{page}: {error:?}");
                assert!(fs::read(&path).unwrap() == damaged, "page {page}");
            }
        }
    }

    #[test]
    fn a_missing_folder_is_not_a_damaged_store() {
        let (_folder, path) = folder();
        let error = Store::open(&path.join("deeper")).map(drop).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    }

    #[test]
    fn a_fork_and_its_origin_do_not_see_each_other() {
        let (_folder, path) = folder();
        let store = Store::open(&path).unwrap();
        give_consent(&store, "Ida");
        let fork = store.fork().unwrap();
        assert_eq!(consent_by(&fork).as_deref(), Some("Ida"));
        give_consent(&fork, "Fork");
        assert_eq!(consent_by(&store).as_deref(), Some("Ida"));
        give_consent(&store, "Max");
        assert_eq!(consent_by(&fork).as_deref(), Some("Fork"));
    }

    #[test]
    fn a_fork_copies_every_table() {
        struct Count<'a>(&'a ReadTransaction, Vec<(String, u64)>);
        impl Visitor for Count<'_> {
            type Error = StoreError;
            fn visit<K: Key + 'static, V: Value + 'static>(
                &mut self,
                table: TableDefinition<'static, K, V>,
            ) -> Result<(), StoreError> {
                use redb::{ReadableTableMetadata, TableHandle};
                self.1.push((table.name().to_owned(), self.0.open_table(table)?.len()?));
                Ok(())
            }
        }
        let count = |store: &Store| {
            let transaction = store.moment().unwrap();
            let mut count = Count(&transaction, Vec::new());
            visit_all(&mut count).unwrap();
            assert_eq!(count.1.len(), transaction.list_tables().unwrap().count());
            count.1
        };
        let store = Store::in_memory().unwrap();
        give_consent(&store, "Ida");
        let fork = store.fork().unwrap();
        assert_eq!(count(&fork), count(&store));
        assert!(count(&fork).contains(&(tables::CONSENT.name().to_owned(), 1)));
    }

    /// I20
    #[test]
    fn a_dropped_transaction_leaves_nothing() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        transaction.put_consent(&consent("Ida")).unwrap();
        transaction.pin_identity(&ConnectionName::new("erp"), "CRONUS").unwrap();
        assert_eq!(transaction.next_run_id().unwrap().0, 1);
        drop(transaction);
        let snapshot = store.snapshot().unwrap();
        assert_eq!(snapshot.consent().unwrap(), None);
        assert_eq!(snapshot.pinned_identity(&ConnectionName::new("erp")).unwrap(), None);
        assert_eq!(snapshot.commits().unwrap(), 0);
        assert_eq!(store.transaction().unwrap().next_run_id().unwrap().0, 1);
    }

    #[test]
    fn only_a_commit_that_changes_something_counts() {
        let store = Store::in_memory().unwrap();
        give_consent(&store, "Ida");
        give_consent(&store, "Ida");
        store.transaction().unwrap().commit().unwrap();
        assert_eq!(store.snapshot().unwrap().commits().unwrap(), 1);
    }

    #[test]
    fn a_snapshot_stays_as_it_was() {
        let store = Store::in_memory().unwrap();
        give_consent(&store, "Ida");
        let snapshot = store.snapshot().unwrap();
        give_consent(&store, "Max");
        assert_eq!(snapshot.consent().unwrap().unwrap().by, "Ida");
        assert_eq!(consent_by(&store).as_deref(), Some("Max"));
    }

    #[test]
    fn a_store_is_shared_by_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Store>();
        shared::<Snapshot>();
        shared::<Transaction>();
    }
}
