//! The entity sets of the simulated company. Another set is another function here and a line in [`all`].

use super::schema::{Column, Kind, Set, Verbs};

const CONTACT_TYPES: &[&str] = &["Company", "Person"];
const CUSTOMER_BLOCKED: &[&str] = &["_x0020_", "Ship", "Invoice", "All"];
const VENDOR_BLOCKED: &[&str] = &["_x0020_", "Payment", "All"];
const ITEM_TYPES: &[&str] = &["Inventory", "Service", "Non_x002D_Inventory"];
const ENTRY_TYPES: &[&str] =
    &["Purchase", "Sale", "Positive_x0020_Adjmt_x002E_", "Negative_x0020_Adjmt_x002E_", "Transfer"];

/// Returns every set.
pub(super) fn all() -> Vec<Set> {
    vec![
        companies(),
        company_information(),
        general_ledger_setup(),
        customers(),
        vendors(),
        items(),
        item_ledger_entries(),
        currencies(),
        currency_exchange_rates(),
        payment_terms(),
        shipment_methods(),
        units_of_measure(),
    ]
}

fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, read_only: false, needed: false }
}

fn text(name: &'static str, max: usize) -> Column {
    column(name, Kind::Text(max))
}

fn code(name: &'static str, max: usize) -> Column {
    column(name, Kind::Code(max))
}

fn read_only(column: Column) -> Column {
    Column { read_only: true, ..column }
}

fn needed(column: Column) -> Column {
    Column { needed: true, ..column }
}

fn id() -> Column {
    read_only(column("id", Kind::Id))
}

fn modified() -> Column {
    read_only(column("lastModifiedDateTime", Kind::DateTime))
}

/// An id and code pair that names one row of another set.
fn pair(id: &'static str, set: &'static str, code: &'static str, max: usize) -> [Column; 2] {
    [
        column(id, Kind::Reference(set)),
        column(code, Kind::CodeOf { reference: id, max, local_currency: set == "currencies" }),
    ]
}

fn address() -> Vec<Column> {
    vec![
        text("addressLine1", 100),
        text("addressLine2", 50),
        text("city", 30),
        text("state", 30),
        code("country", 10),
        code("postalCode", 20),
        text("phoneNumber", 30),
        text("email", 80),
        text("website", 255),
    ]
}

fn companies() -> Set {
    let columns = vec![
        id(),
        text("systemVersion", 50),
        text("name", 30),
        text("displayName", 250),
        text("businessProfileId", 250),
        column("systemCreatedAt", Kind::DateTime),
        column("systemModifiedAt", Kind::DateTime),
    ];
    Set {
        name: "companies",
        entity: "company",
        caption: "Company",
        key: "name",
        series: None,
        verbs: Verbs::Read,
        columns,
    }
}

fn company_information() -> Set {
    let mut columns = vec![id(), text("displayName", 100)];
    columns.extend(address());
    columns.extend([
        text("faxNumber", 30),
        text("taxRegistrationNumber", 50),
        read_only(code("currencyCode", 10)),
        read_only(column("currentFiscalYearStartDate", Kind::Date)),
        text("industry", 30),
        modified(),
    ]);
    Set {
        name: "companyInformation",
        entity: "companyInformation",
        caption: "Company Information",
        key: "id",
        series: None,
        verbs: Verbs::ReadAndUpdate,
        columns,
    }
}

fn general_ledger_setup() -> Set {
    let columns = vec![
        id(),
        column("allowPostingFrom", Kind::Date),
        column("allowPostingTo", Kind::Date),
        code("additionalReportingCurrency", 10),
        code("localCurrencyCode", 10),
        text("localCurrencySymbol", 10),
        modified(),
    ];
    Set {
        name: "generalLedgerSetup",
        entity: "generalLedgerSetup",
        caption: "General Ledger Setup",
        key: "id",
        series: None,
        verbs: Verbs::Read,
        columns,
    }
}

fn customers() -> Set {
    let mut columns = vec![
        id(),
        code("number", 20),
        needed(text("displayName", 100)),
        column("type", Kind::Enum("contactType", CONTACT_TYPES)),
    ];
    columns.extend(address());
    columns.extend([
        code("salespersonCode", 20),
        read_only(column("balanceDue", Kind::Decimal)),
        column("creditLimit", Kind::Decimal),
        column("taxLiable", Kind::Boolean),
        text("taxRegistrationNumber", 50),
    ]);
    columns.extend(pair("currencyId", "currencies", "currencyCode", 10));
    columns.extend([
        column("paymentTermsId", Kind::Reference("paymentTerms")),
        column("shipmentMethodId", Kind::Reference("shipmentMethods")),
        column("blocked", Kind::Enum("customerBlocked", CUSTOMER_BLOCKED)),
        modified(),
    ]);
    Set {
        name: "customers",
        entity: "customer",
        caption: "Customer",
        key: "number",
        series: Some("C"),
        verbs: Verbs::All,
        columns,
    }
}

