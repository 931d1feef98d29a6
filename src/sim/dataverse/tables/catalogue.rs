//! Products, units and prices.

use super::columns::{
    choice, column, date, decimal, integer, lookup, memo, money, read_only, required, table, text,
};
use super::options::{FREIGHT_TERMS, PAYMENT_TERMS, SHIPPING_METHODS, State, Status};
use crate::sim::dataverse::schema::{Column, Kind, Table};

const PRODUCT_TYPES: &[(i64, &str)] =
    &[(1, "Sales Inventory"), (2, "Miscellaneous Charges"), (3, "Services"), (4, "Flat Fees")];
const PRODUCT_STATES: &[State] = &[
    (0, "Active", 1, false),
    (1, "Retired", 2, true),
    (2, "Draft", 0, false),
    (3, "Under Revision", 3, false),
];
const PRODUCT_STATUSES: &[Status] =
    &[(1, "Active", 0), (2, "Retired", 1), (0, "Draft", 2), (3, "Under Revision", 3)];
const PRICE_LIST_STATES: &[State] = &[(0, "Active", 100_001, false), (1, "Inactive", 100_002, true)];
const PRICE_LIST_STATUSES: &[Status] = &[(100_001, "Active", 0), (100_002, "Inactive", 1)];
const PRICING_METHODS: &[(i64, &str)] = &[
    (1, "Currency Amount"),
    (2, "Percent of List"),
    (3, "Percent Markup - Current Cost"),
    (4, "Percent Margin - Current Cost"),
    (5, "Percent Markup - Standard Cost"),
    (6, "Percent Margin - Standard Cost"),
];
const QUANTITY_SELLING: &[(i64, &str)] = &[(1, "No Control"), (2, "Whole"), (3, "Whole and Fractional")];

pub(super) fn tables() -> Vec<Table> {
    vec![product(), uomschedule(), uom(), pricelevel(), productpricelevel()]
}

fn product() -> Table {
    table("Product", "products", "name", 1024)
        .with([
            text("name", 100),
            text("productnumber", 100),
            choice("producttypecode", PRODUCT_TYPES),
            memo("description"),
            decimal("stockvolume", 5),
            decimal("stockweight", 5),
            text("vendorid", 100),
            text("vendorpartnumber", 100),
            decimal("quantityonhand", 5),
            integer("quantitydecimal", 0, 5),
            lookup("defaultuomid", "uom", "unit_of_measurement_products", true),
            lookup("defaultuomscheduleid", "uomschedule", "unit_of_measurement_schedule_products", true),
            lookup("pricelevelid", "pricelevel", "price_level_products", false),
        ])
        .with(money("price"))
        .with(money("standardcost"))
        .with(money("currentcost"))
        .with_currency()
        .kept_in_states(PRODUCT_STATES, PRODUCT_STATUSES)
        .with_key("tnd_ProductNumberKey", "productnumber")
}

fn uomschedule() -> Table {
    table("UoMSchedule", "uomschedules", "name", 1056)
        .with([
            required(text("name", 200)),
            // The name of the base unit is given once, on create.
            Column { update: false, ..text("baseuomname", 100) },
            memo("description"),
        ])
        .kept()
}

fn uom() -> Table {
    table("UoM", "uoms", "name", 1055)
        .with([
            required(text("name", 100)),
            required(decimal("quantity", 10)),
            read_only(column("isschedulebaseuom", Kind::Boolean)),
            lookup("baseuom", "uom", "unit_of_measurement_base_unit", true),
            lookup("uomscheduleid", "uomschedule", "unit_of_measurement_schedule_conversions", true),
        ])
        .stamped()
}

fn pricelevel() -> Table {
    table("PriceLevel", "pricelevels", "name", 1022)
        .with([
            required(text("name", 100)),
            memo("description"),
            date("begindate"),
            date("enddate"),
            choice("freighttermscode", FREIGHT_TERMS),
            choice("paymentmethodcode", PAYMENT_TERMS),
            choice("shippingmethodcode", SHIPPING_METHODS),
        ])
        .with_currency()
        .kept_in_states(PRICE_LIST_STATES, PRICE_LIST_STATUSES)
}

fn productpricelevel() -> Table {
    table("ProductPriceLevel", "productpricelevels", "productnumber", 1026)
        .with([
            read_only(text("productnumber", 100)),
            lookup("pricelevelid", "pricelevel", "price_level_product_price_levels", true),
            lookup("productid", "product", "product_price_levels", true),
            lookup("uomid", "uom", "unit_of_measurement_product_price_level", true),
            lookup("uomscheduleid", "uomschedule", "unit_of_measurement_schedule_product_price_level", true),
            choice("pricingmethodcode", PRICING_METHODS),
            choice("quantitysellingcode", QUANTITY_SELLING),
            decimal("percentage", 5),
        ])
        .with(money("amount"))
        .with_currency()
        .stamped()
}
