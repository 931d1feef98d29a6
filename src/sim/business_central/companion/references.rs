//! Pairs of an id and a code that name one row of another table.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::schema::{Pair, Stored, View};
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::stored;
use crate::sim::store::Row;

impl Service {
    /// Returns the id a pair shows.
    pub(super) fn pair_id(&self, pair: &Pair, row: &Row) -> Value {
        let id = match pair.stored {
            Stored::Id(at) => return row.values[at].clone(),
            Stored::Code(at) => row.values.get(at).and_then(|code| self.by_code(pair.target, code)),
        };
        Value::String(id.map_or(Uuid::nil(), |row| row.id).to_string())
    }

    /// Returns the code a pair shows.
    pub(super) fn pair_code(&self, pair: &Pair, row: &Row) -> Value {
        let code = match pair.stored {
            Stored::Code(at) => row.values.get(at).and_then(Value::as_str).unwrap_or_default().to_owned(),
            Stored::Id(at) => {
                let id = row.values[at].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
                let target = self.store.rows(pair.target).get(&id);
                target.map(|target| self.code_of_row(pair.target, target).to_owned()).unwrap_or_default()
            }
        };
        if code.is_empty() && pair.local_currency { self.local_currency().into() } else { code.into() }
    }

    /// Returns the row of a table with this code or number.
    pub(super) fn by_code(&self, table: usize, code: &Value) -> Option<&Row> {
        self.store.rows(table).by_key(self.sets[table].key_position(), code)
    }

    /// Returns the code or number of a row.
    pub(super) fn code_of_row<'a>(&self, table: usize, row: &'a Row) -> &'a str {
        row.values[self.sets[table].key_position()].as_str().unwrap_or_default()
    }

    /// Puts a sent pair, or half of one, into a row. Where both halves are sent they must agree.
    pub(super) fn assign_pair(
        &self,
        view: &View,
        pair: &Pair,
        row: &mut Row,
        body: &Map<String, Value>,
    ) -> Result<(), Fault> {
        let sent = |position: usize| {
            let column = &view.set.columns[position];
            body.get(column.name).map(|value| stored(&view.set, column, value)).transpose()
        };
        let by_id = sent(pair.id)?.map(|id| self.named_by_id(view, pair, &id)).transpose()?;
        let by_code = sent(pair.code)?.map(|code| self.named_by_code(view, pair, &code)).transpose()?;
        let target = match (by_id, by_code) {
            (Some(id), Some(code)) if id != code => {
                let [id, code] = [pair.id, pair.code].map(|position| view.set.columns[position].name);
                return Err(Fault::dialog(format!("The {id} and {code} values do not match.")));
            }
            (Some(target), _) | (None, Some(target)) => target,
            (None, None) => return Ok(()),
        };
        let (at, value) = match pair.stored {
            Stored::Id(at) => (at, target.unwrap_or_default().to_string()),
            Stored::Code(at) => {
                let found = target.and_then(|id| self.store.rows(pair.target).get(&id));
                (at, found.map(|found| self.code_of_row(pair.target, found).to_owned()).unwrap_or_default())
            }
        };
        row.values[at] = Value::String(value);
        Ok(())
    }

    fn named_by_id(&self, view: &View, pair: &Pair, id: &Value) -> Result<Option<Uuid>, Fault> {
        let id: Uuid = id.as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        if id.is_nil() {
            return Ok(None);
        }
        let known = self.store.rows(pair.target).get(&id).is_some();
        let property = view.set.columns[pair.id].name;
        let caption = self.sets[pair.target].caption;
        let unknown = || Fault::dialog(format!("The {property} does not match a {caption}."));
        known.then_some(Some(id)).ok_or_else(unknown)
    }

    fn named_by_code(&self, view: &View, pair: &Pair, code: &Value) -> Result<Option<Uuid>, Fault> {
        if code == "" || pair.local_currency && *code == self.local_currency().as_str() {
            return Ok(None);
        }
        let found = self.by_code(pair.target, code);
        found.map(|row| Some(row.id)).ok_or_else(|| {
            let property = view.set.columns[pair.code].name;
            self.unrelated(view, property, code, pair.target)
        })
    }

    fn unrelated(&self, view: &View, property: &str, code: &Value, target: usize) -> Fault {
        let message = format!(
            "The field {property} of table {} contains a value ({}) that cannot be found in the related table ({}).",
            view.set.caption,
            code.as_str().unwrap_or_default(),
            self.sets[target].caption
        );
        Fault::new(400, "Internal_InvalidTableRelation", message)
    }
}
