//! What the metadata does not say: which properties the pages of API v2.0 refuse to have written.
//!
//! Taken from the pages' own source. `items.inventory` and numbers are here because writing them does harm: the one
//! posts an item journal, the other renames the record everywhere.

use std::collections::BTreeSet;

use crate::model::{ColumnName, TableName};

/// Which writes a property takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writable {
    pub creatable: bool,
    pub updatable: bool,
}

pub const NEVER: Writable = Writable { creatable: false, updatable: false };
pub const CREATE_ONLY: Writable = Writable { creatable: true, updatable: false };
pub const ALWAYS: Writable = Writable { creatable: true, updatable: true };

/// What a new row must bring: names that may not be blank, and codes that no number series gives.
const REQUIRED: [(&str, &str); 8] = [
    ("currencies", "code"),
    ("customers", "displayName"),
    ("paymentTerms", "code"),
    ("salespeople", "code"),
    ("shipmentMethods", "code"),
    ("shippingAgents", "code"),
    ("unitsOfMeasure", "code"),
    ("vendors", "displayName"),
];

/// Returns the columns that a new row of a table must have a value in, as far as that is known.
pub fn required(table: &TableName) -> BTreeSet<ColumnName> {
    let known = REQUIRED.iter().filter(|(set, _)| *set == table.as_str());
    known.map(|(_, column)| ColumnName::new(*column)).collect()
}

/// Sets that take no writes at all.
const READ_ONLY_SETS: &[&str] = &[
    "accounts",
    "agedAccountsPayables",
    "agedAccountsReceivables",
    "companies",
    "contactsInformation",
    "currencyExchangeRates",
    "customerFinancialDetails",
    "dimensionValues",
    "dimensions",
    "generalLedgerEntries",
    "generalLedgerSetup",
    "generalProductPostingGroups",
    "inventoryPostingGroups",
    "itemLedgerEntries",
    "itemsAvailabilitiesByLocation",
    "salesShipmentLines",
    "salesShipments",
];

/// Properties that no page takes.
const READ_ONLY_EVERYWHERE: &[&str] = &[
    "Inventory",
    "SystemCreatedAt",
    "SystemCreatedBy",
    "SystemId",
    "SystemModifiedAt",
    "SystemModifiedBy",
    "balanceDue",
    "id",
    "inventory",
    "lastModifiedDateTime",
    "systemCreatedAt",
    "systemCreatedBy",
    "systemModifiedAt",
    "systemModifiedBy",
    "taxAreaDisplayName",
];

/// Properties that rename a row when they are changed, or cannot be changed once set.
const CREATE_ONLY_EVERYWHERE: &[&str] = &["Code", "No", "code", "documentId", "number", "sequence"];

const DOCUMENT: &[&str] = &[
    "customerName",
    "billToName",
    "number",
    "status",
    "totalAmountExcludingTax",
    "totalAmountIncludingTax",
    "totalTaxAmount",
];

const BILL_TO: &[&str] = &[
    "billToAddressLine1",
    "billToAddressLine2",
    "billToCity",
    "billToCountry",
    "billToPostCode",
    "billToState",
    "discountAppliedBeforeTax",
];

const LINE: &[&str] = &[
    "amountExcludingTax",
    "amountIncludingTax",
    "discountAppliedBeforeTax",
    "invoiceDiscountAllocation",
    "netAmount",
    "netAmountIncludingTax",
    "netTaxAmount",
    "taxPercent",
    "totalTaxAmount",
];

/// Properties that one set's page does not take, beside those above.
const READ_ONLY: &[(&str, &[&[&str]])] = &[
    ("companyInformation", &[&["currencyCode", "currentFiscalYearStartDate", "picture"]]),
    ("contacts", &[&["lastInteractionDate"]]),
    ("customerContacts", &[&["customerName"]]),
    ("defaultDimensions", &[&["dimensionCode", "dimensionValueCode"]]),
    (
        "opportunities",
        &[&[
            "calculatedCurrentValue",
            "chancesOfSuccessPrc",
            "closed",
            "completedPrc",
            "contactCompanyName",
            "contactName",
            "creationDate",
            "dateClosed",
            "estimatedClosingDate",
            "estimatedValue",
            "status",
        ]],
    ),
    ("salesCreditMemos", &[DOCUMENT, BILL_TO]),
    ("salesInvoiceLines", &[LINE]),
    (
        "salesInvoices",
        &[DOCUMENT, BILL_TO, &["orderId", "orderNumber", "pricesIncludeTax", "remainingAmount"]],
    ),
    ("salesOrderLines", &[LINE]),
    ("salesOrders", &[DOCUMENT, BILL_TO]),
    ("salesQuoteLines", &[LINE]),
    ("salesQuotes", &[DOCUMENT]),
    ("taxAreas", &[&["taxType"]]),
    ("taxGroups", &[&["taxType"]]),
    ("vendors", &[&["balance"]]),
];

/// Says which writes a property of a set takes.
pub fn writable(set: &str, property: &str) -> Writable {
    let own = READ_ONLY.iter().filter(|(name, _)| *name == set).flat_map(|(_, lists)| lists.iter());
    if READ_ONLY_SETS.contains(&set)
        || READ_ONLY_EVERYWHERE.contains(&property)
        || own.copied().any(|list| list.contains(&property))
    {
        NEVER
    } else if CREATE_ONLY_EVERYWHERE.contains(&property) {
        CREATE_ONLY
    } else {
        ALWAYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_refuses_or_what_does_harm_is_not_written() {
        let cases = [
            ("customers", "id", NEVER),
            ("customers", "number", CREATE_ONLY),
            ("customers", "balanceDue", NEVER),
            ("customers", "displayName", ALWAYS),
            ("vendors", "balance", NEVER),
            ("items", "inventory", NEVER),
            ("items", "unitPrice", ALWAYS),
            ("currencies", "code", CREATE_ONLY),
            ("salesOrders", "number", NEVER),
            ("salesOrders", "billToCity", NEVER),
            ("salesQuotes", "billToCity", ALWAYS),
            ("itemLedgerEntries", "description", NEVER),
        ];
        for (set, property, expected) in cases {
            assert_eq!(writable(set, property), expected, "{set}.{property}");
        }
    }
}
