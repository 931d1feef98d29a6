//! `$filter`: what a parsed one means. Text compares without case, as in both products.
//!
//! Shapes only one product knows have their own error, so that each service can answer (or ignore) them in its own way.

use std::borrow::Cow;
use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::moment;
pub(crate) use super::parser::{parse, parse_for_dataverse};
use super::pattern::{Wildcards, like, matches};

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
    Search {
        function: Function,
        subject: Operand,
        text: Operand,
    },
    OneOf {
        property: Operand,
        values: Vec<Operand>,
    },
    Holds(Operand),
    /// `collection/any(x: …)` or `all`; without a condition: whether there is any.
    Lambda {
        collection: String,
        all: bool,
        variable: String,
        condition: Option<Box<Expression>>,
    },
    /// `Namespace.Function(PropertyName='x',PropertyValue=…)`, without the namespace.
    Call {
        function: String,
        property: String,
        values: Vec<Operand>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    Contains,
    StartsWith,
    EndsWith,
    /// The whole text matches a pattern.
    Matches,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Property(String),
    Null,
    Boolean(bool),
    Number(Decimal),
    Guid(Uuid),
    Moment(i64),
    Text(String),
}

/// Why a filter cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum FilterError {
    #[error("syntax error in '$filter'")]
    Syntax,
    #[error("'any' and 'all' are not supported")]
    Lambda,
    #[error("'in' is not supported")]
    In,
}

/// How equality and the string functions treat special characters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dialect {
    Dataverse,
    BusinessCentral,
}

impl Expression {
    /// Calls `visit` with every property.
    pub(crate) fn visit_properties<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        let mut operands: Vec<&Operand> = Vec::new();
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.visit_properties(visit);
                right.visit_properties(visit);
            }
            Self::Not(inner) => inner.visit_properties(visit),
            Self::Compare { left, right, .. } => operands.extend([left, right]),
            Self::Search { subject, text, .. } => operands.extend([subject, text]),
            Self::OneOf { property, .. } => operands.push(property),
            Self::Holds(operand) => operands.push(operand),
            Self::Call { property, .. } => visit(property),
            // The names inside are the related rows' own.
            Self::Lambda { .. } => {}
        }
        for operand in operands {
            if let Operand::Property(name) = operand {
                visit(name);
            }
        }
    }

    /// Returns whether some `or` joins different properties.
    pub(crate) fn has_or_over_properties(&self) -> bool {
        match self {
            Self::Or(left, right) => {
                let mut names = Vec::new();
                self.visit_properties(&mut |name| names.push(name));
                names.dedup();
                names.len() > 1 || left.has_or_over_properties() || right.has_or_over_properties()
            }
            Self::And(left, right) => left.has_or_over_properties() || right.has_or_over_properties(),
            Self::Not(inner) => inner.has_or_over_properties(),
            Self::Compare { .. }
            | Self::Search { .. }
            | Self::OneOf { .. }
            | Self::Holds(_)
            | Self::Lambda { .. }
            | Self::Call { .. } => false,
        }
    }

    /// Evaluates the filter over a row's properties.
    pub(crate) fn holds<'a>(&self, dialect: Dialect, row: &dyn Fn(&str) -> Cow<'a, Value>) -> bool {
        match self {
            Self::And(left, right) => left.holds(dialect, row) && right.holds(dialect, row),
            Self::Or(left, right) => left.holds(dialect, row) || right.holds(dialect, row),
            Self::Not(inner) => !inner.holds(dialect, row),
            Self::Compare { left, operator, right } => {
                compare(dialect, *operator, &scalar(left, row), &scalar(right, row))
            }
            Self::Search { function, subject, text } => {
                search(dialect, *function, &scalar(subject, row), &scalar(text, row))
            }
            Self::OneOf { property, values } => {
                let value = scalar(property, row);
                values.iter().any(|other| compare(dialect, Operator::Equal, &value, &scalar(other, row)))
            }
            Self::Holds(operand) => scalar(operand, row) == Scalar::Boolean(true),
            // What these mean only the service knows that has them.
            Self::Lambda { .. } | Self::Call { .. } => false,
        }
    }
}

/// A value both sides of a comparison can be brought to.
#[derive(Debug, PartialEq)]
enum Scalar {
    Null,
    Boolean(bool),
    Number(Decimal),
    Moment(i64),
    Text(String),
}

fn scalar<'a>(operand: &Operand, row: &dyn Fn(&str) -> Cow<'a, Value>) -> Scalar {
    match operand {
        Operand::Property(name) => from_value(&row(name)),
        Operand::Null => Scalar::Null,
        Operand::Boolean(value) => Scalar::Boolean(*value),
        Operand::Number(value) => Scalar::Number(*value),
        Operand::Guid(value) => Scalar::Text(value.to_string()),
        Operand::Moment(value) => Scalar::Moment(*value),
        Operand::Text(value) => Scalar::Text(value.clone()),
    }
}

fn from_value(value: &Value) -> Scalar {
    match value {
        Value::Bool(value) => Scalar::Boolean(*value),
        Value::Number(number) => number.to_string().parse().map_or(Scalar::Null, Scalar::Number),
        Value::String(text) => Scalar::Text(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => Scalar::Null,
    }
}

fn compare(dialect: Dialect, operator: Operator, left: &Scalar, right: &Scalar) -> bool {
    let order = order(left, right);
    match operator {
        Operator::Equal => order == Some(Ordering::Equal) || equals_by_wildcard(dialect, left, right),
        Operator::NotEqual => order != Some(Ordering::Equal),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

fn order(left: &Scalar, right: &Scalar) -> Option<Ordering> {
    match (left, right) {
        (Scalar::Null, Scalar::Null) => Some(Ordering::Equal),
        (Scalar::Boolean(left), Scalar::Boolean(right)) => Some(left.cmp(right)),
        (Scalar::Number(left), Scalar::Number(right)) => Some(left.cmp(right)),
        (Scalar::Moment(left), Scalar::Moment(right)) => Some(left.cmp(right)),
        (Scalar::Text(left), Scalar::Moment(right)) => Some(moment::parse(left)?.cmp(right)),
        (Scalar::Moment(left), Scalar::Text(right)) => Some(left.cmp(&moment::parse(right)?)),
        (Scalar::Text(left), Scalar::Text(right)) => Some(left.to_lowercase().cmp(&right.to_lowercase())),
        _ => None,
    }
}

/// Business Central hands an `eq` literal to its own filter language, where `*` and `?` are live.
fn equals_by_wildcard(dialect: Dialect, left: &Scalar, right: &Scalar) -> bool {
    match (dialect, left, right) {
        (Dialect::BusinessCentral, Scalar::Text(text), Scalar::Text(pattern))
            if pattern.contains(['*', '?']) =>
        {
            matches(text, pattern, Wildcards { run: '*', one: '?' })
        }
        _ => false,
    }
}

fn search(dialect: Dialect, function: Function, subject: &Scalar, text: &Scalar) -> bool {
    let (Scalar::Text(subject), Scalar::Text(text)) = (subject, text) else {
        return false;
    };
    let run = match dialect {
        Dialect::Dataverse => '%',
        Dialect::BusinessCentral => '*',
    };
    let pattern = match function {
        Function::Contains => format!("{run}{text}{run}"),
        Function::StartsWith => format!("{text}{run}"),
        Function::EndsWith => format!("{run}{text}"),
        Function::Matches => text.clone(),
    };
    match dialect {
        Dialect::Dataverse => like(subject, &pattern),
        Dialect::BusinessCentral => matches(subject, &pattern, Wildcards { run, one: '?' }),
    }
}
