//! Steps between what a column holds and the mapping's common form.
//!
//! A step listed on one side is taken when that side is read, in the order of the list, and back, in the reverse order,
//! when that side is written. A step listed for the whole field is taken after both sides are read: it says what counts as
//! equal. Each kind of step says which of the two it is good for ([`Law`]).

mod country;
mod dates;
mod file;
mod html;
mod legacy;
mod numbers;
mod phone;
mod shape;
mod texts;
mod value_map;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::model::{Value, ValueDisplay};

pub use file::{literal, parse};
pub use legacy::{in_own_words, parse as parse_legacy};
pub use numbers::NumberFormat;
pub use shape::Shape;
pub use texts::Pattern;
pub use value_map::{Otherwise, ValueMap};

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub enum Transform {
    /// Outer blanks go.
    Trim,
    Upper,
    Lower,
    /// At most so many characters (UTF-16 units, as both products count).
    Truncate(usize),
    /// What a pattern finds becomes something else.
    Replace(Pattern),
    /// So many decimal places, half to even.
    Round(u32),
    /// A telephone number as digits with a leading plus. The calling code is that of numbers without one.
    Phone {
        calling_code: Option<String>,
    },
    /// Blank reads as that value, and so do blanks that are written.
    Default(Value),
    /// The column leaves that value blank.
    BlankIs(Value),
    ValueMap(ValueMap),
    /// The column holds a text in front of the value.
    Prefix(String),
    /// The column holds a country's name in that language (ISO 639-1); the common form is its code (ISO 3166-1 alpha-2).
    CountryName {
        language: String,
    },
    /// The column holds HTML; the common form is its text.
    Html,
    /// The column holds a number as text.
    NumberFormat(NumberFormat),
    /// The column holds a date as text, by a pattern as `strftime` has it.
    DateFormat(String),
    /// The column holds the moment at which a date begins there.
    DateIn(TimeZone),
    /// The column counts in units of which so many are one.
    Factor(Decimal),
}

/// What a step is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// It has a way back: what it reads it writes.
    BothWays,
    /// It has none, and taken twice it does what it does once: it can say what counts as equal on both sides, or be taken
    /// on a side that is only read.
    NormalForm,
}

/// Why a value cannot take a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} {problem}")]
pub struct Stuck {
    /// As people read it.
    pub value: String,
    pub problem: String,
}

impl Stuck {
    fn new(value: &Value, problem: impl Into<String>) -> Self {
        Self { value: ValueDisplay(value).to_string(), problem: problem.into() }
    }
}

impl Transform {
    /// Returns what the step is good for.
    #[must_use]
    pub const fn law(&self) -> Law {
        match self {
            Self::Trim
            | Self::Upper
            | Self::Lower
            | Self::Truncate(_)
            | Self::Replace(_)
            | Self::Round(_)
            | Self::Phone { .. }
            | Self::Default(_) => Law::NormalForm,
            Self::BlankIs(_)
            | Self::ValueMap(_)
            | Self::Prefix(_)
            | Self::CountryName { .. }
            | Self::Html
            | Self::NumberFormat(_)
            | Self::DateFormat(_)
            | Self::DateIn(_)
            | Self::Factor(_) => Law::BothWays,
        }
    }

