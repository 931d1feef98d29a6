//! Runs: the passes started together, and what they did.

use super::tables::RUNS;
use super::{Source, StoreError, Transaction, View};
use crate::model::{Run, RunId};

impl<S: Source> View<S> {
    /// Returns a run by its number.
    pub fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.find(&RUNS, &id.0)
    }

    /// Returns at most `limit` runs, the newest first.
    pub fn runs(&self, limit: usize) -> Result<Vec<Run>, StoreError> {
        let runs = self.newest(&RUNS, None, limit)?;
        Ok(runs.into_iter().map(|(_, run)| run).collect())
    }
}

impl Transaction {
    /// Inserts a run, or replaces the one with its number.
    pub fn put_run(&mut self, run: &Run) -> Result<(), StoreError> {
        self.put(&RUNS, &run.id.0, run)
    }

    /// Gives out a number for a new run.
    pub fn next_run_id(&mut self) -> Result<RunId, StoreError> {
        self.next_number("run").map(RunId)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Timestamp;
    use crate::store::Store;

    #[test]
    fn runs_are_listed_from_the_newest() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let mut runs = Vec::new();
        for _ in 0..3 {
            let run = Run {
                id: transaction.next_run_id().unwrap(),
                started_at: Timestamp::UNIX_EPOCH,
                finished_at: None,
                trigger: "command".to_owned(),
                counts: BTreeMap::new(),
                failures: Vec::new(),
            };
            transaction.put_run(&run).unwrap();
            runs.push(run);
        }
        runs[1].finished_at = Some(Timestamp::MAX);
        transaction.put_run(&runs[1]).unwrap();
        assert_eq!(transaction.run(RunId(2)).unwrap().as_ref(), Some(&runs[1]));
        assert_eq!(transaction.runs(2).unwrap(), [runs[2].clone(), runs[1].clone()]);
    }
}
