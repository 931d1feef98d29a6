//! Figures of customers and items, and the entries that tell when they may have moved. All read-only.

use crate::sim::business_central::companion::computed::availability::{self, by_location};
use crate::sim::business_central::companion::computed::statistics;
use crate::sim::business_central::companion::declare::{
    Declaration, Entry, READ, boolean, code, date, decimal, figure, integer, made, read, view,
};

pub(super) fn sets() -> Vec<Declaration> {
    vec![
        view(
            "customerStatistics",
            "customerStatistic",
            "customers",
            &["customerNumber"],
            READ,
            customer_statistic(),
        ),
        view("itemAvailability", "itemAvailability", "items", &["itemNumber"], READ, item_availability()),
        made(
            "itemAvailabilityByLocation",
            "itemAvailabilityByLocation",
            &["itemNumber", "locationCode", "variantCode"],
            by_location,
            vec![
                code("itemNumber", 20),
                code("locationCode", 10),
                code("variantCode", 10),
                decimal("inventory"),
                decimal("reservedOnInventory"),
                decimal("onSalesOrders"),
                decimal("onPurchaseOrders"),
                decimal("inTransit"),
                decimal("available"),
            ],
        ),
        view(
            "customerLedgerActivity",
            "customerLedgerActivity",
            "customerLedgerActivity",
            &["entryNumber"],
            READ,
            read(vec![
                integer("entryNumber"),
                integer("ledgerEntryNumber"),
                code("customerNumber", 20),
                date("postingDate"),
                code("documentNumber", 20),
                decimal("amountLCY"),
                boolean("unapplied"),
            ]),
        ),
        view(
            "itemLedgerActivity",
            "itemLedgerActivity",
            "itemLedgerEntries",
            &["entryNumber"],
            READ,
            read(vec![
                integer("entryNumber"),
                code("itemNumber", 20),
                code("variantCode", 10),
                code("locationCode", 10),
                date("postingDate"),
                decimal("quantity"),
                decimal("remainingQuantity"),
            ]),
        ),
    ]
}

fn customer_statistic() -> Vec<Entry> {
    let mut entries = vec![
        code("customerNumber", 20).stored_as("number"),
        figure(decimal("balance"), statistics::balance),
        figure(decimal("outstandingOrders"), statistics::outstanding_orders),
        figure(decimal("shippedNotInvoiced"), statistics::shipped_not_invoiced),
        figure(decimal("outstandingInvoices"), statistics::outstanding_invoices),
        // The service extension is not played: nothing is outstanding there.
        decimal("outstandingServiceOrders"),
        decimal("serviceShippedNotInvoiced"),
        decimal("outstandingServiceInvoices"),
        figure(decimal("total^"), statistics::total),
        decimal("creditLimit"),
        figure(decimal("overdueAmounts^"), statistics::overdue),
        figure(date("overdueAsOf^"), statistics::today),
        figure(decimal("salesThisYear^"), statistics::sales_this_year),
    ];
    // Prepayments are not played.
    entries.push(decimal("invoicedPrepayments^"));
    read(entries)
}

fn item_availability() -> Vec<Entry> {
    read(vec![
        code("itemNumber", 20).stored_as("number"),
        decimal("inventory"),
        decimal("reservedOnInventory"),
        figure(decimal("onSalesOrders"), availability::on_sales_orders),
        decimal("onPurchaseOrders"),
        decimal("inTransit"),
        figure(decimal("available^"), availability::available),
    ])
}
