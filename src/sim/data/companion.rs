//! What Northwind has that only the companion API shows: contacts, shipping agents, units, resources,
//! prices, vendors of items.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::northwind::{Partner, customers, items, shippers, vendors};
use super::world::{CREATED, stable_id};
use crate::sim::business_central::Service;

/// Adds the rows, and the columns behind those of API v2.0.
pub(super) fn fill(service: &mut Service, seed: u64) {
    let mut seeding = Seeding { service, seed };
    for (code, name) in shippers() {
        seeding.insert("shippingAgents", &code, &[("code", json!(code)), ("displayName", json!(name))]);
    }
    for code in ["EUR", "GBP", "CAD"] {
        seeding.amend("currencies", code, &[("isoCode", json!(code))]);
    }
    for customer in customers() {
        seeding.party("customers", "CUST", "Customer", &customer);
    }
    for vendor in vendors() {
        seeding.party("vendors", "VEND", "Vendor", &vendor);
    }
    for item in items() {
        let values = [
            ("vendorNumber", json!(item.vendor_number)),
            ("vendorItemNumber", json!(format!("N-{}", item.number))),
            ("onPurchaseOrders", number(&item.on_order.normalize().to_string())),
        ];
        seeding.amend("items", &item.number, &values);
        seeding.units_of_item(&item.number);
    }
    seeding.resource("DELIVERY", "Delivery van", "Machine", "45", "30");
    seeding.resource("TASTING", "Tasting at the customer's", "Person", "80", "52.5");
    seeding.prices();
    for (position, customer) in customers().iter().enumerate().skip(10).take(5) {
        seeding.opportunity(&format!("SEED{position:03}"), customer);
    }
}

struct Seeding<'a> {
    service: &'a mut Service,
    seed: u64,
}

