//! What of an item is there, ordered and promised.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::business_central::values::{as_decimal, decimal};
use crate::sim::odata::filter::{Expression, Operand, Operator, parse};
use crate::sim::store::Row;

/// Sums what is still to be shipped on order lines.
pub(in super::super) fn on_sales_orders(service: &Service, item: &Row) -> Value {
    let lines = service.table("salesOrderLines");
    let id = item.id.to_string();
    let open = service
        .rows_with(lines, "itemId", &id)
        .map(|line| service.amount(lines, line, "quantity") - service.amount(lines, line, "shippedQuantity"));
    decimal(open.sum())
}

pub(in super::super) fn available(service: &Service, item: &Row) -> Value {
    let items = service.table("items");
    decimal(service.amount(items, item, "inventory") - service.amount(items, item, "reservedOnInventory"))
}

/// Makes a row for each item; this company keeps all stock at its first location. Only for items a filter names.
pub(in super::super) fn by_location(service: &Service, operation: &Operation<'_>) -> Result<Vec<Row>, Fault> {
    let filter = operation.query.get("$filter").and_then(|text| parse(text).ok());
    if !filter.is_some_and(|filter| names_item(&filter)) {
        return Err(Fault::dialog("You must specify an itemNumber to get the availability by location."));
    }
    let (items, locations) = (service.table("items"), service.table("locations"));
    let location = service.store.rows(locations).after_key(None).next();
    let location = location.map(|row| service.code_of_row(locations, row)).unwrap_or_default();
    let rows = service.store.rows(items).after_key(None).filter_map(|row| service.listed(row)).map(|item| {
        let column = |name: &str| service.column(items, item, name).clone();
        let values = vec![
            column("number"),
            json!(location),
            json!(""),
            column("inventory"),
            column("reservedOnInventory"),
            on_sales_orders(service, item),
            column("onPurchaseOrders"),
            column("inTransit"),
            available(service, item),
        ];
        Row { id: Uuid::new_v4(), version: item.version, values }
    });
    Ok(rows.collect())
}

fn names_item(expression: &Expression) -> bool {
    match expression {
        Expression::And(left, right) => names_item(left) || names_item(right),
        Expression::Compare { left: Operand::Property(name), operator: Operator::Equal, .. } => {
            name == "itemNumber"
        }
        _ => false,
    }
}

impl Service {
    /// Returns a column of a row as a number; zero if it is none.
    pub(in super::super) fn amount(&self, table: usize, row: &Row, name: &str) -> Decimal {
        as_decimal(self.column(table, row, name)).unwrap_or_default()
    }
}
