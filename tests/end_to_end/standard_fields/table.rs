//! What people edit in the rows of shipped mappings, and what nobody can.

use serde_json::{Value, json};
use tandem::model::Side::{self, Left, Right};

/// The row of each mapping that people edit: the columns of its left table that tell it, with their values.
pub const ROWS: &[(&str, &[(&str, &str)])] = &[
    ("SALESPEOPLE", &[("code", "NANCY")]),
    ("CURRENCY", &[("code", "EUR")]),
    ("PAYMENT TERMS", &[("code", "COD")]),
    ("SHIPMENT METHOD", &[("code", "FOB")]),
    ("SHIPPING AGENT", &[("code", "DHL")]),
    ("CUSTOMER", &[("number", "BERGS")]),
    ("VENDOR", &[("number", "V0005")]),
    ("CONTACT", &[("number", "CT-BLONP-1")]),
    ("UNIT GROUP", &[("code", "ITEM 1030 UOM GR")]),
    ("ITEM UOM", &[("itemNumber", "1031"), ("code", "BOX")]),
    ("RESOURCE UOM", &[("resourceNumber", "DELIVERY")]),
    ("UNIT OF MEASURE", &[("code", "BOX")]),
    ("SINGLE UNIT", &[("code", "BOX")]),
    ("DEFAULT PRICE LIST", &[]),
    ("ITEM-PRODUCT", &[("number", "1040")]),
    ("RESOURCE-PRODUCT", &[("number", "TASTING")]),
    ("ITEM-DEFAULTPRICE", &[("number", "1041")]),
    ("RESOURCE-DEFAULTPRICE", &[("number", "DELIVERY")]),
    ("PLHEADER-PRICE", &[("code", "S00001")]),
    ("PLLINE-PRODPRICE", &[("priceListCode", "S00002"), ("assetNumber", "1010")]),
    ("CUSTPRCGRP-PRICE", &[("code", "WHOLESALE")]),
    ("SALESPRC-PRODPRICE", &[("itemNumber", "1010")]),
    ("OPPORTUNITY", &[("number", "SEED010")]),
    ("POSTEDSALESINV-INV", &[("number", "PSI10983")]),
    ("POSTEDSALESLINE-INV", &[("documentNumber", "PSI10994")]),
    ("SALESORDER-ORDER", &[("number", "SO11028")]),
    ("SOLINE-ORDERDETAIL", &[("documentNumber", "SO11036"), ("lineObjectNumber", "1059")]),
    ("SALESORDER-ORDER LEGACY", &[("number", "SO11028")]),
];

/// Two rows of each mapping that others point to: a column of the left table, and the values that tell them.
pub const POINTED_TO: &[(&str, &str, [&str; 2])] = &[
    ("SALESPEOPLE", "code", ["ANDREW", "NANCY"]),
    ("CURRENCY", "code", ["GBP", "CAD"]),
    ("PAYMENT TERMS", "code", ["14 DAYS", "30 DAYS"]),
    ("SHIPMENT METHOD", "code", ["CIF", "EXW"]),
    ("SHIPPING AGENT", "code", ["UPS", "ALLIANCE"]),
    ("CUSTOMER", "number", ["BOLID", "BOTTM"]),
    ("CONTACT", "number", ["CT-ANTON-1", "CT-AROUT-1"]),
    ("ITEM-PRODUCT", "number", ["1033", "1034"]),
    ("UNIT GROUP", "code", ["ITEM 1035 UOM GR", "ITEM 1036 UOM GR"]),
    ("ITEM UOM", "itemNumber", ["1036", "1037"]),
    ("RESOURCE UOM", "resourceNumber", ["DELIVERY", "TASTING"]),
    ("UNIT OF MEASURE", "code", ["CRATE", "PCS"]),
    ("SINGLE UNIT", "code", ["CRATE", "PCS"]),
    ("POSTEDSALESINV-INV", "number", ["PSI11014", "PSI11023"]),
    ("SALESORDER-ORDER", "number", ["SO11036", "SO11028"]),
];

/// Mappings whose rows the companion only shows, or does not let go of while they are released: people edit them in the
/// web client.
pub const BY_HAND: &[&str] = &[
    "PAYMENT TERMS",
    "SHIPMENT METHOD",
    "SHIPPING AGENT",
    "UNIT GROUP",
    "ITEM UOM",
    "RESOURCE UOM",
    "UNIT OF MEASURE",
    "SINGLE UNIT",
    "PLHEADER-PRICE",
    "PLLINE-PRODPRICE",
    "CUSTPRCGRP-PRICE",
    "SALESPRC-PRODPRICE",
    "POSTEDSALESINV-INV",
    "POSTEDSALESLINE-INV",
    "SALESORDER-ORDER",
    "SALESORDER-ORDER LEGACY",
];

