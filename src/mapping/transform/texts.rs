//! Steps on text.

use regex::{Regex, RegexBuilder};

/// A pattern that is too large is a mistake, and hostile at worst.
const LARGEST: usize = 1 << 20;

/// A regular expression and what its finds become.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    with: String,
}

impl Pattern {
    /// Reads a pattern as the crate `regex` has it; `with` may name groups as `$1` or `${name}`.
    pub fn new(pattern: &str, with: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(pattern).size_limit(LARGEST).build();
        let regex = regex.map_err(|error| format!("the pattern \"{pattern}\" cannot be read: {error}"))?;
        Ok(Self { regex, with: with.to_owned() })
    }

    pub(super) fn replaced(&self, text: &str) -> String {
        self.regex.replace_all(text, self.with.as_str()).into_owned()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (self.regex.as_str(), &self.with) == (other.regex.as_str(), &other.with)
    }
}

/// Some letters change again when they are changed back and forth; this is where that ends.
pub(super) fn upper(text: &str) -> String {
    text.to_uppercase()
}

pub(super) fn lower(text: &str) -> String {
    text.to_lowercase().to_lowercase()
}

/// Cuts after so many UTF-16 units, and never inside a character.
pub(super) fn truncated(text: &str, most: usize) -> &str {
    let mut units = 0;
    for (at, letter) in text.char_indices() {
        units += letter.len_utf16();
        if units > most {
            return &text[..at];
        }
    }
    text
}
