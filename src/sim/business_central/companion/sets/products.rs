//! Items, resources, their units and unit groups.

use crate::sim::business_central::companion::computed::products as computed;
use crate::sim::business_central::companion::declare::{
    ALL, Declaration, Entry, READ, boolean, code, decimal, figure, guid, member, pair, read, template, text,
    view,
};

const ITEM_TYPES: &[&str] = &["Inventory", "Service", "Non_x002D_Inventory"];
const RESOURCE_TYPES: &[&str] = &["Person", "Machine"];
const GROUP_SOURCES: &[&str] = &["Item", "Resource"];

pub(super) fn sets() -> Vec<Declaration> {
    vec![
        view(
            "unitGroups",
            "unitGroup",
            "unitGroups",
            &["sourceType", "sourceNumber"],
            READ,
            read(vec![
                member("sourceType", "unitGroupSourceType", GROUP_SOURCES),
                code("sourceNumber", 20),
                text("code", 50),
            ]),
        ),
        view(
            "itemUnitsOfMeasure",
            "itemUnitOfMeasure",
            "itemUnitsOfMeasure",
            &["itemNumber", "code"],
            READ,
            item_unit(),
        ),
        view(
            "resourceUnitsOfMeasure",
            "resourceUnitOfMeasure",
            "resourceUnitsOfMeasure",
            &["resourceNumber", "code"],
            READ,
            resource_unit(),
        ),
        view("items", "item", "items", &["number"], ALL, item()),
        view("resources", "resource", "resources", &["number"], ALL, resource()),
    ]
}

fn item_unit() -> Vec<Entry> {
    read(vec![
        pair("itemId^", "itemNumber", 20, "items"),
        pair("unitOfMeasureId^", "code", 10, "unitsOfMeasure"),
        decimal("quantityPerUnitOfMeasure"),
        figure(guid("unitGroupId^"), computed::group_of_item_unit),
        figure(boolean("baseUnit^"), computed::is_base_of_item),
    ])
}

fn resource_unit() -> Vec<Entry> {
    read(vec![
        pair("resourceId^", "resourceNumber", 20, "resources"),
        pair("unitOfMeasureId^", "code", 10, "unitsOfMeasure"),
        decimal("quantityPerUnitOfMeasure"),
        boolean("relatedToBaseUnit"),
        figure(guid("unitGroupId^"), computed::group_of_resource_unit),
        figure(boolean("baseUnit^"), computed::is_base_of_resource),
    ])
}

fn item() -> Vec<Entry> {
    vec![
        template(),
        code("number", 20).insert(),
        member("type", "itemType", ITEM_TYPES).insert(),
        text("displayName", 100),
        text("displayName2", 50),
        pair("baseUnitOfMeasureId", "baseUnitOfMeasureCode", 10, "unitsOfMeasure"),
        figure(guid("unitRowId^"), computed::base_row_of_item),
        code("salesUnitOfMeasureCode", 10),
        decimal("unitPrice"),
        boolean("priceIncludesTax"),
        decimal("unitCost"),
        decimal("unitVolume"),
        decimal("grossWeight"),
        decimal("netWeight"),
        pair("vendorId^", "vendorNumber", 20, "vendors"),
        figure(text("vendorName^", 100), computed::vendor_name_of_item),
        text("vendorItemNumber", 50),
        decimal("inventory").read(),
        boolean("blocked"),
        boolean("salesBlocked"),
    ]
}

fn resource() -> Vec<Entry> {
    vec![
        code("number", 20).insert(),
        member("type", "resourceType", RESOURCE_TYPES),
        text("displayName", 100),
        pair("baseUnitOfMeasureId^", "baseUnitOfMeasureCode", 10, "unitsOfMeasure"),
        figure(guid("unitRowId^"), computed::base_row_of_resource),
        decimal("unitPrice"),
        decimal("unitCost"),
        decimal("directUnitCost"),
        pair("vendorId^", "vendorNumber", 20, "vendors"),
        figure(text("vendorName^", 100), computed::vendor_name_of_resource),
        decimal("capacity").read(),
        boolean("useTimeSheet"),
        boolean("blocked"),
    ]
}
