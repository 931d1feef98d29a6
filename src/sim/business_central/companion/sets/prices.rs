//! Prices: price groups, the legacy price table, price lists. All read-only.

use crate::sim::business_central::companion::computed::prices as computed;
use crate::sim::business_central::companion::declare::{
    Declaration, Entry, READ, boolean, code, date, decimal, figure, guid, integer, member, pair, read, text,
    view,
};

const SALES_TYPES: &[&str] =
    &["Customer", "Customer_x0020_Price_x0020_Group", "All_x0020_Customers", "Campaign"];
const SOURCE_TYPES: &[&str] = &[
    "All",
    "All_x0020_Customers",
    "Customer",
    "Customer_x0020_Price_x0020_Group",
    "Customer_x0020_Disc_x002E__x0020_Group",
    "All_x0020_Vendors",
    "Vendor",
    "All_x0020_Jobs",
    "Job",
    "Job_x0020_Task",
    "Campaign",
    "Contact",
];
const PRICE_TYPES: &[&str] = &["Any", "Sale", "Purchase"];
const AMOUNT_TYPES: &[&str] = &["Any", "Price", "Discount"];
const ASSET_TYPES: &[&str] = &[
    "_x0020_",
    "Item",
    "Item_x0020_Discount_x0020_Group",
    "Resource",
    "Resource_x0020_Group",
    "G_x002F_L_x0020_Account",
];
const STATUS: &[&str] = &["Draft", "Active", "Inactive"];

pub(super) fn sets() -> Vec<Declaration> {
    vec![
        view(
            "customerPriceGroups",
            "customerPriceGroup",
            "customerPriceGroups",
            &["code"],
            READ,
            read(vec![
                code("code", 10),
                text("displayName", 100),
                boolean("priceIncludesTax"),
                boolean("allowLineDiscount"),
                boolean("allowInvoiceDiscount"),
            ]),
        ),
        view(
            "salesPrices",
            "salesPrice",
            "salesPrices",
            &[
                "itemNumber",
                "salesType",
                "salesCode",
                "startingDate",
                "currencyCode",
                "variantCode",
                "unitOfMeasureCode",
                "minimumQuantity",
            ],
            READ,
            read(sales_price()),
        ),
        view("priceListHeaders", "priceListHeader", "priceListHeaders", &["code"], READ, read(header())),
        view(
            "priceListLines",
            "priceListLine",
            "priceListLines",
            &["priceListCode", "lineNumber"],
            READ,
            read(line()),
        ),
    ]
}

fn sales_price() -> Vec<Entry> {
    vec![
        pair("itemId^", "itemNumber", 20, "items"),
        member("salesType", "salesPriceType", SALES_TYPES),
        code("salesCode", 20),
        figure(guid("customerPriceGroupId^"), computed::group_of_price),
        date("startingDate"),
        date("endingDate"),
        pair("currencyId^", "currencyCode^", 10, "currencies"),
        code("variantCode", 10),
        pair("unitOfMeasureId^", "unitOfMeasureCode", 10, "unitsOfMeasure"),
        figure(guid("unitRowId^"), computed::unit_row_of_price),
        decimal("minimumQuantity"),
        decimal("unitPrice"),
        boolean("priceIncludesTax"),
    ]
}

fn header() -> Vec<Entry> {
    vec![
        code("code", 20),
        text("description", 250),
        member("sourceType", "priceSourceType", SOURCE_TYPES),
        code("sourceNumber", 20),
        member("priceType", "priceType", PRICE_TYPES),
        member("amountType", "priceAmountType", AMOUNT_TYPES),
        pair("currencyId^", "currencyCode^", 10, "currencies"),
        date("startingDate"),
        date("endingDate"),
        boolean("priceIncludesTax"),
        member("status", "priceStatus", STATUS),
        boolean("allowUpdatingDefaults"),
    ]
}

fn line() -> Vec<Entry> {
    vec![
        pair("priceListId^", "priceListCode", 20, "priceListHeaders"),
        integer("lineNumber"),
        member("assetType", "priceAssetType", ASSET_TYPES),
        guid("assetId"),
        code("assetNumber", 20),
        code("variantCode", 10),
        pair("unitOfMeasureId^", "unitOfMeasureCode", 10, "unitsOfMeasure"),
        figure(guid("unitRowId^"), computed::unit_row_of_line),
        pair("currencyId^", "currencyCode^", 10, "currencies"),
        decimal("minimumQuantity"),
        date("startingDate"),
        date("endingDate"),
        member("priceType", "priceType", PRICE_TYPES),
        member("amountType", "priceAmountType", AMOUNT_TYPES),
        decimal("unitPrice"),
        decimal("lineDiscountPercent"),
        member("status", "priceStatus", STATUS),
    ]
}
