//! Looking a store over: can every page be read, does every value decode, do the tables agree with each other; and
//! saving what can be read of a damaged one. Nothing here writes to the store that is looked at.

mod links;
mod reach;
mod salvage;
mod tables;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{
    Builder, Database, Key, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, TableDefinition,
    TableHandle, Value,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::file::{self, open_database, open_held_back, opening};
use super::held_back::HeldBack;
use super::quietly::quietly;
use super::stored::Stored;
use super::tables::Book;
use super::{Damage, Store, StoreError, codec, migrate};
use crate::model::MappingName;
use reach::Reach;
use tables::Walk;

pub use salvage::{Salvaged, salvage};

/// The most unreadable values and contradictions that are listed; the rest is counted.
const MAX_LISTED: usize = 200;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    pub pages: Pages,
    pub tables: Vec<TableFindings>,
    /// Where two tables say different things, in words.
    pub contradictions: Vec<String>,
    /// Contradictions beyond the most that are listed.
    pub contradictions_left_out: u64,
    /// What is no damage, but good to know.
    pub notes: Vec<String>,
}

/// How the file itself is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "problem")]
pub enum Pages {
    /// The checksum of every page is right.
    Sound,
    /// The store is in use: what is in it was looked at, not the file.
    InUse,
    /// Some pages are not as they were written; the text says more.
    Damaged(String),
    /// The file does not open in any way.
    Lost(String),
}

/// What was found in one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFindings {
    pub table: String,
    /// Rows that can be read.
    pub rows: u64,
    pub unreadable: Vec<Unreadable>,
    /// Unreadable rows beyond the most that are listed.
    pub unreadable_left_out: u64,
    /// More rows may be lost behind damaged pages.
    pub is_cut: bool,
}

/// One value that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    pub key: String,
    pub problem: String,
}

impl Examination {
    /// Returns whether nothing is damaged.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self.pages, Pages::Sound | Pages::InUse)
            && self.contradictions.is_empty()
            && self.tables.iter().all(|table| table.unreadable.is_empty() && !table.is_cut)
    }
}

/// Looks over a store that nobody uses.
pub fn examine(path: &Path, configured: &BTreeSet<MappingName>) -> Result<Examination, StoreError> {
    match Reader::of_sound(path) {
        Ok(reader) => look(reader.transaction(), Pages::Sound, configured),
        Err(StoreError::Damaged { source, .. }) => {
            let problem = words(&source);
            match Reader::of_damaged(path)? {
                Some(reader) => look(reader.transaction(), Pages::Damaged(problem), configured),
                None => Ok(Examination::without_tables(Pages::Lost(problem))),
            }
        }
        Err(error) => Err(error),
    }
}

impl Store {
    /// Looks the open store over, as it is at this moment.
    pub fn examine(&self, configured: &BTreeSet<MappingName>) -> Result<Examination, StoreError> {
        look(&self.moment()?, Pages::InUse, configured)
    }
}

/// A file open to be read, with nothing written to it.
struct Reader {
    transaction: Option<ReadTransaction>,
    database: Option<Opened>,
}

/// What keeps a file open.
enum Opened {
    Whole {
        _database: Database,
    },
    /// redb checks least where it may not write: a file with damaged pages opens.
    ReadOnly {
        _database: ReadOnlyDatabase,
    },
}

impl Reader {
    fn of_sound(path: &Path) -> Result<Self, StoreError> {
        let file::Opened { database, found, .. } = open_held_back(path, raw(path)?)?;
        // In memory: nothing of it reaches the file.
        migrate::bring_up(&database, found)?;
        let transaction = Some(database.begin_read()?);
        Ok(Self { transaction, database: Some(Opened::Whole { _database: database }) })
    }

