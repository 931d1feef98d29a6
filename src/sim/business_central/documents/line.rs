//! A document's line: what it copies from its item, what never changes, and its amounts.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::error::Fault;
use super::super::schema::{Document, Set};
use super::super::service::Service;
use super::super::values::{as_decimal, decimal};
use super::header::released;
use super::totals::{Priced, part, percent};
use crate::sim::store::Row;

/// What customers liable to tax pay, in percent.
const TAX_PERCENT: i64 = 10;

/// The largest amount of a line.
const AMOUNT_LIMIT: i64 = 999_999_999_999_999;

const FIXED: [&str; 4] = ["documentId", "sequence", "lineType", "lineObjectNumber"];

/// What may be written on a line of an order that is released.
const FREE_WHEN_RELEASED: [&str; 6] =
    ["description", "description2", "shipQuantity", "invoiceQuantity", "shipmentDate", "key"];

impl Service {
    /// Gives a line its place and what it takes from its item, before the body's other properties are put.
    pub(in super::super) fn begin_line(
        &self,
        index: usize,
        document: Document,
        row: &mut Row,
        body: &Map<String, Value>,
        creating: bool,
    ) -> Result<(), Fault> {
        let set = &self.sets[index];
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = |name: &str| text(name).parse::<Uuid>().unwrap_or_default();
        if creating {
            let headers = self.set(document.headers()).expect("invariant: the set exists");
            if self.store.rows(headers).get(&id("documentId")).is_none() {
                let entity = self.sets[headers].entity;
                let message =
                    format!("You must specify a document id of an existing {entity} to insert a line.");
                return Err(Fault::dialog(message));
            }
            set.put(row, "documentId", id("documentId").to_string());
            if body.get("sequence").and_then(Value::as_i64).unwrap_or_default() == 0 {
                let last =
                    self.lines_of(document, id("documentId")).last().map(|line| set.number(line, "sequence"));
                let next = last.unwrap_or_default() + Decimal::from(10_000);
                set.put(row, "sequence", decimal(next));
            }
        }
        if !id("itemId").is_nil() && !id("accountId").is_nil() {
            return Err(Fault::dialog("You cannot specify both the \"itemId\" and the \"accountId\"."));
        }
        let by_number = creating && text("lineType") == "Item" && id("itemId").is_nil();
        let items = self.set("items").expect("invariant: the set exists");
        let item = if by_number {
            let number = Value::from(text("lineObjectNumber"));
            self.store.rows(items).by_key(self.sets[items].key_position(), &number)
        } else {
            self.store.rows(items).get(&id("itemId"))
        };
        match item {
            Some(item) if item.id != set.id(row, "itemId") => self.copy_item(index, document, row, item)?,
            None if by_number || !id("itemId").is_nil() => return Err(Fault::dialog("Item does not exist.")),
            _ => {}
        }
        if !id("accountId").is_nil() {
            self.copy_account(set, row, id("accountId"))?;
        }
        if creating { Ok(()) } else { check_fixed(set, row, body) }
    }

    fn copy_item(&self, index: usize, document: Document, row: &mut Row, item: &Row) -> Result<(), Fault> {
        let set = &self.sets[index];
        let items = &self.sets[self.set("items").expect("invariant: the set exists")];
        if *items.value(item, "blocked") == Value::Bool(true) {
            let number = items.text(item, "number");
            return Err(Fault::dialog(format!("Blocked must be equal to 'No' in Item: No.={number}.")));
        }
        set.put(row, "itemId", item.id.to_string());
        set.put(row, "lineType", "Item");
        for (from, to) in [
            ("number", "lineObjectNumber"),
            ("displayName", "description"),
            ("displayName2", "description2"),
            ("baseUnitOfMeasureId", "unitOfMeasureId"),
        ] {
            set.put(row, to, items.value(item, from).clone());
        }
        let price = items.number(item, "unitPrice");
        let header = self.header_of(document, set.id(row, "documentId"));
        let (price, tax) = header.map_or((price, 0), |(headers, header)| {
            (self.in_currency(price, headers.id(header, "currencyId")), self.tax_of(headers, header))
        });
        set.put(row, "unitPrice", decimal(price));
        set.put(row, "taxPercent", tax);
        set.put(row, "taxCode", if tax > 0 { "TAXABLE" } else { "" });
        Ok(())
    }

    fn copy_account(&self, set: &Set, row: &mut Row, account: Uuid) -> Result<(), Fault> {
        let accounts = self.set("accounts").expect("invariant: the set exists");
        let account = self.store.rows(accounts).get(&account);
        let account = account.ok_or_else(|| Fault::dialog("Account does not exist."))?;
        set.put(row, "lineType", "Account");
        set.put(row, "lineObjectNumber", self.sets[accounts].text(account, "number"));
        set.put(row, "description", self.sets[accounts].text(account, "displayName"));
        Ok(())
    }

    fn tax_of(&self, headers: &Set, header: &Row) -> i64 {
        let customers = self.set("customers").expect("invariant: the set exists");
        let customer = self.store.rows(customers).get(&headers.id(header, "customerId"));
        let liable = customer
            .is_some_and(|customer| *self.sets[customers].value(customer, "taxLiable") == Value::Bool(true));
        if liable { TAX_PERCENT } else { 0 }
    }

