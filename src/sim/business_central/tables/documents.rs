//! Sales documents: orders, quotes, invoices and shipments, each a set of headers and a set of lines.

use super::super::schema::{Column, Document, Kind, Role, Set, Verbs};
use super::columns::{
    boolean, code, code_in, column, date, decimal, id, modified, pair, read_only, reference, set, text,
};

const ORDER_STATUS: &[&str] = &["Draft", "In_x0020_Review", "Open"];
const QUOTE_STATUS: &[&str] = &["Draft", "Sent", "Accepted", "Expired_x0020_"];
const INVOICE_STATUS: &[&str] =
    &["_x0020_", "Draft", "In_x0020_Review", "Open", "Paid", "Canceled", "Corrective"];
const LINE_TYPES: &[&str] =
    &["Comment", "Account", "Item", "Resource", "Fixed_x0020_Asset", "Charge", "Allocation_x0020_Account"];

pub(super) fn all() -> Vec<Set> {
    vec![
        orders(),
        order_lines(),
        quotes(),
        quote_lines(),
        invoices(),
        invoice_lines(),
        shipments(),
        shipment_lines(),
    ]
}

fn orders() -> Set {
    let mut columns = head();
    columns.extend([date("orderDate"), date("postingDate")]);
    columns.extend(customer());
    columns.extend(addresses(true));
    columns.extend(terms());
    columns.extend([boolean("pricesIncludeTax"), boolean("partialShipping"), date("requestedDeliveryDate")]);
    columns.push(read_only(boolean("discountAppliedBeforeTax")));
    columns.extend(totals());
    columns.extend([boolean("fullyShipped"), status("salesOrderEntityBufferStatus", ORDER_STATUS)]);
    columns.extend(reach());
    Set {
        series: Some("SO"),
        role: Role::Document(Document::Order),
        ..set("salesOrders", "salesOrder", (5495, "Sales Order Entity Buffer"), "number", columns)
    }
}

fn quotes() -> Set {
    let mut columns = head();
    columns.extend([date("documentDate"), date("postingDate"), date("dueDate")]);
    columns.extend(customer());
    columns.extend(addresses(false));
    columns.extend(terms());
    columns.extend(totals());
    columns.push(status("salesQuoteEntityBufferStatus", QUOTE_STATUS));
    columns.extend([column("sentDate", Kind::DateTime), date("validUntilDate"), date("acceptedDate")]);
    columns.extend(reach());
    Set {
        series: Some("SQ"),
        role: Role::Document(Document::Quote),
        ..set("salesQuotes", "salesQuote", (5505, "Sales Quote Entity Buffer"), "number", columns)
    }
}

fn invoices() -> Set {
    let mut columns = head();
    columns.extend([
        date("invoiceDate"),
        date("postingDate"),
        date("dueDate"),
        date("promisedPayDate"),
        text("customerPurchaseOrderReference", 35),
    ]);
    columns.extend(customer());
    columns.extend([
        column("disputeStatusId", Kind::Id),
        code("disputeStatus", 10),
        read_only(column("orderId", Kind::Id)),
        read_only(code("orderNumber", 20)),
    ]);
    columns.extend(addresses(true));
    columns.extend(terms());
    columns.extend([
        read_only(boolean("pricesIncludeTax")),
        read_only(decimal("remainingAmount")),
        read_only(boolean("discountAppliedBeforeTax")),
    ]);
    columns.extend(totals());
    columns.push(status("invoiceEntityAggregateStatus", INVOICE_STATUS));
    columns.extend(reach());
    Set {
        series: Some("SI"),
        role: Role::Document(Document::Invoice),
        ..set("salesInvoices", "salesInvoice", (5475, "Sales Invoice Entity Aggregate"), "number", columns)
    }
}

fn shipments() -> Set {
    let mut columns = vec![
        id(),
        code("number", 20),
        text("externalDocumentNumber", 35),
        date("invoiceDate"),
        date("postingDate"),
        date("dueDate"),
        text("customerPurchaseOrderReference", 35),
    ];
    columns.extend(customer());
    columns.extend(addresses(true));
    columns.extend([
        code("currencyCode", 10),
        code("orderNumber", 20),
        code("paymentTermsCode", 10),
        code("shipmentMethodCode", 10),
        code("salesperson", 20),
        boolean("pricesIncludeTax"),
    ]);
    columns.extend(reach());
    let columns = columns.into_iter().map(read_only).collect();
    Set {
        verbs: Verbs::Read,
        role: Role::Document(Document::Shipment),
        ..set("salesShipments", "salesShipment", (110, "Sales Shipment Header"), "number", columns)
    }
}

fn order_lines() -> Set {
    let mut columns = line("salesOrders");
    columns.extend([
        date("shipmentDate"),
        decimal("shippedQuantity"),
        decimal("invoicedQuantity"),
        decimal("invoiceQuantity"),
        decimal("shipQuantity"),
    ]);
    lines("salesOrderLines", "salesOrderLine", (37, "Sales Line"), Document::Order, columns)
}

fn quote_lines() -> Set {
    let columns = line("salesQuotes");
    lines("salesQuoteLines", "salesQuoteLine", (37, "Sales Line"), Document::Quote, columns)
}

fn invoice_lines() -> Set {
    let mut columns = line("salesInvoices");
    columns.push(date("shipmentDate"));
    let table = (5476, "Sales Invoice Line Aggregate");
    lines("salesInvoiceLines", "salesInvoiceLine", table, Document::Invoice, columns)
}

