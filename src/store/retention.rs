//! What is forgotten with time: journal entries by age and number, and the runs they belong to (I35).

use redb::{ReadableTable, ReadableTableMetadata};

use super::tables::{JOURNAL, RUNS};
use super::{Store, StoreError, Transaction};
use crate::model::{JournalEntry, Run, Timestamp};

/// How many entries and runs one transaction removes.
const BATCH: usize = 1000;

/// How long the journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is older goes.
    pub since: Timestamp,
    /// What is beyond that many goes, the oldest first.
    pub entries: u64,
    /// Late writes that are older are no longer waited for an echo of.
    pub echoes_since: Timestamp,
}

impl Store {
    /// Forgets a bounded number of what is too old or too much. Returns whether there may be more of it.
    pub fn trim(&self, kept: Kept) -> Result<bool, StoreError> {
        let mut transaction = self.transaction()?;
        let entries = transaction.trim_journal(kept, BATCH)?;
        let runs = transaction.trim_runs(kept.since, BATCH)?;
        let echoes = transaction.trim_echoes(kept.echoes_since, BATCH)?;
        transaction.commit()?;
        Ok([entries, runs, echoes].contains(&BATCH))
    }
}

impl Transaction {
    /// Removes the oldest entries that are too old or too many, at most so many. Returns how many it removed.
    fn trim_journal(&mut self, kept: Kept, most: usize) -> Result<usize, StoreError> {
        let mut left = self.open(JOURNAL.definition())?.len()?;
        let mut removed = 0;
        while removed < most {
            let oldest = self.open(JOURNAL.definition())?.first()?.map(|(number, _)| number.value());
            let Some(number) = oldest else { break };
            let Some(entry): Option<JournalEntry> = self.find(&JOURNAL, &number)? else { break };
            if entry.at >= kept.since && left <= kept.entries {
                break;
            }
            self.remove_journal(number)?;
            left -= 1;
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes the oldest runs that are too old or whose whole journal is gone, but never the last one. A run that left no
    /// journal goes by its age alone. Returns how many it removed.
    fn trim_runs(&mut self, since: Timestamp, most: usize) -> Result<usize, StoreError> {
        let first = self.open(JOURNAL.definition())?.first()?.map(|(number, _)| number.value());
        let first: Option<JournalEntry> = match first {
            Some(number) => self.find(&JOURNAL, &number)?,
            None => None,
        };
        let mut removed = 0;
        while removed < most && self.open(RUNS.definition())?.len()? > 1 {
            let oldest = self.open(RUNS.definition())?.first()?.map(|(id, _)| id.value());
            let Some(id) = oldest else { break };
            let Some(run): Option<Run> = self.find(&RUNS, &id)? else { break };
            let is_journal_gone =
                first.as_ref().is_some_and(|first| run.id < first.run && run.started_at < first.at);
            if run.started_at >= since && !is_journal_gone
                || first.as_ref().is_some_and(|first| first.run <= run.id)
            {
                break;
            }
            self.remove(&RUNS, &id)?;
            removed += 1;
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Action, CauseOfWrite, Links, MappingName, Outcome, RunId, Side};
    use crate::store::tables::JOURNAL_BY_RUN;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn kept(since: i64, entries: u64) -> Kept {
        Kept { since: day(since), entries, echoes_since: Timestamp::MIN }
    }

    /// A store with one run a day, each with two entries.
    fn store(days: i64) -> Store {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        for at in 1..=days {
            let run = transaction.next_run_id().unwrap();
            for _ in 0..2 {
                let entry = JournalEntry {
                    run,
                    at: day(at),
                    mapping: MappingName::new("CUSTOMER"),
                    action: Action::Updated,
                    side: Side::Right,
                    row: None,
                    label: String::new(),
                    cause: CauseOfWrite::Recovery,
                    fields: Vec::new(),
                    outcome: Outcome::Done,
                    links: Links::default(),
                };
                transaction.add_journal(&entry).unwrap();
            }
            let run = Run {
                id: run,
                started_at: day(at),
                finished_at: None,
                trigger: String::new(),
                counts: BTreeMap::new(),
                failures: Vec::new(),
            };
            transaction.put_run(&run).unwrap();
        }
        transaction.commit().unwrap();
        store
    }

    /// Returns the numbers of the journal and of the runs that are left, and that the index agrees with them.
    fn left(store: &Store) -> (Vec<u64>, Vec<u64>) {
        let snapshot = store.snapshot().unwrap();
        let mut entries: Vec<_> =
            snapshot.journal(None, None, 9999).unwrap().into_iter().map(|(number, _)| number).collect();
        entries.reverse();
        let mut runs: Vec<_> = snapshot.runs(9999).unwrap().into_iter().map(|run| run.id.0).collect();
        runs.reverse();
        assert_eq!(snapshot.open(JOURNAL_BY_RUN).unwrap().len().unwrap(), entries.len() as u64);
        (entries, runs)
    }

    /// I35
    #[test]
    fn what_is_too_old_goes_with_its_runs() {
        let store = store(4);
        assert!(!store.trim(kept(3, 999)).unwrap());
        assert_eq!(left(&store), (vec![5, 6, 7, 8], vec![3, 4]));
    }

    /// I35
    #[test]
    fn of_too_many_the_newest_stay() {
        let store = store(4);
        store.trim(kept(0, 3)).unwrap();
        assert_eq!(left(&store), (vec![6, 7, 8], vec![3, 4]));
        store.trim(kept(0, 0)).unwrap();
        assert_eq!(left(&store).0, Vec::<u64>::new());
        let mut transaction = store.transaction().unwrap();
        assert_eq!(transaction.next_run_id().unwrap(), RunId(5));
    }

    #[test]
    fn the_last_run_is_always_told() {
        let store = store(4);
        store.trim(kept(99, 999)).unwrap();
        assert_eq!(left(&store), (vec![], vec![4]));
    }

    #[test]
    fn nothing_to_trim_changes_nothing() {
        let store = store(4);
        let commits = store.snapshot().unwrap().commits().unwrap();
        assert!(!store.trim(kept(0, 999)).unwrap());
        assert_eq!(store.snapshot().unwrap().commits().unwrap(), commits);
    }

    /// I35: a long history goes in small steps.
    #[test]
    fn much_is_trimmed_in_batches() {
        let store = store(700);
        let kept = kept(0, 10);
        assert!(store.trim(kept).unwrap());
        assert!(!store.trim(kept).unwrap());
        assert_eq!(left(&store).0.len(), 10);
    }
}
