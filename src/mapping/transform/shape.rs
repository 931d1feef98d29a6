//! What kind of values a step takes and gives.

use crate::model::{ColumnKind, Value};

use super::{NumberFormat, Otherwise, Transform};

/// A kind of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Number,
    Flag,
    Date,
    Instant,
    /// Another row.
    Reference,
    /// What Tandem does not map.
    Other,
}

impl Shape {
    /// Returns the shape of a column's values.
    #[must_use]
    pub const fn of(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Text | ColumnKind::Member => Self::Text,
            ColumnKind::Number | ColumnKind::Choice => Self::Number,
            ColumnKind::Flag => Self::Flag,
            ColumnKind::Date => Self::Date,
            ColumnKind::Instant => Self::Instant,
            ColumnKind::Reference => Self::Reference,
            ColumnKind::Other => Self::Other,
        }
    }

    /// Returns the shape of a value that is not blank.
    #[must_use]
    pub const fn of_value(value: &Value) -> Option<Self> {
        match value {
            Value::Blank => None,
            Value::Text(_) => Some(Self::Text),
            Value::Number(_) => Some(Self::Number),
            Value::Flag(_) => Some(Self::Flag),
            Value::Date(_) => Some(Self::Date),
            Value::Instant(_) => Some(Self::Instant),
            Value::Reference(_) | Value::Uncoupled(..) => Some(Self::Reference),
        }
    }

    /// Returns the word for it in messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Date => "date",
            Self::Instant => "moment",
            Self::Reference => "row",
            Self::Other => "kind Tandem does not map",
        }
    }
}

impl Transform {
    /// Returns what the step makes of values of a shape, or what it wants instead.
    pub fn reads(&self, from: Shape) -> Result<Shape, Shape> {
        let only = |wanted: Shape, gives: Shape| if from == wanted { Ok(gives) } else { Err(wanted) };
        let literal = |value: &Value| match Shape::of_value(value) {
            Some(shape) if shape != from => Err(shape),
            _ => Ok(from),
        };
        match self {
            Self::Trim
            | Self::Upper
            | Self::Lower
            | Self::Truncate(_)
            | Self::Replace(_)
            | Self::Phone { .. }
            | Self::Prefix(_)
            | Self::CountryName { .. }
            | Self::Html => only(Shape::Text, Shape::Text),
            Self::Round(_) | Self::Factor(_) => only(Shape::Number, Shape::Number),
            Self::NumberFormat(NumberFormat { .. }) => only(Shape::Text, Shape::Number),
            Self::DateFormat(_) => only(Shape::Text, Shape::Date),
            Self::DateIn(_) => only(Shape::Instant, Shape::Date),
            Self::Default(value) | Self::BlankIs(value) => literal(value),
            Self::ValueMap(map) => {
                let mut keys = map.pairs.iter().filter_map(|(key, _)| Shape::of_value(key));
                if let Some(wanted) = keys.find(|key| *key != from) {
                    return Err(wanted);
                }
                let gives =
                    map.pairs.iter().find_map(|(_, meaning)| Shape::of_value(meaning)).unwrap_or(from);
                // What is kept as it is must be of the same kind as what is not.
                if map.otherwise == Otherwise::Keep && gives != from { Err(gives) } else { Ok(gives) }
            }
        }
    }
}
