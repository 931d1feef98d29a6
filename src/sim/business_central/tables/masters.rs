//! The small tables everything else refers to by code: currencies, terms, methods, countries.

use super::super::schema::{Kind, Set, Verbs};
use super::columns::{boolean, code, column, date, decimal, id, modified, needed, set, text};

const ADDRESS_FORMATS: &[&str] = &[
    "Post_x0020_Code_x002B_City",
    "City_x002B_Post_x0020_Code",
    "City_x002B_County_x002B_Post_x0020_Code",
    "Blank_x0020_Line_x002B_Post_x0020_Code_x002B_City",
    "Custom",
];

pub(super) fn all() -> Vec<Set> {
    vec![
        accounts(),
        currencies(),
        currency_exchange_rates(),
        payment_terms(),
        coded("paymentMethods", "paymentMethod", (289, "Payment Method")),
        coded("shipmentMethods", "shipmentMethod", (10, "Shipment Method")),
        countries_regions(),
    ]
}

/// A table of codes with a name each.
fn coded(name: &'static str, entity: &'static str, table: (u32, &'static str)) -> Set {
    let columns = vec![id(), needed(code("code", 10)), text("displayName", 100), modified()];
    set(name, entity, table, "code", columns)
}

fn accounts() -> Set {
    let columns = vec![
        id(),
        code("number", 20),
        text("displayName", 100),
        boolean("blocked"),
        boolean("directPosting"),
        modified(),
    ];
    Set { verbs: Verbs::Read, ..set("accounts", "account", (15, "G/L Account"), "number", columns) }
}

fn currencies() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 10)),
        text("displayName", 30),
        text("symbol", 10),
        text("amountDecimalPlaces", 5),
        decimal("amountRoundingPrecision"),
        modified(),
    ];
    set("currencies", "currency", (4, "Currency"), "code", columns)
}

fn currency_exchange_rates() -> Set {
    let columns = vec![
        id(),
        code("currencyCode", 10),
        date("startingDate"),
        decimal("exchangeRateAmount"),
        code("relationalCurrencyCode", 10),
        decimal("relationalExchangeRateAmount"),
        column("key", Kind::Composed(&["currencyCode", "startingDate"])),
        modified(),
    ];
    let table = (330, "Currency Exchange Rate");
    Set { verbs: Verbs::Read, ..set("currencyExchangeRates", "currencyExchangeRate", table, "key", columns) }
}

fn payment_terms() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 10)),
        text("displayName", 100),
        text("dueDateCalculation", 32),
        text("discountDateCalculation", 32),
        decimal("discountPercent"),
        boolean("calculateDiscountOnCreditMemos"),
        modified(),
    ];
    set("paymentTerms", "paymentTerm", (3, "Payment Terms"), "code", columns)
}

fn countries_regions() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 10)),
        text("displayName", 50),
        column("addressFormat", Kind::Enum("countryRegionAddressFormat", ADDRESS_FORMATS)),
        modified(),
    ];
    set("countriesRegions", "countryRegion", (9, "Country/Region"), "code", columns)
}
