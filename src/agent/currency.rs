//! Two systems that count in different currencies: what depends on that is refused, or converted where people chose so.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::config::OtherBaseCurrency;
use crate::mapping::{Field, Mapping};
use crate::model::{ColumnName, Pair, Row, RowId, Side, TableDescription, Value};
use crate::systems::{Facts, Search};

use super::engine::Engine;
use super::error::EngineError;

/// Refuses a mapping whose amounts or rates would be wrong.
pub fn check(engine: &Engine, mapping: &Mapping, facts: &Pair<&Facts>) -> Result<(), EngineError> {
    let is_concerned = has_blanks(mapping) || mapping.fields.iter().any(|field| field.rate_of.is_some());
    match differing(facts) {
        Some(codes) if is_concerned && !converts(engine) => Err(EngineError::OtherCurrency {
            left: mapping.connections.left.clone(),
            left_code: codes.left.to_owned(),
            right: mapping.connections.right.clone(),
            right_code: codes.right.to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Returns the rows that a blank currency stands for: where currencies are rows, that of the other side's local currency.
pub fn blank_currency(
    engine: &Engine,
    mapping: &Mapping,
    facts: &Pair<&Facts>,
) -> Result<Pair<Option<RowId>>, EngineError> {
    let mut blank = Pair::from_fn(|side| facts[side].base_currency.clone());
    let Some(codes) = differing(facts).filter(|_| converts(engine) && has_blanks(mapping)) else {
        return Ok(blank);
    };
    let rows = Side::BOTH.into_iter().find(|side| blank[*side].is_some()).unwrap_or(Side::Right);
    let code = codes[rows.other()];
    match facts[rows].currencies.get(&code.to_uppercase()) {
        Some(row) => {
            blank[rows] = Some(row.clone());
            Ok(blank)
        }
        None => Err(EngineError::NoCurrency {
            connection: mapping.connections[rows].clone(),
            code: code.to_owned(),
            local: mapping.connections[rows.other()].clone(),
        }),
    }
}

/// Returns the mapping with its exchange rates for one unit of the other side's base currency instead of their owner's local
/// currency, by the rate of today.
pub async fn with_rates_converted(
    engine: &Engine,
    mut mapping: Mapping,
    tables: &Pair<TableDescription>,
    facts: &Pair<&Facts>,
) -> Result<Mapping, EngineError> {
    let Some(codes) = differing(facts).filter(|_| converts(engine)) else { return Ok(mapping) };
    for index in 0..mapping.fields.len() {
        let field = &mapping.fields[index];
        let Some(owner) = field.direction.owner().filter(|_| field.rate_of.is_some()) else { continue };
        let columns = &tables[owner].columns;
        if field.columns(owner).iter().all(|column| columns.contains_key(column)) {
            let units = units_of_local(engine, &mapping, field, owner, codes[owner.other()]).await?;
            mapping.fields[index].convert_rates(units);
        }
    }
    Ok(mapping)
}

/// Returns how many units of the local currency of that side one unit of a currency is, by a field of exchange rates.
async fn units_of_local(
    engine: &Engine,
    mapping: &Mapping,
    field: &Field,
    owner: Side,
    code: &str,
) -> Result<Decimal, EngineError> {
    let code_column = |field: &Field| mapping.field(field.rate_of.as_ref()?)?.column(owner).cloned();
    let columns = field.column(owner).zip(code_column(field));
    let (rate, code_column) =
        columns.expect("invariant: a rate and its code are columns of the side that owns it");
    let (system, table) = (engine.system(&mapping.connections[owner]), &mapping.tables[owner]);
    let wanted: BTreeSet<ColumnName> = [rate.clone(), code_column.clone()].into();
    let search = Search::Equals(code_column, Value::text(code.to_uppercase()));
    let found = system.search(table, &wanted, &search).await?;
    let units = |row: &Row| field.units_of_local(row.values.get(rate)?.clone());
    found.iter().flatten().find_map(units).ok_or_else(|| EngineError::NoRate {
        mapping: mapping.name.clone(),
        connection: mapping.connections[owner].clone(),
        code: code.to_owned(),
        base: mapping.connections[owner.other()].clone(),
    })
}

/// Returns the currencies both sides count in, where they differ.
fn differing<'a>(facts: &Pair<&'a Facts>) -> Option<Pair<&'a str>> {
    let (left, right) = (facts.left, facts.right);
    let codes = Pair::new(left.base_currency_code.as_deref()?, right.base_currency_code.as_deref()?);
    (!codes.left.eq_ignore_ascii_case(codes.right)).then_some(codes)
}

fn converts(engine: &Engine) -> bool {
    engine.config().settings.other_base_currency == OtherBaseCurrency::Convert
}

/// Returns whether a blank is a currency somewhere in the mapping.
fn has_blanks(mapping: &Mapping) -> bool {
    mapping.fields.iter().filter_map(Field::lookup).any(|lookup| lookup.blank_is_base_currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(code: &str) -> Facts {
        Facts {
            identity: "i".to_owned(),
            display_name: "n".to_owned(),
            base_currency_code: (!code.is_empty()).then(|| code.to_owned()),
            base_currency: None,
            currencies: [].into(),
            other_engine: None,
            companion: None,
            server_time: None,
        }
    }

    #[test]
    fn currencies_differ_only_where_both_systems_tell_theirs() {
        let differ = |left: &str, right: &str| {
            let (left, right) = (facts(left), facts(right));
            differing(&Pair::new(&left, &right)).is_some()
        };
        assert!(differ("EUR", "USD"));
        assert!(!differ("EUR", "eur") && !differ("", "EUR") && !differ("EUR", ""));
    }
}
