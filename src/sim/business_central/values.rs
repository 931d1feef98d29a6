//! One property of a body checked against its column and brought to its stored form, and the blank form of each type.

use rust_decimal::Decimal;
use serde_json::{Number, Value};
use uuid::Uuid;

use super::error::Fault;
use super::schema::{Column, Kind, Set};
use crate::sim::odata::moment;

/// The largest amount the product stores.
const DECIMAL_LIMIT: i64 = 999_999_999_999_999;

/// Returns how an empty property of this type looks; never null.
pub(super) fn blank(kind: &Kind) -> Value {
    match kind {
        Kind::Id | Kind::Reference(_) => Value::String(Uuid::nil().to_string()),
        Kind::Code(_)
        | Kind::Text(_)
        | Kind::CodeOf { .. }
        | Kind::CodeIn { .. }
        | Kind::LookUp { .. }
        | Kind::Composed(_) => Value::from(""),
        Kind::Decimal | Kind::Integer | Kind::BigInteger | Kind::Inventory | Kind::BalanceDue => {
            Value::from(0)
        }
        Kind::Boolean => Value::Bool(false),
        Kind::Date => Value::from("0001-01-01"),
        Kind::DateTime => Value::from("0001-01-01T00:00:00Z"),
        Kind::Enum(_, members) => Value::from(*members.first().expect("invariant: an enum has members")),
    }
}

/// Returns the stored form of a sent value.
pub(super) fn stored(set: &Set, column: &Column, value: &Value) -> Result<Value, Fault> {
    if value.is_null() {
        let message = format!("The parameter '{}' must not be blank or empty.", column.name);
        return Err(Fault::new(400, "BadRequest_RequiredParamNotProvided", message));
    }
    let wrong = || {
        let message = format!(
            "Cannot convert the literal '{value}' of property '{}' to the expected type '{}'.",
            column.name,
            column.kind.edm()
        );
        Fault::bad_request(message)
    };
    let as_text = || value.as_str().ok_or_else(wrong);
    let stored = match &column.kind {
        Kind::Code(max) | Kind::CodeOf { max, .. } | Kind::CodeIn { max, .. } => {
            limited(as_text()?.trim().to_uppercase(), *max)?
        }
        // Nobody can write them.
        Kind::LookUp { .. } | Kind::BalanceDue | Kind::Composed(_) => return Err(wrong()),
        Kind::Text(max) => limited(as_text()?.to_owned(), *max)?,
        Kind::Decimal | Kind::Inventory => {
            let limit = Decimal::from(DECIMAL_LIMIT);
            let number = as_decimal(value).filter(|number| number.abs() <= limit);
            decimal(number.ok_or_else(wrong)?)
        }
        Kind::Integer => {
            Value::from(value.as_i64().filter(|number| i32::try_from(*number).is_ok()).ok_or_else(wrong)?)
        }
        Kind::BigInteger => Value::from(value.as_i64().ok_or_else(wrong)?),
        Kind::Boolean => Value::Bool(value.as_bool().ok_or_else(wrong)?),
        Kind::Date | Kind::DateTime => {
            let text = as_text()?;
            moment::parse(text).ok_or_else(wrong)?;
            Value::from(text)
        }
        Kind::Enum(_, members) => member(column, members, as_text()?)?,
        Kind::Id | Kind::Reference(_) => {
            let id = Uuid::parse_str(as_text()?);
            let id = id.map_err(|_| {
                Fault::new(400, "Application_InvalidGUID", format!("Invalid format of GUID string: {value}."))
            })?;
            Value::String(id.to_string())
        }
    };
    if column.needed && stored == "" {
        return Err(needed(set, column));
    }
    Ok(stored)
}

/// Says that a property must have a value.
pub(super) fn needed(set: &Set, column: &Column) -> Fault {
    match column.name {
        "displayName" => Fault::dialog("A \"displayName\" must be provided."),
        name => Fault::new(
            400,
            "Application_FieldValidationException",
            format!("{name} must have a value in {}. It cannot be zero or empty.", set.caption),
        ),
    }
}

fn limited(text: String, max: usize) -> Result<Value, Fault> {
    let length = text.encode_utf16().count();
    if length <= max {
        return Ok(Value::String(text));
    }
    let message = format!(
        "The length of the string is {length}, but it must be less than or equal to {max} characters. Value: {text}"
    );
    Err(Fault::new(400, "Application_StringExceededLength", message))
}

/// Accepts the escaped name and the caption; stores the escaped name.
fn member(column: &Column, members: &[&str], text: &str) -> Result<Value, Fault> {
    let known = members.iter().find(|member| **member == text || unescaped(member) == text);
    known.map(|member| Value::from(*member)).ok_or_else(|| {
        let options: Vec<_> = members.iter().map(|member| unescaped(member)).collect();
        let message = format!(
            "Your entry of '{text}' is not an acceptable value for '{}'. The existing options are: {}",
            column.name,
            options.join(",")
        );
        Fault::new(400, "Application_EvaluateException", message)
    })
}

/// Returns an enum member as people write it.
pub(super) fn unescaped(member: &str) -> String {
    let mut text = String::new();
    let mut rest = member;
    while let Some((before, after)) = rest.split_once("_x") {
        text.push_str(before);
        let escape = after.split_once('_').filter(|(hex, _)| hex.len() == 4);
        let character =
            escape.and_then(|(hex, _)| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        match (character, escape) {
            (Some(character), Some((_, tail))) => {
                text.push(character);
                rest = tail;
            }
            _ => {
                text.push_str("_x");
                rest = after;
            }
        }
    }
    text + rest
}

/// Returns a decimal as a JSON number without trailing zeros.
pub(crate) fn decimal(value: Decimal) -> Value {
    Value::Number(Number::from_string_unchecked(value.normalize().to_string()))
}

/// Returns a JSON number as a decimal.
pub(super) fn as_decimal(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else {
        return None;
    };
    let text = number.to_string();
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn enum_members_read_as_their_captions() {
        assert_eq!(unescaped("_x0020_"), " ");
        assert_eq!(unescaped("Non_x002D_Inventory"), "Non-Inventory");
        assert_eq!(unescaped("Positive_x0020_Adjmt_x002E_"), "Positive Adjmt.");
        assert_eq!(unescaped("Company"), "Company");
    }
}
