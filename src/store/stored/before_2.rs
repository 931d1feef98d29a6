//! Stored values as they were before store format 2. Only the migration reads them.

use serde::Deserialize;

use super::conflict::{StoredAnswer, StoredAuthor, StoredConflictKind};
use super::journal::{StoredAction, StoredFieldChange, StoredOutcome};
use super::mirror::StoredPair;
use super::value::{StoredRowId, StoredSide, StoredTime};
use super::{Malformed, Stored};
use crate::model::{CauseOfWrite, Conflict, JournalEntry, Links};

/// A journal entry that does not tell the partner, the coupling or the version left behind.
#[derive(Debug, Deserialize)]
pub(in crate::store) struct FormerJournalEntry {
    run: u64,
    at: StoredTime,
    mapping: String,
    action: StoredAction,
    side: StoredSide,
    row: Option<StoredRowId>,
    label: String,
    cause: FormerCauseOfWrite,
    fields: Vec<StoredFieldChange>,
    outcome: StoredOutcome,
}

/// A cause that does not tell where an answer was given.
#[derive(Debug, Deserialize)]
enum FormerCauseOfWrite {
    Edit { side: StoredSide },
    Match { key: String },
    Answer { conflict: u64 },
    Recovery,
}

/// A conflict that does not tell where it was answered.
#[derive(Debug, Deserialize)]
pub(in crate::store) struct FormerConflict {
    id: u64,
    mapping: String,
    rows: StoredPair<StoredRowId>,
    label: String,
    kind: StoredConflictKind,
    authors: StoredPair<StoredAuthor>,
    raised_at: StoredTime,
    stamp: String,
    answer: Option<StoredAnswer>,
    suggestion: Option<StoredAnswer>,
}

impl FormerJournalEntry {
    /// Makes the model value; what the former one did not tell stays unknown.
    pub(in crate::store) fn restore(self) -> Result<JournalEntry, Malformed> {
        let Self { run, at, mapping, action, side, row, label, cause, fields, outcome } = self;
        Ok(JournalEntry {
            run: run.restore()?,
            at: at.restore()?,
            mapping: mapping.restore()?,
            action: action.restore()?,
            side: side.restore()?,
            row: row.restore()?,
            label,
            cause: cause.restore()?,
            fields: fields.restore()?,
            outcome: outcome.restore()?,
            links: Links::default(),
        })
    }
}

impl FormerCauseOfWrite {
    fn restore(self) -> Result<CauseOfWrite, Malformed> {
        Ok(match self {
            Self::Edit { side } => CauseOfWrite::Edit { side: side.restore()? },
            Self::Match { key } => CauseOfWrite::Match { key },
            Self::Answer { conflict } => CauseOfWrite::Answer { conflict: conflict.restore()?, place: None },
            Self::Recovery => CauseOfWrite::Recovery,
        })
    }
}

impl FormerConflict {
    /// Makes the model value; what the former one did not tell stays unknown.
    pub(in crate::store) fn restore(self) -> Result<Conflict, Malformed> {
        let Self { id, mapping, rows, label, kind, authors, raised_at, stamp, answer, suggestion } = self;
        Ok(Conflict {
            id: id.restore()?,
            mapping: mapping.restore()?,
            rows: rows.restore()?,
            label,
            kind: kind.restore()?,
            authors: authors.restore()?,
            raised_at: raised_at.restore()?,
            stamp: stamp.restore()?,
            answer: answer.restore()?,
            answered_in: None,
            suggestion: suggestion.restore()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_old_answer_says_stays_as_it_was() {
        let cause = FormerCauseOfWrite::Answer { conflict: 7 }.restore().unwrap();
        assert_eq!(cause, CauseOfWrite::Answer { conflict: crate::model::ConflictId(7), place: None });
    }
}
