//! The store's format versions.
//!
//! | format | since | what it is |
//! |---|---|---|
//! | 1 | 0.1 | the first |
//! | 2 | 0.1 | journal entries tell partner, coupling and version left behind, and are found by row; conflicts and causes tell where a person answered |
//!
//! A program opens its own format, brings an older one up to it and refuses a newer one. Before a file is changed, a copy
//! of it is kept as `tandem.redb.v{old}.bak` beside it. Each step from one format to the next is one transaction, which
//! writes the new number too: whatever cuts it short, the file holds the old store or the new one.
//!
//! The number itself stands in table `meta` under `format`, as a plain `u64`, in every format there will ever be.

use std::ops::Bound;
use std::path::Path;

use redb::{Database, Key, ReadableDatabase, ReadableTable, TableError};

use super::file::make_tables;
use super::stored::{FormerConflict, FormerJournalEntry};
use super::tables::{Book, CONFLICTS, FORMAT_KEY, JOURNAL, META};
use super::{Damage, StoreError, Transaction, codec};

/// The format this program reads and writes.
pub(super) const FORMAT: u64 = 2;

/// One step from a format to the next.
struct Migration {
    from: u64,
    apply: fn(&mut Transaction) -> Result<(), StoreError>,
}

/// Every step there is, in their order.
const MIGRATIONS: [Migration; 1] = [Migration { from: 1, apply: from_1 }];

/// How many values are held in memory at once while a table is rewritten.
const PAGE: usize = 500;

/// Returns the format of a store that this program can open; refuses everything else.
pub(super) fn check(path: &Path, database: &Database) -> Result<u64, StoreError> {
    match found(path, database)? {
        Some(found) if found > FORMAT => {
            Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT })
        }
        Some(0) | None => Err(StoreError::Damaged { path: path.to_owned(), source: Damage::Foreign }),
        Some(found) => Ok(found),
    }
}

