//! The Northwind files as values, with the few facts both systems derive from them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

const CUSTOMERS: &str = include_str!("../../../fixtures/northwind/customers.csv");
const SUPPLIERS: &str = include_str!("../../../fixtures/northwind/suppliers.csv");
const SHIPPERS: &str = include_str!("../../../fixtures/northwind/shippers.csv");
const PRODUCTS: &str = include_str!("../../../fixtures/northwind/products.csv");

/// A customer or supplier.
#[derive(Clone, Debug)]
pub(super) struct Partner {
    /// `ALFKI`, `V0001`.
    pub(super) number: String,
    pub(super) name: String,
    pub(super) contact: String,
    pub(super) address: String,
    pub(super) city: String,
    pub(super) region: String,
    pub(super) postal_code: String,
    /// Two letters.
    pub(super) country: String,
    pub(super) phone: String,
    pub(super) fax: String,
    pub(super) email: String,
    pub(super) website: String,
    /// Blank for the local currency.
    pub(super) currency: &'static str,
}

/// A product.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// `1001`.
    pub(super) number: String,
    pub(super) name: String,
    pub(super) price: Decimal,
    pub(super) cost: Decimal,
    pub(super) stock: Decimal,
    pub(super) on_order: Decimal,
    pub(super) vendor: String,
    /// `V0001`.
    pub(super) vendor_number: String,
    pub(super) discontinued: bool,
}

/// Returns the customers in the order of the file.
pub(super) fn customers() -> Vec<Partner> {
    partners(CUSTOMERS, |row| row["customer_id"].clone())
}

/// Returns the suppliers in the order of the file.
pub(super) fn vendors() -> Vec<Partner> {
    partners(SUPPLIERS, |row| vendor_number(&row["supplier_id"]))
}

fn vendor_number(supplier: &str) -> String {
    format!("V{supplier:0>4}")
}

/// Returns the products in the order of the file.
pub(super) fn items() -> Vec<Item> {
    let suppliers: BTreeMap<_, _> = rows(SUPPLIERS)
        .into_iter()
        .map(|row| (row["supplier_id"].clone(), row["company_name"].clone()))
        .collect();
    let items = rows(PRODUCTS).into_iter().map(|row| {
        let price = row["unit_price"].parse::<Decimal>().unwrap_or_default().round_dp(2);
        let number = row["product_id"].parse::<u32>().unwrap_or_default() + 1000;
        Item {
            number: number.to_string(),
            name: row["product_name"].clone(),
            price,
            cost: (price * Decimal::new(6, 1)).round_dp(2),
            on_order: row["units_on_order"].parse().unwrap_or_default(),
            stock: row["units_in_stock"].parse().unwrap_or_default(),
            vendor_number: vendor_number(&row["supplier_id"]),
            vendor: suppliers.get(&row["supplier_id"]).cloned().unwrap_or_default(),
            discontinued: row["discontinued"] == "1",
        }
    });
    items.collect()
}

/// Returns code and name of the shippers in the order of the file.
pub(super) fn shippers() -> Vec<(String, String)> {
    let shippers = rows(SHIPPERS).into_iter().map(|row| {
        let word = row["company_name"].split(' ').next().unwrap_or_default().to_uppercase();
        (word.chars().take(10).collect(), row["company_name"].clone())
    });
    shippers.collect()
}

fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    reader.deserialize().map(|row| row.expect("invariant: the fixture is well-formed")).collect()
}

fn partners(file: &str, number: impl Fn(&BTreeMap<String, String>) -> String) -> Vec<Partner> {
    let partners = rows(file).into_iter().enumerate().map(|(position, row)| {
        let country = country_code(&row["country"]);
        let number = number(&row);
        let domain = format!("{}.example", number.to_lowercase());
        let first_name = row["contact_name"].split(' ').next().unwrap_or_default().to_lowercase();
        let plain: String = first_name.chars().filter(char::is_ascii_alphanumeric).collect();
        Partner {
            name: row["company_name"].clone(),
            contact: row["contact_name"].clone(),
            address: row["address"].clone(),
            city: row["city"].clone(),
            region: row["region"].clone(),
            postal_code: row["postal_code"].to_uppercase(),
            phone: row["phone"].clone(),
            fax: row["fax"].clone(),
            email: if position % 3 == 0 { format!("{plain}@{domain}") } else { String::new() },
            website: if position % 5 == 0 { format!("https://www.{domain}") } else { String::new() },
            currency: currency(country),
            country: country.to_owned(),
            number,
        }
    });
    partners.collect()
}

fn country_code(name: &str) -> &'static str {
    match name {
        "Argentina" => "AR",
        "Australia" => "AU",
        "Austria" => "AT",
        "Belgium" => "BE",
        "Brazil" => "BR",
        "Canada" => "CA",
        "Denmark" => "DK",
        "Finland" => "FI",
        "France" => "FR",
        "Germany" => "DE",
        "Ireland" => "IE",
        "Italy" => "IT",
        "Japan" => "JP",
        "Mexico" => "MX",
        "Netherlands" => "NL",
        "Norway" => "NO",
        "Poland" => "PL",
        "Portugal" => "PT",
        "Singapore" => "SG",
        "Spain" => "ES",
        "Sweden" => "SE",
        "Switzerland" => "CH",
        "UK" => "GB",
        "USA" => "US",
        "Venezuela" => "VE",
        _ => "",
    }
}

fn currency(country: &str) -> &'static str {
    match country {
        "AT" | "BE" | "DE" | "ES" | "FI" | "FR" | "IE" | "IT" | "NL" | "PT" => "EUR",
        "GB" => "GBP",
        "CA" => "CAD",
        _ => "",
    }
}
