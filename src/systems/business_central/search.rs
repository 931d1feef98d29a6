//! Searching by a value, with care for what Business Central makes of filters.
//!
//! Filter characters of its own language leak into text literals, and enums cannot be filtered reliably. Such searches
//! read everything, and every match is checked here.

use std::collections::BTreeSet;

use super::client::{BusinessCentral, MAX_PAGE_SIZE};
use super::schema::Schema;
use super::write::blank;
use crate::model::{ColumnKind, ColumnName, Row, TableName, Value};
use crate::systems::odata::{Query, decode, instant_literal, literal};
use crate::systems::{RowError, Search, SystemError};

/// What means something in a filter of Business Central, anywhere or at its start.
const ANYWHERE: &[&str] = &["*", "?", "|", "&", "<", ">", "(", ")", ".."];
const AT_START: &[char] = &['@', '=', '%'];

impl BusinessCentral {
    pub(super) async fn find_rows(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        search: &Search,
    ) -> Result<Vec<Result<Row, RowError>>, SystemError> {
        let what = format!("a search in {table}");
        let schema = self.schema(table).await?;
        let also = match search {
            Search::Equals(column, _) => Some(column).filter(|column| **column != schema.description.key),
            Search::ModifiedSince(_) => None,
        };
        let asked = self.ask(table, columns, also).await?;
        let query =
            Query::of(self.set_path(&schema)).select(asked.shape.properties()).order_by(schema.key.name());
        let query = match self.condition(&schema, search)? {
            Some(condition) => query.filter(condition),
            None => query,
        };
        let prefer = self.page_preference(MAX_PAGE_SIZE);
        let service = self.service_of(&schema);
        let rows = service.all(&what, &query.path(), Some(&prefer), |entry| asked.decode(&entry)).await;
        let mut rows = self.unless_gone(&schema, rows).await?;
        if let Search::Equals(column, value) = search {
            rows.retain(|row| {
                row.as_ref().map_or(true, |row| match value {
                    Value::Reference(id) if *column == schema.description.key => row.id == *id,
                    value => matches(row, column, value),
                })
            });
        }
        let rates = self.rates(&asked).await?;
        for row in rows.iter_mut().flatten() {
            asked.complete(row, rates.as_ref());
        }
        self.name_authors(&schema, rows.iter_mut().flatten()).await;
        Ok(rows)
    }

    fn condition(&self, schema: &Schema, search: &Search) -> Result<Option<String>, SystemError> {
        Ok(match search {
            Search::ModifiedSince(moment) => {
                schema.modified.as_ref().map(|modified| format!("{modified} ge {}", instant_literal(*moment)))
            }
            Search::Equals(column, Value::Reference(id)) if *column == schema.description.key => {
                Some(schema.key.filter(id))
            }
            Search::Equals(column, value) => {
                let table = &schema.description.table;
                let kind = schema.kind(column);
                let kind = kind.ok_or_else(|| self.not_found(format!("column {column} in {table}")))?;
                if schema.is_filterable(column) { condition(column, kind, value) } else { None }
            }
        })
    }
}

/// Returns the filter that finds a value; nothing where only reading everything finds it surely.
pub(super) fn condition(column: &ColumnName, kind: ColumnKind, value: &Value) -> Option<String> {
    let literal = match (kind, value) {
        (ColumnKind::Member | ColumnKind::Other, _) => return None,
        (ColumnKind::Text, Value::Text(text)) if is_filter(text) => return None,
        (ColumnKind::Text, Value::Blank) => "''".to_owned(),
        (_, Value::Blank) => blank_literal(kind)?,
        _ => literal(value)?,
    };
    Some(format!("{column} eq {literal}"))
}

fn is_filter(text: &str) -> bool {
    ANYWHERE.iter().any(|part| text.contains(part)) || text.starts_with(AT_START)
}

/// Returns whether a row has the value, taking text as the database does: letter case does not count.
fn matches(row: &Row, column: &ColumnName, value: &Value) -> bool {
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
        check(ColumnKind::Text, Value::text("@A"), None);
        check(ColumnKind::Text, Value::text("a@b.example"), Some("x eq 'a@b.example'"));
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
