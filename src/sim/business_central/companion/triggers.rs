//! What Business Central does besides storing what was sent: rows it makes and removes beside others, values it copies.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::decimal;
use crate::sim::store::Row;

/// What a company contact takes over from its customer or vendor.
const SHARED: [&str; 11] = [
    "displayName",
    "addressLine1",
    "addressLine2",
    "country",
    "postalCode",
    "city",
    "state",
    "phoneNumber",
    "email",
    "website",
    "faxNumber",
];
/// What a person takes over from the company it is put under.
const FROM_COMPANY: [&str; 8] =
    ["addressLine1", "addressLine2", "country", "postalCode", "city", "state", "phoneNumber", "website"];

impl Service {
    /// Makes the rows that come with a row just inserted.
    pub(crate) fn follow_insertion(&mut self, table: usize, id: Uuid) {
        let Some(row) = self.store.rows(table).get(&id).cloned() else { return };
        match self.sets[table].name {
            "customers" => self.make_company_contact(table, &row, "CUST", "Customer"),
            "vendors" => self.make_company_contact(table, &row, "VEND", "Vendor"),
            "items" => self.make_product_rows(table, &row, "Item", "itemUnitsOfMeasure", "itemNumber"),
            "resources" => {
                self.make_product_rows(table, &row, "Resource", "resourceUnitsOfMeasure", "resourceNumber");
            }
            "itemLedgerEntries" => {
                let open = self.amount(table, &row, "quantity").max(Decimal::ZERO);
                let mut row = row;
                self.put_column(table, &mut row, "remainingQuantity", decimal(open));
                self.store.put(table, row);
            }
            _ => {}
        }
    }

    /// Removes the rows that go with a removed one.
    pub(super) fn follow_removal(&mut self, table: usize, row: &Row) {
        let number = self.code_of_row(table, row).to_owned();
        match self.sets[table].name {
            "customers" => self.remove_relations("Customer", &number),
            "vendors" => self.remove_relations("Vendor", &number),
            "items" => self.remove_product_rows(row.id, "itemUnitsOfMeasure", "itemNumber", &number),
            "resources" => {
                self.remove_product_rows(row.id, "resourceUnitsOfMeasure", "resourceNumber", &number);
            }
            _ => {}
        }
    }

    fn make_company_contact(&mut self, table: usize, party: &Row, relation: &str, link: &str) {
        let contacts = self.table("contacts");
        let number = self.next_number(contacts, "CT");
        let now = self.now();
        let mut values = vec![
            ("number", json!(number)),
            ("type", json!("Company")),
            ("companyNumber", json!(number)),
            ("companyName", self.column(table, party, "displayName").clone()),
            ("contactBusinessRelation", json!(link)),
        ];
        values.extend(SHARED.map(|name| (name, self.column(table, party, name).clone())));
        self.insert("contacts", Uuid::new_v4(), &now, &values);
        let values = [
            ("contactNumber", json!(number)),
            ("businessRelationCode", json!(relation)),
            ("linkToTable", json!(link)),
            ("number", json!(self.code_of_row(table, party))),
        ];
        self.insert("contactBusinessRelations", Uuid::new_v4(), &now, &values);
    }

    fn make_product_rows(
        &mut self,
        table: usize,
        product: &Row,
        kind: &str,
        units: &str,
        number_name: &'static str,
    ) {
        let number = self.code_of_row(table, product).to_owned();
        let now = self.now();
        let values = [
            ("sourceType", json!(kind)),
            ("sourceNumber", json!(number)),
            ("code", json!(format!("{} {number} UOM GR", kind.to_uppercase()))),
        ];
        self.insert("unitGroups", product.id, &now, &values);
        self.make_unit_row(table, product, units, number_name);
    }

    /// Makes the unit row of a product's base unit, unless there is one.
    pub(super) fn make_unit_row(
        &mut self,
        table: usize,
        product: &Row,
        units: &str,
        number_name: &'static str,
    ) {
        let number = self.code_of_row(table, product).to_owned();
        let unit = self.base_unit(table, product).to_owned();
        let rows = self.table(units);
        let known =
            self.rows_with(rows, number_name, &number).any(|row| self.text_of(rows, row, "code") == unit);
        if unit.is_empty() || known {
            return;
        }
        let mut values =
            vec![(number_name, json!(number)), ("code", json!(unit)), ("quantityPerUnitOfMeasure", json!(1))];
        if self.column_position(rows, "relatedToBaseUnit").is_some() {
            values.push(("relatedToBaseUnit", json!(true)));
        }
        let now = self.now();
        self.insert(units, Uuid::new_v4(), &now, &values);
    }

