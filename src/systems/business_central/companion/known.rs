//! What the companion's metadata does not say: which properties its pages take, and which they compute.
//!
//! Taken from the contract, set by set. A set that is not here was added by a later revision and is only read.

use crate::model::TableAbilities;
use crate::systems::business_central::known::{ALWAYS, CREATE_ONLY, NEVER, Writable};

/// Sets that hold no rows of business: the companion's own state.
pub const CONTROL_SETS: [&str; 4] = ["deletedRows", "itemAvailabilityByLocation", "syncState", "users"];

/// Sets of figures and entries, of whose rows there are no tombstones.
const FIGURES: [&str; 5] = [
    "customerLedgerActivity",
    "customerStatistics",
    "itemAvailability",
    "itemLedgerActivity",
    "opportunityEntries",
];

/// Properties of every set that no page takes. The row's id is minted by us and is no mapped column.
const READ_ONLY_EVERYWHERE: [&str; 7] = [
    "id",
    "lastModifiedDateTime",
    "rowVersion",
    "systemCreatedAt",
    "systemCreatedBy",
    "systemModifiedAt",
    "systemModifiedBy",
];

/// A set that takes writes. The lists are names with blanks between them.
struct Written {
    set: &'static str,
    create_only: &'static str,
    read_only: &'static str,
}

const fn written(set: &'static str, create_only: &'static str, read_only: &'static str) -> Written {
    Written { set, create_only, read_only }
}

const WRITTEN: &[Written] = &[
    written(
        "contacts",
        "number type",
        "companyName contactBusinessRelation relatedCustomerId relatedCustomerNumber \
        relatedVendorId relatedVendorNumber",
    ),
    written("currencies", "code", "amountDecimalPlaces amountRoundingPrecision"),
    written("customers", "number templateCode", "companyContactId companyContactNumber"),
    written("items", "number templateCode type", "inventory unitRowId vendorName"),
    written(
        "opportunities",
        "number salesCycleCode",
        "calculatedCurrentValue chancesOfSuccessPrc closed completedPrc \
        contactCompanyId contactCompanyName contactCompanyNumber contactName creationDate dateClosed \
        estimatedClosingDate estimatedValue probability status",
    ),
    written("paymentTerms", "code", ""),
    written("recordLinks", "created parentEntitySetName parentId type", "linkId userId"),
    written("resources", "number", "capacity unitRowId vendorName"),
    written(
        "salesLines",
        "accountId documentId documentNumber documentType itemId lineObjectNumber lineType resourceId \
        sequence",
        "attachedToLineNumber billToCustomerNumber currencyCode customerNumber invoiceDiscountAmount \
        invoicedQuantity netAmount netAmountIncludingTax outstandingQuantity shippedQuantity taxPercent unitRowId",
    ),
    written(
        "salesOrders",
        "customerId customerNumber number",
        "archivedVersions customerName documentOccurrence \
        documentStatus fullyShipped lastShipmentDate quoteNumber shipped totalAmountExcludingTax \
        totalAmountIncludingTax totalTaxAmount",
    ),
    written(
        "salesQuotes",
        "customerId customerNumber number",
        "acceptedDate archivedVersions customerName \
        documentOccurrence documentStatus sentDate totalAmountExcludingTax totalAmountIncludingTax totalTaxAmount",
    ),
    written("salespeople", "code", ""),
    written("shipmentMethods", "code", ""),
    written("shippingAgents", "code", ""),
    written("unitsOfMeasure", "code", ""),
    written("vendors", "number templateCode", "companyContactId companyContactNumber"),
];

/// Sets whose documents share their computed properties.
const DOCUMENT: &str = "billToCustomerId currencyCode currencyId customerId opportunityId paymentTermsId \
    salespersonId shipmentMethodId shippingAgentId totalTaxAmount workDescription";

