//! Orders and quotes with the lines of both as one set, and posted invoices with theirs. What `o` marks in the contract is
//! written while the document is open.

use crate::sim::business_central::companion::computed::documents as computed;
use crate::sim::business_central::companion::declare::{
    ALL, Declaration, Entry, READ, boolean, code, date, decimal, figure, guid, integer, member, moment, pair,
    read, text, view,
};

const STATUS: &[&str] = &["Open", "Released", "Pending_x0020_Approval", "Pending_x0020_Prepayment"];
const TYPES: &[&str] =
    &["Quote", "Order", "Invoice", "Credit_x0020_Memo", "Blanket_x0020_Order", "Return_x0020_Order"];
const LINE_TYPES: &[&str] =
    &["Comment", "Account", "Item", "Resource", "Fixed_x0020_Asset", "Charge", "Allocation_x0020_Account"];
/// In the order in which a list of lines comes.
const LINE_KEY: &[&str] = &["documentType", "documentNumber", "sequence"];

pub(super) fn sets() -> Vec<Declaration> {
    let order_line =
        line(figure(member("documentType", "salesDocumentType", TYPES), computed::of_order), true);
    let quote_line =
        line(figure(member("documentType", "salesDocumentType", TYPES), computed::of_quote), false);
    vec![
        view("salesOrders", "salesOrder", "salesOrders", &["number"], ALL, order()).table(36, "Sales Header"),
        view("salesQuotes", "salesQuote", "salesQuotes", &["number"], ALL, quote()).table(36, "Sales Header"),
        view("salesLines", "salesLine", "salesOrderLines", LINE_KEY, ALL, order_line).table(37, "Sales Line"),
        view("salesLines", "salesLine", "salesQuoteLines", LINE_KEY, ALL, quote_line).table(37, "Sales Line"),
        view(
            "postedSalesInvoices",
            "postedSalesInvoice",
            "salesInvoices",
            &["number"],
            READ,
            read(posted_invoice()),
        )
        .table(112, "Sales Invoice Header")
        .only(computed::is_posted),
        view(
            "postedSalesInvoiceLines",
            "postedSalesInvoiceLine",
            "salesInvoiceLines",
            &["documentNumber", "sequence"],
            READ,
            read(posted_line()),
        )
        .table(113, "Sales Invoice Line")
        .only(computed::stands_in_posted),
    ]
}

fn parties() -> Vec<Entry> {
    vec![
        code("number", 20).insert(),
        pair("customerId^", "customerNumber", 20, "customers").insert(),
        text("customerName", 100).read(),
        pair("billToCustomerId^", "billToCustomerNumber", 20, "customers").while_open(),
        text("externalDocumentNumber", 35),
    ]
}

fn addresses() -> Vec<Entry> {
    vec![
        text("billToName", 100),
        text("billToAddressLine1", 100),
        text("billToAddressLine2", 50),
        code("billToCountry", 10),
        code("billToPostCode", 20),
        text("billToCity", 30),
        text("billToState", 30),
        text("shipToName", 100),
        text("shipToContact", 100),
        text("shipToAddressLine1", 100),
        text("shipToAddressLine2", 50),
        code("shipToCountry", 10),
        code("shipToPostCode", 20),
        text("shipToCity", 30),
        text("shipToState", 30),
    ]
}

fn references() -> Vec<Entry> {
    vec![
        pair("currencyId^", "currencyCode^", 10, "currencies").while_open(),
        boolean("pricesIncludeTax").while_open(),
        pair("opportunityId^", "opportunityNumber", 20, "opportunities"),
        pair("salespersonId^", "salesperson", 20, "salespeoplePurchasers"),
        pair("paymentTermsId^", "paymentTermsCode", 10, "paymentTerms"),
        pair("shipmentMethodId^", "shipmentMethodCode", 10, "shipmentMethods").while_open(),
        pair("shippingAgentId^", "shippingAgentCode", 10, "shippingAgents").while_open(),
        text("workDescription^", 2048),
    ]
}

fn totals() -> Vec<Entry> {
    vec![
        decimal("discountAmount").while_open(),
        decimal("totalAmountExcludingTax").read(),
        decimal("totalTaxAmount^").stored_as("totalTaxAmount").read(),
        decimal("totalAmountIncludingTax").read(),
    ]
}

fn open_document() -> Vec<Entry> {
    let mut entries = parties();
    entries.extend([text("yourReference", 35), date("postingDate")]);
    entries.extend(addresses());
    entries.extend(references());
    entries.extend([decimal("paymentDiscountPercent").while_open(), code("locationCode", 10).while_open()]);
    entries.push(date("requestedDeliveryDate").while_open());
    entries.extend(totals());
    entries
        .extend([figure(integer("documentOccurrence"), computed::once), integer("archivedVersions").read()]);
    entries
}

