//! What one column demands of another: state and status, money and currency, references to a deleted row.

use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::error::Fault;
use super::link::has_key;
use super::schema::{AlternateKey, Deletion, IndexStatus, Kind, PrecisionSource, Table};
use super::service::Service;
use super::values::{as_decimal, decimal, money};
use crate::sim::store::Row;

const MOST_DECIMALS: u32 = 4;

/// State and status depend on each other; a state alone takes its default status.
pub(super) fn check_state(table: &Table, row: &mut Row, touched: &[usize]) -> Result<(), Fault> {
    let (Some(state), Some(status)) = (table.position("statecode"), table.position("statuscode")) else {
        return Ok(());
    };
    let (Kind::State(states), Kind::Status(statuses)) =
        (&table.columns[state].kind, &table.columns[status].kind)
    else {
        return Ok(());
    };
    let current = row.values[state].as_i64().unwrap_or_default();
    if touched.contains(&state) && !touched.contains(&status) {
        let default =
            states.iter().find(|option| option.value == current).map(|option| option.default_status);
        row.values[status] = default.map_or(Value::Null, Value::from);
    }
    let chosen = row.values[status].as_i64().unwrap_or_default();
    if statuses.iter().any(|option| option.value == chosen && option.state == current) {
        return Ok(());
    }
    let message =
        format!("{chosen} is not a valid status code for state code {current} on {}.", table.logical_name);
    Err(Fault::new(400, "0x80048408", message))
}

/// A new product is a draft until somebody publishes it.
pub(super) fn make_draft(table: &Table, row: &mut Row) {
    for (column, value) in [("statecode", 2), ("statuscode", 0)] {
        if let Some(position) = table.position(column) {
            row.values[position] = Value::from(value);
        }
    }
}

/// A row in a state that is locked takes nothing but another state.
pub(super) fn check_unlocked(
    table: &Table,
    before: &Row,
    after: &Row,
    touched: &[usize],
) -> Result<(), Fault> {
    let Some((position, states)) = table.states() else { return Ok(()) };
    let locked = |row: &Row| {
        let state = row.values[position].as_i64();
        states.iter().any(|option| Some(option.value) == state && option.locked)
    };
    let only_state = || {
        let names = ["statecode", "statuscode"];
        touched.iter().all(|column| names.contains(&table.columns[*column].name.as_str()))
    };
    if !locked(before) || !locked(after) || only_state() {
        return Ok(());
    }
    let message = format!(
        "The {} with Id = {} cannot be updated because it is inactive.",
        table.logical_name, before.id
    );
    Err(Fault::new(400, "0x80040230", message))
}

/// Money needs a currency.
pub(super) fn check_currency(table: &Table, row: &Row) -> Result<(), Fault> {
    let Some(currency) = table.position("transactioncurrencyid") else {
        return Ok(());
    };
    let money = table
        .columns
        .iter()
        .zip(&row.values)
        .any(|(column, value)| matches!(column.kind, Kind::Money { .. }) && !value.is_null());
    if row.values[currency].is_null() && money && table.primary_id != "transactioncurrencyid" {
        return Err(Fault::new(
            400,
            "0x80048cfb",
            "The currency cannot be null when there are non-null money fields.",
        ));
    }
    Ok(())
}

impl Service {
    /// Gives a row that can hold money the base currency if it has none.
    pub(super) fn default_currency(&self, table: usize, row: &mut Row) {
        let currency = self.tables[table].position("transactioncurrencyid");
        if let Some(position) = currency.filter(|position| row.values[*position].is_null()) {
            row.values[position] = Value::String(self.seed.base_currency.to_string());
        }
    }

    /// Fills the columns that follow from others: names, rate and base amounts.
    pub(super) fn calculate(&self, table: usize, row: &mut Row) {
        let definition = &self.tables[table];
        if definition.logical_name == "contact" {
            full_name(definition, row);
        }
        let currency = definition
            .position("transactioncurrencyid")
            .filter(|_| definition.primary_id != "transactioncurrencyid");
        let (Some(currency), Some(rate_position)) = (currency, definition.position("exchangerate")) else {
            return;
        };
        let rate = self.of_currency(&row.values[currency], "exchangerate");
        let decimals = self.of_currency(&row.values[currency], "currencyprecision");
        row.values[rate_position] = rate.map_or(Value::Null, |rate| decimal(rate, 12));
        for (position, column) in definition.columns.iter().enumerate() {
            match &column.kind {
                Kind::Money { source } => {
                    let decimals = self.decimals(*source, decimals);
                    if let Some(amount) = as_decimal(&row.values[position]) {
                        row.values[position] = money(amount.round_dp(decimals));
                    }
                }
                Kind::MoneyBase(source) => {
                    let amount =
                        definition.position(source).and_then(|source| as_decimal(&row.values[source]));
                    let base = amount.zip(rate).and_then(|(amount, rate)| amount.checked_div(rate));
                    row.values[position] = base.map_or(Value::Null, money);
                }
                _ => {}
            }
        }
    }

    fn decimals(&self, source: PrecisionSource, of_currency: Option<Decimal>) -> u32 {
        let of_organization = || {
            let table = self.table("organizations")?;
            let position = self.tables[table].position("pricingdecimalprecision")?;
            self.store.rows(table).iter().next()?.values[position].as_u64()
        };
        let decimals = match source {
            PrecisionSource::Column(decimals) => Some(decimals),
            PrecisionSource::Organization => of_organization().and_then(|decimals| decimals.try_into().ok()),
            PrecisionSource::Currency => of_currency.and_then(|decimals| decimals.try_into().ok()),
        };
        decimals.unwrap_or(MOST_DECIMALS).min(MOST_DECIMALS)
    }

