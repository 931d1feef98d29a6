//! Places in the text of a mapping file, for messages.

use toml::Spanned;

use crate::mapping::nearest::or_nearest;

use super::MappingError;

/// A mapping file's text and its name.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Text<'_> {
    /// Makes an error that points to a byte of the text.
    pub fn at(&self, offset: usize, problem: impl Into<String>) -> MappingError {
        let (line, column) = self.line_and_column(offset);
        MappingError::At { file: self.file.to_owned(), line, column, problem: problem.into() }
    }

    /// Makes an error that points to a value.
    pub fn at_value<T>(&self, value: &Spanned<T>, problem: impl Into<String>) -> MappingError {
        self.at(value.span().start, problem)
    }

    /// Returns line and column of a byte, both from 1; columns count characters.
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
    }

    /// Returns where a word stands first, or where the text begins.
    pub fn find(&self, word: &str) -> usize {
        self.text.find(word).unwrap_or(0)
    }

    /// Says what is wrong with the TOML itself, and which word may have been meant.
    pub fn toml_error(&self, error: &toml::de::Error) -> MappingError {
        let message = error.message().replace('\n', "; ");
        let problem = match quoted(&message).split_first() {
            Some((word, known)) => or_nearest(message.clone(), word, known.iter().copied()),
            None => message,
        };
        self.at(error.span().map_or(0, |span| span.start), problem)
    }
}

/// Returns what stands between backticks.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}
