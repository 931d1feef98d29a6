//! Tandem's own filters as `$filter`, as far as a service judges as Tandem does.
//!
//! What is asked may find more rows than the filter accepts, never fewer: each row found is judged here as well.

use std::time::Duration;

use super::instant_literal;
use crate::mapping::{Filter, FilterFunction, Operator};
use crate::model::{ColumnName, Timestamp, Value};
use crate::systems::{ChangeQuery, Cursor, SystemError};

/// The longest condition that is asked: addresses are limited, and escaped it may be three times as long.
const LONGEST: usize = 1000;

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

/// Writes what a first listing is asked with; nothing where everything is to be read.
pub fn first_listing(query: &ChangeQuery, asking: &impl Asking) -> Option<String> {
    let filter = query.filter.as_ref().filter(|_| query.cursor == Cursor::Start)?;
    condition(filter, asking).filter(|condition| condition.len() <= LONGEST)
}

/// Returns whether a failure may be that of the condition: then the same is asked once more without it.
pub const fn is_of_condition(error: &SystemError) -> bool {
    matches!(
        error,
        SystemError::BadRequest { .. }
            | SystemError::NotFound { .. }
            | SystemError::WatermarkExpired { .. }
            | SystemError::Unavailable { status: 408 | 500 | 504, .. }
    )
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
    fn only_a_listing_from_the_start_is_asked_with_a_filter() {
        let query = |filter: &str, cursor| ChangeQuery {
            table: "items".into(),
            columns: [].into(),
            cursor,
            filter: Some(filter.parse().unwrap()),
        };
        let asked = |filter: &str, cursor| first_listing(&query(filter, cursor), &Plain);
        assert_eq!(asked("a eq 1", Cursor::Start).as_deref(), Some("a eq 1"));
        assert_eq!(asked("a eq 1", Cursor::Since("w".into())), None);
        assert_eq!(asked("a eq 1", Cursor::Page("p".into())), None);
        let none = ChangeQuery { filter: None, ..query("a eq 1", Cursor::Start) };
        assert_eq!(first_listing(&none, &Plain), None);
        let long = vec!["a eq 1"; 200].join(" or ");
        assert_eq!(asked(&long, Cursor::Start), None);
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

    /// A service that is throttled or down says nothing about the condition.
    #[test]
    fn a_refusal_may_be_that_of_the_condition() {
        let connection = || "left".into();
        let down = |status| SystemError::Unavailable { connection: connection(), status, retry_after: None };
        assert!(is_of_condition(&down(504)) && !is_of_condition(&down(503)));
        let bad = SystemError::BadRequest {
            connection: connection(),
            what: String::new(),
            status: 501,
            code: String::new(),
            message: String::new(),
        };
        assert!(is_of_condition(&bad));
        assert!(!is_of_condition(&SystemError::Throttled { connection: connection(), retry_after: None }));
    }
}