/// Fields of other mappings that only the web client takes.
pub const FIELDS_BY_HAND: &[(&str, &str)] = &[
    ("ITEM-PRODUCT", "number"),
    ("ITEM-DEFAULTPRICE", "unit"),
    ("ITEM-DEFAULTPRICE", "single_unit"),
    ("ITEM-DEFAULTPRICE", "single_unit_group"),
    ("RESOURCE-PRODUCT", "number"),
    ("RESOURCE-PRODUCT", "capacity"),
    ("OPPORTUNITY", "value"),
    ("OPPORTUNITY", "closes"),
    ("SOLINE-ORDERDETAIL", "product"),
    ("SOLINE-ORDERDETAIL", "shipped"),
    ("SOLINE-ORDERDETAIL", "amount"),
    ("SOLINE-ORDERDETAIL", "amount_with_tax"),
];

const LIST_CURRENCY: &str = "Dynamics 365 Sales lets no price list change its currency";
const PRICE_CURRENCY: &str = "Dynamics 365 Sales takes no price in another currency than its list's";
const PRICE_LIST: &str =
    "Dynamics 365 Sales takes the list of a price when it is made, and never another one";
const MADE_WITH: &str = "Dynamics 365 Sales takes it when the row is made, and never afterwards";
const WORKED_OUT: &str = "Dataverse works it out";
const ONE_PRICE: &str = "the list has a price of every product already";
const ONE_LIST: &str = "there is one such list alone";
const ONE_UNIT: &str = "a resource of the simulated company has one unit alone";
const UNIT_GROUP: &str = "Dynamics 365 Sales lets no product change its unit group";
const LINE_KEY: &str = "a line never leaves its document nor its place in it: they are its key";
const UNIT_KEY: &str = "a unit never leaves its product: that is its key";
const WHILE_OPEN: &str =
    "Business Central takes it while the order is open, and Tandem leaves open orders alone";

/// What nobody can edit on a side, and why.
pub const NOT_EDITED: &[(&str, &str, Side, &str)] = &[
    ("ITEM UOM", "unit_group", Left, UNIT_KEY),
    ("RESOURCE UOM", "unit_group", Left, UNIT_KEY),
    ("PLHEADER-PRICE", "currency", Left, LIST_CURRENCY),
    ("PLHEADER-PRICE", "currency", Right, LIST_CURRENCY),
    ("PLLINE-PRODPRICE", "list", Left, PRICE_LIST),
    ("PLLINE-PRODPRICE", "list", Right, PRICE_LIST),
    ("PLLINE-PRODPRICE", "currency", Left, PRICE_CURRENCY),
    ("PLLINE-PRODPRICE", "currency", Right, PRICE_CURRENCY),
    ("DEFAULT PRICE LIST", "currency", Right, LIST_CURRENCY),
    ("ITEM-DEFAULTPRICE", "list", Right, PRICE_LIST),
    ("ITEM-DEFAULTPRICE", "product", Right, ONE_PRICE),
    ("RESOURCE-DEFAULTPRICE", "product", Right, ONE_PRICE),
    ("RESOURCE-DEFAULTPRICE", "unit", Right, ONE_UNIT),
    ("RESOURCE-DEFAULTPRICE", "single_unit", Right, ONE_UNIT),
    ("RESOURCE-DEFAULTPRICE", "single_unit_group", Right, ONE_UNIT),
    ("ITEM-DEFAULTPRICE", "currency", Right, PRICE_CURRENCY),
    ("ITEM-DEFAULTPRICE", "product_number", Right, WORKED_OUT),
    ("RESOURCE-DEFAULTPRICE", "list", Right, PRICE_LIST),
    ("RESOURCE-DEFAULTPRICE", "currency", Right, PRICE_CURRENCY),
    ("RESOURCE-DEFAULTPRICE", "product_number", Right, WORKED_OUT),
    ("RESOURCE-DEFAULTPRICE", "unit", Left, ONE_UNIT),
    ("RESOURCE-DEFAULTPRICE", "single_unit", Left, ONE_UNIT),
    ("RESOURCE-DEFAULTPRICE", "single_unit_group", Left, ONE_UNIT),
    ("CUSTPRCGRP-PRICE", "currency", Right, LIST_CURRENCY),
    ("SALESPRC-PRODPRICE", "list", Left, PRICE_LIST),
    ("SALESPRC-PRODPRICE", "list", Right, PRICE_LIST),
    ("SALESPRC-PRODPRICE", "currency", Left, PRICE_CURRENCY),
    ("SALESPRC-PRODPRICE", "currency", Right, PRICE_CURRENCY),
    ("POSTEDSALESLINE-INV", "invoice", Left, LINE_KEY),
    ("POSTEDSALESLINE-INV", "line", Left, LINE_KEY),
    ("SALESORDER-ORDER", "reference", Right, MADE_WITH),
    ("SALESORDER-ORDER", "currency", Right, WHILE_OPEN),
    ("SALESORDER-ORDER", "shipping_agent", Right, WHILE_OPEN),
    ("SALESORDER-ORDER", "shipment_method", Right, WHILE_OPEN),
    ("SALESORDER-ORDER", "requested_delivery", Right, WHILE_OPEN),
    ("SALESORDER-ORDER", "payment_discount", Right, WHILE_OPEN),
    ("SOLINE-ORDERDETAIL", "order", Left, LINE_KEY),
    ("SOLINE-ORDERDETAIL", "line", Left, LINE_KEY),
    ("CONTACT", "name", Right, WORKED_OUT),
    ("UNIT GROUP", "base_unit", Right, MADE_WITH),
    ("UNIT OF MEASURE", "base_unit", Right, MADE_WITH),
    ("ITEM UOM", "base", Right, WORKED_OUT),
    ("RESOURCE UOM", "base", Right, WORKED_OUT),
    ("SINGLE UNIT", "unit_group", Right, UNIT_KEY),
    ("ITEM-PRODUCT", "default_price_list", Right, ONE_LIST),
    ("RESOURCE-PRODUCT", "default_price_list", Right, ONE_LIST),
    ("ITEM-PRODUCT", "unit", Right, UNIT_GROUP),
    ("ITEM-PRODUCT", "unit_group", Right, UNIT_GROUP),
    ("ITEM-PRODUCT", "single_unit", Right, UNIT_GROUP),
    ("ITEM-PRODUCT", "single_unit_group", Right, UNIT_GROUP),
    ("RESOURCE-PRODUCT", "unit", Right, UNIT_GROUP),
    ("RESOURCE-PRODUCT", "unit_group", Right, UNIT_GROUP),
    ("RESOURCE-PRODUCT", "single_unit", Right, UNIT_GROUP),
    ("RESOURCE-PRODUCT", "single_unit_group", Right, UNIT_GROUP),
    ("PLLINE-PRODPRICE", "product_number", Right, WORKED_OUT),
    ("SALESPRC-PRODPRICE", "product_number", Right, WORKED_OUT),
    ("POSTEDSALESINV-INV", "number", Right, MADE_WITH),
    ("POSTEDSALESINV-INV", "currency", Right, MADE_WITH),
    ("SALESORDER-ORDER LEGACY", "reference", Right, MADE_WITH),
];