impl Seeding<'_> {
    fn insert(&mut self, set: &str, key: &str, values: &[(&str, Value)]) {
        self.service.insert(set, stable_id(self.seed, set, key), CREATED, values);
    }

    fn amend(&mut self, set: &str, key: &str, values: &[(&str, Value)]) {
        self.service.amend(set, stable_id(self.seed, set, key), values);
    }

    /// Adds the company contact of a customer or vendor and the person to ask for there.
    fn party(&mut self, set: &str, relation: &str, link: &str, party: &Partner) {
        let company = format!("CT-{}", party.number);
        let person = format!("CT-{}-1", party.number);
        let address = [
            ("companyNumber", json!(company)),
            ("companyName", json!(party.name)),
            ("addressLine1", json!(party.address)),
            ("city", json!(party.city)),
            ("state", json!(party.region)),
            ("postalCode", json!(party.postal_code)),
            ("country", json!(party.country)),
            ("phoneNumber", json!(party.phone)),
        ];
        let mut values = vec![
            ("number", json!(company)),
            ("type", json!("Company")),
            ("displayName", json!(party.name)),
            ("contactBusinessRelation", json!(link)),
        ];
        values.extend(address.clone());
        self.insert("contacts", &company, &values);
        let (first, last) = party.contact.split_once(' ').unwrap_or(("", &party.contact));
        let mut values = vec![
            ("number", json!(person)),
            ("type", json!("Person")),
            ("displayName", json!(party.contact)),
            ("firstName", json!(first)),
            ("lastName", json!(last)),
            ("email", json!(party.email)),
        ];
        values.extend(address);
        self.insert("contacts", &person, &values);
        let values = [
            ("contactNumber", json!(company)),
            ("businessRelationCode", json!(relation)),
            ("linkToTable", json!(link)),
            ("number", json!(party.number)),
        ];
        self.insert("contactBusinessRelations", &company, &values);
        let values = [
            ("primaryContactNumber", json!(person)),
            ("contact", json!(party.contact)),
            ("faxNumber", json!(party.fax)),
        ];
        self.amend(set, &party.number, &values);
    }

    fn resource(&mut self, number: &str, name: &str, kind: &str, price: &str, cost: &str) {
        let values = [
            ("number", json!(number)),
            ("displayName", json!(name)),
            ("type", json!(kind)),
            ("baseUnitOfMeasureCode", json!("PCS")),
            ("unitPrice", self::number(price)),
            ("unitCost", self::number(cost)),
            ("directUnitCost", self::number(cost)),
        ];
        self.insert("resources", number, &values);
        let group = [
            ("sourceType", json!("Resource")),
            ("sourceNumber", json!(number)),
            ("code", json!(format!("RESOURCE {number} UOM GR"))),
        ];
        let resource = stable_id(self.seed, "resources", number);
        self.service.insert("unitGroups", resource, CREATED, &group);
        let unit = [
            ("resourceNumber", json!(number)),
            ("code", json!("PCS")),
            ("quantityPerUnitOfMeasure", json!(1)),
            ("relatedToBaseUnit", json!(true)),
        ];
        self.insert("resourceUnitsOfMeasure", number, &unit);
    }

    fn opportunity(&mut self, number: &str, customer: &Partner) {
        let values = [
            ("number", json!(number)),
            ("description", json!(format!("Spring list of {}", customer.name))),
            ("contactNumber", json!(format!("CT-{}-1", customer.number))),
            ("salespersonCode", json!("NANCY")),
            ("status", json!("In_x0020_Progress")),
            ("creationDate", json!("2025-01-06")),
        ];
        self.insert("opportunities", number, &values);
    }

    /// Adds a list for everyone and one for wholesale, ten per cent below, in lists and in the old price table.
    fn prices(&mut self) {
        let group = [("code", json!("WHOLESALE")), ("displayName", json!("Wholesale"))];
        self.insert("customerPriceGroups", "WHOLESALE", &group);
        let wholesale = "Customer_x0020_Price_x0020_Group";
        let lists = [
            ("S00001", "All customers", "All_x0020_Customers", "", 0),
            ("S00002", "Wholesale", wholesale, "WHOLESALE", 10),
        ];
        for (code, description, source, source_number, percent) in lists {
            let values = [
                ("code", json!(code)),
                ("description", json!(description)),
                ("sourceType", json!(source)),
                ("sourceNumber", json!(source_number)),
                ("priceType", json!("Sale")),
                ("amountType", json!("Price")),
                ("startingDate", json!("2025-01-01")),
                ("status", json!("Active")),
                ("allowUpdatingDefaults", json!(percent == 0)),
            ];
            self.insert("priceListHeaders", code, &values);
            for (line, item) in (1..).zip(items().into_iter().take(20)) {
                let price = (item.price * Decimal::new(100 - percent, 2)).round_dp(2).normalize();
                self.price((code, line), (&item.number, "PCS"), price);
                if percent > 0 {
                    self.sales_price(wholesale, source_number, &item.number, price);
                }
            }
            // One item by the box as well, at a price of its own.
            let boxed = &items()[3];
            let price = (boxed.price * Decimal::new(11 * (100 - percent), 2)).round_dp(2).normalize();
            self.price((code, 21), (&boxed.number, "BOX"), price);
        }
    }

    fn price(&mut self, (list, line): (&str, i32), (item, unit): (&str, &str), price: Decimal) {
        let values = [
            ("priceListCode", json!(list)),
            ("lineNumber", json!(line * 10_000)),
            ("assetType", json!("Item")),
            ("assetId", json!(stable_id(self.seed, "items", item))),
            ("assetNumber", json!(item)),
            ("unitOfMeasureCode", json!(unit)),
            ("startingDate", json!("2025-01-01")),
            ("priceType", json!("Sale")),
            ("amountType", json!("Price")),
            ("unitPrice", number(&price.to_string())),
            ("status", json!("Active")),
        ];
        self.insert("priceListLines", &format!("{list}/{line}"), &values);
    }

    fn sales_price(&mut self, kind: &str, code: &str, item: &str, price: Decimal) {
        let values = [
            ("itemNumber", json!(item)),
            ("salesType", json!(kind)),
            ("salesCode", json!(code)),
            ("startingDate", json!("2025-01-01")),
            ("unitOfMeasureCode", json!("PCS")),
            ("unitPrice", number(&price.to_string())),
        ];
        self.insert("salesPrices", &format!("{code}/{item}"), &values);
    }

    /// Adds the unit group of an item, its base unit and a box of twelve.
    fn units_of_item(&mut self, number: &str) {
        let group = [
            ("sourceType", json!("Item")),
            ("sourceNumber", json!(number)),
            ("code", json!(format!("ITEM {number} UOM GR"))),
        ];
        let item = stable_id(self.seed, "items", number);
        self.service.insert("unitGroups", item, CREATED, &group);
        for (code, quantity) in [("PCS", 1), ("BOX", 12)] {
            let values = [
                ("itemNumber", json!(number)),
                ("code", json!(code)),
                ("quantityPerUnitOfMeasure", json!(quantity)),
            ];
            self.insert("itemUnitsOfMeasure", &format!("{number}/{code}"), &values);
        }
    }
}

/// A JSON number with exactly these digits.
fn number(text: &str) -> Value {
    Value::Number(serde_json::Number::from_string_unchecked(text.to_owned()))
}
