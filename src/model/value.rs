//! One value of one column, free of any product's wire form.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{RowId, Side};

/// One value of one column or field.
///
/// There is one blank: null, `""`, the zero GUID, `0001-01-01` and a blank enum member all arrive as `Blank`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    #[default]
    Blank,
    Text(String),
    /// Any number, choices included. Never a binary float.
    Number(Decimal),
    Flag(bool),
    Date(Date),
    Instant(Timestamp),
    /// Another row. In a record: the left row of its coupling.
    Reference(RowId),
    /// In a record only: a row of that side that is not coupled (yet), so it has no common name.
    Uncoupled(Side, RowId),
}

impl Value {
    /// Returns whether the value is blank.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        matches!(self, Self::Blank)
    }

    /// Wraps text, where the empty text is blank.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Blank } else { Self::Text(text) }
    }
}
