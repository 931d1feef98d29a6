//! What of a filter Dataverse can be asked, because it judges as Tandem does.

use std::sync::Arc;

use super::schema::Schema;
use crate::mapping::{Filter, FilterFunction, Operator};
use crate::model::{ColumnKind, ColumnName, Value};
use crate::systems::odata::{Asking, encode, literal};

/// What can be asked of one table.
pub struct Questions(pub Arc<Schema>);

impl Asking for Questions {
    fn compare(&self, column: &ColumnName, operator: Operator, value: &Value) -> Option<String> {
        let wire = self.0.wire(column)?;
        let property = &wire.property;
        match (operator, value) {
            (Operator::Equal, Value::Blank) if wire.kind == ColumnKind::Text => {
                Some(format!("({property} eq null or {property} eq '')"))
            }
            (Operator::Equal, Value::Blank) => Some(format!("{property} eq null")),
            (Operator::NotEqual, Value::Blank) => Some(format!("{property} ne null")),
            // Rows without a value are left out of such an answer.
            (Operator::NotEqual, _) => None,
            _ if encode(wire.kind, value).is_err() => None,
            (Operator::Equal, _) => Some(format!("{property} eq {}", literal(value)?)),
            // The order of texts and choices is the service's own.
            _ if !matches!(wire.kind, ColumnKind::Number | ColumnKind::Date | ColumnKind::Instant) => None,
            _ => Some(format!("{property} {} {}", operator.word(), literal(value)?)),
        }
    }

    fn function(&self, function: FilterFunction, column: &ColumnName, text: &str) -> Option<String> {
        let wire = self.0.wire(column)?;
        // A bracket begins a set of characters in the database's own patterns.
        if wire.kind != ColumnKind::Text || text.contains('[') {
            return None;
        }
        Some(format!("{}({},{})", function.word(), wire.property, literal(&Value::text(text))?))
    }

    fn joins(&self, _left: &Filter, _right: &Filter) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::dataverse::schema::tests::contacts;
    use crate::systems::odata::condition;

    #[test]
    fn only_what_the_service_judges_alike_is_asked() {
        let questions = Questions(Arc::new(contacts()));
        let check = |filter: &str, expected: Option<&str>| {
            assert_eq!(condition(&filter.parse().unwrap(), &questions).as_deref(), expected, "{filter}");
        };
        let id = "5c1e0000-0000-4000-8000-000000000001";
        check(&format!("parentcustomerid eq {id}"), Some(&format!("_parentcustomerid_value eq {id}")));
        check("parentcustomerid eq null", Some("_parentcustomerid_value eq null"));
        check("fullname eq null", Some("(fullname eq null or fullname eq '')"));
        check("fullname ne null", Some("fullname ne null"));
        check("fullname ne 'x'", None);
        check("fullname gt 'x'", None);
        check("contains(fullname,'O''B')", Some("contains(fullname,'O''B')"));
        check("contains(fullname,'[a]')", None);
        check("statecode eq 0 or fullname eq 'x'", Some("(statecode eq 0 or fullname eq 'x')"));
        check("statecode lt 1", None);
        check("creditlimit lt 1.50", Some("creditlimit lt 1.5"));
        check("creditlimit eq 'x'", None);
        check("unheard eq 1", None);
    }
}
