//! Mappings that write one column of the same rows: each would take back what the other wrote.

use std::collections::BTreeSet;

use crate::model::{ColumnName, MappingName, Side, TableName};

use super::Mapping;

/// Two mappings that write the same columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    pub mappings: [MappingName; 2],
    pub table: TableName,
    pub columns: BTreeSet<ColumnName>,
}

/// Returns mappings that write the same columns of rows that both of them take: one of the two has no filter, or both have the
/// same. Filters that differ are taken to tell rows apart, as the type of an account does, and so is a mapping's own word.
#[must_use]
pub fn clashes(mappings: &[Mapping]) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for (index, one) in mappings.iter().enumerate() {
        for other in &mappings[index + 1..] {
            if one.apart_from.contains(&other.name) || other.apart_from.contains(&one.name) {
                continue;
            }
            for (on, there) in Side::BOTH.into_iter().flat_map(|on| Side::BOTH.map(|there| (on, there))) {
                let is_same_table =
                    one.connections[on] == other.connections[there] && one.tables[on] == other.tables[there];
                let (filter, its) = (&one.filters[on], &other.filters[there]);
                let takes_same_rows = (filter.is_none() || its.is_none() || filter == its)
                    && !one.is_of_another_company(on, other, there);
                let columns: BTreeSet<_> =
                    written(one, on).intersection(&written(other, there)).cloned().collect();
                if is_same_table && takes_same_rows && !columns.is_empty() {
                    let mappings = [one.name.clone(), other.name.clone()];
                    clashes.push(Clash { mappings, table: one.tables[on].clone(), columns });
                }
            }
        }
    }
    clashes
}

fn written(mapping: &Mapping, side: Side) -> BTreeSet<ColumnName> {
    let fields = mapping.fields.iter().filter(|field| field.direction.flows_to(side));
    fields.flat_map(|field| field.columns(side)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{parse, standard};
    use crate::model::Pair;

    fn mapping(name: &str, text: &str) -> Mapping {
        let text = text.replacen(&format!("name = \"{}\"", "VENDOR"), &format!("name = \"{name}\""), 1);
        parse(name, &text, &Pair::new("erp".into(), "crm".into())).unwrap()
    }

    #[test]
    fn mappings_clash_where_both_write_a_column_of_the_same_rows() {
        let text = standard("VENDOR").unwrap();
        let customer = mapping("CUSTOMER", standard("CUSTOMER").unwrap());
        let vendor = mapping("VENDOR", text);
        assert_eq!(clashes(&[customer.clone(), vendor.clone()]), [], "customers and vendors are told apart");
        let same = mapping("OTHER", text);
        let found = clashes(&[customer.clone(), vendor.clone(), same]);
        let tables: Vec<_> = found.iter().map(|clash| clash.table.as_str()).collect();
        assert_eq!(tables, ["vendors", "accounts"]);
        assert_eq!(found[0].mappings, ["VENDOR".into(), "OTHER".into()]);
        assert!(found[1].columns.contains(&"telephone1".into()));
        let mut apart = mapping("OTHER", text);
        apart.apart_from = vec!["VENDOR".into()];
        assert_eq!(clashes(&[vendor.clone(), apart.clone()]), [], "its own word counts");
        assert_eq!(clashes(&[apart, vendor.clone()]), [], "whichever comes first");
        let all =
            mapping("ALL", &text.replace("filter = \"statecode eq 0 and customertypecode eq 11\"\n", ""));
        assert!(clashes(&[customer, all]).iter().any(|clash| clash.table.as_str() == "accounts"));
        let reading = mapping(
            "READING",
            &text
                .replace("not_null = true\n", "")
                .replace("\"<->\"", "\"match\"")
                .replace("\"->\"", "\"match\"")
                .replace("group = \"address\"\n", ""),
        );
        assert_eq!(clashes(&[vendor, reading]), []);
    }
}
