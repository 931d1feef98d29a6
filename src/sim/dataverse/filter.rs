//! `$filter` over rows and what they are related to: names and types checked first, then evaluated.

use std::borrow::Cow;

use serde_json::Value;

use super::error::Fault;
use super::functions;
use super::relations::Relation;
use super::render::property;
use super::schema::Kind;
use super::service::Service;
use crate::sim::odata::filter::{Dialect, Expression, FilterError, Operand, parse_for_dataverse};
use crate::sim::store::Row;

/// The table a filter is about, and the variables of the conditions it stands in.
#[derive(Clone, Copy)]
struct Scope<'a> {
    table: usize,
    variable: &'a str,
    outer: Option<&'a Scope<'a>>,
}

/// A row with the rows that stand for the variables around it.
#[derive(Clone, Copy)]
struct Place<'a> {
    scope: Scope<'a>,
    row: &'a Row,
    outer: Option<&'a Place<'a>>,
    /// Milliseconds since 1970.
    now: i64,
    user: uuid::Uuid,
}

/// A filter that fits its table.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    table: usize,
    expression: Expression,
    now: i64,
    user: uuid::Uuid,
}

/// Parses a filter and checks its names and types.
pub(super) fn filter(
    service: &Service,
    table: usize,
    text: Option<&str>,
    user: uuid::Uuid,
) -> Result<Option<Filter>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let expression = parse_for_dataverse(text).map_err(|error| match error {
        FilterError::Syntax => Fault::new(400, "0x0", format!("Syntax error in the filter '{text}'.")),
        FilterError::Lambda | FilterError::In => Fault::query(error.to_string()),
    })?;
    checked(service, table, expression, user).map(Some)
}

/// Makes a filter of an expression that fits the table.
pub(super) fn checked(
    service: &Service,
    table: usize,
    expression: Expression,
    user: uuid::Uuid,
) -> Result<Filter, Fault> {
    check(service, &unnamed(table), &expression)?;
    Ok(Filter { table, expression, now: jiff::Timestamp::now().as_millisecond(), user })
}

/// Returns the type a path leads to.
pub(super) fn kind_of(service: &Service, table: usize, path: &str) -> Result<Kind, Fault> {
    kind(service, &unnamed(table), path)
}

/// Returns what a path leads to from a row.
pub(super) fn value_of(service: &Service, table: usize, row: &Row, path: &str) -> Value {
    let place = Place { scope: unnamed(table), row, outer: None, now: 0, user: uuid::Uuid::nil() };
    value(service, &place, path).into_owned()
}

impl Filter {
    /// Returns whether a row passes.
    pub(super) fn accepts(&self, service: &Service, row: &Row) -> bool {
        let scope = Scope { table: self.table, variable: "", outer: None };
        holds(service, &Place { scope, row, outer: None, now: self.now, user: self.user }, &self.expression)
    }
}

/// Refuses unknown names and comparisons that Dataverse refuses, such as text with a number.
fn check(service: &Service, scope: &Scope<'_>, expression: &Expression) -> Result<(), Fault> {
    match expression {
        Expression::And(left, right) | Expression::Or(left, right) => {
            check(service, scope, left)?;
            check(service, scope, right)
        }
        Expression::Not(inner) => check(service, scope, inner),
        Expression::Lambda { collection, variable, condition, .. } => {
            let relation = service.relation(scope.table, collection).filter(Relation::is_collection);
            let related = relation.and_then(|relation| relation.table());
            let table = related.ok_or_else(|| unknown(service, scope.table, collection))?;
            match condition {
                Some(condition) => check(service, &Scope { table, variable, outer: Some(scope) }, condition),
                None => Ok(()),
            }
        }
        Expression::Call { function, property, values } => {
            if property.is_empty() {
                return functions::check(function, None, values);
            }
            functions::check(function, Some(&kind(service, scope, property)?), values)
        }
        Expression::Compare { left, right, .. } => check_comparison(service, scope, left, right),
        Expression::Search { subject, text, .. } => {
            check_operand(service, scope, subject)?;
            check_operand(service, scope, text)
        }
        Expression::OneOf { property, .. } => check_operand(service, scope, property),
        Expression::Holds(operand) => check_operand(service, scope, operand),
    }
}

fn check_operand(service: &Service, scope: &Scope<'_>, operand: &Operand) -> Result<(), Fault> {
    match operand {
        Operand::Property(path) => kind(service, scope, path).map(drop),
        _ => Ok(()),
    }
}

fn check_comparison(
    service: &Service,
    scope: &Scope<'_>,
    left: &Operand,
    right: &Operand,
) -> Result<(), Fault> {
    check_operand(service, scope, right)?;
    let Operand::Property(name) = left else { return Ok(()) };
    let kind = kind(service, scope, name)?;
    let fits = match right {
        Operand::Property(other) => comparable_kinds(&kind, &self::kind(service, scope, other)?),
        literal => comparable(&kind, literal),
    };
    if fits {
        return Ok(());
    }
    let message = format!(
        "A binary operator with incompatible types was detected. Found operand of type '{}' for '{name}'.",
        kind.edm()
    );
    Err(Fault::new(400, "0x0", message))
}

