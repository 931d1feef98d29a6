//! Edits that collide, and what people answer.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{CauseOfWrite, ConflictId, FieldId, MappingName, Pair, Row, RowId, Side, Stamp, Value};

/// Who changed a row last and when, as far as its system tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    pub name: Option<String>,
    pub at: Option<Timestamp>,
}

impl Author {
    /// Takes the author from a row's own columns.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self { name: row.modified_by.clone(), at: row.modified_at }
    }
}

/// A collision that no policy settles, waiting for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub id: ConflictId,
    pub mapping: MappingName,
    pub rows: Pair<RowId>,
    /// What people call this row.
    pub label: String,
    pub kind: ConflictKind,
    pub authors: Pair<Author>,
    pub raised_at: Timestamp,
    /// Digest of the values shown; an answer carries it back.
    pub stamp: Stamp,
    /// An accepted answer that the next pass applies if the values still are the ones shown.
    pub answer: Option<Answer>,
    /// Where the answer was given.
    pub answered_in: Option<AnswerPlace>,
    /// An answer that came for other values: shown again, never applied by itself.
    pub suggestion: Option<Answer>,
}

impl Conflict {
    /// Returns the cause of what follows from its answer.
    #[must_use]
    pub const fn as_cause(&self) -> CauseOfWrite {
        CauseOfWrite::Answer { conflict: self.id, place: self.answered_in }
    }
}

/// What collided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConflictKind {
    /// Both sides changed the same field, or differ at first contact.
    Fields(Vec<FieldConflict>),
    /// One side changed what the other deleted. `on` is the side where the row is gone.
    Deleted { on: Side },
}

/// One field that collided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    pub field: FieldId,
    /// Absent at first contact.
    pub base: Option<Value>,
    pub values: Pair<Value>,
}

/// What a person wants done with a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One side's value for every field in conflict.
    Take(Side),
    /// A choice for each field; fields not named stay undecided.
    PerField(BTreeMap<FieldId, Choice>),
    /// Decide later: the conflict stays.
    Later,
    /// Stop treating the two rows as one.
    Uncouple,
    /// For a deletion: delete the surviving row too.
    Delete,
    /// For a deletion: create the deleted row again from the surviving one.
    Restore,
}

/// Where a person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerPlace {
    /// The inbox file.
    Inbox,
    /// A command.
    Command,
}

/// What a person chose for one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Side(Side),
    Value(Value),
}
