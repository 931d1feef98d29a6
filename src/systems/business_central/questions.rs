//! What of a filter Business Central can be asked, because it finds no fewer rows than Tandem accepts.

use std::sync::Arc;
use std::time::Duration;

use super::companion;
use super::schema::Schema;
use super::search;
use crate::mapping::{Filter, FilterFunction, Operator};
use crate::model::{ColumnKind, ColumnName, Value};
use crate::systems::odata::{Asking, about, encode, literal};

/// How far a literal and a stored moment may be apart: the service and its database round differently.
const ROUNDING: Duration = Duration::from_millis(100);

/// What can be asked of one table.
pub struct Questions(pub Arc<Schema>);

impl Questions {
    /// Returns the kind of a column that the database can search by. What page code works out may be refused.
    fn kind(&self, column: &ColumnName) -> Option<ColumnKind> {
        let table = self.0.description.table.as_str();
        let kind = self.0.kind(column).filter(|_| self.0.is_filterable(column));
        kind.filter(|_| !companion::is_computed(table, column.as_str()))
    }

    /// Returns whether a literal fits its column: one that is too long is refused, one that is too exact may be rounded.
    fn fits(&self, column: &ColumnName, value: &Value) -> bool {
        let Some(column) = self.0.description.columns.get(column) else { return false };
        match value {
            Value::Text(text) => column.max_chars.is_none_or(|most| text.encode_utf16().count() <= most),
            Value::Number(number) => column.scale.is_none_or(|scale| number.normalize().scale() <= scale),
            _ => true,
        }
    }
}

impl Asking for Questions {
    fn compare(&self, column: &ColumnName, operator: Operator, value: &Value) -> Option<String> {
        let kind = self.kind(column)?;
        if encode(kind, value).is_err() || !self.fits(column, value) {
            return None;
        }
        match (operator, value) {
            (Operator::NotEqual, _) => None,
            (_, Value::Instant(moment)) => about(column.as_str(), operator, *moment, ROUNDING),
            (Operator::Equal, _) => search::condition(column, kind, value),
            (_, Value::Blank) => None,
            // The order of texts and of members is the service's own.
            _ if matches!(kind, ColumnKind::Number | ColumnKind::Date) => {
                Some(format!("{column} {} {}", operator.word(), literal(value)?))
            }
            _ => None,
        }
    }

    /// Parts of texts are looked for with regard to case there, and without it here.
    fn function(&self, _function: FilterFunction, _column: &ColumnName, _text: &str) -> Option<String> {
        None
    }

    /// `or` over two columns is refused.
    fn joins(&self, left: &Filter, right: &Filter) -> bool {
        let columns = left.columns();
        columns.len() == 1 && columns == right.columns()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::business_central::schema::tests::schema;
    use crate::systems::odata::condition;

    #[test]
    fn only_what_the_service_judges_alike_is_asked() {
        let questions = Questions(Arc::new(schema("customers")));
        let check = |filter: &str, expected: Option<&str>| {
            assert_eq!(condition(&filter.parse().unwrap(), &questions).as_deref(), expected, "{filter}");
        };
        check("number eq '10000'", Some("number eq '10000'"));
        check("displayName eq null", Some("displayName eq ''"));
        check("displayName ne 'x'", None);
        check("contains(displayName,'x')", None);
        check("creditLimit ge 100", Some("creditLimit ge 100"));
        check("creditLimit ge 'x'", None);
        check("displayName gt 'x'", None);
        check("blocked eq 'All'", None);
        check("taxLiable eq true", Some("taxLiable eq true"));
        check("taxLiable ne true", None);
        check("startDate gt 2026-01-31", Some("startDate gt 2026-01-31"));
        check("startDate eq null", Some("startDate eq 0001-01-01"));
        check("startDate le null", None);
        check("number eq '1' or number eq '2'", Some("(number eq '1' or number eq '2')"));
        check("number eq '1' or displayName eq 'x'", None);
        check("number eq 'A*' and creditLimit lt 5", Some("creditLimit lt 5"));
    }

    #[test]
    fn a_literal_that_does_not_fit_its_column_is_not_asked() {
        let questions = Questions(Arc::new(schema("customers")));
        let asked = |filter: &str| condition(&filter.parse().unwrap(), &questions);
        assert!(asked("number eq '12345678901234567890'").is_some());
        assert_eq!(asked("number eq '123456789012345678901'"), None);
        assert!(asked("creditLimit lt 0.25").is_some());
        assert_eq!(asked("creditLimit lt 0.255"), None);
    }

    #[test]
    fn what_page_code_works_out_is_not_asked() {
        let questions = Questions(Arc::new(schema("customers")));
        assert_eq!(condition(&"currencyCode eq 'USD'".parse().unwrap(), &questions), None);
    }

    #[test]
    fn moments_are_asked_for_with_room_for_rounding() {
        let questions = Questions(Arc::new(schema("customers")));
        let asked = |operator: &str| {
            let filter = format!("lastModifiedDateTime {operator} 2026-01-31T12:00:00Z");
            condition(&filter.parse().unwrap(), &questions)
        };
        assert_eq!(asked("gt").unwrap(), "lastModifiedDateTime ge 2026-01-31T11:59:59.9Z");
        assert_eq!(asked("le").unwrap(), "lastModifiedDateTime le 2026-01-31T12:00:00.1Z");
        assert_eq!(asked("ne"), None);
    }
}
