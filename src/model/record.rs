//! A row translated into the mapping's common shape.

use std::collections::BTreeMap;
use std::fmt;

use super::{FieldId, Value};

/// Normalised values by field pair. Only records are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record(pub BTreeMap<FieldId, Value>);

impl Record {
    /// Returns the value of a field, if the record has it.
    #[must_use]
    pub fn get(&self, field: &FieldId) -> Option<&Value> {
        self.0.get(field)
    }

    /// Returns whether it has every value of another one.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        other.0.iter().all(|(field, value)| self.get(field) == Some(value))
    }

    /// Sets the value of a field.
    pub fn set(&mut self, field: FieldId, value: Value) {
        self.0.insert(field, value);
    }
}

impl FromIterator<(FieldId, Value)> for Record {
    fn from_iter<I: IntoIterator<Item = (FieldId, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// Shows a value to a person: text in quotes, blank as `(blank)`.
#[derive(Debug)]
pub struct ValueDisplay<'a>(pub &'a Value);

impl fmt::Display for ValueDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Blank => f.write_str("(blank)"),
            Value::Text(text) => write!(f, "\"{text}\""),
            Value::Number(number) => write!(f, "{}", number.normalize()),
            Value::Flag(true) => f.write_str("yes"),
            Value::Flag(false) => f.write_str("no"),
            Value::Date(date) => write!(f, "{date}"),
            Value::Instant(instant) => write!(f, "{instant}"),
            Value::Reference(row) => write!(f, "row {row}"),
            Value::Uncoupled(side, row) => write!(f, "uncoupled {side} row {row}"),
        }
    }
}