fn order() -> Vec<Entry> {
    let mut entries = open_document();
    entries.extend([
        date("orderDate"),
        figure(date("dueDate"), computed::due_date),
        figure(member("documentStatus", "salesDocumentStatus", STATUS), computed::order_status),
        figure(boolean("shipped"), computed::is_shipped),
        boolean("fullyShipped").read(),
        figure(date("lastShipmentDate"), computed::last_shipment),
        code("quoteNumber", 20).read(),
    ]);
    entries
}

fn quote() -> Vec<Entry> {
    let mut entries = open_document();
    entries.extend([
        date("documentDate"),
        date("dueDate"),
        member("documentStatus", "salesDocumentStatus", STATUS).read(),
        date("validUntilDate"),
        moment("sentDate").read(),
        date("acceptedDate").read(),
    ]);
    entries
}

/// What of a line is written while its document is open.
fn amounts() -> Vec<Entry> {
    let entries = vec![
        text("description", 100),
        text("description2", 50),
        pair("unitOfMeasureId^", "unitOfMeasureCode", 10, "unitsOfMeasure"),
        decimal("quantity"),
        decimal("unitPrice"),
        decimal("discountPercent"),
        decimal("discountAmount"),
        date("shipmentDate"),
    ];
    entries.into_iter().map(Entry::while_open).collect()
}

fn net_amounts() -> Vec<Entry> {
    read(vec![
        decimal("taxPercent"),
        decimal("invoiceDiscountAmount").stored_as("invoiceDiscountAllocation"),
        decimal("netAmount"),
        decimal("netAmountIncludingTax"),
    ])
}

/// What names the product of a line.
fn object() -> Vec<Entry> {
    let entries = vec![
        integer("sequence"),
        member("lineType^", "invoiceLineAggLineType", LINE_TYPES),
        code("lineObjectNumber", 20),
        guid("itemId^"),
        guid("resourceId^"),
        guid("accountId^"),
    ];
    entries.into_iter().map(Entry::insert).collect()
}

fn line(document_type: Entry, of_order: bool) -> Vec<Entry> {
    let [number, sell_to, bill_to, currency, unit_row, variant, location] =
        if of_order { computed::ORDER_LINE } else { computed::QUOTE_LINE };
    let mut entries = vec![
        document_type.insert(),
        guid("documentId^").insert(),
        figure(code("documentNumber", 20), number).insert(),
    ];
    entries.extend(object());
    entries.extend([
        figure(code("customerNumber", 20), sell_to),
        figure(code("billToCustomerNumber", 20), bill_to),
        figure(code("variantCode", 10), variant),
        figure(code("locationCode", 10), location),
        figure(guid("unitRowId^"), unit_row),
        figure(code("currencyCode^", 10), currency),
    ]);
    entries.extend(amounts());
    entries.extend(net_amounts());
    entries.extend([
        date("requestedDeliveryDate").while_open(),
        decimal("shippedQuantity").read(),
        decimal("invoicedQuantity").read(),
        figure(
            decimal("outstandingQuantity"),
            if of_order { computed::outstanding } else { computed::offered },
        ),
        integer("attachedToLineNumber").read(),
    ]);
    entries
}

fn posted_invoice() -> Vec<Entry> {
    let mut entries = vec![figure(guid("apiV2Id^"), computed::own_id)];
    entries.extend(parties());
    entries.extend([
        text("customerPurchaseOrderReference", 35),
        date("invoiceDate"),
        date("postingDate"),
        date("dueDate"),
        date("shipmentDate").stored_as("postingDate"),
    ]);
    entries.extend(addresses());
    entries.extend(references());
    entries.extend(totals());
    entries.extend([
        decimal("remainingAmount"),
        figure(boolean("closed"), computed::is_closed),
        figure(boolean("cancelled"), computed::is_cancelled),
        figure(boolean("corrective"), computed::is_corrective),
        code("orderNumber", 20),
        code("quoteNumber", 20),
        figure(integer("customerLedgerEntryNumber"), computed::ledger_entry),
    ]);
    entries
}

fn posted_line() -> Vec<Entry> {
    let [number, _, _, _, unit_row, ..] = computed::INVOICE_LINE;
    let mut entries = vec![guid("documentId^"), figure(code("documentNumber", 20), number)];
    entries.extend(object());
    entries.extend(amounts());
    entries.extend(net_amounts());
    entries.extend([
        figure(guid("unitRowId^"), unit_row),
        figure(code("orderNumber", 20), computed::order_number),
        figure(integer("orderSequence"), computed::order_sequence),
    ]);
    entries
}