fn vendors() -> Set {
    let mut columns = vec![id(), code("number", 20), needed(text("displayName", 100))];
    columns.extend(address());
    columns.push(text("taxRegistrationNumber", 50));
    columns.extend(pair("currencyId", "currencies", "currencyCode", 10));
    columns.extend([
        column("paymentTermsId", Kind::Reference("paymentTerms")),
        column("taxLiable", Kind::Boolean),
        column("blocked", Kind::Enum("vendorBlocked", VENDOR_BLOCKED)),
        read_only(column("balance", Kind::Decimal)),
        modified(),
    ]);
    Set {
        name: "vendors",
        entity: "vendor",
        caption: "Vendor",
        key: "number",
        series: Some("VEN"),
        verbs: Verbs::All,
        columns,
    }
}

fn items() -> Set {
    let mut columns = vec![
        id(),
        code("number", 20),
        text("displayName", 100),
        text("displayName2", 50),
        column("type", Kind::Enum("itemType", ITEM_TYPES)),
        column("blocked", Kind::Boolean),
        code("gtin", 14),
        column("inventory", Kind::Inventory),
        column("unitPrice", Kind::Decimal),
        column("priceIncludesTax", Kind::Boolean),
        column("unitCost", Kind::Decimal),
    ];
    columns.extend(pair("baseUnitOfMeasureId", "unitsOfMeasure", "baseUnitOfMeasureCode", 10));
    columns.push(modified());
    Set {
        name: "items",
        entity: "item",
        caption: "Item",
        key: "number",
        series: Some("I"),
        verbs: Verbs::All,
        columns,
    }
}

fn item_ledger_entries() -> Set {
    let columns = vec![
        id(),
        column("entryNumber", Kind::Integer),
        code("itemNumber", 20),
        column("postingDate", Kind::Date),
        column("entryType", Kind::Enum("itemLedgerEntryType", ENTRY_TYPES)),
        code("documentNumber", 20),
        text("description", 100),
        column("quantity", Kind::Decimal),
        modified(),
    ];
    Set {
        name: "itemLedgerEntries",
        entity: "itemLedgerEntry",
        caption: "Item Ledger Entry",
        key: "entryNumber",
        series: None,
        verbs: Verbs::Read,
        columns,
    }
}

fn currencies() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 10)),
        text("displayName", 30),
        text("symbol", 10),
        text("amountDecimalPlaces", 5),
        column("amountRoundingPrecision", Kind::Decimal),
        modified(),
    ];
    Set {
        name: "currencies",
        entity: "currency",
        caption: "Currency",
        key: "code",
        series: None,
        verbs: Verbs::All,
        columns,
    }
}

fn currency_exchange_rates() -> Set {
    let columns = vec![
        id(),
        code("currencyCode", 10),
        column("startingDate", Kind::Date),
        column("exchangeRateAmount", Kind::Decimal),
        code("relationalCurrencyCode", 10),
        column("relationalExchangeRateAmount", Kind::Decimal),
        modified(),
    ];
    Set {
        name: "currencyExchangeRates",
        entity: "currencyExchangeRate",
        caption: "Currency Exchange Rate",
        key: "id",
        series: None,
        verbs: Verbs::Read,
        columns,
    }
}

fn payment_terms() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 10)),
        text("displayName", 100),
        text("dueDateCalculation", 32),
        text("discountDateCalculation", 32),
        column("discountPercent", Kind::Decimal),
        column("calculateDiscountOnCreditMemos", Kind::Boolean),
        modified(),
    ];
    Set {
        name: "paymentTerms",
        entity: "paymentTerm",
        caption: "Payment Terms",
        key: "code",
        series: None,
        verbs: Verbs::All,
        columns,
    }
}

fn shipment_methods() -> Set {
    let columns = vec![id(), needed(code("code", 10)), text("displayName", 100), modified()];
    Set {
        name: "shipmentMethods",
        entity: "shipmentMethod",
        caption: "Shipment Method",
        key: "code",
        series: None,
        verbs: Verbs::All,
        columns,
    }
}

fn units_of_measure() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 10)),
        text("displayName", 50),
        code("internationalStandardCode", 10),
        text("symbol", 10),
        modified(),
    ];
    Set {
        name: "unitsOfMeasure",
        entity: "unitOfMeasure",
        caption: "Unit of Measure",
        key: "code",
        series: None,
        verbs: Verbs::All,
        columns,
    }
}
