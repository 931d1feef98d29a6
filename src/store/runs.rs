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
