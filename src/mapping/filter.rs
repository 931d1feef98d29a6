//! Filters: a documented subset of OData's `$filter`, parsed once and evaluated on rows.
//!
//! `eq ne gt ge lt le`, `and or not`, parentheses, `contains startswith endswith`, and literals: text in single quotes,
//! numbers, `true`, `false`, `null`, dates, date-times and GUIDs. Text compares without case, as both products do;
//! blank, `null` and `''` are one value.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::model::{ColumnName, Row, RowId, Value};

/// A parsed filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    Compare(ColumnName, Operator, Value),
    Function(Function, ColumnName, String),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A text function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Contains,
    StartsWith,
    EndsWith,
}

/// Why a filter does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {position} of `{text}`: {problem}")]
pub struct FilterError {
    pub text: String,
    pub position: usize,
    pub problem: String,
}

/// A row lacks a column that the filter needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer lacks the column {0}, which the mapping's filter needs")]
pub struct MissingColumn(pub ColumnName);

impl Filter {
    /// Returns the columns the filter reads.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<ColumnName> {
        match self {
            Self::Compare(column, ..) | Self::Function(_, column, _) => BTreeSet::from([column.clone()]),
            Self::And(a, b) | Self::Or(a, b) => a.columns().union(&b.columns()).cloned().collect(),
            Self::Not(inner) => inner.columns(),
        }
    }

    /// Decides whether a row passes.
    pub fn accepts(&self, row: &Row) -> Result<bool, MissingColumn> {
        match self {
            Self::Compare(column, operator, literal) => Ok(compare(value(row, column)?, *operator, literal)),
            Self::Function(function, column, needle) => Ok(function.holds(value(row, column)?, needle)),
            Self::And(a, b) => Ok(a.accepts(row)? && b.accepts(row)?),
            Self::Or(a, b) => Ok(a.accepts(row)? || b.accepts(row)?),
            Self::Not(inner) => inner.accepts(row).map(|passes| !passes),
        }
    }
}

fn value<'a>(row: &'a Row, column: &ColumnName) -> Result<&'a Value, MissingColumn> {
    row.values.get(column).ok_or_else(|| MissingColumn(column.clone()))
}

