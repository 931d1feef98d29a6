//! The tables API v2.0 does not show: their keys only. The other columns are those the companion's sets declare.

use crate::sim::business_central::schema::{Column, Kind, Role, Set, Verbs};

/// Returns the tables.
pub(crate) fn all() -> Vec<Set> {
    vec![
        keyed("deletedRows", (0, "Deleted Row"), "id"),
        keyed("unitGroups", (0, "Unit Group"), "id"),
        keyed("contactBusinessRelations", (5054, "Contact Business Relation"), "id"),
        keyed("shippingAgents", (291, "Shipping Agent"), "code"),
        Set { series: Some("R"), ..keyed("resources", (156, "Resource"), "number") },
        keyed("itemUnitsOfMeasure", (5404, "Item Unit of Measure"), "id"),
        keyed("resourceUnitsOfMeasure", (205, "Resource Unit of Measure"), "id"),
        keyed("customerPriceGroups", (6, "Customer Price Group"), "code"),
        keyed("salesPrices", (7002, "Sales Price"), "id"),
        keyed("priceListHeaders", (7000, "Price List Header"), "code"),
        keyed("priceListLines", (7001, "Price List Line"), "id"),
        keyed("customerLedgerActivity", (379, "Detailed Cust. Ledg. Entry"), "id"),
        keyed("opportunityEntries", (5093, "Opportunity Entry"), "id"),
    ]
}

fn keyed(name: &'static str, table: (u32, &'static str), key: &'static str) -> Set {
    let column = |name, kind, read_only, needed| Column { name, kind, read_only, needed };
    let mut columns = vec![column("id", Kind::Id, true, false)];
    if key != "id" {
        let long = key == "number" || name == "priceListHeaders";
        let max = if long { 20 } else { 10 };
        columns.push(column(key, Kind::Code(max), false, key == "code"));
    }
    columns.push(column("lastModifiedDateTime", Kind::DateTime, true, false));
    Set {
        name,
        entity: name,
        table: table.0,
        caption: table.1,
        key,
        series: None,
        verbs: Verbs::Read,
        part_of: None,
        view_of: None,
        role: Role::Table,
        columns,
    }
}