    /// Returns the word that stands for it in a mapping file.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Upper => "upper",
            Self::Lower => "lower",
            Self::Truncate(_) => "truncate",
            Self::Replace(_) => "replace",
            Self::Round(_) => "round",
            Self::Phone { .. } => "phone",
            Self::Default(_) => "default",
            Self::BlankIs(_) => "blank_is",
            Self::ValueMap(_) => "value_map",
            Self::Prefix(_) => "prefix",
            Self::CountryName { .. } => "country_name",
            Self::Html => "html",
            Self::NumberFormat(_) => "number_format",
            Self::DateFormat(_) => "date_format",
            Self::DateIn(_) => "date_in",
            Self::Factor(_) => "factor",
        }
    }

    /// Takes the step: from the column towards the common form.
    pub fn read(&self, value: Value) -> Result<Value, Stuck> {
        match (self, value) {
            (Self::Default(default), Value::Blank) => Ok(default.clone()),
            (Self::BlankIs(meant), Value::Blank) => Ok(meant.clone()),
            (Self::ValueMap(map), value) => map.read(value),
            // What is not there has no form.
            (_, Value::Blank) => Ok(Value::Blank),
            (Self::Trim, Value::Text(text)) => Ok(Value::text(text.trim())),
            (Self::Upper, Value::Text(text)) => Ok(Value::text(texts::upper(&text))),
            (Self::Lower, Value::Text(text)) => Ok(Value::text(texts::lower(&text))),
            (Self::Truncate(most), Value::Text(text)) => Ok(Value::text(texts::truncated(&text, *most))),
            (Self::Replace(pattern), Value::Text(text)) => Ok(Value::text(pattern.replaced(&text))),
            (Self::Round(places), Value::Number(number)) => {
                Ok(Value::Number(numbers::rounded(number, *places)))
            }
            (Self::Phone { calling_code }, Value::Text(text)) => {
                Ok(Value::text(phone::normal(&text, calling_code.as_deref())))
            }
            (Self::Prefix(prefix), Value::Text(text)) => match text.strip_prefix(prefix.as_str()) {
                Some(rest) => Ok(Value::text(rest)),
                None => Err(Stuck::new(&Value::Text(text), format!("does not begin with \"{prefix}\""))),
            },
            (Self::CountryName { .. }, Value::Text(text)) => country::code(&text),
            (Self::Html, Value::Text(text)) => Ok(Value::text(html::to_text(&text))),
            (Self::NumberFormat(format), Value::Text(text)) => format.read(&text),
            (Self::DateFormat(pattern), Value::Text(text)) => dates::parse(pattern, &text),
            (Self::DateIn(zone), Value::Instant(moment)) => Ok(dates::date_in(zone, moment)),
            (Self::Factor(factor), Value::Number(number)) => numbers::times(number, *factor),
            // Default and BlankIs concern blanks alone.
            (Self::Default(_) | Self::BlankIs(_), value) => Ok(value),
            (step, value) => Err(step.misplaced(&value)),
        }
    }

    /// Takes the step back: from the common form towards the column. A normal form has no way back, and none to go.
    pub fn write(&self, value: Value) -> Result<Value, Stuck> {
        match (self, value) {
            (Self::BlankIs(meant), value) if value == *meant => Ok(Value::Blank),
            (Self::BlankIs(meant), Value::Blank) => Err(Stuck::new(
                &Value::Blank,
                format!("cannot be written: a blank there means {}", ValueDisplay(meant)),
            )),
            (Self::ValueMap(map), value) => map.write(value),
            (_, Value::Blank) => Ok(Value::Blank),
            (Self::Prefix(prefix), Value::Text(text)) => Ok(Value::Text(format!("{prefix}{text}"))),
            (Self::CountryName { language }, Value::Text(text)) => country::name(&text, language),
            (Self::Html, Value::Text(text)) => Ok(Value::Text(html::from_text(&text))),
            (Self::NumberFormat(format), Value::Number(number)) => Ok(Value::Text(format.write(number))),
            (Self::DateFormat(pattern), Value::Date(date)) => dates::format(pattern, date),
            (Self::DateIn(zone), Value::Date(date)) => dates::begin_of(zone, date),
            (Self::Factor(factor), Value::Number(number)) => numbers::divided(number, *factor),
            (Self::BlankIs(_), value) => Ok(value),
            (step, value) if step.law() == Law::NormalForm => Ok(value),
            (step, value) => Err(step.misplaced(&value)),
        }
    }

    fn misplaced(&self, value: &Value) -> Stuck {
        Stuck::new(value, format!("cannot take the step `{}`", self.word()))
    }
}

/// Takes steps in their order.
pub fn read(steps: &[Transform], value: Value) -> Result<Value, Stuck> {
    steps.iter().try_fold(value, |value, step| step.read(value))
}

/// Takes steps back, the last one first.
pub fn write(steps: &[Transform], value: Value) -> Result<Value, Stuck> {
    steps.iter().rev().try_fold(value, |value, step| step.write(value))
}

#[cfg(test)]
mod tests;
