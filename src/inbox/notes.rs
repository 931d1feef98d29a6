//! What parsing found, and what the next rendering must carry along.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Answer, ConflictId, FieldId, Stamp};

/// What a reading of the inbox gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub answers: Vec<Answered>,
    pub problems: Vec<Problem>,
    /// Open conflicts whose block is missing, blank or not understood.
    pub undecided: BTreeSet<ConflictId>,
    /// Hand these to the next rendering, so that nothing a person wrote is lost.
    pub notes: Notes,
}

/// An answer as it stands in the file. The caller compares the stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub conflict: ConflictId,
    /// The stamp of the values the person was shown.
    pub stamp: Stamp,
    pub answer: Answer,
    /// The person's own words.
    pub raw: Raw,
}

/// Something that was written and not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub conflict: Option<ConflictId>,
    /// The line in the file, counted from 1; 0 for words given on the command line.
    pub line: usize,
    /// What was written.
    pub text: String,
    /// What is wrong with it and how to put it right.
    pub explanation: String,
}

/// What the next rendering carries along from the last parsing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    pub written: BTreeMap<ConflictId, Written>,
    pub kept: Vec<KeptText>,
}

/// What a person wrote into one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub stamp: Stamp,
    pub raw: Raw,
    /// What it was understood as; absent where nothing or something wrong was written.
    pub answer: Option<Answer>,
}

/// The words of an answer as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    pub whole: String,
    pub fields: BTreeMap<FieldId, RawField>,
}

/// The words written for one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawField {
    pub answer: String,
    pub value: String,
}

impl Raw {
    /// Returns whether nothing was written.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.whole.trim().is_empty() && self.fields.values().all(RawField::is_blank)
    }
}

impl RawField {
    /// Returns whether nothing was written.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.answer.trim().is_empty() && self.value.trim().is_empty()
    }
}

/// A person's own text in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptText {
    pub place: KeptPlace,
    /// Whole lines, without the last line end.
    pub text: String,
    /// What is wrong with it, shown above it; absent for comments.
    pub explanation: Option<String>,
}

/// Where a kept text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptPlace {
    /// Below the file's heading.
    Head,
    /// In a conflict's block, above its answer.
    Conflict(ConflictId),
    /// In a field's part of the block, above its answer.
    Field(ConflictId, FieldId),
    /// In place of a conflict's block: the block as written, which cannot be read.
    Instead(ConflictId),
    /// At the end of the file.
    Tail,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_blank_only_if_nothing_is_written_anywhere() {
        let field = |answer: &str, value: &str| RawField { answer: answer.into(), value: value.into() };
        assert!(field("", " ").is_blank() && !field("x", "").is_blank() && !field("", "x").is_blank());
        let raw = |whole: &str, fields: &[RawField]| Raw {
            whole: whole.into(),
            fields: (0..).map(|n: u32| FieldId::new(n.to_string())).zip(fields.iter().cloned()).collect(),
        };
        assert!(raw(" ", &[field("", ""), field(" ", "")]).is_blank());
        assert!(!raw("later", &[field("", "")]).is_blank());
        assert!(!raw("", &[field("", ""), field("", "x")]).is_blank());
    }
}
