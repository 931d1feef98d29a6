//! The journal: entries numbered as they come, found by run and by row as well.

use redb::ReadableTable;

use super::tables::{JOURNAL, JOURNAL_BY_ROW, JOURNAL_BY_RUN, side_byte};
use super::{Source, StoreError, Transaction, View};
use crate::model::{JournalEntry, MappingName, RowId, RunId, Side};

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

    /// Returns at most `limit` entries about a row with their numbers, the oldest first, and only entries younger than
    /// number `after` if it is given.
    pub fn journal_of_row(
        &self,
        mapping: &MappingName,
        side: Side,
        row: &RowId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, JournalEntry)>, StoreError> {
        let index = self.open(JOURNAL_BY_ROW)?;
        let (name, side, row) = (mapping.as_str(), side_byte(side), &row.to_bytes());
        let first = after.map_or(u64::MIN, |after| after.saturating_add(1));
        let mut entries = Vec::new();
        for key in index.range((name, side, row, first)..=(name, side, row, u64::MAX))?.take(limit) {
            let (.., number) = key?.0.value();
            entries.extend(self.find(&JOURNAL, &number)?.map(|entry| (number, entry)));
        }
        Ok(entries)
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
        self.put_journal(number, entry)
    }

    /// Stores an entry under its number and in every index.
    pub(super) fn put_journal(&mut self, number: u64, entry: &JournalEntry) -> Result<(), StoreError> {
        self.open_changed(JOURNAL_BY_RUN)?.insert((entry.run.0, number), ())?;
        let mut by_row = self.open_changed(JOURNAL_BY_ROW)?;
        for (side, row) in entry.rows() {
            by_row.insert((entry.mapping.as_str(), side_byte(side), &row.to_bytes(), number), ())?;
        }
        drop(by_row);
        self.put(&JOURNAL, &number, entry)
    }

    /// Removes an entry and all that leads to it: the one way an entry goes.
    pub fn remove_journal(&mut self, number: u64) -> Result<(), StoreError> {
        let entry: Option<JournalEntry> = self.find(&JOURNAL, &number)?;
        let Some(entry) = entry else { return Ok(()) };
        self.remove_plain(JOURNAL_BY_RUN, (entry.run.0, number))?;
        for (side, row) in entry.rows() {
            let key = (entry.mapping.as_str(), side_byte(side), &row.to_bytes(), number);
            self.remove_plain(JOURNAL_BY_ROW, key)?;
        }
        self.remove(&JOURNAL, &number)
    }
}

#[cfg(test)]
mod tests {
    use redb::ReadableTableMetadata;

    use super::*;
    use crate::model::{Action, CauseOfWrite, Links, Outcome, Timestamp};
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
            links: Links::default(),
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

    fn about(row: &str, partner: Option<&str>, replaces: Option<&str>) -> JournalEntry {
        let links = Links {
            partner: partner.map(RowId::new),
            replaces: replaces.map(RowId::new),
            ..Links::default()
        };
        JournalEntry { row: Some(RowId::new(row)), links, ..entry(1, row) }
    }

    #[test]
    fn a_row_is_found_as_written_as_partner_and_as_the_one_replaced() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        for entry in
            [about("r1", Some("l1"), None), about("r2", None, None), about("r3", Some("l1"), Some("r1"))]
        {
            transaction.add_journal(&entry).unwrap();
        }
        let name = MappingName::new("CUSTOMER");
        let numbers = |transaction: &Transaction, side, row: &str, after| {
            let entries = transaction.journal_of_row(&name, side, &RowId::new(row), after, 9).unwrap();
            entries.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&transaction, Side::Right, "r1", None), [1, 3]);
        assert_eq!(numbers(&transaction, Side::Right, "r1", Some(1)), [3]);
        assert_eq!(numbers(&transaction, Side::Left, "l1", None), [1, 3]);
        assert_eq!(numbers(&transaction, Side::Left, "r1", None), [0_u64; 0]);
        transaction.remove_journal(1).unwrap();
        assert_eq!(numbers(&transaction, Side::Right, "r1", None), [3]);
        transaction.remove_journal(2).unwrap();
        transaction.remove_journal(3).unwrap();
        assert_eq!(transaction.open(JOURNAL_BY_ROW).unwrap().len().unwrap(), 0);
        assert_eq!(transaction.open(JOURNAL_BY_RUN).unwrap().len().unwrap(), 0);
    }
}
