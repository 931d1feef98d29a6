//! Where a table is read and written: at the companion, or at the standard API.
//!
//! The companion wins where both have the table, unless the mappings use a column of it that only the standard API has.
//! A whole table has one home: its rows' versions and watermarks belong to the service they were read from.

use std::collections::BTreeSet;

use super::{CONTROL_SETS, ROW_VERSION};
use crate::model::{ColumnKind, ColumnName};
use crate::systems::business_central::schema::Schema;

/// Returns whether the companion serves a table to mappings, with all columns that they use.
pub fn serves(schema: &Schema, used: Option<&BTreeSet<ColumnName>>) -> bool {
    is_table(schema) && has_all(schema, used)
}

/// Chooses where a table lives that the companion does not serve with all columns.
pub fn choose(
    companion: Option<Schema>,
    standard: Option<Schema>,
    used: Option<&BTreeSet<ColumnName>>,
) -> Option<Schema> {
    let companion = companion.filter(is_table);
    match (companion, standard) {
        (Some(_), Some(standard)) if has_all(&standard, used) => Some(standard),
        // Neither has them all: what is missing is told of the richer one.
        (Some(companion), _) => Some(companion),
        (None, standard) => standard,
    }
}

fn is_table(schema: &Schema) -> bool {
    !CONTROL_SETS.contains(&schema.description.table.as_str())
        && schema.kind(&ColumnName::new(ROW_VERSION)) == Some(ColumnKind::Number)
}

fn has_all(schema: &Schema, used: Option<&BTreeSet<ColumnName>>) -> bool {
    used.into_iter().flatten().all(|column| schema.description.columns.contains_key(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::business_central::schema::Home;
    use crate::systems::odata::{Csdl, METADATA};

    fn schemas() -> (Schema, Schema) {
        let richer = METADATA
            .replace(
                r#"<Property Name="taxLiable" Type="Edm.Boolean" />"#,
                r#"<Property Name="faxNumber" Type="Edm.String"/>"#,
            )
            .replace(
                r#"<Property Name="number""#,
                r#"<Property Name="rowVersion" Type="Edm.Int64"/><Property Name="number""#,
            );
        let schema = |text: &str, home| {
            Schema::assemble(&"customers".into(), &Csdl::parse(text).unwrap(), home).unwrap()
        };
        (schema(&richer, Home::Companion), schema(METADATA, Home::Standard))
    }

    #[test]
    fn a_table_lives_where_all_columns_are_that_mappings_use() {
        let check = |columns: &[&str], expected: Home| {
            let (companion, standard) = schemas();
            let used = columns.iter().map(|name| ColumnName::new(*name)).collect();
            let home = match serves(&companion, Some(&used)) {
                true => Home::Companion,
                false => choose(Some(companion), Some(standard), Some(&used)).unwrap().home,
            };
            assert_eq!(home, expected, "{columns:?}");
        };
        check(&[], Home::Companion);
        check(&["displayName", "faxNumber"], Home::Companion);
        check(&["displayName", "taxLiable"], Home::Standard);
        check(&["faxNumber", "taxLiable"], Home::Companion);
    }

    #[test]
    fn without_the_companion_all_tables_are_standard() {
        let (companion, standard) = schemas();
        assert_eq!(choose(None, Some(standard), None).unwrap().home, Home::Standard);
        assert_eq!(choose(Some(companion), None, None).unwrap().home, Home::Companion);
        assert!(choose(None, None, None).is_none());
    }
}
