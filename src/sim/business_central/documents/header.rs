//! A document's header: what it copies from its customer, its dates, and what its status forbids.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::error::Fault;
use super::super::schema::{Document, Set};
use super::super::service::Service;
use super::super::write::assign;
use crate::sim::store::Row;

/// The customer's property and what the header makes of it.
const COPIED: [(&str, &[&str]); 14] = [
    ("displayName", &["customerName", "billToName", "shipToName"]),
    ("addressLine1", &["sellToAddressLine1", "billToAddressLine1", "shipToAddressLine1"]),
    ("addressLine2", &["sellToAddressLine2", "billToAddressLine2", "shipToAddressLine2"]),
    ("city", &["sellToCity", "billToCity", "shipToCity"]),
    ("country", &["sellToCountry", "billToCountry", "shipToCountry"]),
    ("state", &["sellToState", "billToState", "shipToState"]),
    ("postalCode", &["sellToPostCode", "billToPostCode", "shipToPostCode"]),
    ("id", &["customerId", "billToCustomerId"]),
    ("currencyId", &["currencyId"]),
    ("paymentTermsId", &["paymentTermsId"]),
    ("shipmentMethodId", &["shipmentMethodId"]),
    ("salespersonCode", &["salesperson"]),
    ("phoneNumber", &["phoneNumber"]),
    ("email", &["email"]),
];

const ADDRESS: [&str; 6] = ["AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode"];

/// What may still be written on an order that is released, and on an invoice that is posted.
const FREE_WHEN_RELEASED: [&str; 5] =
    ["externalDocumentNumber", "postingDate", "phoneNumber", "email", "lastModifiedDateTime"];
const FREE_WHEN_POSTED: [&str; 4] =
    ["promisedPayDate", "disputeStatusId", "disputeStatus", "lastModifiedDateTime"];

impl Service {
    /// Copies what a header takes from the customer a body names, before the body's other properties are put.
    pub(in super::super) fn begin_document(
        &self,
        index: usize,
        row: &mut Row,
        body: &Map<String, Value>,
        creating: bool,
    ) -> Result<(), Fault> {
        let set = &self.sets[index];
        let before = set.id(row, "customerId");
        let named = body.iter().filter(|(name, _)| matches!(name.as_str(), "customerId" | "customerNumber"));
        let named: Map<_, _> = named.map(|(name, value)| (name.clone(), value.clone())).collect();
        assign(self, index, row, &named, creating)?;
        let customer = set.id(row, "customerId");
        if customer.is_nil() {
            return Err(Fault::dialog("A \"customerNumber\" or a \"customerId\" must be provided."));
        }
        if customer != before {
            self.copy_customer(set, row, customer)?;
        }
        Ok(())
    }

    fn copy_customer(&self, set: &Set, row: &mut Row, customer: Uuid) -> Result<(), Fault> {
        let customers = self.set("customers").expect("invariant: the set exists");
        let customer = self.store.rows(customers).get(&customer);
        let customer = customer.expect("invariant: the reference was checked");
        let customers = &self.sets[customers];
        if customers.text(customer, "blocked") == "All" {
            let number = customers.text(customer, "number");
            return Err(Fault::dialog(format!(
                "You cannot create this type of document when Customer {number} is blocked with type All"
            )));
        }
        for (from, names) in COPIED {
            for name in names {
                set.put(row, name, customers.value(customer, from).clone());
            }
        }
        Ok(())
    }

    /// Completes and checks a header that is about to be stored.
    pub(in super::super) fn validate_document(
        &self,
        index: usize,
        document: Document,
        old: Option<&Row>,
        row: &mut Row,
    ) -> Result<(), Fault> {
        let set = &self.sets[index];
        if let Some(old) = old {
            check_status(set, document, old, row)?;
        } else {
            for name in ["orderDate", "documentDate", "invoiceDate", "postingDate"] {
                if set.position(name).is_some_and(|position| row.values[position] == "0001-01-01") {
                    set.put(row, name, self.clock.today());
                }
            }
            set.put(row, "status", "Draft");
        }
        copy_sell_to(set, document, old, row);
        let moved =
            |name: &str, row: &Row| old.is_none_or(|old| set.value(old, name) != set.value(row, name));
        if set.position("dueDate").is_some() {
            let dated = if document == Document::Quote { "documentDate" } else { "invoiceDate" };
            let written = match old {
                Some(_) => moved("dueDate", row),
                None => set.text(row, "dueDate") != "0001-01-01",
            };
            if !written && (moved(dated, row) || moved("paymentTermsId", row)) {
                let due = self.due_date(set.text(row, dated), set.id(row, "paymentTermsId"));
                set.put(row, "dueDate", due);
            }
        }
        Ok(())
    }

