//! What of a filter any OData service can be asked: what the standard alone says is found, whatever the service makes of
//! letter case, rounding and order of texts.

use std::sync::Arc;
use std::time::Duration;

use super::schema::Schema;
use crate::mapping::{Filter, FilterFunction, Operator};
use crate::model::{ColumnKind, ColumnName, Value};
use crate::systems::odata::{Asking, about, encode, literal, quoted};

/// How much less exactly a moment may be shown than it is stored.
const ROUNDING: Duration = Duration::from_secs(1);

/// What may stand in a text that is asked for: no letters, whose case counts there and not here, and nothing that means
/// something in patterns.
const PLAIN: &str = "0123456789 -./:";

/// What can be asked of one table.
pub struct Questions(pub Arc<Schema>);

impl Questions {
    /// Returns whether a number is compared as it is shown: fractions of a binary float are not.
    fn is_exact(&self, column: &ColumnName, value: &Value) -> bool {
        let Value::Number(number) = value else { return true };
        let scale = self.0.description.columns.get(column).and_then(|column| column.scale);
        self.0.type_name(column) == Some("Edm.Decimal") || scale == Some(0) && number.normalize().scale() == 0
    }
}

impl Asking for Questions {
    fn compare(&self, column: &ColumnName, operator: Operator, value: &Value) -> Option<String> {
        let kind = self.0.kind(column)?;
        if encode(kind, value).is_err() || !self.is_exact(column, value) {
            return None;
        }
        match (operator, kind, value) {
            (Operator::Equal, ColumnKind::Text, Value::Blank) => {
                Some(format!("({column} eq null or {column} eq '')"))
            }
            (Operator::Equal, ColumnKind::Number, Value::Blank) => Some(format!("{column} eq null")),
            (
                Operator::NotEqual,
                ColumnKind::Text | ColumnKind::Number | ColumnKind::Date | ColumnKind::Instant,
                Value::Blank,
            ) => Some(format!("{column} ne null")),
            // Rows without a value may be left out of such an answer.
            (Operator::NotEqual, ..) | (_, _, Value::Blank) => None,
            (Operator::Equal, ColumnKind::Text, Value::Text(text)) => {
                is_plain(text).then(|| format!("{column} eq {}", quoted(text)))
            }
            (Operator::Equal, ColumnKind::Flag, _) => Some(format!("{column} eq {}", literal(value)?)),
            (Operator::Equal, ColumnKind::Reference, Value::Reference(id)) => {
                let is_guid = self.0.type_name(column) == Some("Edm.Guid");
                let is_guid = is_guid && uuid::Uuid::try_parse(id.as_str()).is_ok();
                is_guid.then(|| format!("{column} eq {id}"))
            }
            (_, ColumnKind::Instant, Value::Instant(moment)) => {
                about(column.as_str(), operator, *moment, ROUNDING)
            }
            (_, ColumnKind::Number | ColumnKind::Date, _) => {
                Some(format!("{column} {} {}", operator.word(), literal(value)?))
            }
            _ => None,
        }
    }

    fn function(&self, function: FilterFunction, column: &ColumnName, text: &str) -> Option<String> {
        let is_asked = self.0.kind(column)? == ColumnKind::Text && is_plain(text);
        is_asked.then(|| format!("{}({column},{})", function.word(), quoted(text)))
    }

    fn joins(&self, _left: &Filter, _right: &Filter) -> bool {
        true
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| PLAIN.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::odata::condition;
    use crate::systems::odata_service::schema::tests::schema;

    #[test]
    fn only_what_every_service_finds_is_asked() {
        let questions = Questions(Arc::new(schema("Products")));
        let check = |filter: &str, expected: Option<&str>| {
            assert_eq!(condition(&filter.parse().unwrap(), &questions).as_deref(), expected, "{filter}");
        };
        check("ID eq 7", Some("ID eq 7"));
        check("ID gt 7.5", None);
        check("ID eq '7'", None);
        check("Price lt 1.50", Some("Price lt 1.5"));
        check("Price ne 1", None);
        check("Price eq null", Some("Price eq null"));
        check("Name eq '10-30'", Some("Name eq '10-30'"));
        check("Name eq 'Tea'", None);
        check("Name gt '1'", None);
        check("Name eq ''", Some("(Name eq null or Name eq '')"));
        check("Name ne ''", Some("Name ne null"));
        check("startswith(Name,'10')", Some("startswith(Name,'10')"));
        check("contains(Name,'1_0')", None);
        check("endswith(Name,'a')", None);
        check("Kind eq 'Gift'", None);
        check("CategoryID eq 3", None);
        check("CategoryID eq null", None);
        check("Changed gt 2026-01-31T12:00:00Z", Some("Changed ge 2026-01-31T11:59:59Z"));
        check("Changed eq null", None);
        check("Name eq '1' or ID lt 3", Some("(Name eq '1' or ID lt 3)"));
        check("unheard eq 1", None);
    }
}
