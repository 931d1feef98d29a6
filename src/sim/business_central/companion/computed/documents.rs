//! What sales documents tell from their lines, their headers, and what was posted from them.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::products::ITEM;
use crate::sim::business_central::companion::schema::Figure;
use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::decimal;
use crate::sim::store::Row;

/// For the lines of one table: number, customer, who pays, and currency of the header, the unit row, variant and location.
pub(in super::super) const ORDER_LINE: [Figure; 7] = [
    |service, row| service.of_header("salesOrderLines", row, "number"),
    |service, row| service.code_in_header("salesOrderLines", row, "customerId", "customers"),
    |service, row| service.code_in_header("salesOrderLines", row, "billToCustomerId", "customers"),
    |service, row| service.currency_of_line("salesOrderLines", row),
    |service, row| service.unit_row_of_line("salesOrderLines", row),
    |service, row| service.code_behind("salesOrderLines", row, "itemVariantId", "itemVariants"),
    |service, row| service.code_behind("salesOrderLines", row, "locationId", "locations"),
];
pub(in super::super) const QUOTE_LINE: [Figure; 7] = [
    |service, row| service.of_header("salesQuoteLines", row, "number"),
    |service, row| service.code_in_header("salesQuoteLines", row, "customerId", "customers"),
    |service, row| service.code_in_header("salesQuoteLines", row, "billToCustomerId", "customers"),
    |service, row| service.currency_of_line("salesQuoteLines", row),
    |service, row| service.unit_row_of_line("salesQuoteLines", row),
    |service, row| service.code_behind("salesQuoteLines", row, "itemVariantId", "itemVariants"),
    |service, row| service.code_behind("salesQuoteLines", row, "locationId", "locations"),
];
pub(in super::super) const INVOICE_LINE: [Figure; 7] = [
    |service, row| service.of_header("salesInvoiceLines", row, "number"),
    |service, row| service.code_in_header("salesInvoiceLines", row, "customerId", "customers"),
    |service, row| service.code_in_header("salesInvoiceLines", row, "billToCustomerId", "customers"),
    |service, row| service.currency_of_line("salesInvoiceLines", row),
    |service, row| service.unit_row_of_line("salesInvoiceLines", row),
    |service, row| service.code_behind("salesInvoiceLines", row, "itemVariantId", "itemVariants"),
    |service, row| service.code_behind("salesInvoiceLines", row, "locationId", "locations"),
];

impl Service {
    /// Returns the table and row of the header a line stands below.
    pub(in super::super) fn header_of_line(&self, lines: &str, line: &Row) -> Option<(usize, &Row)> {
        let headers = match lines {
            "salesOrderLines" => "salesOrders",
            "salesQuoteLines" => "salesQuotes",
            _ => "salesInvoices",
        };
        let (headers, lines) = (self.table(headers), self.table(lines));
        let id = self.text_of(lines, line, "documentId").parse().ok()?;
        Some((headers, self.store.rows(headers).get(&id)?))
    }

    fn of_header(&self, lines: &str, line: &Row, name: &str) -> Value {
        let header = self.header_of_line(lines, line);
        header.map_or(json!(""), |(headers, header)| self.column(headers, header, name).clone())
    }

    fn code_in_header(&self, lines: &str, line: &Row, name: &str, target: &str) -> Value {
        let header = self.header_of_line(lines, line);
        header.map_or(json!(""), |(headers, header)| self.code_named(headers, header, name, target).into())
    }

    fn currency_of_line(&self, lines: &str, line: &Row) -> Value {
        let code = self.code_in_header(lines, line, "currencyId", "currencies");
        if code == "" { self.local_currency().into() } else { code }
    }

    fn code_behind(&self, lines: &str, line: &Row, name: &str, target: &str) -> Value {
        self.code_named(self.table(lines), line, name, target).into()
    }

    /// Returns the code of the row that an id in a row names; blank if it names none.
    fn code_named(&self, table: usize, row: &Row, name: &str, target: &str) -> String {
        let target = self.table(target);
        let id = self.text_of(table, row, name).parse().ok();
        let found = id.and_then(|id: Uuid| self.store.rows(target).get(&id));
        found.map(|found| self.text_of(target, found, self.code_name(target)).to_owned()).unwrap_or_default()
    }

