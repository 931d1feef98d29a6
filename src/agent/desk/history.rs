//! What was done: the latest runs, and one of them with its journal.

use crate::agent::error::ErrorKind;
use crate::model::RunId;
use crate::store::StoreError;

use super::control::{ControlError, RunView};
use super::{Desk, store, views};

impl Desk {
    pub(super) fn history(&self, limit: usize) -> Result<Vec<RunView>, ControlError> {
        let runs = self.engine.store().snapshot().and_then(|snapshot| snapshot.runs(limit));
        let runs = runs.map_err(|error| store(&error))?;
        Ok(runs.iter().map(|run| views::run(&self.engine, run, &[])).collect())
    }

    pub(super) fn one_run(&self, id: RunId) -> Result<RunView, ControlError> {
        let found = || -> Result<Option<RunView>, StoreError> {
            let snapshot = self.engine.store().snapshot()?;
            let Some(run) = snapshot.run(id)? else { return Ok(None) };
            let entries = snapshot.journal(Some(id), None, 10_000)?;
            Ok(Some(views::run(&self.engine, &run, &entries)))
        };
        found().map_err(|error| store(&error))?.ok_or_else(|| ControlError {
            kind: ErrorKind::Usage,
            problem: format!("there is no run {id}"),
            remedy: Some("`tandem history` lists the latest ones".to_owned()),
        })
    }
}
