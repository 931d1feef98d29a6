//! References by id and code, and the local currency: stored as blank, read as its code.

use serde_json::Value;
use uuid::Uuid;

use super::error::Fault;
use super::schema::{Column, Kind, Set};
use super::service::Service;
use crate::sim::store::Row;

impl Service {
    /// Returns the code of the local currency.
    pub(super) fn local_currency(&self) -> String {
        let set = self.set("generalLedgerSetup").expect("invariant: the set exists");
        let position = self.sets[set].position("localCurrencyCode").expect("invariant: the property exists");
        let row = self.store.rows(set).iter().next();
        row.and_then(|row| row.values[position].as_str()).unwrap_or_default().to_owned()
    }

    /// Returns the code shown beside a reference.
    pub(super) fn code_of(&self, set: &Set, row: &Row, reference: &str, local_currency: bool) -> String {
        let position = set.position(reference).expect("invariant: a code stands beside its reference");
        let Kind::Reference(target) = set.columns[position].kind else {
            return String::new();
        };
        let id = row.values[position].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        match self.set(target).and_then(|index| Some((index, self.store.rows(index).get(&id)?))) {
            Some((index, row)) => {
                row.values[self.sets[index].key_position()].as_str().unwrap_or_default().to_owned()
            }
            None if local_currency => self.local_currency(),
            None => String::new(),
        }
    }

    /// Returns a property of the row that a code names; blank if it names none.
    pub(super) fn looked_up(&self, set: &Set, row: &Row, code: &str, property: &str) -> Value {
        let position = set.position(code).expect("invariant: what is looked up stands beside its code");
        let found = match set.columns[position].kind {
            Kind::CodeIn { set: target, .. } => self.set(target).and_then(|index| {
                let key = self.sets[index].key_position();
                let row = self.store.rows(index).by_key(key, &row.values[position])?;
                Some(self.property(&self.sets[index], row, self.sets[index].position(property)?).into_owned())
            }),
            _ => None,
        };
        found.unwrap_or_else(|| Value::from(""))
    }

    /// Checks that a reference names a row.
    pub(super) fn check_reference(&self, column: &Column, target: &str, value: &Value) -> Result<(), Fault> {
        let id: Uuid = value.as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let index = self.set(target).expect("invariant: references name sets");
        if id.is_nil() || self.store.rows(index).get(&id).is_some() {
            return Ok(());
        }
        Err(Fault::dialog(format!(
            "The \"{}\" does not match to a {}.",
            column.name, self.sets[index].caption
        )))
    }

    /// Returns the id a code stands for: blank and the local currency are the zero guid.
    pub(super) fn id_of_code(
        &self,
        set: &Set,
        reference: &str,
        code: &str,
        local_currency: bool,
    ) -> Result<Uuid, Fault> {
        if code.is_empty() || local_currency && code == self.local_currency() {
            return Ok(Uuid::nil());
        }
        let position = set.position(reference).expect("invariant: a code stands beside its reference");
        let Kind::Reference(target) = set.columns[position].kind else {
            return Ok(Uuid::nil());
        };
        let index = self.set(target).expect("invariant: references name sets");
        let row = self.store.rows(index).by_key(self.sets[index].key_position(), &Value::from(code));
        row.map(|row| row.id).ok_or_else(|| unrelated(set, reference, code, &self.sets[index]))
    }

    /// Checks that a code names a row of its set.
    pub(super) fn check_code(
        &self,
        set: &Set,
        column: &Column,
        target: &str,
        value: &Value,
    ) -> Result<(), Fault> {
        let code = value.as_str().unwrap_or_default();
        let index = self.set(target).expect("invariant: codes name sets");
        let key = self.sets[index].key_position();
        if code.is_empty() || self.store.rows(index).by_key(key, value).is_some() {
            return Ok(());
        }
        Err(unrelated(set, column.name, code, &self.sets[index]))
    }
}

fn unrelated(set: &Set, property: &str, code: &str, related: &Set) -> Fault {
    let message = format!(
        "The field {property} of table {} contains a value ({code}) that cannot be found in the related table ({}).",
        set.caption, related.caption
    );
    Fault::new(400, "Internal_InvalidTableRelation", message)
}