    /// Opens a damaged file in good faith, to read what is left of it; nothing where even that is not possible.
    fn of_damaged(path: &Path) -> Result<Option<Self>, StoreError> {
        if raw(path)?.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            return Ok(None);
        }
        let backend =
            || FileBackend::new(raw(path)?).map_err(|error| opening(path, error)).map(HeldBack::new);
        let held = backend()?;
        let opened = quietly(|| {
            let database = Builder::new().open_read_only_with_backend(held).ok()?;
            let transaction = database.begin_read().ok();
            Some(Self { transaction, database: Some(Opened::ReadOnly { _database: database }) })
        });
        let is_open = |reader: &Self| reader.transaction.is_some();
        if let Some(reader) = opened.ok().flatten().filter(is_open) {
            return Ok(Some(reader));
        }
        let held = backend()?;
        let opened = quietly(|| {
            let database = open_database(path, held).ok()?;
            let transaction = database.begin_read().ok();
            Some(Self { transaction, database: Some(Opened::Whole { _database: database }) })
        });
        Ok(opened.ok().flatten().filter(is_open))
    }

    fn transaction(&self) -> &ReadTransaction {
        self.transaction.as_ref().expect("invariant: a reader that was handed out has a transaction")
    }
}

impl Drop for Reader {
    /// Closing a damaged file may fail in any way; nothing was to be kept of it.
    fn drop(&mut self) {
        let _ = quietly(|| drop(self.transaction.take()));
        let _ = quietly(|| drop(self.database.take()));
    }
}

fn raw(path: &Path) -> Result<File, StoreError> {
    let file = File::options().read(true).write(true).open(path);
    file.map_err(|source| StoreError::Io { path: path.to_owned(), source })
}

/// Says what is wrong with a file, with every cause.
fn words(damage: &Damage) -> String {
    let mut text = damage.to_string();
    let mut cause = std::error::Error::source(damage);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

pub(super) fn look(
    transaction: &ReadTransaction,
    pages: Pages,
    configured: &BTreeSet<MappingName>,
) -> Result<Examination, StoreError> {
    let mut examination = Examination::without_tables(pages);
    tables::walk(&mut Look { transaction, findings: &mut examination.tables })?;
    let is_readable = matches!(examination.pages, Pages::Sound | Pages::InUse);
    if is_readable {
        links::check(transaction, configured, &mut examination)?;
    }
    Ok(examination)
}

impl Examination {
    const fn without_tables(pages: Pages) -> Self {
        Self {
            pages,
            tables: Vec::new(),
            contradictions: Vec::new(),
            contradictions_left_out: 0,
            notes: Vec::new(),
        }
    }

    fn contradict(&mut self, text: String) {
        if self.contradictions.len() < MAX_LISTED {
            self.contradictions.push(text);
        } else {
            self.contradictions_left_out += 1;
        }
    }
}

/// Decodes every value of every table.
struct Look<'a> {
    transaction: &'a ReadTransaction,
    findings: &'a mut Vec<TableFindings>,
}

impl Look<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
        decode: impl Fn(&str, &[u8]) -> Result<(), StoreError>,
    ) {
        let mut findings = TableFindings {
            table: definition.name().to_owned(),
            rows: 0,
            unreadable: Vec::new(),
            unreadable_left_out: 0,
            is_cut: false,
        };
        let reach = reach::entries(self.transaction, definition, |key, value| {
            let shown = quietly(|| format!("{:?}", K::from_bytes(key)));
            let key = shown.unwrap_or_else(|()| "a key that cannot be read".to_owned());
            match decode(&key, value) {
                Ok(()) => findings.rows += 1,
                Err(_) if findings.unreadable.len() >= MAX_LISTED => findings.unreadable_left_out += 1,
                Err(error) => findings.unreadable.push(Unreadable { key, problem: cause_of(&error) }),
            }
        });
        findings.is_cut = reach == Reach::Cut;
        self.findings.push(findings);
    }
}

/// Says why a value cannot be decoded, without its place.
fn cause_of(error: &StoreError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

impl Walk for Look<'_> {
    fn book<K, T, M>(&mut self, book: &Book<K, T>) -> Result<(), StoreError>
    where
        K: Key + 'static,
        T: Stored<M> + DeserializeOwned,
    {
        let name = book.name();
        self.table(book.definition(), |key, value| codec::decode::<T, M>(name, &key, value).map(drop));
        Ok(())
    }

    fn numbers<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        self.table(table, |_, _| Ok(()));
        Ok(())
    }

    fn index<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        self.numbers(table)
    }
}

#[cfg(test)]
mod tests;
