//! Some of Northwind's orders: delivered ones as posted invoices, later ones as released orders that Dataverse knows in part.
//!
//! They are there with the companion, which alone shows all of them. What was invoiced is paid: nobody owes anything.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::northwind::{Order, OrderLine, ShipTo, orders};
use super::world::{CREATED, World, stable_id};
use crate::sim::{business_central as bc, dataverse as dv};

const INVOICED: [&str; 8] = ["10983", "10994", "11014", "11023", "11042", "11056", "11057", "11066"];
const RELEASED: [&str; 4] = ["11028", "11036", "11071", "11074"];
/// Submitted in Dataverse, where they came from.
const SUBMITTED: [&str; 2] = ["11028", "11036"];

/// Adds them.
pub(super) fn fill(world: &mut World, seed: u64) {
    let mut company = Company { service: &mut world.business_central, seed };
    for order in orders(&INVOICED) {
        company.invoice(&order);
    }
    for order in orders(&RELEASED) {
        company.order(&order);
    }
    let mut organisation = Organisation { service: &mut world.dataverse, seed };
    for order in orders(&SUBMITTED) {
        organisation.order(&order);
    }
}

struct Company<'a> {
    service: &'a mut bc::Service,
    seed: u64,
}

impl Company<'_> {
    fn invoice(&mut self, order: &Order) {
        let mut values = self.header(order, &format!("PSI{}", order.number));
        values.extend([
            ("invoiceDate", json!(order.shipped)),
            ("postingDate", json!(order.shipped)),
            ("dueDate", json!(order.shipped)),
            ("orderNumber", json!(format!("SO{}", order.number))),
            ("status", json!("Paid")),
        ]);
        self.insert("salesInvoices", &order.number, &values);
        self.lines("salesInvoiceLines", "salesInvoices", order, &[]);
    }

    fn order(&mut self, order: &Order) {
        let mut values = self.header(order, &format!("SO{}", order.number));
        values.extend([
            ("orderDate", json!(order.ordered)),
            ("postingDate", json!(order.ordered)),
            ("requestedDeliveryDate", json!(order.wanted)),
            ("yourReference", json!(reference(order))),
            ("status", json!("Open")),
        ]);
        self.insert("salesOrders", &order.number, &values);
        self.lines("salesOrderLines", "salesOrders", order, &["shipQuantity", "invoiceQuantity"]);
    }

    fn insert(&mut self, set: &str, key: &str, values: &[(&str, Value)]) {
        self.service.insert(set, stable_id(self.seed, set, key), CREATED, values);
    }

    fn header(&self, order: &Order, number: &str) -> Vec<(&'static str, Value)> {
        let customer = &order.customer;
        let ShipTo { name, address, city, region, postal_code, country } = &order.ship_to;
        let total = decimal(order.lines.iter().map(net).sum());
        let id = json!(stable_id(self.seed, "customers", &customer.number));
        let mut values = vec![
            ("number", json!(number)),
            ("customerId", id.clone()),
            ("billToCustomerId", id),
            ("customerName", json!(customer.name)),
            ("billToName", json!(customer.name)),
            ("shipToName", json!(name)),
            ("shipToAddressLine1", json!(address)),
            ("shipToCity", json!(city)),
            ("shipToState", json!(region)),
            ("shipToPostCode", json!(postal_code)),
            ("shipToCountry", json!(country)),
            ("salesperson", json!(order.salesperson)),
            ("shippingAgentCode", json!(order.shipper)),
            ("totalAmountExcludingTax", total.clone()),
            ("totalAmountIncludingTax", total),
        ];
        let address = |names: [&'static str; 5]| {
            let parts = [
                &customer.address,
                &customer.city,
                &customer.region,
                &customer.postal_code,
                &customer.country,
            ];
            names.into_iter().zip(parts.map(|part| json!(part)))
        };
        values.extend(address([
            "sellToAddressLine1",
            "sellToCity",
            "sellToState",
            "sellToPostCode",
            "sellToCountry",
        ]));
        values.extend(address([
            "billToAddressLine1",
            "billToCity",
            "billToState",
            "billToPostCode",
            "billToCountry",
        ]));
        if !customer.currency.is_empty() {
            values.push(("currencyId", json!(stable_id(self.seed, "currencies", customer.currency))));
        }
        values
    }

    /// Adds the lines; `open` names what of their quantities is still to be posted.
    fn lines(&mut self, set: &str, headers: &str, order: &Order, open: &[&'static str]) {
        let document = json!(stable_id(self.seed, headers, &order.number));
        for (position, line) in (1..).zip(&order.lines) {
            let net = decimal(net(line));
            let mut values = vec![
                ("documentId", document.clone()),
                ("sequence", json!(position * 10_000)),
                ("lineType", json!("Item")),
                ("itemId", json!(stable_id(self.seed, "items", &line.item.number))),
                ("lineObjectNumber", json!(line.item.number)),
                ("description", json!(line.item.name)),
                ("unitOfMeasureId", json!(stable_id(self.seed, "unitsOfMeasure", "PCS"))),
                ("quantity", decimal(line.quantity)),
                ("unitPrice", decimal(line.price)),
                ("discountPercent", decimal(line.discount)),
                ("discountAmount", decimal(discount(line))),
            ];
            let amounts = ["amountExcludingTax", "amountIncludingTax", "netAmount", "netAmountIncludingTax"];
            values.extend(amounts.map(|name| (name, net.clone())));
            values.extend(open.iter().map(|name| (*name, decimal(line.quantity))));
            self.insert(set, &format!("{}/{position}", order.number), &values);
        }
    }
}

