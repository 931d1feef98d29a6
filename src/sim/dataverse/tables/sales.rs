//! Opportunities and documents: quotes, orders, invoices and their lines.

use super::columns::{
    address, boolean, calculated_money, choice, column, customer, date, date_time, decimal, integer, lookup,
    memo, money, parent, read_only, table, text,
};
use super::options::{FREIGHT_TERMS, PAYMENT_TERMS, SHIPPING_METHODS, State, Status};
use crate::sim::dataverse::schema::{Column, Kind, Table};

const OPPORTUNITY_STATES: &[State] = &[(0, "Open", 1, false), (1, "Won", 3, true), (2, "Lost", 4, true)];
const OPPORTUNITY_STATUSES: &[Status] =
    &[(1, "In Progress", 0), (2, "On Hold", 0), (3, "Won", 1), (4, "Canceled", 2), (5, "Out-Sold", 2)];
const QUOTE_STATES: &[State] =
    &[(0, "Draft", 1, false), (1, "Active", 2, true), (2, "Won", 4, true), (3, "Closed", 5, true)];
const QUOTE_STATUSES: &[Status] = &[
    (1, "In Progress", 0),
    (2, "In Progress", 1),
    (3, "Open", 1),
    (4, "Won", 2),
    (5, "Lost", 3),
    (6, "Canceled", 3),
    (7, "Revised", 3),
];
/// A submitted order still takes changes: that is how the other side answers it.
const ORDER_STATES: &[State] = &[
    (0, "Active", 1, false),
    (1, "Submitted", 3, false),
    (2, "Canceled", 4, true),
    (3, "Fulfilled", 100_001, true),
    (4, "Invoiced", 100_003, true),
];
const ORDER_STATUSES: &[Status] = &[
    (1, "New", 0),
    (2, "Pending", 0),
    (3, "In Progress", 1),
    (4, "No Money", 2),
    (100_001, "Complete", 3),
    (100_002, "Partial", 3),
    (100_003, "Invoiced", 4),
];
const INVOICE_STATES: &[State] = &[
    (0, "Active", 1, false),
    (1, "Closed (deprecated)", 3, true),
    (2, "Paid", 100_001, true),
    (3, "Canceled", 100_003, true),
];
const INVOICE_STATUSES: &[Status] = &[
    (1, "New", 0),
    (2, "Partially Shipped", 0),
    (4, "Billed", 0),
    (5, "Booked (applies to services)", 0),
    (6, "Installed (applies to services)", 0),
    (3, "Canceled (deprecated)", 1),
    (7, "Paid in Full (deprecated)", 1),
    (100_001, "Complete", 2),
    (100_002, "Partial", 2),
    (100_003, "Canceled", 3),
];
const LINE_TYPES: &[(i64, &str)] = &[
    (1, "Product"),
    (2, "Bundle"),
    (3, "Required Bundle Product"),
    (4, "Optional Bundle Product"),
    (5, "Project-based Service"),
];

pub(super) fn tables() -> Vec<Table> {
    let lines = [
        line("QuoteDetail", "quotedetails", 1085, parent("quoteid", "quote", "quote_details")),
        line(
            "SalesOrderDetail",
            "salesorderdetails",
            1089,
            parent("salesorderid", "salesorder", "order_details"),
        ),
        line("InvoiceDetail", "invoicedetails", 1091, parent("invoiceid", "invoice", "invoice_details")),
    ];
    [opportunity(), quote(), salesorder(), invoice()].into_iter().chain(lines).collect()
}

fn opportunity() -> Table {
    table("Opportunity", "opportunities", "name", 3)
        .with([
            text("name", 300),
            memo("description"),
            lookup("parentaccountid", "account", "opportunity_parent_account", false),
            lookup("parentcontactid", "contact", "opportunity_parent_contact", false),
            customer("customerid", "opportunity"),
            lookup("pricelevelid", "pricelevel", "price_level_opportunties", false),
            boolean("isrevenuesystemcalculated"),
            date("estimatedclosedate"),
            date("actualclosedate"),
            integer("closeprobability", 0, 100),
        ])
        .with(money("estimatedvalue"))
        .with(money("actualvalue"))
        .with_currency()
        .owned()
        .kept_in_states(OPPORTUNITY_STATES, OPPORTUNITY_STATUSES)
}

/// What quotes, orders and invoices have in common.
fn document(schema_name: &str, set: &str, code: u32, number: &str) -> Table {
    let name = schema_name.to_lowercase();
    let text_of = |part: &str, max| text(part, max);
    table(schema_name, set, "name", code)
        .with([
            text_of("name", 300),
            Column { update: false, ..text_of(number, 100) },
            memo("description"),
            customer("customerid", &name),
            lookup("pricelevelid", "pricelevel", &format!("price_level_{name}s"), false),
            lookup("opportunityid", "opportunity", &format!("opportunity_{name}s"), false),
            boolean("ispricelocked"),
            decimal("discountpercentage", 5),
            choice("paymenttermscode", PAYMENT_TERMS),
            choice("shippingmethodcode", SHIPPING_METHODS),
            text_of("shipto_name", 200),
            text_of("billto_name", 200),
        ])
        .with(address("shipto"))
        .with(address("billto"))
        .with(money("discountamount"))
        .with(money("freightamount"))
        .with(money("totalamountlessfreight"))
        .with(money("totalamount"))
        .with(money("totaltax"))
        .with(calculated_money("totallineitemamount"))
        .with_currency()
        .owned()
}

fn quote() -> Table {
    document("Quote", "quotes", 1084, "quotenumber")
        .with([
            integer("revisionnumber", 0, 2_147_483_647),
            date("effectivefrom"),
            date("effectiveto"),
            date("expireson"),
            date("requestdeliveryby"),
            choice("freighttermscode", FREIGHT_TERMS),
        ])
        .kept_in_states(QUOTE_STATES, QUOTE_STATUSES)
}

fn salesorder() -> Table {
    document("SalesOrder", "salesorders", 1088, "ordernumber")
        .with([
            lookup("quoteid", "quote", "quote_orders", false),
            date("datefulfilled"),
            date("requestdeliveryby"),
            date_time("lastbackofficesubmit"),
            choice("freighttermscode", FREIGHT_TERMS),
        ])
        .kept_in_states(ORDER_STATES, ORDER_STATUSES)
}

fn invoice() -> Table {
    document("Invoice", "invoices", 1090, "invoicenumber")
        .with([
            lookup("salesorderid", "salesorder", "order_invoices", false),
            date("duedate"),
            date("datedelivered"),
        ])
        .kept_in_states(INVOICE_STATES, INVOICE_STATUSES)
}

/// A line of a document; it goes with its document.
fn line(schema_name: &str, set: &str, code: u32, document: Column) -> Table {
    let name = schema_name.to_lowercase();
    let of = |column: &str, target: &str| lookup(column, target, &format!("{target}_{name}s"), false);
    table(schema_name, set, "productdescription", code)
        .with([
            document,
            of("productid", "product"),
            of("uomid", "uom"),
            choice("producttypecode", LINE_TYPES),
            text("productdescription", 500),
            memo("description"),
            boolean("ispriceoverridden"),
            boolean("isproductoverridden"),
            integer("lineitemnumber", 0, 1_000_000_000),
            decimal("quantity", 5),
            decimal("quantityshipped", 5),
            date("requestdeliveryby"),
        ])
        .with(money("priceperunit"))
        .with(money("manualdiscountamount"))
        .with(money("tax"))
        .with(money("baseamount"))
        .with(money("extendedamount"))
        .with_currency()
        .with([read_only(column("salesrepid", Kind::Id))])
        .stamped()
}
