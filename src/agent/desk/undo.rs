//! The desk's part of undoing a run, of letting held rows go on, and of telling a row's story.

use crate::agent::error::ErrorKind;
use crate::agent::find_row::{FoundRow, find_rows, search};
use crate::agent::report::RunReport;
use crate::agent::undo::resume;
use crate::agent::why;
use crate::mapping::Mapping;
use crate::model::RunId;

use super::control::{ControlError, Reply};
use super::views::row_view;
use super::{Desk, store};

impl Desk {
    /// Undoes a run, or says what that would do.
    pub(super) async fn undo(&self, run: RunId, dry_run: bool) -> Result<RunReport, ControlError> {
        let _busy = self.busy.lock().await;
        let known = self.engine.store().snapshot().and_then(|snapshot| snapshot.run(run));
        if known.map_err(|error| store(&error))?.is_none() {
            return Err(usage(
                format!("there is no run {}", run.0),
                "`tandem history` lists the latest ones",
            ));
        }
        if dry_run {
            let rehearsal = self.engine.rehearsal().map_err(|error| store(&error))?;
            return rehearsal.undo(run).await.map_err(|error| store(&error));
        }
        self.set_running(true);
        let report = self.engine.undo(run).await;
        self.set_running(false);
        // The file shows what is still to be answered; one that cannot be used is reported by the next run.
        let _ = self.exchange_inbox();
        report.map_err(|error| store(&error))
    }

    /// Lets held rows go on with the next run.
    pub(super) async fn resume(&self, mapping: &str, row: Option<&str>) -> Result<Reply, ControlError> {
        let _busy = self.busy.lock().await;
        let mapping = self.mapping(mapping)?;
        let only = match row {
            Some(word) => match self.rows(mapping, word).await?.as_slice() {
                [one] => Some(one.rows.clone()),
                several => return Ok(Reply::Rows(several.iter().map(row_view).collect())),
            },
            None => None,
        };
        let resumed = || {
            let mut transaction = self.engine.store().transaction()?;
            let resumed = resume::resume(&mut transaction, &mapping.name, only.as_ref())?;
            transaction.commit()?;
            Ok(resumed)
        };
        resumed().map(Reply::Resumed).map_err(|error| store(&error))
    }

    /// Tells a row's story, or which rows go by that word.
    pub(super) async fn why(&self, mapping: &str, row: &str) -> Result<Reply, ControlError> {
        let mapping = self.mapping(mapping)?;
        match self.rows(mapping, row).await?.as_slice() {
            [one] => {
                let view = why::story(&self.engine, mapping, one).map_err(|error| store(&error))?;
                Ok(Reply::Why(Box::new(view)))
            }
            several => Ok(Reply::Rows(several.iter().map(row_view).collect())),
        }
    }

    fn mapping(&self, name: &str) -> Result<&Mapping, ControlError> {
        let found = self.mappings().iter().find(|mapping| mapping.name.as_str().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let names: Vec<_> = self.mappings().iter().map(|mapping| mapping.name.as_str()).collect();
            usage(format!("there is no mapping {name}"), &format!("the mappings are {}", names.join(", ")))
        })
    }

    async fn rows(&self, mapping: &Mapping, word: &str) -> Result<Vec<FoundRow>, ControlError> {
        let find = |word: &str| {
            let found =
                self.engine.store().snapshot().and_then(|snapshot| find_rows(&snapshot, mapping, word));
            found.map_err(|error| store(&error))
        };
        let mut found = find(word)?;
        if found.is_empty() {
            // A number by which rows were only matched is not kept.
            for id in search(&self.engine, mapping, word).await {
                found.extend(find(id.as_str())?);
            }
            found.sort();
            found.dedup();
        }
        if found.is_empty() {
            let problem = format!("{} knows no row {word}", mapping.name);
            return Err(usage(problem, "name it by its id, its number or as people call it"));
        }
        Ok(found)
    }
}

fn usage(problem: String, remedy: &str) -> ControlError {
    ControlError { kind: ErrorKind::Usage, problem, remedy: Some(remedy.to_owned()) }
}