struct Organisation<'a> {
    service: &'a mut dv::Service,
    seed: u64,
}

impl Organisation<'_> {
    fn insert(&mut self, set: &str, key: &str, values: &[(&str, Value)]) {
        self.service.insert(set, stable_id(self.seed, set, key), CREATED, values);
    }

    /// Adds an order as somebody submitted it, with its lines.
    fn order(&mut self, order: &Order) {
        let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        let (customer, to) = (&order.customer, &order.ship_to);
        let currency = if customer.currency.is_empty() { "USD" } else { customer.currency };
        let currency = json!(stable_id(self.seed, "transactioncurrencies", currency));
        let values = [
            ("name", json!(format!("Order of {}", customer.name))),
            ("ordernumber", json!(reference(order))),
            ("statecode", json!(1)),
            ("statuscode", json!(3)),
            ("customerid", json!(stable_id(self.seed, "accounts", &customer.number))),
            ("transactioncurrencyid", currency.clone()),
            ("requestdeliveryby", json!(order.wanted)),
            ("shipto_name", text(&to.name)),
            ("shipto_line1", text(&to.address)),
            ("shipto_city", text(&to.city)),
            ("shipto_stateorprovince", text(&to.region)),
            ("shipto_postalcode", text(&to.postal_code)),
            ("shipto_country", text(&to.country)),
            ("billto_name", text(&customer.name)),
            ("billto_line1", text(&customer.address)),
            ("billto_city", text(&customer.city)),
            ("billto_stateorprovince", text(&customer.region)),
            ("billto_postalcode", text(&customer.postal_code)),
            ("billto_country", text(&customer.country)),
        ];
        self.insert("salesorders", &order.number, &values);
        for (position, line) in (1..).zip(&order.lines) {
            let values = [
                ("salesorderid", json!(stable_id(self.seed, "salesorders", &order.number))),
                ("lineitemnumber", json!(position * 10_000)),
                ("productid", json!(stable_id(self.seed, "products", &line.item.number))),
                ("producttypecode", json!(1)),
                ("description", json!(line.item.name)),
                ("quantity", scaled(line.quantity, 5)),
                ("priceperunit", scaled(line.price, 4)),
                ("transactioncurrencyid", currency.clone()),
            ];
            self.insert("salesorderdetails", &format!("{}/{position}", order.number), &values);
        }
    }
}

/// What Dataverse calls an order, and Business Central the customer's reference.
fn reference(order: &Order) -> String {
    format!("ORD-{}", order.number)
}

fn discount(line: &OrderLine) -> Decimal {
    (line.quantity * line.price * line.discount / Decimal::ONE_HUNDRED).round_dp(2)
}

fn net(line: &OrderLine) -> Decimal {
    line.quantity * line.price - discount(line)
}

fn decimal(value: Decimal) -> Value {
    number(&value.normalize().to_string())
}

/// A number as Dataverse keeps it: with so many decimals.
fn scaled(mut value: Decimal, scale: u32) -> Value {
    value.rescale(scale);
    number(&value.to_string())
}

/// A JSON number with exactly these digits.
fn number(text: &str) -> Value {
    Value::Number(serde_json::Number::from_string_unchecked(text.to_owned()))
}
