//! Unit rows, unit groups and vendors of items and resources.

use serde_json::Value;
use uuid::Uuid;

use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

/// The names by which a product and its units find each other.
pub(super) struct Product {
    table: &'static str,
    units: &'static str,
    number: &'static str,
}

pub(super) const ITEM: Product =
    Product { table: "items", units: "itemUnitsOfMeasure", number: "itemNumber" };
pub(super) const RESOURCE: Product =
    Product { table: "resources", units: "resourceUnitsOfMeasure", number: "resourceNumber" };

impl Service {
    /// Returns the code of a product's base unit, which items keep as an id and resources as a code.
    pub(in super::super) fn base_unit<'a>(&'a self, table: usize, row: &'a Row) -> &'a str {
        let id = self.text_of(table, row, "baseUnitOfMeasureId");
        if id.is_empty() {
            return self.text_of(table, row, "baseUnitOfMeasureCode");
        }
        let units = self.table("unitsOfMeasure");
        let unit = id.parse().ok().and_then(|id: Uuid| self.store.rows(units).get(&id));
        unit.map(|unit| self.code_of_row(units, unit)).unwrap_or_default()
    }

    fn base_row(&self, product: &Product, row: &Row) -> Value {
        let table = self.table(product.table);
        self.unit_row(product, self.code_of_row(table, row), self.base_unit(table, row))
    }

    pub(super) fn unit_row(&self, product: &Product, number: &str, code: &str) -> Value {
        let units = self.table(product.units);
        let found = self
            .rows_with(units, product.number, number)
            .find(|row| self.text_of(units, row, "code").eq_ignore_ascii_case(code));
        Value::String(found.map_or(Uuid::nil(), |row| row.id).to_string())
    }

    fn product_of(&self, product: &Product, unit: &Row) -> Option<&Row> {
        let number = self.column(self.table(product.units), unit, product.number);
        self.by_code(self.table(product.table), number)
    }

    fn group(&self, product: &Product, unit: &Row) -> Value {
        Value::String(self.product_of(product, unit).map_or(Uuid::nil(), |row| row.id).to_string())
    }

    fn is_base(&self, product: &Product, unit: &Row) -> Value {
        let code = self.text_of(self.table(product.units), unit, "code");
        let base = self.product_of(product, unit).map(|row| self.base_unit(self.table(product.table), row));
        Value::Bool(base.is_some_and(|base| base.eq_ignore_ascii_case(code)))
    }

    fn vendor_name(&self, product: &Product, row: &Row) -> Value {
        let vendors = self.table("vendors");
        let vendor = self.by_code(vendors, self.column(self.table(product.table), row, "vendorNumber"));
        vendor.map(|vendor| self.text_of(vendors, vendor, "displayName")).unwrap_or_default().into()
    }
}

pub(in super::super) fn base_row_of_item(service: &Service, row: &Row) -> Value {
    service.base_row(&ITEM, row)
}

pub(in super::super) fn base_row_of_resource(service: &Service, row: &Row) -> Value {
    service.base_row(&RESOURCE, row)
}

pub(in super::super) fn group_of_item_unit(service: &Service, row: &Row) -> Value {
    service.group(&ITEM, row)
}

pub(in super::super) fn group_of_resource_unit(service: &Service, row: &Row) -> Value {
    service.group(&RESOURCE, row)
}

pub(in super::super) fn is_base_of_item(service: &Service, row: &Row) -> Value {
    service.is_base(&ITEM, row)
}

pub(in super::super) fn is_base_of_resource(service: &Service, row: &Row) -> Value {
    service.is_base(&RESOURCE, row)
}

pub(in super::super) fn vendor_name_of_item(service: &Service, row: &Row) -> Value {
    service.vendor_name(&ITEM, row)
}

pub(in super::super) fn vendor_name_of_resource(service: &Service, row: &Row) -> Value {
    service.vendor_name(&RESOURCE, row)
}
