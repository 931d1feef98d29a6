//! Saving what can be read of a damaged store into another file.
//!
//! Whatever an index says is forgotten and made anew. What was saved is older than the systems and has gaps: it is put to
//! use with `tandem restore`, which has everything read and compared again.

use std::path::Path;

use redb::{Key, ReadTransaction, TableDefinition, Value, WriteTransaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Reader;
use super::reach::{self, Reach};
use super::tables::{self, Walk};
use crate::model::{Conflict, Coupling, JournalEntry, RowNames};
use crate::store::file::make_tables;
use crate::store::quietly::quietly;
use crate::store::stored::Stored;
use crate::store::tables::{Book, CONFLICTS, COUPLINGS, FORMAT_KEY, JOURNAL, META, NAMES, SEQUENCES};
use crate::store::whole_file::{self, Existing};
use crate::store::{Damage, StoreError, Transaction, codec, migrate};

/// What was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salvaged {
    pub saved: u64,
    /// What could not be, in words.
    pub lost: Vec<String>,
}

/// Writes everything that can be read into a store of its own. The damaged one stays as it is.
pub fn salvage(path: &Path, to: &Path) -> Result<Salvaged, StoreError> {
    let lost = || StoreError::Damaged { path: path.to_owned(), source: Damage::Pages };
    let reader = match Reader::of_sound(path) {
        Err(StoreError::Damaged { .. }) => Reader::of_damaged(path)?.ok_or_else(lost)?,
        sound => sound?,
    };
    let from = reader.transaction();
    match format_of(from) {
        // Values of another format would be misread, one after the other.
        Some(found) if found > migrate::FORMAT => {
            return Err(StoreError::Newer { path: path.to_owned(), found, known: migrate::FORMAT });
        }
        Some(found) if found < migrate::FORMAT => return Err(lost()),
        Some(_) | None => {}
    }
    let mut salvaged = Salvaged::default();
    whole_file::write(to, Existing::Keep, |database| {
        whole_file::in_one(database, |copy| {
            make_tables(copy)?;
            tables::walk(&mut Copy { from, to: copy, salvaged: &mut salvaged })
        })?;
        let mut transaction = Transaction::writing(database.begin_write()?);
        with_indexes(from, &mut transaction, &mut salvaged)?;
        transaction.commit()
    })?;
    Ok(salvaged)
}

fn format_of(from: &ReadTransaction) -> Option<u64> {
    let mut format = None;
    reach::entries(from, META, |key, value| {
        if key == FORMAT_KEY.as_bytes() {
            format = value.try_into().ok().map(u64::from_le_bytes);
        }
    });
    format
}

/// Copies what has no index, as the bytes it is.
struct Copy<'a> {
    from: &'a ReadTransaction,
    to: &'a WriteTransaction,
    salvaged: &'a mut Salvaged,
}

impl Copy<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
        is_readable: impl Fn(&str, &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let name = redb::TableHandle::name(&definition).to_owned();
        let mut to = self.to.open_table(definition)?;
        let mut problem = None;
        let salvaged = &mut *self.salvaged;
        let reach = reach::entries(self.from, definition, |key, value| {
            let shown = quietly(|| format!("{:?}", K::from_bytes(key)));
            let Ok(shown) = shown else { return salvaged.lost.push(format!("a row of {name}")) };
            if !is_readable(&shown, value) {
                return salvaged.lost.push(format!("row {shown} of {name}"));
            }
            match quietly(|| to.insert(K::from_bytes(key), V::from_bytes(value)).map(drop)) {
                Ok(Ok(())) => salvaged.saved += 1,
                Ok(Err(error)) => problem = Some(error),
                Err(()) => salvaged.lost.push(format!("row {shown} of {name}")),
            }
        });
        if reach == Reach::Cut {
            salvaged.lost.push(format!("rows of {name} behind damaged pages"));
        }
        problem.map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Walk for Copy<'_> {
    fn book<K, T, M>(&mut self, book: &Book<K, T>) -> Result<(), StoreError>
    where
        K: Key + 'static,
        T: Stored<M> + DeserializeOwned,
    {
        let name = book.name();
        if [COUPLINGS.name(), CONFLICTS.name(), JOURNAL.name(), NAMES.name()].contains(&name) {
            return Ok(());
        }
        self.table(book.definition(), |key, value| codec::decode::<T, M>(name, &key, value).is_ok())
    }

    fn numbers<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        if redb::TableHandle::name(&table) == redb::TableHandle::name(&META) {
            return Ok(());
        }
        self.table(table, |_, _| true)
    }

    fn index<K: Key + 'static, V: Value + 'static>(
        &mut self,
        _table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Copies what others are found by, and makes its indexes.
fn with_indexes(
    from: &ReadTransaction,
    to: &mut Transaction,
    salvaged: &mut Salvaged,
) -> Result<(), StoreError> {
    let mut highest = 0;
    each(from, &COUPLINGS, salvaged, |_, coupling: Coupling| {
        highest = highest.max(coupling.id.0);
        match to.put_coupling(&coupling) {
            // Two couplings say they have the row; the first one keeps it.
            Err(StoreError::AlreadyCoupled { .. }) => Ok(false),
            put => put.map(|()| true),
        }
    })?;
    raise(to, "coupling", highest)?;
    highest = 0;
    each(from, &CONFLICTS, salvaged, |_, conflict: Conflict| {
        highest = highest.max(conflict.id.0);
        let is_coupled = to.coupling_of(&conflict.mapping, crate::model::Side::Left, &conflict.rows.left)?;
        match is_coupled.is_some_and(|coupling| coupling.rows == conflict.rows) {
            true => to.put_conflict(&conflict).map(|()| true),
            false => Ok(false),
        }
    })?;
    raise(to, "conflict", highest)?;
    highest = 0;
    each(from, &JOURNAL, salvaged, |number, entry: JournalEntry| {
        highest = highest.max(number);
        to.put_journal(number, &entry).map(|()| true)
    })?;
    raise(to, "journal", highest)?;
    each(from, &NAMES, salvaged, |_, names: RowNames| to.put_names(&names).map(|()| true))
}

/// Shows `put` every value of a book that can be read; what it does not take is lost.
fn each<K, T, M>(
    from: &ReadTransaction,
    book: &Book<K, T>,
    salvaged: &mut Salvaged,
    mut put: impl FnMut(K::SelfType<'_>, M) -> Result<bool, StoreError>,
) -> Result<(), StoreError>
where
    K: Key + 'static,
    T: Stored<M> + DeserializeOwned,
{
    let mut problem = None;
    let reach = reach::entries(from, book.definition(), |key, value| {
        if problem.is_some() {
            return;
        }
        let shown = quietly(|| format!("{:?}", K::from_bytes(key))).unwrap_or_default();
        let decoded = codec::decode::<T, M>(book.name(), &shown, value);
        match decoded.map(|model| put(K::from_bytes(key), model)) {
            Ok(Ok(true)) => salvaged.saved += 1,
            Ok(Ok(false)) | Err(_) => salvaged.lost.push(format!("row {shown} of {}", book.name())),
            Ok(Err(error)) => problem = Some(error),
        }
    });
    if reach == Reach::Cut {
        salvaged.lost.push(format!("rows of {} behind damaged pages", book.name()));
    }
    problem.map_or(Ok(()), Err)
}

/// Sees that a number in use is not given out again.
fn raise(to: &mut Transaction, sequence: &str, highest: u64) -> Result<(), StoreError> {
    let given = to.plain(SEQUENCES, sequence)?.unwrap_or_default();
    if given < highest { to.set_plain(SEQUENCES, sequence, highest) } else { Ok(()) }
}