/// Returns what people change where a field's left column is worked out, or has to be one of a few.
pub fn left_change(mapping: &str, field: &str) -> Option<Value> {
    Some(match (mapping, field) {
        ("PLHEADER-PRICE", "state") => json!({"status": "Inactive"}),
        ("ITEM-PRODUCT" | "RESOURCE-PRODUCT", "vendor") => json!({"vendorNumber": "V0003"}),
        // No number of an item, either.
        ("RESOURCE-PRODUCT", "number") => json!({"number": "L RESOURCE"}),
        ("CONTACT", "company") => json!({"companyNumber": "CT-BOLID"}),
        // It comes along with the contact.
        ("OPPORTUNITY", "company") => json!({}),
        ("ITEM UOM" | "RESOURCE UOM", "code") => json!({"code": "CASE"}),
        ("UNIT OF MEASURE" | "SINGLE UNIT", "code") => json!({"code": "CARTON"}),
        ("PLLINE-PRODPRICE" | "POSTEDSALESLINE-INV", "unit") => json!({"unitOfMeasureCode": "BOX"}),
        _ => return None,
    })
}

/// Returns what people change where a field's right column has to be one of a few.
pub fn right_change(mapping: &str, field: &str) -> Option<Value> {
    Some(match (mapping, field) {
        ("PLHEADER-PRICE", "state") => json!({"statecode": 0}),
        ("ITEM-PRODUCT" | "RESOURCE-PRODUCT", "state") => json!({"statecode": 2}),
        (
            "PLLINE-PRODPRICE" | "SALESPRC-PRODPRICE" | "ITEM-DEFAULTPRICE" | "RESOURCE-DEFAULTPRICE",
            "method",
        ) => json!({"pricingmethodcode": 2}),
        ("SOLINE-ORDERDETAIL", "kind") => json!({"producttypecode": 2}),
        ("UNIT OF MEASURE", "code") => json!({"name": "NAV R CODE"}),
        ("RESOURCE-PRODUCT", "number") => json!({"productnumber": "R RESOURCE"}),
        ("VENDOR", "number") => json!({"accountnumber": "R VENDOR"}),
        ("CURRENCY", "code") => json!({"isocurrencycode": "XEU"}),
        _ => return None,
    })
}

/// Returns what a value of the left column is in the right one.
pub fn on_the_right(mapping: &str, field: &str, left: &str) -> String {
    match (mapping, field, left) {
        ("PLHEADER-PRICE", "state", "Active") => "0".to_owned(),
        ("PLHEADER-PRICE", "state", _) => "1".to_owned(),
        ("UNIT OF MEASURE", "code", code) => format!("NAV {code}"),
        (_, _, text) => text.to_owned(),
    }
}