    fn of_currency(&self, currency: &Value, column: &str) -> Option<Decimal> {
        let table = self.table("transactioncurrencies")?;
        let row = self.store.rows(table).get(&currency.as_str()?.parse().ok()?)?;
        as_decimal(&row.values[self.tables[table].position(column)?])
    }

    /// Refuses a row whose alternate key another row has.
    pub(super) fn check_keys(&self, table: usize, row: &Row) -> Result<(), Fault> {
        let definition = &self.tables[table];
        for key in definition.keys.iter().filter(|key| key.index == IndexStatus::Active) {
            if self.has_twin(table, key, row) {
                let message = format!(
                    "Entity Key {} violated. A record with the same value for {} already exists. A duplicate record cannot be created. Select one or more unique values and try again.",
                    key.schema_name,
                    key.columns.join(", ")
                );
                return Err(Fault::new(412, "0x80060892", message));
            }
        }
        Ok(())
    }

    /// Returns whether another row has this row's key; a key with an empty column is none.
    pub(super) fn has_twin(&self, table: usize, key: &AlternateKey, row: &Row) -> bool {
        let definition = &self.tables[table];
        let columns = key.columns.iter().filter_map(|name| definition.position(name));
        let parts: Vec<_> = columns.map(|column| (column, row.values[column].clone())).collect();
        let rows = self.store.rows(table);
        match parts.as_slice() {
            [(column, value)] if rows.is_unique(*column) => {
                rows.by_key(*column, value).is_some_and(|other| other.id != row.id)
            }
            parts => rows.iter().any(|other| other.id != row.id && has_key(other, parts)),
        }
    }

    /// Makes what comes with a row: the base unit of a unit group, the product number of a price.
    pub(super) fn accompany(&mut self, table: usize, id: Uuid) -> Result<(), Fault> {
        let definition = &self.tables[table];
        if definition.logical_name != "uomschedule" {
            return Ok(());
        }
        let row = self.find(table, id)?;
        let name = definition.position("baseuomname").map(|position| row.values[position].clone());
        let Some(name @ Value::String(_)) = name else { return Ok(()) };
        let made = definition.position("createdon").map(|position| row.values[position].clone());
        let made = made.and_then(|made| made.as_str().map(str::to_owned)).unwrap_or_default();
        let values = [
            ("name", name),
            ("quantity", decimal(Decimal::ONE, 10)),
            ("isschedulebaseuom", Value::Bool(true)),
            ("uomscheduleid", Value::String(id.to_string())),
        ];
        self.insert("uoms", Uuid::new_v4(), &made, &values);
        Ok(())
    }

    /// Deletes a row: refused where a restricting lookup names it; other lookups are emptied, or their rows go too.
    pub(super) fn erase(&mut self, target: usize, id: Uuid) -> Result<(), Fault> {
        let logical_name = self.tables[target].logical_name.clone();
        let id_text = Value::String(id.to_string());
        for table in 0..self.tables.len() {
            for position in 0..self.tables[table].columns.len() {
                let column = &self.tables[table].columns[position];
                let deletion = column.kind.deletion();
                let targets = self.tables[table].targets(position);
                if !targets.iter().any(|target| target.table == logical_name) {
                    continue;
                }
                let rows = self.store.rows(table).iter();
                let referring: Vec<_> = rows.filter(|row| row.values[position] == id_text).cloned().collect();
                for mut row in referring {
                    match deletion {
                        Deletion::Restrict => {
                            let message = "The object you tried to delete is associated with another object and cannot be deleted.";
                            return Err(Fault::new(405, "0x80040227", message));
                        }
                        Deletion::Cascade => self.erase(table, row.id)?,
                        Deletion::RemoveLink => {
                            row.values[position] = Value::Null;
                            row.version = self.store.next_version();
                            self.store.put(table, row);
                        }
                    }
                }
            }
        }
        self.unpair(target, &id_text);
        self.store.remove(target, id);
        Ok(())
    }

    /// Takes a row out of every pair it is in.
    fn unpair(&mut self, table: usize, id: &Value) {
        let name = &self.tables[table].logical_name;
        let sides = self
            .relationships
            .iter()
            .flat_map(|relationship| relationship.sides.iter().map(|side| (relationship.intersect, side)));
        let ours = sides.filter(|(_, side)| side.table == name).filter_map(|(intersect, side)| {
            let intersect = self.table_by_logical_name(intersect)?;
            Some((intersect, self.tables[intersect].position(side.column)?))
        });
        let pairs: Vec<(usize, Uuid)> = ours
            .flat_map(|(intersect, column)| {
                let pairs = self.store.rows(intersect).iter().filter(move |row| row.values[column] == *id);
                pairs.map(move |row| (intersect, row.id))
            })
            .collect();
        for (intersect, pair) in pairs {
            self.store.remove(intersect, pair);
        }
    }
}

/// A contact's full name is made of its parts.
fn full_name(table: &Table, row: &mut Row) {
    let part = |name| table.position(name).and_then(|position| row.values[position].as_str());
    let parts: Vec<_> = ["firstname", "middlename", "lastname"].into_iter().filter_map(part).collect();
    let name = if parts.is_empty() { Value::Null } else { Value::String(parts.join(" ")) };
    if let Some(position) = table.position("fullname") {
        row.values[position] = name;
    }
}
