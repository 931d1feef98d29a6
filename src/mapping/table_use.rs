//! What mappings use of a connection's tables.

use std::collections::{BTreeMap, BTreeSet};

use super::Mapping;
use crate::model::{ColumnName, ConnectionName, Side, TableName};

/// What mappings use of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableUse {
    pub columns: BTreeSet<ColumnName>,
    /// Some mapping writes its rows even where they have no versions.
    pub unguarded: bool,
    /// Rows of several companies are read.
    pub across_companies: bool,
}

/// The tables of one connection that mappings use.
pub type TablesUsed = BTreeMap<TableName, TableUse>;

/// Returns what some mappings use of a connection's tables.
#[must_use]
pub fn tables_used(mappings: &[Mapping], connection: &ConnectionName) -> TablesUsed {
    let mut used = TablesUsed::new();
    for (mapping, side) in mappings.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
        if mapping.connections[side] == *connection {
            let table = used.entry(mapping.tables[side].clone()).or_default();
            table.columns.extend(mapping.columns(side));
            table.columns.extend(mapping.all_defaults(side).map(|(column, _)| column.clone()));
            table.unguarded |= mapping.unguarded;
            table.across_companies |= mapping.across_companies[side];
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{parse, standard};
    use crate::model::Pair;

    #[test]
    fn a_table_is_used_by_all_its_mappings_and_unguarded_where_one_says_so() {
        let customer = standard("CUSTOMER").unwrap();
        let other = customer.replace("displayName", "displayName2");
        let check = |first: &str, second: &str, unguarded: bool| {
            let connections = Pair::new("erp".into(), "crm".into());
            let mappings = [first, second, standard("CURRENCY").unwrap()];
            let mappings = mappings.map(|text| parse("test", text, &connections).unwrap());
            let used = tables_used(&mappings, &"erp".into());
            let customers = &used[&"customers".into()];
            assert!(customers.columns.contains(&"displayName".into()));
            assert!(customers.columns.contains(&"displayName2".into()));
            assert_eq!((customers.unguarded, used[&"currencies".into()].unguarded), (unguarded, false));
        };
        check(customer, &other, false);
        let mut mappings = [customer, &other]
            .map(|text| parse("test", text, &Pair::new("erp".into(), "crm".into())).unwrap());
        mappings[0].across_companies.left = true;
        let used = tables_used(&mappings, &"erp".into());
        assert!(used[&"customers".into()].across_companies, "as soon as one mapping wants it");
        let unguarded = |text: &str| format!("unguarded = true\n{text}");
        check(customer, &unguarded(&other), true);
        check(&unguarded(customer), &unguarded(&other), true);
    }

    #[test]
    fn a_table_is_used_with_what_new_rows_get_and_only_by_its_own_connection() {
        let connections = Pair::new("erp".into(), "crm".into());
        let mut mapping = parse("test", standard("CURRENCY").unwrap(), &connections).unwrap();
        mapping.new_row.right.push(("precision".into(), crate::model::Value::Flag(true)));
        let right = mapping.tables.right.clone();
        let used = tables_used(&[mapping], &"crm".into());
        assert_eq!(used.keys().collect::<Vec<_>>(), [&right]);
        assert!(used[&right].columns.contains(&"precision".into()));
    }
}