fn compare(value: &Value, operator: Operator, literal: &Value) -> bool {
    use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let order = order(value, literal);
    match operator {
        Equal => order == Some(Ordering::Equal),
        NotEqual => order != Some(Ordering::Equal),
        Greater => order == Some(Ordering::Greater),
        GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Less => order == Some(Ordering::Less),
        LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

/// Returns how two values compare; values of different kinds, and blank with anything else, have no order.
fn order(value: &Value, literal: &Value) -> Option<Ordering> {
    match (value, literal) {
        (Value::Blank, Value::Blank) => Some(Ordering::Equal),
        (Value::Text(a), Value::Text(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::Flag(a), Value::Flag(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
        (Value::Reference(a), Value::Reference(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

impl Function {
    fn holds(self, value: &Value, needle: &str) -> bool {
        let Value::Text(text) = value else { return false };
        let (text, needle) = (text.to_lowercase(), needle.to_lowercase());
        match self {
            Self::Contains => text.contains(&needle),
            Self::StartsWith => text.starts_with(&needle),
            Self::EndsWith => text.ends_with(&needle),
        }
    }

    /// Returns the function as it stands in a filter.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }
}

impl Operator {
    /// Returns the comparison as it stands in a filter.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Equal, Self::NotEqual, Self::Greater, Self::GreaterOrEqual, Self::Less, Self::LessOrEqual]
            .into_iter()
            .find(|operator| operator.word() == word)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(column, operator, literal) => {
                write!(f, "{column} {} ", operator.word())?;
                write_literal(f, literal)
            }
            Self::Function(function, column, needle) => {
                write!(f, "{}({column},'{}')", function.word(), needle.replace('\'', "''"))
            }
            Self::And(a, b) => write!(f, "({a} and {b})"),
            Self::Or(a, b) => write!(f, "({a} or {b})"),
            Self::Not(inner) => write!(f, "not ({inner})"),
        }
    }
}

fn write_literal(f: &mut fmt::Formatter<'_>, literal: &Value) -> fmt::Result {
    match literal {
        Value::Blank => f.write_str("null"),
        Value::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
        Value::Number(number) => write!(f, "{number}"),
        Value::Flag(flag) => write!(f, "{flag}"),
        Value::Date(date) => write!(f, "{date}"),
        Value::Instant(instant) => write!(f, "{instant}"),
        Value::Reference(row) | Value::Uncoupled(_, row) => write!(f, "{row}"),
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { text, position: 0, depth: 0, comparisons: 0 };
        let filter = parser.any()?;
        parser.skip_blanks();
        if parser.position < text.len() {
            return Err(parser.error("expected `and`, `or` or the end"));
        }
        Ok(filter)
    }
}

/// How deep parentheses and `not` may nest: hostile text must not exhaust the stack.
const MAX_DEPTH: usize = 64;
/// How many comparisons a filter may hold: a long chain is as deep a tree.
const MAX_COMPARISONS: usize = 1000;

struct Parser<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    comparisons: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Filter, FilterError> {
        let mut filter = self.all()?;
        while self.take_word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all()?));
        }
        Ok(filter)
    }

    fn all(&mut self) -> Result<Filter, FilterError> {
        let mut filter = self.one()?;
        while self.take_word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one()?));
        }
        Ok(filter)
    }

    fn one(&mut self) -> Result<Filter, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        let filter = if self.take_word("not") {
            Filter::Not(Box::new(self.one()?))
        } else if self.take_char('(') {
            let inner = self.any()?;
            self.expect_char(')')?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn comparison(&mut self) -> Result<Filter, FilterError> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(self.error("too many comparisons"));
        }
        let name = self.word().ok_or_else(|| self.error("expected a column name"))?;
        let function = [Function::Contains, Function::StartsWith, Function::EndsWith]
            .into_iter()
            .find(|function| function.word() == name);
        match function {
            Some(function) if self.take_char('(') => self.call(function),
            _ => {
                let before = self.position;
                let operator = self.word().and_then(Operator::read).ok_or_else(|| {
                    self.position = before;
                    self.error("expected eq, ne, gt, ge, lt or le")
                })?;
                Ok(Filter::Compare(ColumnName::new(name), operator, self.literal()?))
            }
        }
    }

    fn call(&mut self, function: Function) -> Result<Filter, FilterError> {
        let column = self.word().ok_or_else(|| self.error("expected a column name"))?;
        self.expect_char(',')?;
        let needle = match self.literal()? {
            Value::Text(needle) => needle,
            _ => return Err(self.error("expected text in single quotes")),
        };
        self.expect_char(')')?;
        Ok(Filter::Function(function, ColumnName::new(column), needle))
    }

    fn literal(&mut self) -> Result<Value, FilterError> {
        self.skip_blanks();
        if self.rest().starts_with('\'') {
            return self.quoted();
        }
        let start = self.position;
        let end = self
            .rest()
            .find(|c: char| c.is_whitespace() || matches!(c, ')' | ',' | '(' | '\''))
            .map_or(self.text.len(), |length| start + length);
        let word = &self.text[start..end];
        let value = unquoted(word).ok_or_else(|| {
            self.error("expected a literal: 'text', a number, true, false, null, a date or a GUID")
        })?;
        self.position = end;
        Ok(value)
    }

    fn quoted(&mut self) -> Result<Value, FilterError> {
        let mut text = String::new();
        let mut rest = self.rest()[1..].char_indices().peekable();
        while let Some((offset, c)) = rest.next() {
            if c != '\'' {
                text.push(c);
            } else if rest.peek().is_some_and(|(_, next)| *next == '\'') {
                rest.next();
                text.push('\'');
            } else {
                self.position += offset + 2;
                let is_blank = text.trim().is_empty() || text == "_x0020_";
                return Ok(if is_blank { Value::Blank } else { Value::Text(text) });
            }
        }
        Err(self.error("the text has no closing quote"))
    }

    fn word(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        let rest = self.rest();
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let starts_well = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if length == 0 || !starts_well {
            return None;
        }
        self.position += length;
        Some(&rest[..length])
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let before = self.position;
        if self.word() == Some(wanted) {
            return true;
        }
        self.position = before;
        false
    }

    fn take_char(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(wanted);
        if found {
            self.position += wanted.len_utf8();
        }
        found
    }

    fn expect_char(&mut self, wanted: char) -> Result<(), FilterError> {
        if self.take_char(wanted) {
            return Ok(());
        }
        Err(self.error(&format!("expected `{wanted}`")))
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn error(&self, problem: &str) -> FilterError {
        FilterError {
            text: self.text.to_owned(),
            position: self.text[..self.position].chars().count() + 1,
            problem: problem.to_owned(),
        }
    }
}

fn unquoted(word: &str) -> Option<Value> {
    let value = match word {
        "true" => Value::Flag(true),
        "false" => Value::Flag(false),
        "null" => Value::Blank,
        _ => {
            if word.len() == 36 && word.matches('-').count() == 4 {
                Value::Reference(RowId::new(word))
            } else if let Ok(number) = word.parse::<Decimal>() {
                Value::Number(number)
            } else if let Ok(instant) = word.parse() {
                Value::Instant(instant)
            } else {
                Value::Date(word.parse().ok()?)
            }
        }
    };
    Some(value)
}

#[cfg(test)]
mod tests;
