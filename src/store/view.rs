//! One moment of the store: a `Snapshot` that reads, a `Transaction` that reads and writes.
//!
//! This file opens tables and moves values in and out of them; what the values mean stands in the files by topic.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Bound;

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, Value, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::stored::Stored;
use super::tables::{Book, COMMITS_KEY, META, SEQUENCES};
use super::{StoreError, codec};

/// A consistent view of the store. Methods that read work on every view, methods that write on a [`Transaction`].
pub struct View<S> {
    source: S,
}

/// Reads the store as it was when the snapshot was taken, whatever is committed meanwhile. Keep it short: the pages
/// it sees cannot be reused while it lives, and the store has to outlive it.
pub type Snapshot = View<Reading>;

/// Reads and writes. Nothing is kept until [`commit`](Transaction::commit); dropping it undoes everything.
pub type Transaction = View<Writing>;

/// What a snapshot reads from.
pub struct Reading(ReadTransaction);

/// What a transaction reads from and writes to.
pub struct Writing {
    transaction: WriteTransaction,
    changed: bool,
}

/// Where a view's tables come from. Write `&View<impl Source>` for code that reads either kind.
pub trait Source {
    /// A table open for reading.
    type Table<'s, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 's;

    /// Opens a table for reading.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError>;
}

impl Source for Reading {
    type Table<'s, K: Key + 'static, V: Value + 'static> = redb::ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError> {
        Ok(self.0.open_table(definition)?)
    }
}

impl Source for Writing {
    type Table<'s, K: Key + 'static, V: Value + 'static> = redb::Table<'s, K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError> {
        Ok(self.transaction.open_table(definition)?)
    }
}

impl<S: Source> View<S> {
    /// Returns how many commits have changed the store since it was made.
    pub fn commits(&self) -> Result<u64, StoreError> {
        Ok(self.plain(META, COMMITS_KEY)?.unwrap_or_default())
    }

    pub(super) fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<S::Table<'_, K, V>, StoreError> {
        self.source.table(definition)
    }

    /// Finds a number in an index or a table of counters.
    pub(super) fn plain<'k, K: Key + 'static>(
        &self,
        definition: TableDefinition<'static, K, u64>,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<u64>, StoreError> {
        Ok(self.open(definition)?.get(key)?.map(|number| number.value()))
    }

    /// Finds a value.
    pub(super) fn find<K, T, M>(
        &self,
        book: &Book<K, T>,
        key: &K::SelfType<'_>,
    ) -> Result<Option<M>, StoreError>
    where
        K: Key + 'static,
        T: Stored<M> + DeserializeOwned,
    {
        let table = self.open(book.definition())?;
        let found = table.get(key)?;
        found.map(|bytes| codec::decode::<T, M>(book.name(), key, bytes.value())).transpose()
    }

    /// Lists at most `limit` values of a range of keys, in the order of the keys.
    pub(super) fn list<'k, K, T, M>(
        &self,
        book: &Book<K, T>,
        range: (Bound<K::SelfType<'k>>, Bound<K::SelfType<'k>>),
        limit: usize,
    ) -> Result<Vec<M>, StoreError>
    where
        K: Key + 'static,
        T: Stored<M> + DeserializeOwned,
    {
        let table = self.open(book.definition())?;
        let entries = table.range::<K::SelfType<'k>>(range)?;
        entries
            .take(limit)
            .map(|entry| {
                let (key, bytes) = entry?;
                codec::decode::<T, M>(book.name(), &key.value(), bytes.value())
            })
            .collect()
    }

    /// Lists at most `limit` numbered values below `before`, the newest first.
    pub(super) fn newest<T, M>(
        &self,
        book: &Book<u64, T>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, M)>, StoreError>
    where
        T: Stored<M> + DeserializeOwned,
    {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let table = self.open(book.definition())?;
        let entries = table.range::<u64>((Bound::Unbounded, end))?;
        entries
            .rev()
            .take(limit)
            .map(|entry| {
                let (number, bytes) = entry?;
                let number = number.value();
                Ok((number, codec::decode::<T, M>(book.name(), &number, bytes.value())?))
            })
            .collect()
    }
}

impl Snapshot {
    pub(super) const fn reading(transaction: ReadTransaction) -> Self {
        Self { source: Reading(transaction) }
    }
}

impl Transaction {
    pub(super) const fn writing(transaction: WriteTransaction) -> Self {
        Self { source: Writing { transaction, changed: false } }
    }

    /// Makes everything written durable, in one step. A transaction that changed nothing costs nothing.
    pub fn commit(mut self) -> Result<(), StoreError> {
        if !self.source.changed {
            return Ok(());
        }
        let commit = self.commits()? + 1;
        self.set_plain(META, COMMITS_KEY, commit)?;
        self.source.transaction.commit()?;
        tracing::trace!(target: "tandem::store", commit, "Committed");
        Ok(())
    }

    /// Returns how much of the file is in use.
    pub(super) fn used_bytes(&self) -> Result<u64, StoreError> {
        let stats = self.source.transaction.stats()?;
        Ok(stats.allocated_pages() * stats.page_size() as u64)
    }

    /// Opens a table to write to it; what is written counts as a change.
    pub(super) fn open_changed<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<redb::Table<'_, K, V>, StoreError> {
        self.source.changed = true;
        Ok(self.source.transaction.open_table(definition)?)
    }

    /// Sets a number in an index or a table of counters.
    pub(super) fn set_plain<'k, K: Key + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, u64>,
        key: impl Borrow<K::SelfType<'k>>,
        number: u64,
    ) -> Result<(), StoreError> {
        self.open_changed(definition)?.insert(key, number)?;
        Ok(())
    }

    /// Removes an entry of an index.
    pub(super) fn remove_plain<'k, K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<(), StoreError> {
        self.open_changed(definition)?.remove(key)?;
        Ok(())
    }

    /// Stores a value. Storing what is there already is no change.
    pub(super) fn put<K, T, M>(
        &mut self,
        book: &Book<K, T>,
        key: &K::SelfType<'_>,
        model: &M,
    ) -> Result<(), StoreError>
    where
        K: Key + 'static,
        T: Stored<M> + Serialize,
    {
        let bytes = codec::encode::<T, M>(book.name(), key, model)?;
        let mut table = self.source.transaction.open_table(book.definition())?;
        let same = table.get(key)?.is_some_and(|stored| stored.value() == bytes);
        if !same {
            table.insert(key, bytes.as_slice())?;
            self.source.changed = true;
        }
        Ok(())
    }

    /// Removes a value. Removing what is not there is no change.
    pub(super) fn remove<K: Key + 'static, T>(
        &mut self,
        book: &Book<K, T>,
        key: &K::SelfType<'_>,
    ) -> Result<(), StoreError> {
        let removed = self.source.transaction.open_table(book.definition())?.remove(key)?.is_some();
        self.source.changed |= removed;
        Ok(())
    }

    /// Gives out the next number of a sequence, from 1 on. A number is given again only if its transaction was dropped.
    pub(super) fn next_number(&mut self, sequence: &str) -> Result<u64, StoreError> {
        let number = self.plain(SEQUENCES, sequence)?.unwrap_or_default() + 1;
        self.set_plain(SEQUENCES, sequence, number)?;
        Ok(number)
    }
}

impl<S> fmt::Debug for View<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing").field("changed", &self.changed).finish_non_exhaustive()
    }
}
