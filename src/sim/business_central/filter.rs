//! `$filter` as this product takes it: what it refuses, what it ignores, and how enums are named.

use std::borrow::Cow;

use serde_json::Value;

use super::error::Fault;
use super::schema::{Kind, Set};
use super::service::Service;
use super::values::unescaped;
use crate::sim::odata::filter::{Dialect, Expression, FilterError, Operand, Operator, parse};
use crate::sim::store::Row;

/// A filter that passed the checks.
pub(super) struct Filter {
    pub(super) expression: Expression,
    /// Enum literals come escaped or as captions, so such a filter is tried both ways.
    pub(super) names_enum: bool,
}

impl Filter {
    /// Parses a filter. Lambdas and `in` are ignored, which returns everything: so does the product. Some servers are said
    /// to refuse `in`.
    pub(super) fn parse(set: &Set, text: Option<&str>, refuses_in: bool) -> Result<Option<Self>, Fault> {
        let Some(text) = text else { return Ok(None) };
        let expression = match parse(text) {
            Ok(expression) => expression,
            Err(FilterError::In) if refuses_in => {
                let message = "The 'In' operator is not supported on an OData filter.";
                return Err(Fault::new(501, "BadRequest_MethodNotImplemented", message));
            }
            Err(FilterError::Lambda | FilterError::In) => return Ok(None),
            Err(FilterError::Syntax) => {
                return Err(Fault::bad_request(format!("Syntax error in the filter '{text}'.")));
            }
        };
        let mut unknown = None;
        expression.visit_properties(&mut |name| {
            if set.shown(name).is_none() {
                unknown.get_or_insert_with(|| Fault::unknown_in_query(name, set.entity));
            }
        });
        if let Some(fault) = unknown {
            return Err(fault);
        }
        if expression.has_or_over_properties() {
            let message = "The 'OR' operator is not supported on distinct fields on an OData filter.";
            return Err(Fault::new(501, "BadRequest_MethodNotImplemented", message));
        }
        check_literals(set, &expression)?;
        let mut names_enum = false;
        expression.visit_properties(&mut |name| names_enum |= is_enum(set, name));
        Ok(Some(Self { expression, names_enum }))
    }

    pub(super) fn accepts(&self, service: &Service, set: &Set, row: &Row) -> bool {
        let dialect = Dialect::BusinessCentral;
        self.expression.holds(dialect, &|name| named(service, set, row, name))
            || self.names_enum && self.expression.holds(dialect, &|name| captioned(service, set, row, name))
    }

    /// Returns whether only rows with one value of a property can pass.
    pub(super) fn pins(&self, property: &str) -> bool {
        pins(&self.expression, property)
    }
}

fn pins(expression: &Expression, property: &str) -> bool {
    match expression {
        Expression::And(left, right) => pins(left, property) || pins(right, property),
        Expression::Compare { left: Operand::Property(name), operator: Operator::Equal, .. } => {
            name == property
        }
        _ => false,
    }
}

/// A literal longer than its field is refused.
fn check_literals(set: &Set, expression: &Expression) -> Result<(), Fault> {
    match expression {
        Expression::And(left, right) | Expression::Or(left, right) => {
            check_literals(set, left)?;
            check_literals(set, right)
        }
        Expression::Not(inner) => check_literals(set, inner),
        Expression::Compare { left: Operand::Property(name), right: Operand::Text(text), .. } => {
            let max = set.position(name).and_then(|position| set.columns[position].kind.max_length());
            if max.is_none_or(|max| text.encode_utf16().count() <= max) {
                return Ok(());
            }
            let message =
                format!("The filter '{text}' is not valid for the field '{name}'. The value is too long.");
            Err(Fault::new(400, "Application_FilterErrorException", message))
        }
        Expression::Compare { .. }
        | Expression::Search { .. }
        | Expression::OneOf { .. }
        | Expression::Holds(_)
        | Expression::Lambda { .. }
        | Expression::Call { .. } => Ok(()),
    }
}

fn named<'a>(service: &Service, set: &Set, row: &'a Row, name: &str) -> Cow<'a, Value> {
    set.position(name).map_or(Cow::Owned(Value::Null), |position| service.property(set, row, position))
}

fn captioned<'a>(service: &Service, set: &Set, row: &'a Row, name: &str) -> Cow<'a, Value> {
    let value = named(service, set, row, name);
    match set.position(name).map(|position| &set.columns[position].kind) {
        Some(Kind::Enum(..)) => Cow::Owned(Value::String(unescaped(value.as_str().unwrap_or_default()))),
        _ => value,
    }
}

fn is_enum(set: &Set, name: &str) -> bool {
    let kind = set.position(name).map(|position| &set.columns[position].kind);
    matches!(kind, Some(Kind::Enum(..)))
}
