//! `tandem tables`: the tables of a connection, and the columns of one.

use std::fmt::Write as _;

use serde::Serialize;

use crate::config::Settings;
use crate::mapping::TablesUsed;
use crate::model::{ColumnName, TableDescription, TableName};
use crate::systems::{self, TableDetails, TableKey};

use super::connection::find;
use super::context::Context;
use super::exit_code::ExitCode;
use super::output::in_one_line;
use super::report::CommandError;
use super::rows::arguments::TablesArguments;
use super::rows::kind_name;
use super::table::table;

/// One table with its columns.
#[derive(Debug, Serialize)]
struct Described {
    table: String,
    key: String,
    columns: Vec<DescribedColumn>,
    /// Columns that identify a row together, beside its id.
    alternate_keys: Vec<Vec<String>>,
}

/// One column.
#[derive(Debug, Serialize)]
struct DescribedColumn {
    column: String,
    kind: &'static str,
    max_chars: Option<usize>,
    decimal_places: Option<u32>,
    creatable: bool,
    updatable: bool,
    /// The tables a reference may point into.
    targets: Vec<String>,
    choices: Vec<Choice>,
}

/// One value of a choice.
#[derive(Debug, Serialize)]
struct Choice {
    value: String,
    label: String,
}

/// Lists tables, or the columns of one.
pub(super) async fn tables(context: &Context, arguments: &TablesArguments) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let (name, connection) = find(&settings, &arguments.connection)?;
    let system = systems::open(&name, connection, &context.places.config, TablesUsed::new())?;
    match &arguments.table {
        None => {
            let tables = system.tables().await?;
            let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
            context.output.show(&tables, |tables| tables.join("\n"));
        }
        Some(table) => {
            let table = TableName::new(table.as_str());
            let description = system.describe(&table).await?;
            let details = system.details(&table).await?;
            context.output.show(&described(&description, &details), render);
        }
    }
    Ok(ExitCode::Success)
}

fn described(description: &TableDescription, details: &TableDetails) -> Described {
    let choices = |name: &ColumnName| details.choices.get(name).into_iter().flatten();
    let choice = |(value, label): &(String, String)| Choice { value: value.clone(), label: label.clone() };
    let columns = description.columns.iter().map(|(name, column)| DescribedColumn {
        column: name.to_string(),
        kind: kind_name(column.kind),
        max_chars: column.max_chars,
        decimal_places: column.scale,
        creatable: column.creatable,
        updatable: column.updatable,
        targets: column.targets.iter().map(ToString::to_string).collect(),
        choices: choices(name).map(choice).collect(),
    });
    let names = |key: &TableKey| key.columns.iter().map(ToString::to_string).collect();
    Described {
        table: description.table.to_string(),
        key: description.key.to_string(),
        columns: columns.collect(),
        alternate_keys: details.keys.iter().map(names).collect(),
    }
}

fn render(described: &Described) -> String {
    let row = |column: &DescribedColumn| {
        let size = match (column.max_chars, column.decimal_places) {
            (Some(chars), _) => format!("{chars} characters"),
            (None, Some(places)) => format!("{places} decimals"),
            (None, None) => String::new(),
        };
        let writes = match (column.creatable, column.updatable) {
            (true, true) => "yes",
            (true, false) => "on create",
            (false, true) => "on update",
            (false, false) => "no",
        };
        let key = if column.column == described.key { "key" } else { "" };
        vec![
            column.column.clone(),
            column.kind.to_owned(),
            size,
            writes.to_owned(),
            [key.to_owned(), column.targets.join(", ")].join(""),
        ]
    };
    let mut text =
        table(&["column", "kind", "size", "writable", "points to"], described.columns.iter().map(row));
    for column in described.columns.iter().filter(|column| !column.choices.is_empty()) {
        let _ = write!(text, "\n\n{}:", column.column);
        for Choice { value, label } in &column.choices {
            let _ = write!(text, "\n  {value}  {}", in_one_line(label));
        }
    }
    if !described.alternate_keys.is_empty() {
        text.push_str("\n\nalternate keys:");
    }
    for key in &described.alternate_keys {
        let _ = write!(text, "\n  {}", key.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Column, ColumnKind};

    #[test]
    fn the_columns_of_a_table_are_shown_in_at_most_100_columns() {
        let column = |kind, max_chars, updatable, targets: &[&str]| Column {
            kind,
            max_chars,
            scale: None,
            creatable: true,
            updatable,
            targets: targets.iter().map(|target| TableName::new(*target)).collect(),
        };
        let columns = [
            ("accountid", column(ColumnKind::Reference, None, false, &[])),
            ("name", column(ColumnKind::Text, Some(160), true, &[])),
            ("primarycontactid", column(ColumnKind::Reference, None, true, &["contacts"])),
        ];
        let description = TableDescription {
            table: "accounts".into(),
            key: "accountid".into(),
            columns: columns.into_iter().map(|(name, column)| (name.into(), column)).collect(),
            abilities: crate::model::TableAbilities::default(),
        };
        let details = TableDetails {
            required: [].into(),
            choices: [(
                "name".into(),
                vec![("1".to_owned(), "Large".to_owned()), ("2".to_owned(), "Small".to_owned())],
            )]
            .into(),
            keys: vec![TableKey {
                name: "k".to_owned(),
                columns: vec!["name".into(), "primarycontactid".into()],
            }],
        };
        let text = render(&described(&description, &details));
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r"
        column            kind       size            writable   points to
        ─────────────────────────────────────────────────────────────────
        accountid         reference                  on create  key
        name              text       160 characters  yes
        primarycontactid  reference                  yes        contacts

        name:
          1  Large
          2  Small

        alternate keys:
          name, primarycontactid
        ");
    }
}
