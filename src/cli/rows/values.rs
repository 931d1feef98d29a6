//! Typed words to values, by the column they are for.

use crate::mapping::{Filter, FilterError};
use crate::model::{Column, ColumnKind, ColumnName, RowId, TableDescription, Value};

use super::super::exit_code::ExitCode;
use super::super::report::CommandError;

/// Reads a filter and checks that the table has its columns.
pub(super) fn filter(table: &TableDescription, text: &str) -> Result<Filter, CommandError> {
    let filter: Filter = text.parse().map_err(|error: FilterError| {
        CommandError::new(ExitCode::Usage, format!("the filter does not read: {error}"))
            .with_remedy("write it as in mapping files: \"name eq 'Contoso' and statecode eq 0\"")
    })?;
    for column in filter.columns() {
        known(table, column.as_str())?;
    }
    Ok(filter)
}

/// Finds a column.
pub(super) fn known<'a>(
    table: &'a TableDescription,
    name: &str,
) -> Result<(&'a ColumnName, &'a Column), CommandError> {
    table.columns.get_key_value(&ColumnName::new(name)).ok_or_else(|| {
        let problem = format!("{} has no column {name}", table.table);
        CommandError::new(ExitCode::Usage, problem)
            .with_remedy(format!("`tandem tables CONNECTION {}` lists them", table.table))
    })
}

/// Reads values, each by the kind of its column. `may_be_set` says which columns the write may name.
pub(super) fn typed(
    table: &TableDescription,
    pairs: &[(String, String)],
    may_be_set: impl Fn(&Column) -> bool,
) -> Result<Vec<(ColumnName, Value)>, CommandError> {
    let read = |(name, text): &(String, String)| {
        let (name, column) = known(table, name)?;
        if !may_be_set(column) {
            let problem = format!("{name} of {} cannot be set by this; nothing was written", table.table);
            return Err(CommandError::new(ExitCode::Usage, problem).with_remedy("leave it out"));
        }
        let value = value(column.kind, text).ok_or_else(|| {
            let problem = format!("the value for {name} is not of its kind; nothing was written");
            CommandError::new(ExitCode::Usage, problem).with_remedy(format!("write {}", form(column.kind)))
        })?;
        Ok((name.clone(), value))
    };
    pairs.iter().map(read).collect()
}

/// Reads a value; an empty text is blank.
fn value(kind: ColumnKind, text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Blank);
    }
    match kind {
        ColumnKind::Text | ColumnKind::Member => Some(Value::text(text)),
        ColumnKind::Number | ColumnKind::Choice => text.parse().ok().map(Value::Number),
        ColumnKind::Flag => text.parse().ok().map(Value::Flag),
        ColumnKind::Date => text.parse().ok().map(Value::Date),
        ColumnKind::Instant => text.parse().ok().map(Value::Instant),
        ColumnKind::Reference => Some(Value::Reference(RowId::new(text))),
        ColumnKind::Other => None,
    }
}

const fn form(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Member => "a member's name, such as Person",
        ColumnKind::Number => "a number, such as 12.5",
        ColumnKind::Choice => "the number of a choice, such as 1",
        ColumnKind::Flag => "true or false",
        ColumnKind::Date => "a date, such as 2026-01-31",
        ColumnKind::Instant => "a moment, such as 2026-01-31T10:00:00Z",
        ColumnKind::Reference => "a row's id",
        ColumnKind::Other => "nothing: Tandem does not write such columns",
    }
}

/// Names a kind of column.
pub(in crate::cli) const fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Number => "number",
        ColumnKind::Flag => "flag",
        ColumnKind::Date => "date",
        ColumnKind::Instant => "moment",
        ColumnKind::Choice => "choice",
        ColumnKind::Member => "member",
        ColumnKind::Reference => "reference",
        ColumnKind::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TableDescription {
        let column = |kind, creatable| Column {
            kind,
            max_chars: None,
            scale: None,
            creatable,
            updatable: false,
            targets: vec![],
        };
        let columns = [
            ("name", column(ColumnKind::Text, true)),
            ("limit", column(ColumnKind::Number, true)),
            ("stamp", column(ColumnKind::Instant, false)),
        ];
        TableDescription {
            table: "accounts".into(),
            key: "accountid".into(),
            columns: columns.into_iter().map(|(name, column)| (name.into(), column)).collect(),
            abilities: crate::model::TableAbilities::default(),
        }
    }

    #[test]
    fn words_are_read_by_the_kind_of_their_column() {
        let check =
            |kind, text: &str, expected: Option<Value>| assert_eq!(value(kind, text), expected, "{text}");
        check(ColumnKind::Text, "12", Some(Value::text("12")));
        check(ColumnKind::Number, "12.50", Some(Value::Number("12.50".parse().unwrap())));
        check(ColumnKind::Number, "many", None);
        check(ColumnKind::Choice, "1", Some(Value::Number(1.into())));
        check(ColumnKind::Flag, "true", Some(Value::Flag(true)));
        check(ColumnKind::Flag, "yes", None);
        check(ColumnKind::Date, "2026-01-31", Some(Value::Date("2026-01-31".parse().unwrap())));
        check(ColumnKind::Date, "31.1.", None);
        check(ColumnKind::Reference, "a", Some(Value::Reference(RowId::new("a"))));
        check(ColumnKind::Other, "x", None);
        check(ColumnKind::Number, "", Some(Value::Blank));
    }

    #[test]
    fn mistakes_name_the_column_and_never_the_value() {
        let error = |pair: (&str, &str)| {
            let pairs = [(pair.0.to_owned(), pair.1.to_owned())];
            typed(&table(), &pairs, |column| column.creatable).unwrap_err().text()
        };
        assert!(error(("nmae", "x")).contains("accounts has no column nmae"));
        assert!(error(("stamp", "2026-01-31T10:00:00Z")).contains("stamp of accounts cannot be set"));
        let found = error(("limit", "salary"));
        assert!(found.contains("limit is not of its kind") && found.contains("12.5"), "{found}");
        assert!(!found.contains("salary"));
        assert!(filter(&table(), "name == 'x'").unwrap_err().text().contains("at character 5"));
        assert!(filter(&table(), "nmae eq 'x'").unwrap_err().text().contains("no column nmae"));
        assert_eq!(filter(&table(), "limit gt 1").unwrap().columns(), ["limit".into()].into());
    }
}