/// Returns the type a path leads to.
fn kind(service: &Service, scope: &Scope<'_>, path: &str) -> Result<Kind, Fault> {
    if let Some((first, rest)) = path.split_once('/') {
        if let Some(named) = named(scope, first) {
            return kind(service, &Scope { table: named.table, variable: "", outer: None }, rest);
        }
        let relation = service.relation(scope.table, first).filter(|relation| !relation.is_collection());
        let table = relation.and_then(|relation| relation.table());
        let table = table.ok_or_else(|| unknown(service, scope.table, first))?;
        return kind(service, &Scope { table, variable: "", outer: None }, rest);
    }
    let table = &service.tables[scope.table];
    let column = table.property(path).ok_or_else(|| unknown(service, scope.table, path))?;
    Ok(table.columns[column].kind.clone())
}

fn named<'a>(scope: &'a Scope<'a>, variable: &str) -> Option<&'a Scope<'a>> {
    if scope.variable == variable { Some(scope) } else { named(scope.outer?, variable) }
}

fn unknown(service: &Service, table: usize, name: &str) -> Fault {
    Fault::unknown_in_query(name, &service.tables[table].logical_name)
}

fn comparable_kinds(left: &Kind, right: &Kind) -> bool {
    let numeric =
        |kind: &Kind| matches!(kind.edm(), "Edm.Int32" | "Edm.Int64" | "Edm.Decimal" | "Edm.Double");
    left.edm() == right.edm() || numeric(left) && numeric(right)
}

fn comparable(kind: &Kind, operand: &Operand) -> bool {
    match operand {
        Operand::Null | Operand::Property(_) => true,
        Operand::Text(text) => match kind.edm() {
            "Edm.String" => true,
            "Edm.Guid" => uuid::Uuid::parse_str(text).is_ok(),
            _ => false,
        },
        Operand::Number(_) => {
            matches!(kind.edm(), "Edm.Int32" | "Edm.Int64" | "Edm.Decimal" | "Edm.Double")
        }
        Operand::Guid(_) => kind.edm() == "Edm.Guid",
        Operand::Moment(_) => matches!(kind.edm(), "Edm.DateTimeOffset" | "Edm.Date"),
        Operand::Boolean(_) => kind.edm() == "Edm.Boolean",
    }
}

fn holds(service: &Service, place: &Place<'_>, expression: &Expression) -> bool {
    match expression {
        Expression::And(left, right) => holds(service, place, left) && holds(service, place, right),
        Expression::Or(left, right) => holds(service, place, left) || holds(service, place, right),
        Expression::Not(inner) => !holds(service, place, inner),
        Expression::Lambda { collection, all, variable, condition } => {
            let Some(relation) = service.relation(place.scope.table, collection) else { return false };
            let mut related = service.related(&relation, place.row).into_iter();
            let Some(condition) = condition else { return related.next().is_some() };
            let mut passes = |(table, row): (usize, &Row)| {
                let scope = Scope { table, variable, outer: Some(&place.scope) };
                holds(service, &Place { scope, row, outer: Some(place), ..*place }, condition)
            };
            if *all { related.all(&mut passes) } else { related.any(&mut passes) }
        }
        Expression::Call { function, property, values } => {
            let value = value(service, place, property);
            functions::holds(
                function,
                &value,
                values,
                &functions::Circumstances {
                    now: place.now,
                    user: place.user,
                    business_unit: service.seed.business_unit,
                },
            )
        }
        plain => plain.holds(Dialect::Dataverse, &|path| value(service, place, path)),
    }
}

/// Returns what a path leads to from a row; nothing where a lookup on the way is empty.
fn value<'a>(service: &'a Service, place: &Place<'a>, path: &str) -> Cow<'a, Value> {
    let Some((first, rest)) = path.split_once('/') else {
        let table = &service.tables[place.scope.table];
        return table
            .property(path)
            .map_or(Cow::Owned(Value::Null), |column| property(table, place.row, column));
    };
    let mut around = Some(place);
    while let Some(other) = around {
        if other.scope.variable == first {
            return value(service, &Place { scope: unnamed(other.scope.table), ..*other }, rest);
        }
        around = other.outer;
    }
    let related =
        service.relation(place.scope.table, first).map(|relation| service.related(&relation, place.row));
    match related.as_deref() {
        Some([(table, row), ..]) => {
            value(service, &Place { scope: unnamed(*table), row, outer: None, ..*place }, rest)
        }
        _ => Cow::Owned(Value::Null),
    }
}

fn unnamed<'a>(table: usize) -> Scope<'a> {
    Scope { table, variable: "", outer: None }
}
