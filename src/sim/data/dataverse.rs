//! About half of Northwind in Dataverse, some of it different: what a first synchronisation has to sort out.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::northwind::{Item, Partner, customers, items, vendors};
use super::world::{CREATED, stable_id};
use crate::sim::dataverse::Service;

/// Code, name, symbol and how much of it one dollar buys.
const CURRENCIES: &[(&str, &str, &str, &str)] = &[
    ("USD", "US Dollar", "$", "1"),
    ("EUR", "Euro", "€", "0.925925925926"),
    ("GBP", "Pound Sterling", "£", "0.787401574803"),
];

const CUSTOMER: i64 = 3;
const VENDOR: i64 = 11;
/// A Business Central customer that has no account but two accounts of its name.
const AMBIGUOUS: &str = "ANATR";

/// Adds the data set.
pub(super) fn fill(service: &mut Service, seed: u64, base_currency: &str) {
    for (code, ..) in CURRENCIES.iter().filter(|(code, ..)| *code != base_currency) {
        insert_currency(service, seed, code, base_currency);
    }
    fill_customers(service, seed);
    fill_own_accounts(service, seed);
    for (position, vendor) in vendors().iter().enumerate() {
        if position % 2 == 0 && vendor.currency != "CAD" {
            let values = account(vendor, VENDOR, seed);
            service.insert("accounts", stable_id(seed, "accounts", &vendor.number), CREATED, &values);
        }
    }
    for (position, item) in items().iter().enumerate() {
        if position % 2 == 0 && !item.discontinued {
            service.insert("products", stable_id(seed, "products", &item.number), CREATED, &product(item));
        }
    }
    for (key, name) in [("own-1", "Gift Voucher"), ("own-2", "Tasting Set \"Northern Lights\"")] {
        let values = [
            ("name", json!(name)),
            ("productnumber", json!(key.to_uppercase())),
            ("producttypecode", json!(1)),
            ("price", amount("25")),
        ];
        let values: Vec<_> =
            values.into_iter().chain([("transactioncurrencyid", currency_id(seed, "USD"))]).collect();
        service.insert("products", stable_id(seed, "products", key), CREATED, &values);
    }
}

/// Every other customer is an account; some differ by rule.
fn fill_customers(service: &mut Service, seed: u64) {
    let every_other = customers().into_iter().enumerate().filter(|(position, _)| position % 2 == 0);
    let known = every_other.map(|(_, customer)| customer).filter(|customer| customer.currency != "CAD");
    for (position, customer) in known.enumerate() {
        let mut values = account(&customer, CUSTOMER, seed);
        let mut set = |name: &str, value: Value| {
            if let Some(entry) = values.iter_mut().find(|(other, _)| *other == name) {
                entry.1 = value;
            }
        };
        match position % 8 {
            1 => set("telephone1", Value::Null),
            3 if position % 16 == 3 => set("telephone1", json!(format!("+1 555 01{position:02}"))),
            3 => set("address1_line1", json!(format!("{} (rear entrance)", customer.address))),
            5 => set("accountnumber", Value::Null),
            _ => {}
        }
        service.insert("accounts", stable_id(seed, "accounts", &customer.number), CREATED, &values);
    }
}

/// Accounts that Business Central does not have, or has only once.
fn fill_own_accounts(service: &mut Service, seed: u64) {
    let own = [
        ("own-1", "Aurora Feinkost GmbH", json!(CUSTOMER)),
        ("own-2", "Café Lumière", json!(CUSTOMER)),
        ("own-3", "Harbour View Catering", json!(CUSTOMER)),
        ("own-4", "Zürichsee Handels AG", json!(CUSTOMER)),
        ("own-5", "Southwind Importers", json!(1)),
        ("own-6", "Lead without a Type", Value::Null),
    ];
    let twins = customers().into_iter().filter(|customer| customer.number == AMBIGUOUS);
    let twins: Vec<_> =
        twins.flat_map(|customer| [("twin-1", customer.name.clone()), ("twin-2", customer.name)]).collect();
    let twins = twins.iter().map(|(key, name)| (*key, name.as_str(), json!(CUSTOMER)));
    for (key, name, account_type) in own.into_iter().chain(twins) {
        let values = [
            ("name", json!(name)),
            ("customertypecode", account_type),
            ("telephone1", json!("555-0100")),
            ("transactioncurrencyid", currency_id(seed, "USD")),
        ];
        service.insert("accounts", stable_id(seed, "accounts", key), CREATED, &values);
    }
}

/// Adds a currency; its rate is how much of it one unit of the base currency buys.
pub(super) fn insert_currency(service: &mut Service, seed: u64, code: &str, base_currency: &str) {
    let (name, symbol, rate) = currency(code);
    let (_, _, of_base) = currency(base_currency);
    let mut rate = (rate / of_base).round_dp(12);
    rate.rescale(12);
    let values = [
        ("isocurrencycode", json!(code)),
        ("currencyname", json!(name)),
        ("currencysymbol", json!(symbol)),
        ("exchangerate", number(&rate.to_string())),
        ("currencyprecision", json!(2)),
    ];
    service.insert("transactioncurrencies", stable_id(seed, "transactioncurrencies", code), CREATED, &values);
}

/// Returns name, symbol and how much one dollar buys of a currency; one that is not known is worth as much.
fn currency(code: &str) -> (&str, &str, Decimal) {
    let known = CURRENCIES.iter().find(|(known, ..)| *known == code);
    let (_, name, symbol, rate) = known.copied().unwrap_or((code, code, code, "1"));
    (name, symbol, rate.parse().expect("invariant: rates are decimals"))
}

fn account(partner: &Partner, account_type: i64, seed: u64) -> Vec<(&'static str, Value)> {
    let text = |text: &str| {
        if text.is_empty() { Value::Null } else { json!(text) }
    };
    let currency = if partner.currency.is_empty() { "USD" } else { partner.currency };
    vec![
        ("name", text(&partner.name)),
        ("accountnumber", text(&partner.number)),
        ("customertypecode", json!(account_type)),
        ("address1_primarycontactname", text(&partner.contact)),
        ("address1_line1", text(&partner.address)),
        ("address1_city", text(&partner.city)),
        ("address1_stateorprovince", text(&partner.region)),
        ("address1_postalcode", text(&partner.postal_code)),
        ("address1_country", text(&partner.country)),
        ("telephone1", text(&partner.phone)),
        ("emailaddress1", text(&partner.email)),
        ("websiteurl", text(&partner.website)),
        ("transactioncurrencyid", currency_id(seed, currency)),
    ]
}

fn product(item: &Item) -> Vec<(&'static str, Value)> {
    let money = |value: Decimal| amount(&value.to_string());
    let mut stock = item.stock;
    stock.rescale(5);
    vec![
        ("name", json!(item.name)),
        ("productnumber", json!(item.number)),
        ("producttypecode", json!(1)),
        ("price", money(item.price)),
        ("standardcost", money(item.cost)),
        ("currentcost", money(item.cost)),
        ("quantityonhand", number(&stock.to_string())),
        ("quantitydecimal", json!(2)),
        ("vendorid", json!(item.vendor)),
    ]
}

fn currency_id(seed: u64, code: &str) -> Value {
    json!(stable_id(seed, "transactioncurrencies", code))
}

/// Money as it is stored: four decimals.
fn amount(text: &str) -> Value {
    let mut value: Decimal = text.parse().expect("invariant: amounts are decimals");
    value.rescale(4);
    number(&value.to_string())
}

/// A JSON number with exactly these digits.
fn number(text: &str) -> Value {
    Value::Number(serde_json::Number::from_string_unchecked(text.to_owned()))
}
