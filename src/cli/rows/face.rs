//! Rows as people and programs read them.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::model::{ColumnKind, ColumnName, Row, TableDescription, Value, ValueDisplay};

use super::super::output::in_one_line;
use super::super::table::{counted, moment, table};

/// How the names of columns that tell rows apart end.
const TELLING: [&str; 4] = ["number", "name", "title", "description"];
/// A short name of its own; as an ending it means other things, such as postal codes.
const CODE: &str = "code";
const MOST_TELLING: usize = 4;

/// Returns a row for programs. Numbers keep all their digits.
pub(super) fn json(row: &Row) -> Json {
    let values: Map<String, Json> =
        row.values.iter().map(|(column, value)| (column.to_string(), value_json(value))).collect();
    json!({
        "id": row.id.as_str(),
        "version": row.version.as_ref().map(crate::model::Version::as_str),
        "modified_at": row.modified_at,
        "values": values,
    })
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Blank => Json::Null,
        Value::Text(text) => Json::from(text.as_str()),
        Value::Number(number) => number.normalize().to_string().parse().map_or(Json::Null, Json::Number),
        Value::Flag(flag) => Json::Bool(*flag),
        Value::Date(date) => Json::from(date.to_string()),
        Value::Instant(instant) => Json::from(instant.to_string()),
        Value::Reference(row) | Value::Uncoupled(_, row) => Json::from(row.as_str()),
    }
}

/// Writes one row, a column a line; blank ones are counted.
pub(super) fn one(row: &Row) -> String {
    let mut text = format!("row {}\n", row.id);
    if let Some(at) = row.modified_at {
        let _ = writeln!(text, "changed {} UTC", moment(at));
    }
    let (blank, filled): (Vec<_>, Vec<_>) = row.values.iter().partition(|(_, value)| value.is_blank());
    for (column, value) in filled {
        let _ = writeln!(text, "  {column}: {}", in_one_line(&ValueDisplay(value).to_string()));
    }
    if !blank.is_empty() {
        let _ = writeln!(text, "  {} blank", counted(blank.len() as u64, "column"));
    }
    text
}

/// Writes a list of rows.
pub(super) fn many(rows: &[Row], columns: &[ColumnName], most: usize) -> String {
    if rows.is_empty() {
        return "There is no such row.".to_owned();
    }
    let headings: Vec<&str> = ["id"].into_iter().chain(columns.iter().map(ColumnName::as_str)).collect();
    let cell = |value: &Value| match value {
        Value::Blank => String::new(),
        Value::Text(text) => in_one_line(text),
        Value::Reference(row) => row.as_str().to_owned(),
        value => ValueDisplay(value).to_string(),
    };
    let line = |row: &Row| {
        let cells = columns.iter().map(|column| row.values.get(column).map(cell).unwrap_or_default());
        [row.id.as_str().to_owned()].into_iter().chain(cells).collect()
    };
    let mut text = table(&headings, rows.iter().map(line));
    text.push('\n');
    if rows.len() == most {
        let _ = writeln!(text, "{}; there may be more (--limit)", counted(most as u64, "row"));
    }
    text
}

/// Returns the columns that tell rows apart, as far as their names say.
pub(super) fn telling(table: &TableDescription) -> Vec<ColumnName> {
    let texts =
        table.columns.iter().filter(|(_, column)| column.kind == ColumnKind::Text && column.creatable);
    let names: Vec<&ColumnName> = texts.map(|(name, _)| name).collect();
    let code = names.iter().find(|name| name.as_str() == CODE);
    let ends = |name: &ColumnName, word: &str| name.as_str().to_lowercase().ends_with(word);
    let mut telling: Vec<ColumnName> = code.map(|name| (*name).clone()).into_iter().collect();
    for word in TELLING {
        // The shortest name of its kind is the table's own: `name` before `primarycontactname`.
        let named = names.iter().filter(|name| ends(name, word)).min_by_key(|name| name.as_str().len());
        telling.extend(named.map(|name| (*name).clone()));
    }
    telling.truncate(MOST_TELLING);
    telling
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Column, RowId};

    fn row() -> Row {
        let values = [
            ("name", Value::text("Alfreds\nFutterkiste")),
            ("limit", Value::Number("20000.50".parse().unwrap())),
            ("fax", Value::Blank),
        ];
        Row {
            id: RowId::new("5c1e0000-0000-4000-8000-000000000001"),
            version: Some("W/\"7\"".into()),
            modified_at: Some("2026-01-31T10:00:00Z".parse().unwrap()),
            modified_by: None,
            values: values.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        }
    }

    #[test]
    fn programs_get_values_as_they_are() {
        let json = json(&row());
        assert_eq!(
            json["values"].to_string(),
            r#"{"fax":null,"limit":20000.5,"name":"Alfreds\nFutterkiste"}"#
        );
        assert_eq!(json["version"], "W/\"7\"");
        assert_eq!(json["modified_at"], "2026-01-31T10:00:00Z");
    }

    #[test]
    fn people_get_one_row_or_many() {
        insta::assert_snapshot!(one(&row()), @r#"
        row 5c1e0000-0000-4000-8000-000000000001
        changed 2026-01-31 10:00:00 UTC
          limit: 20000.5
          name: "Alfreds\nFutterkiste"
          1 column blank
        "#);
        let text = many(&[row()], &["name".into(), "limit".into()], 1);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r"
        id                                    name                  limit
        ───────────────────────────────────────────────────────────────────
        5c1e0000-0000-4000-8000-000000000001  Alfreds\nFutterkiste  20000.5
        1 row; there may be more (--limit)
        ");
        assert_eq!(many(&[], &[], 1), "There is no such row.");
    }

    #[test]
    fn a_list_shows_what_tells_rows_apart() {
        let text = Column {
            kind: ColumnKind::Text,
            max_chars: None,
            scale: None,
            creatable: true,
            updatable: true,
            targets: vec![],
        };
        let names = ["address1_primarycontactname", "name", "accountnumber", "address1_postalcode"];
        let columns = names.into_iter().map(|name| (name.into(), text.clone())).collect();
        let abilities = crate::model::TableAbilities::default();
        let table =
            TableDescription { table: "accounts".into(), key: "accountid".into(), columns, abilities };
        assert_eq!(telling(&table), ["accountnumber".into(), "name".into()]);
    }
}