    /// Returns a price of the local currency in another one, by its exchange rate.
    fn in_currency(&self, price: Decimal, currency: Uuid) -> Decimal {
        let code = |set: &str, id: &Uuid| {
            let index = self.set(set)?;
            Some(self.sets[index].text(self.store.rows(index).get(id)?, "code").to_owned())
        };
        let Some(code) = code("currencies", &currency) else { return price };
        let index = self.set("currencyExchangeRates").expect("invariant: the set exists");
        let rates = &self.sets[index];
        let latest = self
            .store
            .rows(index)
            .iter()
            .filter(|rate| rates.text(rate, "currencyCode") == code)
            .max_by_key(|rate| rates.text(rate, "startingDate").to_owned());
        let foreign = latest.and_then(|rate| {
            let amount = price.checked_mul(rates.number(rate, "exchangeRateAmount"))?;
            amount.checked_div(rates.number(rate, "relationalExchangeRateAmount"))
        });
        foreign.map_or(price, |price| price.round_dp(5))
    }

    /// Completes and checks a line that is about to be stored.
    pub(in super::super) fn validate_line(
        &self,
        index: usize,
        document: Document,
        old: Option<&Row>,
        row: &mut Row,
    ) -> Result<(), Fault> {
        let set = &self.sets[index];
        let header = self.header_of(document, set.id(row, "documentId"));
        let (headers, header) = header.expect("invariant: lines stand below a header");
        check_status(headers, header, document, set, old, row)?;
        let number = |name: &str, row: &Row| set.number(row, name);
        let moved =
            |name: &str, row: &Row| old.map_or(Decimal::ZERO, |old| number(name, old)) != number(name, row);
        if document == Document::Order {
            for (open, done, word) in [
                ("shipQuantity", "shippedQuantity", "ship"),
                ("invoiceQuantity", "invoicedQuantity", "invoice"),
            ] {
                let left = number("quantity", row) - number(done, row);
                if moved("quantity", row) && !moved(open, row) {
                    set.put(row, open, decimal(left));
                }
                if number(open, row).abs() > left.abs() {
                    return Err(Fault::dialog(format!(
                        "You cannot {word} more than {} units.",
                        left.normalize()
                    )));
                }
            }
        }
        let mut priced = priced(set, row, headers, header);
        check_amounts(set, row, &priced)?;
        if moved("discountAmount", row) {
            set.put(row, "discountPercent", decimal(percent(priced.discount, priced.gross())));
        } else if ["discountPercent", "quantity", "unitPrice"].iter().any(|name| moved(name, row)) {
            priced.discount = part(priced.gross(), number("discountPercent", row));
            set.put(row, "discountAmount", decimal(priced.discount));
        }
        let amount = priced.amount();
        set.put(row, "amountExcludingTax", decimal(amount.excluding_tax));
        set.put(row, "totalTaxAmount", decimal(amount.tax));
        set.put(row, "amountIncludingTax", decimal(amount.including_tax()));
        Ok(())
    }

    /// Returns the header a line stands below.
    pub(super) fn header_of(&self, document: Document, id: Uuid) -> Option<(&Set, &Row)> {
        let headers = self.set(document.headers())?;
        Some((&self.sets[headers], self.store.rows(headers).get(&id)?))
    }
}

/// Returns what a line's amounts follow from.
pub(super) fn priced(set: &Set, row: &Row, headers: &Set, header: &Row) -> Priced {
    let includes = headers.position("pricesIncludeTax").map(|position| &header.values[position]);
    Priced {
        quantity: set.number(row, "quantity"),
        unit_price: set.number(row, "unitPrice"),
        discount: set.number(row, "discountAmount"),
        tax_percent: set.number(row, "taxPercent"),
        price_includes_tax: includes == Some(&Value::Bool(true)),
    }
}

/// Refuses what no amount can hold.
fn check_amounts(set: &Set, row: &Row, priced: &Priced) -> Result<(), Fault> {
    let percent = set.number(row, "discountPercent");
    if percent.is_sign_negative() && !percent.is_zero() || percent > Decimal::ONE_HUNDRED {
        return Err(Fault::dialog("The value of discountPercent must be between 0 and 100."));
    }
    let gross = priced.quantity.checked_mul(priced.unit_price).map(|gross| gross.abs());
    if gross.is_none_or(|gross| gross > Decimal::from(AMOUNT_LIMIT)) {
        return Err(Fault::dialog("The amount of the line is too large."));
    }
    Ok(())
}

/// Refuses to change what a line was inserted with.
fn check_fixed(set: &Set, row: &Row, body: &Map<String, Value>) -> Result<(), Fault> {
    let differs = |name: &&&str| match (body.get(**name), set.value(row, name)) {
        (None, _) => false,
        (Some(Value::String(sent)), Value::String(stored)) => {
            !stored.is_empty() && !sent.trim().eq_ignore_ascii_case(stored)
        }
        (Some(sent), stored) => as_decimal(sent) != as_decimal(stored),
    };
    match FIXED.iter().find(differs) {
        Some(name) => Err(Fault::dialog(format!(
            "The value for {name} cannot be modified. Delete and insert the line again."
        ))),
        None => Ok(()),
    }
}

fn check_status(
    headers: &Set,
    header: &Row,
    document: Document,
    set: &Set,
    old: Option<&Row>,
    row: &Row,
) -> Result<(), Fault> {
    let open = match document {
        Document::Order => headers.text(header, "status") != "Open",
        Document::Invoice => headers.text(header, "status") == "Draft",
        Document::Quote | Document::Shipment => true,
    };
    if open {
        return Ok(());
    }
    if document == Document::Invoice {
        return Err(Fault::dialog("The lines of a posted invoice cannot be modified."));
    }
    let columns = set.columns.iter().enumerate();
    let mut changed =
        columns.filter(|(position, _)| old.is_none_or(|old| old.values[*position] != row.values[*position]));
    match changed.find(|(_, column)| !FREE_WHEN_RELEASED.contains(&column.name)) {
        Some((_, column)) => Err(released(headers, header, column.name)),
        None => Ok(()),
    }
}
