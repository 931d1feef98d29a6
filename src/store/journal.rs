//! The journal: entries numbered as they come, found by run as well.

use redb::{ReadableTable, ReadableTableMetadata};

use super::tables::{JOURNAL, JOURNAL_BY_RUN};
use super::{Source, StoreError, Transaction, View};
use crate::model::{JournalEntry, RunId};

impl<S: Source> View<S> {
    /// Returns at most `limit` entries with their numbers, the newest first: of one run or of all, and only entries
    /// older than number `before` if it is given.
    pub fn journal(
        &self,
        run: Option<RunId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, JournalEntry)>, StoreError> {
        match run {
            Some(run) => self.journal_of(run, before.unwrap_or(u64::MAX), limit),
            None => self.newest(&JOURNAL, before, limit),
        }
    }

    fn journal_of(
        &self,
        run: RunId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, JournalEntry)>, StoreError> {
        let index = self.open(JOURNAL_BY_RUN)?;
        let mut entries = Vec::new();
        for key in index.range((run.0, u64::MIN)..(run.0, before))?.rev().take(limit) {
            let (_, number) = key?.0.value();
            entries.extend(self.find(&JOURNAL, &number)?.map(|entry| (number, entry)));
        }
        Ok(entries)
    }
}

impl Transaction {
    /// Adds an entry at the end.
    pub fn add_journal(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        let number = self.next_number("journal")?;
        self.open_changed(JOURNAL_BY_RUN)?.insert((entry.run.0, number), ())?;
        self.put(&JOURNAL, &number, entry)
    }

    /// Removes the oldest entries until at most `keep_entries` are left (I35).
    pub fn trim_journal(&mut self, keep_entries: u64) -> Result<(), StoreError> {
        let excess = self.open(JOURNAL.definition())?.len()?.saturating_sub(keep_entries);
        for _ in 0..excess {
            self.remove_oldest_entry()?;
        }
        Ok(())
    }

    fn remove_oldest_entry(&mut self) -> Result<(), StoreError> {
        let oldest = self.open(JOURNAL.definition())?.first()?.map(|(number, _)| number.value());
        let Some(number) = oldest else { return Ok(()) };
        let entry: Option<JournalEntry> = self.find(&JOURNAL, &number)?;
        if let Some(entry) = entry {
            self.remove_plain(JOURNAL_BY_RUN, (entry.run.0, number))?;
        }
        self.remove(&JOURNAL, &number)
    }
}
