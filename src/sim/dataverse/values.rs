//! One property of a body checked against its column and brought to its stored form.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value};

use super::error::Fault;
use super::schema::{Column, Kind, Table};
use crate::sim::odata::moment;

const MONEY_DECIMALS: u32 = 4;
const MONEY_LIMIT: i64 = 922_337_203_685_477;
const DECIMAL_LIMIT: i64 = 100_000_000_000;
const MOST_CHOICES: usize = 150;
const EARLIEST_YEAR: &str = "1753-01-01";

/// Returns the stored form of a sent value; blank text is stored as null.
pub(super) fn stored(table: &Table, column: &Column, value: &Value) -> Result<Value, Fault> {
    if value.is_null() || value == "" && matches!(column.kind, Kind::Text { .. } | Kind::Memo { .. }) {
        return null(table, column);
    }
    let wrong = || wrong_type(table, column, value);
    match &column.kind {
        Kind::Text { max } | Kind::Memo { max } => {
            text(table, column, value.as_str().ok_or_else(wrong)?, *max)
        }
        Kind::Integer { min, max } => {
            let number = value.as_i64().ok_or_else(wrong)?;
            if (*min..=*max).contains(&number) { Ok(value.clone()) } else { Err(out_of_range(table, column)) }
        }
        Kind::Decimal { precision } => number(table, column, value, *precision, DECIMAL_LIMIT),
        Kind::Double { precision } => number(table, column, value, *precision, DECIMAL_LIMIT),
        Kind::Money { .. } => number(table, column, value, MONEY_DECIMALS, MONEY_LIMIT),
        Kind::Boolean => value.as_bool().map(Value::Bool).ok_or_else(wrong),
        Kind::Choice(_) | Kind::State(_) | Kind::Status(_) => {
            let number = value.as_i64().ok_or_else(wrong)?;
            let known = column.kind.label(number).is_some();
            if known { Ok(Value::from(number)) } else { Err(not_an_option(table, column, number)) }
        }
        Kind::Choices(_) => choices(table, column, value),
        Kind::DateOnly => {
            let text = value.as_str().ok_or_else(wrong)?;
            let date = Some(text).filter(|text| text.len() == 10).and_then(date_time);
            date.map(|_| value.clone()).ok_or_else(wrong)
        }
        Kind::DateTime => {
            let text = value.as_str().ok_or_else(wrong)?;
            date_time(text)
                .ok_or_else(|| Fault::new(400, "0x80040239", format!("Invalid date-time value '{text}'.")))
        }
        Kind::Id => {
            let id = value.as_str().and_then(|text| uuid::Uuid::parse_str(text).ok()).ok_or_else(wrong)?;
            Ok(Value::String(id.to_string()))
        }
        Kind::Lookup { .. } | Kind::Owner | Kind::Version | Kind::MoneyBase(_) => Err(wrong()),
    }
}

/// Returns a decimal as a JSON number that keeps its trailing zeros.
pub(crate) fn decimal(value: Decimal, decimals: u32) -> Value {
    let mut value = value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointNearestEven);
    value.rescale(decimals);
    Value::Number(Number::from_string_unchecked(value.to_string()))
}

/// Returns an amount in the form all money has on the wire.
pub(crate) fn money(value: Decimal) -> Value {
    decimal(value, MONEY_DECIMALS)
}

/// Returns a code as the signed decimal its hexadecimal stands for.
pub(super) fn decimal_code(code: &str) -> String {
    let number = code.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
    number.map_or_else(String::new, |number| number.cast_signed().to_string())
}

/// Returns a stored number as a decimal.
pub(crate) fn as_decimal(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else {
        return None;
    };
    let text = number.to_string();
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// Several options: a text of values joined by commas, with or without blanks.
fn choices(table: &Table, column: &Column, value: &Value) -> Result<Value, Fault> {
    let text = value.as_str().ok_or_else(|| wrong_type(table, column, value))?;
    let mut chosen = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let number = part.parse().map_err(|_| wrong_type(table, column, value))?;
        if column.kind.label(number).is_none() {
            return Err(not_an_option(table, column, number));
        }
        if !chosen.contains(&number) {
            chosen.push(number);
        }
    }
    if chosen.len() > MOST_CHOICES {
        let message = format!("'{}' takes at most {MOST_CHOICES} selections.", column.name);
        return Err(Fault::new(400, "0x80050222", message));
    }
    let joined: Vec<_> = chosen.iter().map(i64::to_string).collect();
    if joined.is_empty() { null(table, column) } else { Ok(Value::String(joined.join(","))) }
}

/// Returns the stored form of an emptied value.
pub(super) fn null(table: &Table, column: &Column) -> Result<Value, Fault> {
    if column.required {
        let message =
            format!("Attribute '{}' of entity '{}' cannot be set to NULL.", column.name, table.logical_name);
        return Err(Fault::new(400, "0x8004203e", message));
    }
    Ok(Value::Null)
}

fn text(table: &Table, column: &Column, text: &str, max: usize) -> Result<Value, Fault> {
    // Dataverse counts UTF-16 code units, as SQL Server does.
    if text.encode_utf16().count() > max {
        let message = format!(
            "A validation error occurred.  The length of the '{}' attribute of the '{}' entity exceeded the maximum allowed length of '{max}'.",
            column.name, table.logical_name
        );
        return Err(Fault::new(400, "0x80044331", message));
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\t' | '\n' | '\r')) {
        let message = format!("Invalid character in field '{}'.", column.name);
        return Err(Fault::new(400, "0x80040278", message));
    }
    Ok(Value::from(text))
}

fn number(table: &Table, column: &Column, value: &Value, decimals: u32, limit: i64) -> Result<Value, Fault> {
    let number = as_decimal(value).ok_or_else(|| wrong_type(table, column, value))?;
    if number.abs() > Decimal::from(limit) {
        return Err(out_of_range(table, column));
    }
    Ok(decimal(number, decimals))
}

fn date_time(text: &str) -> Option<Value> {
    let millis = moment::parse(text).filter(|millis| Some(*millis) >= moment::parse(EARLIEST_YEAR))?;
    let timestamp = jiff::Timestamp::from_second(millis.div_euclid(1000)).ok()?;
    Some(Value::String(timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}

fn wrong_type(table: &Table, column: &Column, value: &Value) -> Fault {
    let edm = column.kind.edm();
    let detail = format!(
        "Cannot convert the literal '{value}' of property '{}' to the expected type '{edm}'.",
        column.name
    );
    Fault::payload(&table.set, &detail)
}

fn out_of_range(table: &Table, column: &Column) -> Fault {
    let message = format!(
        "A validation error occurred. The value of '{}' on record of type '{}' is outside the valid range.",
        column.name, table.logical_name
    );
    Fault::new(400, "0x80044330", message)
}

fn not_an_option(table: &Table, column: &Column, value: i64) -> Fault {
    let message = format!(
        "A validation error occurred. The value {value} of '{}' on record of type '{}' is outside the valid range. Accepted Values: see the option set.",
        column.name, table.logical_name
    );
    Fault::new(400, "0x8004431A", message)
}
