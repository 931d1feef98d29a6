//! Stored conflicts, and what people answered.

use std::collections::BTreeMap;

use super::mirror::{StoredPair, stored};
use super::value::{StoredRowId, StoredSide, StoredTime, StoredValue};
use crate::model::{Answer, AnswerPlace, Author, Choice, Conflict, ConflictKind, FieldConflict};

stored! {
    /// A collision that no policy settles.
    struct StoredConflict for Conflict, format 2 {
        id: u64,
        mapping: String,
        rows: StoredPair<StoredRowId>,
        label: String,
        kind: StoredConflictKind,
        authors: StoredPair<StoredAuthor>,
        raised_at: StoredTime,
        stamp: String,
        answer: Option<StoredAnswer>,
        answered_in: Option<StoredAnswerPlace>,
        suggestion: Option<StoredAnswer>,
    }
}

stored! {
    /// What collided.
    enum StoredConflictKind for ConflictKind {
        Fields(fields: Vec<StoredFieldConflict>),
        Deleted { on: StoredSide },
    }
}

stored! {
    /// One field that collided.
    struct StoredFieldConflict for FieldConflict {
        field: String,
        base: Option<StoredValue>,
        values: StoredPair<StoredValue>,
    }
}

stored! {
    /// Who changed a row last and when.
    struct StoredAuthor for Author {
        name: Option<String>,
        at: Option<StoredTime>,
    }
}

stored! {
    /// What a person wants done with a conflict.
    enum StoredAnswer for Answer {
        Take(side: StoredSide),
        PerField(choices: BTreeMap<String, StoredChoice>),
        Later,
        Uncouple,
        Delete,
        Restore,
    }
}

stored! {
    /// Where a person answered.
    enum StoredAnswerPlace for AnswerPlace {
        Inbox,
        Command,
    }
}

stored! {
    /// What a person chose for one field.
    enum StoredChoice for Choice {
        Side(side: StoredSide),
        Value(value: StoredValue),
    }
}
