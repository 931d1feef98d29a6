//! Tandem's own filters as `$filter`, as far as a service judges as Tandem does.
//!
//! What is asked may find more rows than the filter accepts, never fewer: each row found is judged here as well.

use std::time::Duration;

use super::instant_literal;
use crate::mapping::{Filter, FilterFunction, Operator};
use crate::model::{ColumnName, Timestamp, Value};

/// What one service can be asked.
pub trait Asking {
    /// Writes a comparison; nothing where the service might leave out a row that Tandem accepts.
    fn compare(&self, column: &ColumnName, operator: Operator, value: &Value) -> Option<String>;

    /// Writes a text function, under the same rule.
    fn function(&self, function: FilterFunction, column: &ColumnName, text: &str) -> Option<String>;

    /// Whether `or` may join these two columns.
    fn joins(&self, left: &Filter, right: &Filter) -> bool;
}

/// Writes a filter; nothing where only reading everything finds all its rows.
pub fn condition(filter: &Filter, asking: &impl Asking) -> Option<String> {
    match filter {
        Filter::Compare(column, operator, value) => asking.compare(column, *operator, value),
        Filter::Function(function, column, text) => asking.function(*function, column, text),
        Filter::And(left, right) => match (condition(left, asking), condition(right, asking)) {
            (Some(left), Some(right)) => Some(format!("({left} and {right})")),
            // One half finds more than both.
            (one, other) => one.or(other),
        },
        Filter::Or(left, right) if asking.joins(left, right) => {
            Some(format!("({} or {})", condition(left, asking)?, condition(right, asking)?))
        }
        // Services differ in what `not` makes of blank values.
        Filter::Or(..) | Filter::Not(_) => None,
    }
}

/// Writes a comparison with a moment that is shown by so much less exactly than it is compared.
pub fn about(property: &str, operator: Operator, moment: Timestamp, blur: Duration) -> Option<String> {
    let from = || Some(format!("{property} ge {}", instant_literal(moment.checked_sub(blur).ok()?)));
    let until = || Some(format!("{property} le {}", instant_literal(moment.checked_add(blur).ok()?)));
    match operator {
        Operator::Equal => Some(format!("({} and {})", from()?, until()?)),
        Operator::NotEqual => None,
        Operator::Greater | Operator::GreaterOrEqual => from(),
        Operator::Less | Operator::LessOrEqual => until(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows `a` and `b`, and only equality.
    struct Plain;

    impl Asking for Plain {
        fn compare(&self, column: &ColumnName, operator: Operator, value: &Value) -> Option<String> {
            let known = column.as_str() != "c" && operator == Operator::Equal;
            known.then(|| format!("{column} eq {}", super::super::literal(value).unwrap_or_default()))
        }

        fn function(&self, _function: FilterFunction, _column: &ColumnName, _text: &str) -> Option<String> {
            None
        }

        fn joins(&self, left: &Filter, right: &Filter) -> bool {
            left.columns() == right.columns()
        }
    }

    fn check(filter: &str, expected: Option<&str>) {
        assert_eq!(condition(&filter.parse().unwrap(), &Plain).as_deref(), expected, "{filter}");
    }

    #[test]
    fn what_is_asked_never_finds_fewer_rows() {
        check("a eq 1 and b eq 'x'", Some("(a eq 1 and b eq 'x')"));
        check("a eq 1 and c eq 2", Some("a eq 1"));
        check("c eq 2 and a eq 1", Some("a eq 1"));
        check("c eq 2 and contains(a,'x')", None);
        check("a eq 1 or a eq 2", Some("(a eq 1 or a eq 2)"));
        check("a eq 1 or b eq 2", None);
        check("a eq 1 or (a eq 2 and a gt 3)", Some("(a eq 1 or a eq 2)"));
        check("a eq 1 or a gt 2", None);
        check("not (a eq 1)", None);
        check("a eq 1 and not (b eq 2)", Some("a eq 1"));
    }

    #[test]
    fn moments_get_room_on_both_sides() {
        let noon = "2026-01-31T12:00:00Z".parse().unwrap();
        let asked = |operator| about("m", operator, noon, Duration::from_secs(1));
        assert_eq!(
            asked(Operator::Equal).unwrap(),
            "(m ge 2026-01-31T11:59:59Z and m le 2026-01-31T12:00:01Z)"
        );
        assert_eq!(asked(Operator::Greater).unwrap(), "m ge 2026-01-31T11:59:59Z");
        assert_eq!(asked(Operator::Less).unwrap(), "m le 2026-01-31T12:00:01Z");
        assert_eq!(asked(Operator::NotEqual), None);
    }
}
