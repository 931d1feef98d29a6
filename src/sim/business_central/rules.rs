//! What validation code does to a row of one set before it is stored.

use serde_json::{Map, Value};

use super::error::Fault;
use super::schema::{Role, Set};
use super::service::Service;
use super::time::Clock;
use crate::sim::store::Row;

/// A row by the names of its properties.
pub(super) struct Named<'a> {
    pub(super) set: &'a Set,
    pub(super) row: &'a mut Row,
}

impl Named<'_> {
    pub(super) fn get(&self, name: &str) -> &Value {
        &self.row.values[self.at(name)]
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        let position = self.at(name);
        self.row.values[position] = value.into();
    }

    fn at(&self, name: &str) -> usize {
        self.set.position(name).expect("invariant: rules name properties of their set")
    }
}

impl Service {
    /// Puts what follows from the masters a body names, before its other properties.
    pub(super) fn begin(
        &self,
        index: usize,
        row: &mut Row,
        body: &Map<String, Value>,
        creating: bool,
    ) -> Result<(), Fault> {
        match self.sets[index].role {
            Role::Document(_) => self.begin_document(index, row, body, creating),
            Role::Line(document) => self.begin_line(index, document, row, body, creating),
            Role::Table => Ok(()),
        }
    }

    /// Completes and checks a row that is about to be stored; `old` is the row before, if there was one.
    pub(super) fn validate(&self, index: usize, old: Option<&Row>, row: &mut Row) -> Result<(), Fault> {
        let set = &self.sets[index];
        match set.role {
            Role::Document(document) => return self.validate_document(index, document, old, row),
            Role::Line(document) => return self.validate_line(index, document, old, row),
            Role::Table => {}
        }
        let before = |name: &str| old.map(|old| old.values[set.position(name).unwrap_or_default()].clone());
        let row = Named { set, row };
        match set.name {
            "contacts" => self.validate_contact(row, before),
            "opportunities" => validate_opportunity(row, before, self.clock),
            _ => Ok(()),
        }
    }

    /// A company is its own company; a person has the name of theirs.
    fn validate_contact(
        &self,
        mut row: Named<'_>,
        before: impl Fn(&str) -> Option<Value>,
    ) -> Result<(), Fault> {
        if row.text("type") == "Company" {
            let (number, name) = (row.get("number").clone(), row.get("displayName").clone());
            row.put("companyNumber", number);
            row.put("companyName", name);
        } else if before("companyNumber").as_ref() != Some(row.get("companyNumber")) {
            let company = self.store.rows(self.set("contacts").expect("invariant: the set exists"));
            let company = company.by_key(row.set.key_position(), row.get("companyNumber"));
            let property = |name: &str| {
                let position = row.set.position(name)?;
                Some(company?.values[position].clone())
            };
            if property("type").is_some_and(|kind| kind != "Company") {
                let number = row.text("companyNumber");
                return Err(Fault::dialog(format!("Contact {number} is a person, not a company.")));
            }
            if let Some(name) = property("displayName") {
                row.put("companyName", name);
            }
        }
        let searched = before("displayName").and_then(|name| Some(name.as_str()?.to_uppercase()));
        if row.text("searchName").is_empty() || searched.as_deref() == Some(row.text("searchName")) {
            let name = row.text("displayName").to_uppercase();
            row.put("searchName", name);
        }
        Ok(())
    }
}

/// Whose an opportunity is stands fast once it is won or lost.
fn validate_opportunity(
    mut row: Named<'_>,
    before: impl Fn(&str) -> Option<Value>,
    clock: Clock,
) -> Result<(), Fault> {
    if before("id").is_none() {
        row.put("creationDate", clock.today());
        let now = row.get("lastModifiedDateTime").clone();
        row.put("systemCreatedAt", now);
        return Ok(());
    }
    let moved = |name: &&&str| before(name).as_ref() != Some(row.get(name));
    let closed = matches!(row.text("status"), "Won" | "Lost");
    match ["contactNumber", "salespersonCode"].iter().find(moved).filter(|_| closed) {
        Some(name) => Err(Fault::dialog(format!(
            "You cannot change the {name} of an opportunity whose status is {}.",
            row.text("status")
        ))),
        None => Ok(()),
    }
}
