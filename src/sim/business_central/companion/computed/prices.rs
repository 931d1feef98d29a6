//! Price groups and unit rows of prices.

use serde_json::Value;
use uuid::Uuid;

use super::products::{ITEM, RESOURCE};
use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

pub(in super::super) fn group_of_price(service: &Service, row: &Row) -> Value {
    let prices = service.table("salesPrices");
    let for_group = service.text_of(prices, row, "salesType") == "Customer_x0020_Price_x0020_Group";
    let code = service.column(prices, row, "salesCode");
    let group = service.by_code(service.table("customerPriceGroups"), code).filter(|_| for_group);
    Value::String(group.map_or(Uuid::nil(), |group| group.id).to_string())
}

pub(in super::super) fn unit_row_of_price(service: &Service, row: &Row) -> Value {
    let prices = service.table("salesPrices");
    let [number, unit] = ["itemNumber", "unitOfMeasureCode"].map(|name| service.text_of(prices, row, name));
    service.unit_row(&ITEM, number, unit)
}

pub(in super::super) fn unit_row_of_line(service: &Service, row: &Row) -> Value {
    let lines = service.table("priceListLines");
    let [kind, number, unit] =
        ["assetType", "assetNumber", "unitOfMeasureCode"].map(|name| service.text_of(lines, row, name));
    let product = if kind == "Resource" { &RESOURCE } else { &ITEM };
    service.unit_row(product, number, unit)
}