    /// Returns when a document of this date is due.
    pub(in super::super) fn due_date(&self, dated: &str, terms: Uuid) -> String {
        let index = self.set("paymentTerms").expect("invariant: the set exists");
        let terms = self.store.rows(index).get(&terms);
        let formula = terms.map_or("", |terms| self.sets[index].text(terms, "dueDateCalculation"));
        later(dated, formula).unwrap_or_else(|| dated.to_owned())
    }
}

/// Adds a date formula such as `30D` or `1M+8D`; `None` for what is none.
fn later(dated: &str, formula: &str) -> Option<String> {
    let mut date: Date = dated.parse().ok()?;
    for term in formula.split('+').filter(|term| !term.is_empty()) {
        let (count, unit) = term.split_at_checked(term.len() - 1)?;
        let count: i32 = count.parse().ok()?;
        let span = match unit {
            "D" => count.days(),
            "W" => count.weeks(),
            "M" => count.months(),
            "Y" => count.years(),
            _ => return None,
        };
        date = date.checked_add(span).ok()?;
    }
    Some(date.to_string())
}

/// Who buys is also who pays, as long as nobody says otherwise.
fn copy_sell_to(set: &Set, document: Document, old: Option<&Row>, row: &mut Row) {
    if set.value(row, "customerId") != set.value(row, "billToCustomerId") {
        return;
    }
    // On a new quote both addresses can be sent.
    if old.is_none() && document == Document::Quote {
        return;
    }
    for line in ADDRESS {
        let value = set.value(row, &format!("sellTo{line}")).clone();
        if old.is_none_or(|old| *set.value(old, &format!("sellTo{line}")) != value) {
            set.put(row, &format!("billTo{line}"), value);
        }
    }
}

fn check_status(set: &Set, document: Document, old: &Row, row: &Row) -> Result<(), Fault> {
    let free: &[&str] = match (document, set.text(old, "status")) {
        (Document::Order, "Open") => &FREE_WHEN_RELEASED,
        (Document::Invoice, status) if status != "Draft" => &FREE_WHEN_POSTED,
        _ => return Ok(()),
    };
    let changed = set.columns.iter().zip(old.values.iter().zip(&row.values));
    let mut changed = changed.filter(|(_, (old, new))| old != new).map(|(column, _)| column.name);
    match changed.find(|name| !free.contains(name)) {
        Some(name) if document == Document::Order => Err(released(set, old, name)),
        Some(name) => {
            let message = format!("The '{name}' of a posted invoice cannot be modified.");
            Err(Fault::dialog(message))
        }
        None => Ok(()),
    }
}

/// Says that an order must be reopened before it can be changed.
pub(super) fn released(set: &Set, order: &Row, property: &str) -> Fault {
    let message = format!(
        "Status must be equal to 'Open' in Sales Header: Document Type=Order, No.={}. Current value is 'Released'. ({property})",
        set.text(order, "number")
    );
    Fault::new(400, "Application_FieldValidationException", message)
}

#[cfg(test)]
mod tests {
    use super::later;

    #[test]
    fn date_formulas_are_added_term_by_term() {
        let shown = |formula| later("2026-01-31", formula).unwrap_or_default();
        assert_eq!(shown("30D"), "2026-03-02");
        assert_eq!(shown("1M+8D"), "2026-03-08");
        assert_eq!(shown("2W"), "2026-02-14");
        assert_eq!(shown(""), "2026-01-31");
        assert_eq!(shown("CM"), "");
        assert_eq!(shown("é"), "");
    }
}
