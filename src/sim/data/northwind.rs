//! The Northwind files as values, with the few facts both systems derive from them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

const CUSTOMERS: &str = include_str!("../../../fixtures/northwind/customers.csv");
const SUPPLIERS: &str = include_str!("../../../fixtures/northwind/suppliers.csv");
const SHIPPERS: &str = include_str!("../../../fixtures/northwind/shippers.csv");
const PRODUCTS: &str = include_str!("../../../fixtures/northwind/products.csv");
const ORDERS: &str = include_str!("../../../fixtures/northwind/orders.csv");
const ORDER_LINES: &str = include_str!("../../../fixtures/northwind/order_details.csv");

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

/// An order of a customer, delivered or not.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// `11028`.
    pub(super) number: String,
    pub(super) customer: Partner,
    /// Who took it, if it is the one salesperson that both systems know.
    pub(super) salesperson: &'static str,
    pub(super) ordered: String,
    pub(super) wanted: String,
    /// Blank if it was not.
    pub(super) shipped: String,
    /// The code of who delivers.
    pub(super) shipper: String,
    pub(super) ship_to: ShipTo,
    pub(super) lines: Vec<OrderLine>,
}

/// Where an order is delivered to.
#[derive(Clone, Debug)]
pub(super) struct ShipTo {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) city: String,
    pub(super) region: String,
    pub(super) postal_code: String,
    /// Two letters.
    pub(super) country: String,
}

/// A line of an order.
#[derive(Clone, Debug)]
pub(super) struct OrderLine {
    pub(super) item: Item,
    pub(super) price: Decimal,
    pub(super) quantity: Decimal,
    /// In percent.
    pub(super) discount: Decimal,
}

/// Returns orders by their numbers, in the order of the file.
pub(super) fn orders(numbers: &[&str]) -> Vec<Order> {
    let (customers, items, shippers, lines) = (customers(), items(), shippers(), rows(ORDER_LINES));
    let orders = rows(ORDERS).into_iter().filter(|row| numbers.contains(&row["order_id"].as_str()));
    let order = |row: BTreeMap<String, String>| {
        let of_order = lines.iter().filter(|line| line["order_id"] == row["order_id"]);
        let customer = customers.iter().find(|customer| customer.number == row["customer_id"]);
        let shipper = row["ship_via"].parse::<usize>().unwrap_or_default();
        Order {
            customer: customer.cloned().expect("invariant: orders have a customer"),
            salesperson: if row["employee_id"] == "1" { "NANCY" } else { "" },
            ordered: row["order_date"].clone(),
            wanted: row["required_date"].clone(),
            shipped: row["shipped_date"].clone(),
            shipper: shippers[shipper - 1].0.clone(),
            ship_to: ShipTo {
                name: row["ship_name"].clone(),
                address: row["ship_address"].clone(),
                city: row["ship_city"].clone(),
                region: row["ship_region"].clone(),
                postal_code: row["ship_postal_code"].to_uppercase(),
                country: country_code(&row["ship_country"]).to_owned(),
            },
            lines: of_order.map(|line| order_line(line, &items)).collect(),
            number: row["order_id"].clone(),
        }
    };
    orders.map(order).collect()
}

fn order_line(line: &BTreeMap<String, String>, items: &[Item]) -> OrderLine {
    let number = item_number(&line["product_id"]);
    let item = items.iter().find(|item| item.number == number);
    let decimal = |name: &str| line[name].parse::<Decimal>().unwrap_or_default();
    OrderLine {
        item: item.cloned().expect("invariant: lines have a product"),
        price: decimal("unit_price").round_dp(2),
        quantity: decimal("quantity"),
        discount: (decimal("discount") * Decimal::ONE_HUNDRED).round_dp(0),
    }
}

fn item_number(product: &str) -> String {
    (product.parse::<u32>().unwrap_or_default() + 1000).to_string()
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
        Item {
            number: item_number(&row["product_id"]),
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
