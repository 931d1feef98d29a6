//! What one column demands of another: state and status, money and currency, references to a deleted row.

use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::error::Fault;
use super::schema::{Kind, Table};
use super::service::Service;
use super::values::{as_decimal, decimal, money};
use crate::sim::store::Row;

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
        let default = states.iter().find(|option| option.0 == current).map(|option| option.2);
        row.values[status] = default.map_or(Value::Null, Value::from);
    }
    let chosen = row.values[status].as_i64().unwrap_or_default();
    if statuses.iter().any(|option| option.0 == chosen && option.2 == current) {
        return Ok(());
    }
    let message =
        format!("{chosen} is not a valid status code for state code {current} on {}.", table.logical_name);
    Err(Fault::new(400, "0x80048408", message))
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
        .any(|(column, value)| column.kind == Kind::Money && !value.is_null());
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

    /// Fills the columns that follow from others: rate and base amounts.
    pub(super) fn calculate(&self, table: usize, row: &mut Row) {
        let definition = &self.tables[table];
        let currency = definition
            .position("transactioncurrencyid")
            .filter(|_| definition.primary_id != "transactioncurrencyid");
        let (Some(currency), Some(rate_position)) = (currency, definition.position("exchangerate")) else {
            return;
        };
        let rate = self.exchange_rate(&row.values[currency]);
        row.values[rate_position] = rate.map_or(Value::Null, |rate| decimal(rate, 12));
        for (position, column) in definition.columns.iter().enumerate() {
            let Kind::MoneyBase(source) = column.kind else {
                continue;
            };
            let amount = definition.position(source).and_then(|source| as_decimal(&row.values[source]));
            let base = amount.zip(rate).and_then(|(amount, rate)| amount.checked_div(rate));
            row.values[position] = base.map_or(Value::Null, money);
        }
    }

    fn exchange_rate(&self, currency: &Value) -> Option<Decimal> {
        let table = self.table("transactioncurrencies")?;
        let row = self.store.rows(table).get(&currency.as_str()?.parse().ok()?)?;
        as_decimal(&row.values[self.tables[table].position("exchangerate")?])
    }

    /// Refuses the deletion where a restricting lookup refers to the row; empties the other lookups.
    pub(super) fn release_references(&mut self, target: usize, id: Uuid) -> Result<(), Fault> {
        let logical_name = self.tables[target].logical_name;
        let id_text = Value::String(id.to_string());
        for table in 0..self.tables.len() {
            for position in 0..self.tables[table].columns.len() {
                let kind = self.tables[table].columns[position].kind.clone();
                if !kind.targets().contains(&logical_name) {
                    continue;
                }
                let referring: Vec<_> = self
                    .store
                    .rows(table)
                    .iter()
                    .filter(|row| row.values[position] == id_text)
                    .cloned()
                    .collect();
                if !referring.is_empty() && !matches!(kind, Kind::Lookup { restrict: false, .. }) {
                    let message = "The object you tried to delete is associated with another object and cannot be deleted.";
                    return Err(Fault::new(405, "0x80040227", message));
                }
                for mut row in referring {
                    row.values[position] = Value::Null;
                    row.version = self.store.next_version();
                    self.store.put(table, row);
                }
            }
        }
        Ok(())
    }
}
