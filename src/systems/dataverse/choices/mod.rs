//! The options of a choice column as rows of a table of their own, `accounts.paymenttermscode`: so a table of codes in the
//! other system couples with them, and a choice is a lookup.
//!
//! An option's id is its number, its one column that may be written its label. Options carry no versions and no times: the
//! label is the version, and what was listed before is the watermark.

mod options;
mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use options::label;
use options::{ChoiceOption, Options};

use super::client::Dataverse;
use crate::model::{Column, ColumnKind, ColumnName, TableAbilities, TableDescription, TableName};
use crate::systems::SystemError;

/// The number of an option, which is its id.
const VALUE: &str = "value";
/// What people call an option.
const LABEL: &str = "label";

/// Returns the columns that a new option must have a value in.
pub(super) fn required() -> BTreeSet<ColumnName> {
    [ColumnName::new(LABEL)].into()
}

/// Columns of documents that take the same codes as one of an account: they get its options, under the same numbers.
const MIRRORS: [(&str, &[(&str, &str)]); 3] = [
    (
        "paymenttermscode",
        &[("salesorder", "paymenttermscode"), ("quote", "paymenttermscode"), ("invoice", "paymenttermscode")],
    ),
    ("address1_freighttermscode", &[("salesorder", "freighttermscode"), ("quote", "freighttermscode")]),
    (
        "address1_shippingmethodcode",
        &[
            ("salesorder", "shippingmethodcode"),
            ("quote", "shippingmethodcode"),
            ("invoice", "shippingmethodcode"),
        ],
    ),
];

/// Splits the name of such a table into the set and its column; nothing where it is a table like others.
fn split(table: &TableName) -> Option<(TableName, ColumnName)> {
    let (set, column) = table.as_str().split_once('.')?;
    Some((TableName::new(set), ColumnName::new(column)))
}

/// A choice column that is used as a table.
pub(super) struct Choice<'a> {
    system: &'a Dataverse,
    table: TableName,
    set: TableName,
    place: Place,
}

/// Where options stand: a column of a table, both by logical name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    table: String,
    column: String,
}

impl Dataverse {
    /// Returns the choice column that stands behind a table, if one does.
    pub(super) async fn choice(&self, table: &TableName) -> Result<Option<Choice<'_>>, SystemError> {
        let Some((set, column)) = split(table) else { return Ok(None) };
        let place = Place { table: self.logical_name(&set).await?, column: column.as_str().to_owned() };
        Ok(Some(Choice { system: self, table: table.clone(), set, place }))
    }
}

/// Returns whether a table stands for a choice column.
pub(super) fn is_choice(table: &TableName) -> bool {
    split(table).is_some()
}

fn description(table: TableName) -> TableDescription {
    let column = |kind, scale, is_writable| Column {
        kind,
        max_chars: None,
        scale,
        creatable: is_writable,
        updatable: is_writable,
        targets: Vec::new(),
    };
    let columns = BTreeMap::from([
        (ColumnName::new(VALUE), column(ColumnKind::Number, Some(0), false)),
        (ColumnName::new(LABEL), column(ColumnKind::Text, None, true)),
    ]);
    let abilities = TableAbilities { takes_ids: false, lists_deletions: true, dirty_reads: false };
    TableDescription { table, key: ColumnName::new(VALUE), columns, abilities }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_a_point_is_a_choice_column() {
        let table = TableName::new("accounts.paymenttermscode");
        assert_eq!(split(&table), Some(("accounts".into(), "paymenttermscode".into())));
        assert!(is_choice(&table) && !is_choice(&"accounts".into()));
    }
}
