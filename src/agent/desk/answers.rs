//! Answers given by command.

use crate::agent::choice::Choice;
use crate::agent::error::ErrorKind;
use crate::agent::plan::conflicts::{self, Answered};
use crate::agent::run::RunOptions;
use crate::inbox;
use crate::model::{AnswerPlace, ConflictId};
use crate::store::StoreError;

use super::control::{AnsweredView, ControlError};
use super::{Desk, inbox_file, store};

impl Desk {
    pub(super) async fn answer(
        &self,
        id: ConflictId,
        words: &[String],
    ) -> Result<AnsweredView, ControlError> {
        let _busy = self.busy.lock().await;
        // What stands in the file came earlier: this answer overrules it, and the file shows it from now on.
        // A file that cannot be used is reported by the run.
        let _ = self.exchange_inbox();
        self.store_answer(id, words)?;
        let _ = inbox_file::show(&self.engine, self.files.as_ref());
        let options = RunOptions { choice: Choice::Due, ..RunOptions::of("answer") };
        let report = self.run_noted(&options, false).await?;
        let open = self.engine.store().snapshot().and_then(|snapshot| snapshot.conflict(id));
        let settled = open.map_err(|error| store(&error))?.is_none();
        Ok(AnsweredView { conflict: id.0, settled, report })
    }

    fn store_answer(&self, id: ConflictId, words: &[String]) -> Result<(), ControlError> {
        let stored = || -> Result<Result<(), ControlError>, StoreError> {
            let snapshot = self.engine.store().snapshot()?;
            let Some(conflict) = snapshot.conflict(id)? else {
                return Ok(Err(ControlError {
                    kind: ErrorKind::Usage,
                    problem: format!("there is no open conflict {id}"),
                    remedy: Some("`tandem conflicts` lists the open ones".to_owned()),
                }));
            };
            drop(snapshot);
            let faces = inbox_file::faces(&self.engine, std::slice::from_ref(&conflict))?;
            let names = inbox_file::names(&self.engine);
            let answer = match inbox::answer_from_words(words, &conflict, &faces, &names) {
                Ok(answer) => answer,
                Err(problem) => {
                    return Ok(Err(ControlError {
                        kind: ErrorKind::Usage,
                        problem: format!("\"{}\" is no answer to {id}", problem.text),
                        remedy: Some(problem.explanation),
                    }));
                }
            };
            let mut transaction = self.engine.store().transaction()?;
            let outcome = conflicts::answer(
                &mut transaction,
                id,
                Some(&conflict.stamp),
                &answer,
                AnswerPlace::Command,
            )?;
            transaction.commit()?;
            debug_assert_ne!(outcome, Answered::NotOpen);
            Ok(Ok(()))
        };
        stored().map_err(|error| store(&error))?
    }
}