    /// Makes the rows that an update needs.
    pub(super) fn follow_update(&mut self, table: usize, id: Uuid) {
        let Some(row) = self.store.rows(table).get(&id).cloned() else { return };
        match self.sets[table].name {
            "items" => self.make_unit_row(table, &row, "itemUnitsOfMeasure", "itemNumber"),
            "resources" => self.make_unit_row(table, &row, "resourceUnitsOfMeasure", "resourceNumber"),
            _ => {}
        }
    }

    fn remove_relations(&mut self, link: &str, number: &str) {
        let relations = self.table("contactBusinessRelations");
        let of_link = |row: &&Row| self.text_of(relations, row, "linkToTable") == link;
        let found: Vec<_> = self.rows_with(relations, "number", number).filter(of_link).cloned().collect();
        for relation in found {
            self.remove(relations, relation.id);
            let contact = self.column(relations, &relation, "contactNumber").clone();
            self.tell_relation(&contact);
        }
    }

    /// Says on a contact what it is to us.
    fn tell_relation(&mut self, contact: &Value) {
        let contacts = self.table("contacts");
        let Some(mut row) = self.by_code(contacts, contact).cloned() else { return };
        let relation = self.relation_of(&row);
        self.put_column(contacts, &mut row, "contactBusinessRelation", relation);
        self.put_column(contacts, &mut row, "lastModifiedDateTime", Value::String(self.now()));
        self.put(contacts, row);
    }

    fn remove_product_rows(&mut self, product: Uuid, units: &str, number_name: &str, number: &str) {
        let units = self.table(units);
        let found: Vec<_> = self.rows_with(units, number_name, number).map(|row| row.id).collect();
        found.into_iter().for_each(|id| self.remove(units, id));
        let groups = self.table("unitGroups");
        if self.store.rows(groups).get(&product).is_some() {
            self.remove(groups, product);
        }
    }

    /// Copies what follows from a property just set, before those that stand behind it are set.
    pub(super) fn follow_assignment(&self, table: usize, row: &mut Row, property: &str) {
        match (self.sets[table].name, property) {
            ("customers" | "vendors", "primaryContactNumber") => self.copy_primary_contact(table, row),
            ("contacts", "companyNumber") => self.copy_company(table, row),
            ("contacts", "displayName") if self.is_person(table, row) => self.split_name(table, row),
            ("contacts", "firstName" | "middleName" | "lastName") if self.is_person(table, row) => {
                self.join_name(table, row);
            }
            _ => {}
        }
    }

    fn is_person(&self, contacts: usize, row: &Row) -> bool {
        self.text_of(contacts, row, "type") == "Person"
    }

    fn copy_primary_contact(&self, table: usize, row: &mut Row) {
        let contacts = self.table("contacts");
        let number = self.column(table, row, "primaryContactNumber").clone();
        let Some(contact) = self.by_code(contacts, &number) else { return };
        self.put_column(table, row, "contact", self.column(contacts, contact, "displayName").clone());
        if !self.is_person(contacts, contact) {
            for name in ["phoneNumber", "email"] {
                self.copy(contacts, contact, table, row, name);
            }
        }
    }

    fn copy_company(&self, contacts: usize, row: &mut Row) {
        let number = self.column(contacts, row, "companyNumber").clone();
        let Some(company) = self.by_code(contacts, &number).filter(|company| company.id != row.id) else {
            return;
        };
        for name in FROM_COMPANY {
            self.copy(contacts, company, contacts, row, name);
        }
        self.put_column(contacts, row, "companyName", self.column(contacts, company, "displayName").clone());
    }

    /// Copies a value that is there.
    fn copy(&self, from: usize, source: &Row, to: usize, row: &mut Row, name: &str) {
        let value = self.column(from, source, name);
        if *value != "" {
            self.put_column(to, row, name, value.clone());
        }
    }

    /// Splits a person's name: the last word is the surname, the first the first name.
    fn split_name(&self, contacts: usize, row: &mut Row) {
        let name = self.text_of(contacts, row, "displayName").to_owned();
        let words: Vec<_> = name.split_whitespace().collect();
        let (first, middle, last) = match words.as_slice() {
            [] => (String::new(), String::new(), String::new()),
            [only] => (String::new(), String::new(), (*only).to_owned()),
            [first, middle @ .., last] => ((*first).to_owned(), middle.join(" "), (*last).to_owned()),
        };
        for (part, text) in [("firstName", first), ("middleName", middle), ("lastName", last)] {
            self.put_column(contacts, row, part, Value::String(text.chars().take(30).collect()));
        }
    }

    fn join_name(&self, contacts: usize, row: &mut Row) {
        let parts = ["firstName", "middleName", "lastName"].map(|part| self.text_of(contacts, row, part));
        let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let name = name.chars().take(100).collect();
        self.put_column(contacts, row, "displayName", Value::String(name));
    }
}
