//! Northwind in Business Central: customers, vendors, items and the masters they need.

use serde_json::{Value, json};

use super::northwind::{Partner, customers, items, vendors};
use super::world::{CREATED, stable_id};
use crate::sim::business_central::Service;

/// Code, name, symbol and the rate of one unit in the local currency.
const CURRENCIES: &[(&str, &str, &str, &str)] = &[
    ("EUR", "Euro", "€", "1.08"),
    ("GBP", "Pound Sterling", "£", "1.27"),
    ("CAD", "Canadian Dollar", "C$", "0.73"),
];

const SALESPEOPLE: &[(&str, &str)] = &[("NANCY", "Nancy Davolio"), ("ANDREW", "Andrew Fuller")];

/// Adds the data set.
pub(super) fn fill(service: &mut Service, seed: u64) {
    fill_currencies(service, seed);
    fill_codes(service, seed);
    for customer in customers() {
        let mut values = partner(&customer, seed);
        values.push(("type", json!("Company")));
        service.insert("customers", stable_id(seed, "customers", &customer.number), CREATED, &values);
    }
    for vendor in vendors() {
        let values = partner(&vendor, seed);
        service.insert("vendors", stable_id(seed, "vendors", &vendor.number), CREATED, &values);
    }
    for item in items() {
        let unit = stable_id(seed, "unitsOfMeasure", "PCS").to_string();
        let values = [
            ("number", json!(item.number)),
            ("displayName", json!(item.name)),
            ("unitPrice", number(&item.price.normalize().to_string())),
            ("unitCost", number(&item.cost.normalize().to_string())),
            ("inventory", number(&item.stock.normalize().to_string())),
            ("blocked", json!(item.discontinued)),
            ("baseUnitOfMeasureId", json!(unit)),
        ];
        service.insert("items", stable_id(seed, "items", &item.number), CREATED, &values);
    }
}

fn fill_currencies(service: &mut Service, seed: u64) {
    for (code, name, symbol, rate) in CURRENCIES {
        let values = [
            ("code", json!(code)),
            ("displayName", json!(name)),
            ("symbol", json!(symbol)),
            ("amountDecimalPlaces", json!("2:2")),
            ("amountRoundingPrecision", number("0.01")),
        ];
        service.insert("currencies", stable_id(seed, "currencies", code), CREATED, &values);
        let values = [
            ("currencyCode", json!(code)),
            ("startingDate", json!("2025-01-01")),
            ("exchangeRateAmount", number("1")),
            ("relationalExchangeRateAmount", number(rate)),
        ];
        let id = stable_id(seed, "currencyExchangeRates", code);
        service.insert("currencyExchangeRates", id, CREATED, &values);
    }
}

fn fill_codes(service: &mut Service, seed: u64) {
    for (code, name, due) in [
        ("30 DAYS", "Net 30 days", "30D"),
        ("14 DAYS", "Net 14 days", "14D"),
        ("COD", "Cash on delivery", "0D"),
    ] {
        let values =
            [("code", json!(code)), ("displayName", json!(name)), ("dueDateCalculation", json!(due))];
        service.insert("paymentTerms", stable_id(seed, "paymentTerms", code), CREATED, &values);
    }
    for (code, name) in [("ACCOUNT", "On account"), ("BANK", "Bank transfer"), ("CASH", "Cash")] {
        let values = [("code", json!(code)), ("displayName", json!(name))];
        service.insert("paymentMethods", stable_id(seed, "paymentMethods", code), CREATED, &values);
    }
    for (code, name) in [("MAIN", "Main warehouse"), ("OUTLET", "Outlet")] {
        let values = [("code", json!(code)), ("displayName", json!(name))];
        service.insert("locations", stable_id(seed, "locations", code), CREATED, &values);
    }
    for (code, name) in SALESPEOPLE {
        let email = format!("{}@northwind.example", code.to_lowercase());
        let values = [("code", json!(code)), ("displayName", json!(name)), ("email", json!(email))];
        let id = stable_id(seed, "salespeoplePurchasers", code);
        service.insert("salespeoplePurchasers", id, CREATED, &values);
    }
    for (code, name) in [("CIF", "Cost Insurance and Freight"), ("EXW", "Ex Works")] {
        let values = [("code", json!(code)), ("displayName", json!(name))];
        service.insert("shipmentMethods", stable_id(seed, "shipmentMethods", code), CREATED, &values);
    }
    for (code, name, standard) in [("PCS", "Piece", "EA"), ("BOX", "Box", "BX")] {
        let values = [
            ("code", json!(code)),
            ("displayName", json!(name)),
            ("internationalStandardCode", json!(standard)),
        ];
        service.insert("unitsOfMeasure", stable_id(seed, "unitsOfMeasure", code), CREATED, &values);
    }
}

fn partner(partner: &Partner, seed: u64) -> Vec<(&'static str, Value)> {
    let mut values = vec![
        ("number", json!(partner.number)),
        ("displayName", json!(partner.name)),
        ("addressLine1", json!(partner.address)),
        ("city", json!(partner.city)),
        ("state", json!(partner.region)),
        ("postalCode", json!(partner.postal_code)),
        ("country", json!(partner.country)),
        ("phoneNumber", json!(partner.phone)),
        ("email", json!(partner.email)),
        ("website", json!(partner.website)),
    ];
    if !partner.currency.is_empty() {
        values.push(("currencyId", json!(stable_id(seed, "currencies", partner.currency))));
    }
    values
}

/// A JSON number with exactly these digits.
fn number(text: &str) -> Value {
    Value::Number(serde_json::Number::from_string_unchecked(text.to_owned()))
}
