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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, CauseOfWrite, MappingName, Outcome, Side, Timestamp};
    use crate::store::Store;

    fn entry(run: u64, label: &str) -> JournalEntry {
        JournalEntry {
            run: RunId(run),
            at: Timestamp::UNIX_EPOCH,
            mapping: MappingName::new("CUSTOMER"),
            action: Action::Updated,
            side: Side::Right,
            row: None,
            label: label.to_owned(),
            cause: CauseOfWrite::Recovery,
            fields: Vec::new(),
            outcome: Outcome::Done,
        }
    }

    fn store() -> Store {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        for (run, label) in [(1, "a"), (2, "b"), (1, "c"), (2, "d"), (3, "e")] {
            transaction.add_journal(&entry(run, label)).unwrap();
        }
        transaction.commit().unwrap();
        store
    }

    fn labels<S: Source>(view: &View<S>, run: Option<u64>, before: Option<u64>, limit: usize) -> String {
        let entries = view.journal(run.map(RunId), before, limit).unwrap();
        entries.into_iter().map(|(number, entry)| format!("{number}{} ", entry.label)).collect()
    }

    #[test]
    fn the_journal_is_read_from_its_end() {
        let store = store();
        let snapshot = store.snapshot().unwrap();
        assert_eq!(labels(&snapshot, None, None, 2), "5e 4d ");
        assert_eq!(labels(&snapshot, None, Some(4), 2), "3c 2b ");
        assert_eq!(labels(&snapshot, None, Some(1), 2), "");
    }

    #[test]
    fn one_run_is_read_by_itself() {
        let store = store();
        let snapshot = store.snapshot().unwrap();
        assert_eq!(labels(&snapshot, Some(1), None, 9), "3c 1a ");
        assert_eq!(labels(&snapshot, Some(2), None, 1), "4d ");
        assert_eq!(labels(&snapshot, Some(2), Some(4), 9), "2b ");
        assert_eq!(labels(&snapshot, Some(4), None, 9), "");
    }

    /// I35
    #[test]
    fn trimming_keeps_the_newest_entries() {
        let store = store();
        let mut transaction = store.transaction().unwrap();
        transaction.trim_journal(9).unwrap();
        assert_eq!(labels(&transaction, None, None, 9), "5e 4d 3c 2b 1a ");
        transaction.trim_journal(3).unwrap();
        assert_eq!(labels(&transaction, None, None, 9), "5e 4d 3c ");
        assert_eq!(labels(&transaction, Some(1), None, 9), "3c ");
        assert_eq!(transaction.open(JOURNAL_BY_RUN).unwrap().len().unwrap(), 3);
        transaction.trim_journal(0).unwrap();
        transaction.add_journal(&entry(1, "f")).unwrap();
        assert_eq!(labels(&transaction, None, None, 9), "6f ");
    }
}
