//! What is sold: items with their variants, categories and units, where they lie, and the entries of their stock.

use super::super::schema::{Kind, Set, Verbs};
use super::columns::{address, boolean, code, column, date, decimal, id, modified, needed, pair, set, text};

const ITEM_TYPES: &[&str] = &["Inventory", "Service", "Non_x002D_Inventory"];
const ENTRY_TYPES: &[&str] = &[
    "Purchase",
    "Sale",
    "Positive_x0020_Adjmt_x002E_",
    "Negative_x0020_Adjmt_x002E_",
    "Transfer",
    "Consumption",
    "Output",
    "_x0020_",
    "Assembly_x0020_Consumption",
    "Assembly_x0020_Output",
];

pub(super) fn all() -> Vec<Set> {
    vec![items(), item_variants(), item_ledger_entries(), item_categories(), locations(), units_of_measure()]
}

fn items() -> Set {
    let mut columns = vec![
        id(),
        code("number", 20),
        text("displayName", 100),
        text("displayName2", 50),
        column("type", Kind::Enum("itemType", ITEM_TYPES)),
    ];
    columns.extend(pair("itemCategoryId", "itemCategories", "itemCategoryCode", 20));
    columns.extend([
        boolean("blocked"),
        code("gtin", 14),
        column("inventory", Kind::Inventory),
        decimal("unitPrice"),
        boolean("priceIncludesTax"),
        decimal("unitCost"),
    ]);
    columns.extend(pair("baseUnitOfMeasureId", "unitsOfMeasure", "baseUnitOfMeasureCode", 10));
    columns.push(modified());
    Set { series: Some("I"), ..set("items", "item", (27, "Item"), "number", columns) }
}

fn item_variants() -> Set {
    let mut columns = vec![id()];
    columns.extend(pair("itemId", "items", "itemNumber", 20));
    columns.extend([
        needed(code("code", 10)),
        text("description", 100),
        column("key", Kind::Composed(&["itemId", "code"])),
        modified(),
    ]);
    Set {
        part_of: Some("itemId"),
        ..set("itemVariants", "itemVariant", (5401, "Item Variant"), "key", columns)
    }
}

fn item_ledger_entries() -> Set {
    let columns = vec![
        id(),
        column("entryNumber", Kind::Integer),
        code("itemNumber", 20),
        date("postingDate"),
        column("entryType", Kind::Enum("itemLedgerEntryType", ENTRY_TYPES)),
        code("sourceNumber", 20),
        code("documentNumber", 20),
        text("description", 100),
        decimal("quantity"),
        modified(),
    ];
    let table = (32, "Item Ledger Entry");
    Set { verbs: Verbs::Read, ..set("itemLedgerEntries", "itemLedgerEntry", table, "entryNumber", columns) }
}

fn item_categories() -> Set {
    let columns = vec![id(), needed(code("code", 20)), text("displayName", 100), modified()];
    set("itemCategories", "itemCategory", (5722, "Item Category"), "code", columns)
}

fn locations() -> Set {
    let mut columns = vec![id(), needed(code("code", 10)), text("displayName", 100), text("contact", 100)];
    columns.extend(address());
    columns.push(modified());
    set("locations", "location", (14, "Location"), "code", columns)
}

fn units_of_measure() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 10)),
        text("displayName", 50),
        code("internationalStandardCode", 10),
        text("symbol", 10),
        modified(),
    ];
    set("unitsOfMeasure", "unitOfMeasure", (204, "Unit of Measure"), "code", columns)
}
