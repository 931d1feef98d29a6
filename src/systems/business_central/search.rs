//! Searching by a value, with care for what Business Central makes of filters.
//!
//! Filter characters of its own language leak into text literals, and enums cannot be filtered reliably. Such searches
//! read everything, and every match is checked here.

use crate::model::{ColumnKind, ColumnName, Row, Value};
use crate::systems::odata::{decode, literal};

use super::write::blank;

/// Characters that mean something in a filter of Business Central.
const FILTER_CHARACTERS: &[char] = &['*', '?', '|', '&', '<', '>', '@', '(', ')', '=', '%'];

/// Returns the filter that finds a value; nothing where only reading everything finds it surely.
pub fn condition(column: &ColumnName, kind: ColumnKind, value: &Value) -> Option<String> {
    let literal = match (kind, value) {
        (ColumnKind::Member | ColumnKind::Other, _) => return None,
        (ColumnKind::Text, Value::Text(text)) if text.contains(FILTER_CHARACTERS) || text.contains("..") => {
            return None;
        }
        (ColumnKind::Text, Value::Blank) => "''".to_owned(),
        (_, Value::Blank) => blank_literal(kind)?,
        _ => literal(value)?,
    };
    Some(format!("{column} eq {literal}"))
}

/// Returns whether a row has the value, taking text as the database does: letter case does not count.
pub fn matches(row: &Row, column: &ColumnName, value: &Value) -> bool {
    match (row.values.get(column), value) {
        (Some(Value::Text(found)), Value::Text(wanted)) => {
            found.trim_end().to_lowercase() == wanted.trim_end().to_lowercase()
        }
        (Some(found), wanted) => found == wanted,
        (None, _) => false,
    }
}

fn blank_literal(kind: ColumnKind) -> Option<String> {
    let json = blank(kind)?;
    // Numbers and flags have no blank of their own on the wire: their zero is a value.
    if decode(kind, &json) != Ok(Value::Blank) {
        return None;
    }
    json.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RowId;

    #[test]
    fn a_search_filters_only_where_filters_are_reliable() {
        let check = |kind, value: Value, expected: Option<&str>| {
            assert_eq!(condition(&"x".into(), kind, &value).as_deref(), expected);
        };
        check(ColumnKind::Text, Value::text("O'Brien"), Some("x eq 'O''Brien'"));
        check(ColumnKind::Text, Value::text("A*"), None);
        check(ColumnKind::Text, Value::text("A..B"), None);
        check(ColumnKind::Text, Value::Blank, Some("x eq ''"));
        check(ColumnKind::Member, Value::text("Person"), None);
        check(ColumnKind::Number, Value::Number(3.into()), Some("x eq 3"));
        check(ColumnKind::Number, Value::Blank, None);
        check(ColumnKind::Date, Value::Blank, Some("x eq 0001-01-01"));
        let id = "5c1e0000-0000-4000-8000-000000000001";
        check(ColumnKind::Reference, Value::Reference(RowId::new(id)), Some(&format!("x eq {id}")));
        check(ColumnKind::Reference, Value::Blank, Some("x eq 00000000-0000-0000-0000-000000000000"));
    }

    #[test]
    fn a_match_is_checked_here_too() {
        let values = [("x".into(), Value::text("Acme"))].into();
        let row = Row { id: RowId::new("1"), version: None, modified_at: None, modified_by: None, values };
        assert!(matches(&row, &"x".into(), &Value::text("ACME")));
        assert!(!matches(&row, &"x".into(), &Value::text("Acm")));
        assert!(!matches(&row, &"y".into(), &Value::Blank));
    }
}