/// Brings a store of an older format up to this program's.
pub(super) fn bring_up(database: &Database, found: u64) -> Result<(), StoreError> {
    for migration in MIGRATIONS.iter().filter(|migration| migration.from >= found) {
        let mut transaction = database.begin_write()?;
        transaction.set_quick_repair(true);
        make_tables(&transaction)?;
        let mut transaction = Transaction::writing(transaction);
        (migration.apply)(&mut transaction)?;
        transaction.set_plain(META, FORMAT_KEY, migration.from + 1)?;
        transaction.commit()?;
        tracing::info!(from = migration.from, to = migration.from + 1, "Store brought up to a newer format");
    }
    Ok(())
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

/// Format 2 knows more of journal entries and conflicts, and finds entries by row.
fn from_1(transaction: &mut Transaction) -> Result<(), StoreError> {
    rewrite(transaction, &JOURNAL, |transaction, number, bytes| {
        let entry = codec::decode_former(JOURNAL.name(), &number, 1, bytes, FormerJournalEntry::restore)?;
        transaction.put_journal(number, &entry)
    })?;
    rewrite(transaction, &CONFLICTS, |transaction, number, bytes| {
        let conflict = codec::decode_former(CONFLICTS.name(), &number, 1, bytes, FormerConflict::restore)?;
        transaction.put(&CONFLICTS, &number, &conflict)
    })
}

/// Shows every value of a numbered table to `renew`, page by page, which stores it anew.
fn rewrite<T>(
    transaction: &mut Transaction,
    book: &Book<u64, T>,
    mut renew: impl FnMut(&mut Transaction, u64, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError>
where
    u64: Key,
{
    let mut after = Bound::Unbounded;
    loop {
        let page = page(transaction, book, after)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Bound::Excluded(*last);
        for (number, bytes) in &page {
            renew(transaction, *number, bytes)?;
        }
    }
}

fn page<T>(
    transaction: &Transaction,
    book: &Book<u64, T>,
    after: Bound<u64>,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let table = transaction.open(book.definition())?;
    let entries = table.range::<u64>((after, Bound::Unbounded))?;
    entries
        .take(PAGE)
        .map(|entry| {
            let (number, bytes) = entry?;
            Ok((number.value(), bytes.value().to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{self, ErrorKind};
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use redb::StorageBackend;

    use super::*;
    use crate::store::Store;
    use crate::store::sample::Sample;

    fn fixture() -> Vec<u8> {
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/store/format-1.redb")).unwrap()
    }

    /// A folder with a store of format 1.
    fn old() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tandem.redb");
        fs::write(&path, fixture()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_store_of_the_first_format_opens_with_all_it_held() {
        let (_folder, path) = old();
        Sample::format_1().check(&Store::open(&path).unwrap());
        let store = Store::open(&path).unwrap();
        Sample::format_1().check(&store);
        let about = store.snapshot().unwrap();
        let row = crate::model::RowId::new("5c1e0000-0000-4000-8000-000000001001");
        let found =
            about.journal_of_row(&"CUSTOMER".into(), crate::model::Side::Right, &row, None, 99).unwrap();
        let with_row = Sample::format_1().journal.iter().filter(|entry| entry.row.is_some()).count();
        assert_eq!(found.len(), with_row, "old entries are found by row");
    }

    #[test]
    fn the_store_as_it_was_is_kept_beside_it() {
        let (_folder, path) = old();
        drop(Store::open(&path).unwrap());
        let kept = path.with_file_name("tandem.redb.v1.bak");
        assert!(fs::read(&kept).unwrap() == fixture());
        drop(Store::open(&path).unwrap());
        assert!(fs::read(&kept).unwrap() == fixture(), "a store that is up to date is not kept again");
        let again = path.with_file_name("again.redb");
        fs::copy(&kept, &again).unwrap();
        Sample::format_1().check(&Store::open(&again).unwrap());
    }

    #[test]
    fn what_a_kill_left_of_the_copy_is_in_nobodys_way() {
        let (_folder, path) = old();
        for name in ["tandem.redb.v1.bak", "tandem.redb.v1.bak.part"] {
            fs::write(path.with_file_name(name), "torn").unwrap();
        }
        Sample::format_1().check(&Store::open(&path).unwrap());
        assert!(fs::read(path.with_file_name("tandem.redb.v1.bak")).unwrap() == fixture());
        assert!(!path.with_file_name("tandem.redb.v1.bak.part").exists());
    }

    #[test]
    fn an_old_store_that_cannot_be_kept_stays_as_it_is() {
        let (_folder, path) = old();
        fs::create_dir(path.with_file_name("tandem.redb.v1.bak")).unwrap();
        let error = Store::open(&path).map(drop).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
        assert!(fs::read(&path).unwrap() == fixture());
    }

    #[test]
    fn looking_at_an_old_store_writes_nothing() {
        let (folder, path) = old();
        Sample::format_1().check(&Store::open_to_look(&path).unwrap());
        assert!(fs::read(&path).unwrap() == fixture());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_old_value_that_cannot_be_read_leaves_the_old_store() {
        let (_folder, path) = old();
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(JOURNAL.definition()).unwrap().insert(2, &b"\x01\xff"[..]).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = Store::open(&path).map(drop).unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { table: "journal", .. }), "{error:?}");
        assert_eq!(check(&path, &Database::open(&path).unwrap()).unwrap(), 1);
    }

    /// Memory that fails from some write on, as if the process were killed or the power went.
    #[derive(Clone, Debug)]
    struct Mortal(Arc<Mutex<Memory>>);

    #[derive(Debug)]
    struct Memory {
        seen: Vec<u8>,
        durable: Vec<u8>,
        steps_left: usize,
        steps: usize,
    }

    impl Mortal {
        fn new(content: Vec<u8>, steps_left: usize) -> Self {
            Self(Arc::new(Mutex::new(Memory {
                durable: content.clone(),
                seen: content,
                steps_left,
                steps: 0,
            })))
        }

        fn step(&self, change: impl FnOnce(&mut Memory)) -> io::Result<()> {
            let mut memory = self.0.lock().unwrap();
            memory.steps += 1;
            memory.steps_left = memory.steps_left.checked_sub(1).ok_or(ErrorKind::BrokenPipe)?;
            change(&mut memory);
            Ok(())
        }
    }

    impl StorageBackend for Mortal {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.lock().unwrap().seen.len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let start = usize::try_from(offset).unwrap();
            let memory = self.0.lock().unwrap();
            out.copy_from_slice(memory.seen.get(start..start + out.len()).ok_or(ErrorKind::UnexpectedEof)?);
            Ok(())
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.step(|memory| memory.seen.resize(usize::try_from(len).unwrap(), 0))
        }

        fn sync_data(&self) -> io::Result<()> {
            self.step(|memory| memory.durable = memory.seen.clone())
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            let start = usize::try_from(offset).unwrap();
            self.step(|memory| memory.seen[start..start + data.len()].copy_from_slice(data))
        }
    }

    /// Sees that the bytes are one whole store of either format. Returns which.
    fn format_of(content: &[u8]) -> u64 {
        let memory = Mortal::new(content.to_vec(), usize::MAX);
        let database = redb::Builder::new().create_with_backend(memory).unwrap();
        let format = found(Path::new(""), &database).unwrap().unwrap();
        let transaction = database.begin_read().unwrap();
        let journal = transaction.open_table(JOURNAL.definition()).unwrap();
        for entry in journal.iter().unwrap() {
            assert_eq!(u64::from(entry.unwrap().1.value()[0]), format);
        }
        format
    }

    /// I20: killed at every write and sync, with or without what was not synced, the store is the old or the new one, and
    /// opens.
    #[test]
    fn a_migration_cut_short_at_any_step_leaves_the_old_store_or_the_new_one() {
        let whole = Mortal::new(fixture(), usize::MAX);
        drop(Store::on(whole.clone()).unwrap());
        let steps = whole.0.lock().unwrap().steps;
        assert!(steps > 10, "{steps}");
        let mut formats = Vec::new();
        for left in 0..steps {
            let mortal = Mortal::new(fixture(), left);
            drop(Store::on(mortal.clone()));
            let memory = mortal.0.lock().unwrap();
            for content in [&memory.durable, &memory.seen] {
                formats.push(format_of(content));
                let again = Store::on(Mortal::new(content.clone(), usize::MAX)).unwrap();
                Sample::format_1().check(&again);
            }
        }
        assert!(formats.contains(&1) && formats.contains(&2), "{formats:?}");
    }
}