/// Properties that a page computes: they can be neither filtered nor ordered by.
const COMPUTED: &[(&str, &str)] = &[
    ("contactBusinessRelations", "contactId"),
    (
        "contacts",
        "companyId currencyCode currencyId relatedCustomerId relatedCustomerNumber relatedVendorId \
        relatedVendorNumber salespersonId",
    ),
    ("customerStatistics", "invoicedPrepayments overdueAmounts overdueAsOf salesThisYear total"),
    (
        "customers",
        "companyContactId companyContactNumber currencyCode customerPriceGroupId primaryContactId \
        salespersonId shippingAgentId templateCode",
    ),
    ("itemAvailability", "available"),
    ("itemUnitsOfMeasure", "baseUnit itemId unitGroupId unitOfMeasureId"),
    ("items", "templateCode unitRowId vendorId vendorName"),
    ("opportunities", "contactCompanyId contactId salespersonId"),
    ("postedSalesInvoiceLines", "accountId documentId itemId lineType resourceId unitOfMeasureId unitRowId"),
    ("postedSalesInvoices", DOCUMENT),
    ("postedSalesInvoices", "apiV2Id"),
    ("priceListHeaders", "currencyCode currencyId"),
    ("priceListLines", "currencyCode currencyId priceListId unitOfMeasureId unitRowId"),
    ("resourceUnitsOfMeasure", "baseUnit resourceId unitGroupId unitOfMeasureId"),
    ("resources", "baseUnitOfMeasureId unitRowId vendorId vendorName"),
    ("salesLines", "accountId currencyCode documentId itemId lineType resourceId unitOfMeasureId unitRowId"),
    ("salesOrders", DOCUMENT),
    ("salesPrices", "currencyCode currencyId customerPriceGroupId itemId unitOfMeasureId unitRowId"),
    ("salesQuotes", DOCUMENT),
    (
        "vendors",
        "companyContactId companyContactNumber currencyCode primaryContactId purchaserId shipmentMethodId \
        shippingAgentId templateCode",
    ),
];

/// Says which writes a property of a set takes.
pub fn writable(set: &str, property: &str) -> Writable {
    let Some(written) = WRITTEN.iter().find(|written| written.set == set) else { return NEVER };
    if READ_ONLY_EVERYWHERE.contains(&property) || names(written.read_only, property) {
        NEVER
    } else if names(written.create_only, property) {
        CREATE_ONLY
    } else {
        ALWAYS
    }
}

/// Says what can be done with a set.
pub fn abilities(set: &str) -> TableAbilities {
    TableAbilities {
        takes_ids: WRITTEN.iter().any(|written| written.set == set),
        lists_deletions: !FIGURES.contains(&set),
        dirty_reads: false,
    }
}

/// Returns whether a set's page computes a property.
pub fn is_computed(set: &str, property: &str) -> bool {
    COMPUTED.iter().any(|(name, computed)| *name == set && names(computed, property))
}

fn names(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|one| one == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_takes_the_writes_its_page_takes() {
        let cases = [
            ("customers", "id", NEVER),
            ("customers", "number", CREATE_ONLY),
            ("customers", "faxNumber", ALWAYS),
            ("customers", "primaryContactId", ALWAYS),
            ("customers", "companyContactNumber", NEVER),
            ("items", "inventory", NEVER),
            ("items", "grossWeight", ALWAYS),
            ("salesOrders", "billToCity", ALWAYS),
            ("salesOrders", "documentStatus", NEVER),
            ("salesLines", "itemId", CREATE_ONLY),
            ("postedSalesInvoices", "dueDate", NEVER),
            ("unitGroups", "code", NEVER),
            ("addedLater", "name", NEVER),
        ];
        for (set, property, expected) in cases {
            assert_eq!(writable(set, property), expected, "{set}.{property}");
        }
        assert!(abilities("salespeople").takes_ids && !abilities("salesPrices").takes_ids);
        assert!(abilities("salesPrices").lists_deletions && !abilities("customerStatistics").lists_deletions);
    }

    #[test]
    fn what_a_page_computes_is_known() {
        assert!(is_computed("customers", "currencyCode") && !is_computed("customers", "currencyId"));
        assert!(
            is_computed("salesQuotes", "workDescription") && is_computed("postedSalesInvoices", "apiV2Id")
        );
        assert!(!is_computed("items", "inventory"), "a sum of other rows can be filtered by, if slowly");
    }
}