    /// A variant's code is unique below its item only.
    fn code_name(&self, table: usize) -> &'static str {
        if self.sets[table].position("code").is_some() { "code" } else { self.sets[table].key }
    }

    fn unit_row_of_line(&self, lines: &str, line: &Row) -> Value {
        let table = self.table(lines);
        if self.text_of(table, line, "lineType") != "Item" {
            return json!(Uuid::nil());
        }
        let unit = self.code_named(table, line, "unitOfMeasureId", "unitsOfMeasure");
        self.unit_row(&ITEM, self.text_of(table, line, "lineObjectNumber"), &unit)
    }

    fn status_of<'a>(&self, invoice: &'a Row) -> &'a str {
        self.text_of(self.table("salesInvoices"), invoice, "status")
    }
}

pub(in super::super) fn of_order(_: &Service, _: &Row) -> Value {
    json!("Order")
}

pub(in super::super) fn of_quote(_: &Service, _: &Row) -> Value {
    json!("Quote")
}

/// No number is given out twice, so each document is the first of its number.
pub(in super::super) fn once(_: &Service, _: &Row) -> Value {
    json!(1)
}

pub(in super::super) fn own_id(_: &Service, row: &Row) -> Value {
    json!(row.id)
}

/// What v2.0 calls a draft is open, what it calls open is released.
pub(in super::super) fn order_status(service: &Service, order: &Row) -> Value {
    json!(match service.text_of(service.table("salesOrders"), order, "status") {
        "Open" => "Released",
        "In_x0020_Review" => "Pending_x0020_Approval",
        _ => "Open",
    })
}

pub(in super::super) fn due_date(service: &Service, order: &Row) -> Value {
    let orders = service.table("salesOrders");
    let terms = service.text_of(orders, order, "paymentTermsId").parse().unwrap_or_default();
    service.due_date(service.text_of(orders, order, "orderDate"), terms).into()
}

pub(in super::super) fn is_shipped(service: &Service, order: &Row) -> Value {
    let (lines, id) = (service.table("salesOrderLines"), order.id.to_string());
    let mut lines_of = service.rows_with(lines, "documentId", &id);
    json!(lines_of.any(|line| service.amount(lines, line, "shippedQuantity") > Decimal::ZERO))
}

pub(in super::super) fn last_shipment(service: &Service, order: &Row) -> Value {
    let shipments = service.table("salesShipments");
    let number = service.code_of_row(service.table("salesOrders"), order);
    let dates = service
        .rows_with(shipments, "orderNumber", number)
        .map(|shipment| service.text_of(shipments, shipment, "postingDate"));
    dates.max().unwrap_or("0001-01-01").into()
}

pub(in super::super) fn outstanding(service: &Service, line: &Row) -> Value {
    let lines = service.table("salesOrderLines");
    decimal(service.amount(lines, line, "quantity") - service.amount(lines, line, "shippedQuantity"))
}

/// Nothing of a quote is shipped.
pub(in super::super) fn offered(service: &Service, line: &Row) -> Value {
    decimal(service.amount(service.table("salesQuoteLines"), line, "quantity"))
}

pub(in super::super) fn is_posted(service: &Service, invoice: &Row) -> bool {
    matches!(service.status_of(invoice), "Open" | "Paid" | "Canceled" | "Corrective")
}

pub(in super::super) fn stands_in_posted(service: &Service, line: &Row) -> bool {
    let header = service.header_of_line("salesInvoiceLines", line);
    header.is_some_and(|(_, header)| is_posted(service, header))
}

pub(in super::super) fn is_closed(service: &Service, invoice: &Row) -> Value {
    let invoices = service.table("salesInvoices");
    json!(service.amount(invoices, invoice, "remainingAmount").is_zero())
}

pub(in super::super) fn is_cancelled(service: &Service, invoice: &Row) -> Value {
    json!(service.status_of(invoice) == "Canceled")
}

pub(in super::super) fn is_corrective(service: &Service, invoice: &Row) -> Value {
    json!(service.status_of(invoice) == "Corrective")
}

pub(in super::super) fn ledger_entry(service: &Service, invoice: &Row) -> Value {
    let entries = service.table("customerLedgerActivity");
    let number = service.code_of_row(service.table("salesInvoices"), invoice);
    let mut found = service.rows_with(entries, "documentNumber", number);
    found.next().map_or(json!(0), |entry| service.column(entries, entry, "ledgerEntryNumber").clone())
}

pub(in super::super) fn order_number(service: &Service, line: &Row) -> Value {
    service.of_header("salesInvoiceLines", line, "orderNumber")
}

/// Lines keep their place when an order is invoiced.
pub(in super::super) fn order_sequence(service: &Service, line: &Row) -> Value {
    if order_number(service, line) == "" {
        return json!(0);
    }
    service.column(service.table("salesInvoiceLines"), line, "sequence").clone()
}