fn shipment_lines() -> Set {
    let columns = vec![
        id(),
        reference("documentId", "salesShipments"),
        code("documentNo", 20),
        column("sequence", Kind::Integer),
        column("lineType", Kind::Enum("invoiceLineAggregateLineType", LINE_TYPES)),
        code("lineObjectNumber", 20),
        text("description", 100),
        text("description2", 50),
        code("unitOfMeasureCode", 10),
        decimal("unitPrice"),
        decimal("quantity"),
        decimal("discountPercent"),
        decimal("taxPercent"),
        date("shipmentDate"),
        column("key", Kind::Composed(&["documentId", "sequence"])),
    ];
    let columns = columns.into_iter().map(read_only).collect();
    let lines = lines(
        "salesShipmentLines",
        "salesShipmentLine",
        (111, "Sales Shipment Line"),
        Document::Shipment,
        columns,
    );
    Set { verbs: Verbs::Read, ..lines }
}

fn lines(
    name: &'static str,
    entity: &'static str,
    table: (u32, &'static str),
    document: Document,
    columns: Vec<Column>,
) -> Set {
    Set {
        part_of: Some("documentId"),
        role: Role::Line(document),
        ..set(name, entity, table, "key", columns)
    }
}

fn head() -> Vec<Column> {
    vec![id(), read_only(code("number", 20)), text("externalDocumentNumber", 35)]
}

fn customer() -> Vec<Column> {
    let mut columns = pair("customerId", "customers", "customerNumber", 20).to_vec();
    columns.push(read_only(text("customerName", 100)));
    columns.push(read_only(text("billToName", 100)));
    columns.extend(pair("billToCustomerId", "customers", "billToCustomerNumber", 20));
    columns.extend([text("shipToName", 100), text("shipToContact", 100)]);
    columns
}

/// Sell-to, bill-to and ship-to; where it is billed to can be written on quotes only.
fn addresses(bill_to_read_only: bool) -> Vec<Column> {
    let block = |names: [&'static str; 6]| {
        [
            text(names[0], 100),
            text(names[1], 50),
            text(names[2], 30),
            code(names[3], 10),
            text(names[4], 30),
            code(names[5], 20),
        ]
    };
    let mut columns = block([
        "sellToAddressLine1",
        "sellToAddressLine2",
        "sellToCity",
        "sellToCountry",
        "sellToState",
        "sellToPostCode",
    ])
    .to_vec();
    let bill_to = block([
        "billToAddressLine1",
        "billToAddressLine2",
        "billToCity",
        "billToCountry",
        "billToState",
        "billToPostCode",
    ]);
    columns.extend(bill_to.map(|column| if bill_to_read_only { read_only(column) } else { column }));
    columns.extend(block([
        "shipToAddressLine1",
        "shipToAddressLine2",
        "shipToCity",
        "shipToCountry",
        "shipToState",
        "shipToPostCode",
    ]));
    columns
}

fn terms() -> Vec<Column> {
    let mut columns = vec![code("shortcutDimension1Code", 20), code("shortcutDimension2Code", 20)];
    columns.extend(pair("currencyId", "currencies", "currencyCode", 10));
    columns.extend([
        reference("paymentTermsId", "paymentTerms"),
        reference("shipmentMethodId", "shipmentMethods"),
        code_in("salesperson", 20, "salespeoplePurchasers"),
    ]);
    columns
}

fn totals() -> Vec<Column> {
    vec![
        decimal("discountAmount"),
        read_only(decimal("totalAmountExcludingTax")),
        read_only(decimal("totalTaxAmount")),
        read_only(decimal("totalAmountIncludingTax")),
    ]
}

fn status(name: &'static str, members: &'static [&'static str]) -> Column {
    read_only(column("status", Kind::Enum(name, members)))
}

fn reach() -> Vec<Column> {
    vec![text("phoneNumber", 30), text("email", 80), modified()]
}

fn line(document: &'static str) -> Vec<Column> {
    let mut columns = vec![
        id(),
        reference("documentId", document),
        column("sequence", Kind::Integer),
        reference("itemId", "items"),
        reference("accountId", "accounts"),
        column("lineType", Kind::Enum("invoiceLineAggregateLineType", LINE_TYPES)),
        code("lineObjectNumber", 20),
        text("description", 100),
        text("description2", 50),
    ];
    columns.extend(pair("unitOfMeasureId", "unitsOfMeasure", "unitOfMeasureCode", 10));
    columns.extend([
        decimal("quantity"),
        decimal("unitPrice"),
        decimal("discountAmount"),
        decimal("discountPercent"),
        read_only(boolean("discountAppliedBeforeTax")),
        read_only(decimal("amountExcludingTax")),
        code("taxCode", 50),
        read_only(decimal("taxPercent")),
        read_only(decimal("totalTaxAmount")),
        read_only(decimal("amountIncludingTax")),
    ]);
    if document != "salesQuotes" {
        columns.push(read_only(decimal("invoiceDiscountAllocation")));
    }
    columns.extend([
        read_only(decimal("netAmount")),
        read_only(decimal("netTaxAmount")),
        read_only(decimal("netAmountIncludingTax")),
        reference("itemVariantId", "itemVariants"),
        reference("locationId", "locations"),
        column("key", Kind::Composed(&["documentId", "sequence"])),
    ]);
    columns
}
