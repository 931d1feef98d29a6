//! Conditions on columns by their logical names, as FetchXML and query expressions have them, brought to the form of `$filter`.

use super::error::Fault;
use super::filter::{Filter, checked};
use super::link::Operation;
use super::schema::{Column, Kind};
use super::service::Service;
use crate::sim::odata::filter::{Expression, Function, Operand, Operator};
use crate::sim::odata::moment;

/// Conditions of which all must hold, or any.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) any: bool,
    pub(super) conditions: Vec<Condition>,
    pub(super) groups: Vec<Group>,
}

/// A condition.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// The column's logical name.
    pub(super) column: String,
    /// The operator as FetchXML names it.
    pub(super) operator: String,
    pub(super) values: Vec<String>,
}

impl Group {
    /// Returns the filter these conditions are; `None` if there are none.
    pub(super) fn filter(
        &self,
        service: &Service,
        operation: &Operation<'_>,
        table: usize,
    ) -> Result<Option<Filter>, Fault> {
        let user = service.caller(operation.request)?.user;
        let expression = self.expression(service, table)?;
        expression.map(|expression| checked(service, table, expression, user)).transpose()
    }

    fn expression(&self, service: &Service, table: usize) -> Result<Option<Expression>, Fault> {
        let mut parts = Vec::new();
        for condition in &self.conditions {
            parts.push(condition.expression(service, table)?);
        }
        for group in &self.groups {
            parts.extend(group.expression(service, table)?);
        }
        Ok(parts.into_iter().reduce(|left, right| {
            let (left, right) = (Box::new(left), Box::new(right));
            if self.any { Expression::Or(left, right) } else { Expression::And(left, right) }
        }))
    }
}

impl Condition {
    fn expression(&self, service: &Service, table: usize) -> Result<Expression, Fault> {
        let definition = &service.tables[table];
        let unknown = || {
            let message = format!(
                "'{}' entity doesn't contain attribute with Name = '{}'.",
                definition.logical_name, self.column
            );
            Fault::new(400, "0x80041103", message)
        };
        let position = definition.position(&self.column).ok_or_else(unknown)?;
        let column = &definition.columns[position];
        let property = Operand::Property(column.property.clone());
        let values: Vec<_> =
            self.values.iter().map(|value| literal(column, value)).collect::<Result<_, _>>()?;
        let one = || {
            let missing =
                || Fault::new(400, "0x80040203", format!("The condition on '{}' has no value.", self.column));
            values.first().cloned().ok_or_else(missing)
        };
        let compare = |operator, right| Expression::Compare { left: property.clone(), operator, right };
        let search = |function, text| Expression::Search { function, subject: property.clone(), text };
        let not = |inner| Expression::Not(Box::new(inner));
        Ok(match self.operator.as_str() {
            "eq" => compare(Operator::Equal, one()?),
            "ne" | "neq" => compare(Operator::NotEqual, one()?),
            "gt" => compare(Operator::Greater, one()?),
            "ge" => compare(Operator::GreaterOrEqual, one()?),
            "lt" => compare(Operator::Less, one()?),
            "le" => compare(Operator::LessOrEqual, one()?),
            "null" => compare(Operator::Equal, Operand::Null),
            "not-null" => compare(Operator::NotEqual, Operand::Null),
            "like" => search(Function::Matches, one()?),
            "not-like" => not(search(Function::Matches, one()?)),
            "begins-with" => search(Function::StartsWith, one()?),
            "ends-with" => search(Function::EndsWith, one()?),
            "in" => Expression::OneOf { property, values },
            other => {
                Expression::Call { function: function_name(other), property: column.property.clone(), values }
            }
        })
    }
}

/// `last-x-days` is `LastXDays`; some names differ.
fn function_name(operator: &str) -> String {
    match operator {
        "eq-userid" => return "EqualUserId".to_owned(),
        "ne-userid" => return "NotEqualUserId".to_owned(),
        "eq-businessid" => return "EqualBusinessId".to_owned(),
        "ne-businessid" => return "NotEqualBusinessId".to_owned(),
        "contain-values" => return "ContainValues".to_owned(),
        "not-contain-values" => return "DoesNotContainValues".to_owned(),
        "last-seven-days" => return "Last7Days".to_owned(),
        "next-seven-days" => return "Next7Days".to_owned(),
        _ => {}
    }
    let words = operator.trim_start_matches("olderthan-").split('-');
    let camel: String = words
        .map(|word| {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            format!("{}{rest}", first.to_uppercase())
        })
        .collect();
    if operator.starts_with("olderthan-") { format!("OlderThan{camel}") } else { camel }
}

/// Reads a value as its column's type demands.
fn literal(column: &Column, text: &str) -> Result<Operand, Fault> {
    let wrong = || {
        let message = format!("The value '{text}' does not fit the attribute '{}'.", column.name);
        Fault::new(400, "0x80040203", message)
    };
    // A number of days, say, stands where a date is compared.
    if matches!(column.kind, Kind::DateTime | Kind::DateOnly) {
        let moment = moment::parse(text).map(Operand::Moment);
        return moment.or_else(|| text.parse().ok().map(Operand::Number)).ok_or_else(wrong);
    }
    match column.kind.edm() {
        "Edm.String" => Ok(Operand::Text(text.to_owned())),
        "Edm.Boolean" => match text {
            "1" | "true" => Ok(Operand::Boolean(true)),
            "0" | "false" => Ok(Operand::Boolean(false)),
            _ => Err(wrong()),
        },
        "Edm.Guid" => text.trim_matches(['{', '}']).parse().map(Operand::Guid).map_err(|_| wrong()),
        _ => text.parse().map(Operand::Number).map_err(|_| wrong()),
    }
}
