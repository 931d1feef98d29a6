//! Values between JSON and the model. Every form of empty becomes the one blank; no number passes through a float.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::model::{ColumnKind, RowId, Timestamp, Value};

/// A value that does not fit its column. Says the kinds, never the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is no {kind}")]
pub struct Mismatch {
    found: &'static str,
    kind: &'static str,
}

/// Reads a value of a column.
pub fn decode(kind: ColumnKind, json: &Json) -> Result<Value, Mismatch> {
    let mismatch = || Mismatch { found: json_name(json), kind: kind_name(kind) };
    if json.is_null() || json.as_str() == Some("") {
        return Ok(Value::Blank);
    }
    match kind {
        ColumnKind::Text => json.as_str().map(Value::text),
        ColumnKind::Member => json.as_str().map(member),
        ColumnKind::Number | ColumnKind::Choice => decimal(json).map(Value::Number),
        ColumnKind::Flag => flag(json).map(Value::Flag),
        ColumnKind::Date => json.as_str().and_then(date),
        ColumnKind::Instant => json.as_str().and_then(instant),
        ColumnKind::Reference => match json {
            Json::Number(number) => Some(reference(&number.to_string())),
            json => json.as_str().map(reference),
        },
        ColumnKind::Other => other(json),
    }
    .ok_or_else(mismatch)
}

/// Writes a value of a column; nothing for a blank, which each product writes its own way.
pub fn encode(kind: ColumnKind, value: &Value) -> Result<Option<Json>, Mismatch> {
    let json = match (kind, value) {
        (_, Value::Blank) => return Ok(None),
        (ColumnKind::Text | ColumnKind::Member | ColumnKind::Other, Value::Text(text)) => {
            Json::from(text.as_str())
        }
        (ColumnKind::Number | ColumnKind::Choice, Value::Number(number)) => number_json(*number),
        (ColumnKind::Flag, Value::Flag(flag)) => Json::Bool(*flag),
        (ColumnKind::Date, Value::Date(date)) => Json::from(date.to_string()),
        (ColumnKind::Instant, Value::Instant(instant)) => Json::from(instant.to_string()),
        (ColumnKind::Reference, Value::Reference(id)) => Json::from(id.as_str()),
        _ => return Err(Mismatch { found: value_name(value), kind: kind_name(kind) }),
    };
    Ok(Some(json))
}

fn member(text: &str) -> Value {
    match text {
        " " | "_x0020_" => Value::Blank,
        member => Value::text(member),
    }
}

fn decimal(json: &Json) -> Option<Decimal> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()
}

fn flag(json: &Json) -> Option<bool> {
    match json {
        Json::Bool(flag) => Some(*flag),
        Json::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

fn date(text: &str) -> Option<Value> {
    let day = text.get(..10)?;
    if !matches!(text.as_bytes().get(10), None | Some(b'T')) {
        return None;
    }
    let date: Date = day.parse().ok()?;
    Some(if date == EMPTY_DATE { Value::Blank } else { Value::Date(date) })
}

fn instant(text: &str) -> Option<Value> {
    let instant = text.parse::<Timestamp>().ok().or_else(|| without_offset(text))?;
    let blank = instant.to_zoned(TimeZone::UTC).date() == EMPTY_DATE;
    Some(if blank { Value::Blank } else { Value::Instant(instant) })
}

/// Reads a moment that carries no offset as UTC.
fn without_offset(text: &str) -> Option<Timestamp> {
    let moment: DateTime = text.parse().ok()?;
    moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn reference(text: &str) -> Value {
    let id = RowId::new(text);
    if id.is_zero() { Value::Blank } else { Value::Reference(id) }
}

fn other(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) => Some(Value::text(text.as_str())),
        Json::Number(_) => decimal(json).map(Value::Number),
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn number_json(number: Decimal) -> Json {
    let number = number.normalize().to_string().parse().expect("a decimal is a JSON number");
    Json::Number(number)
}

/// How both products write "no date".
const EMPTY_DATE: Date = Date::constant(1, 1, 1);

const fn json_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "this text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

const fn value_name(value: &Value) -> &'static str {
    match value {
        Value::Blank => "blank",
        Value::Text(_) => "a text",
        Value::Number(_) => "a number",
        Value::Flag(_) => "yes or no",
        Value::Date(_) => "a date",
        Value::Instant(_) => "a moment",
        Value::Reference(_) => "a reference",
        Value::Uncoupled(..) => "a reference to an uncoupled row",
    }
}

const fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Number => "number",
        ColumnKind::Flag => "yes or no",
        ColumnKind::Date => "date",
        ColumnKind::Instant => "moment",
        ColumnKind::Choice => "numbered choice",
        ColumnKind::Member => "member of a choice",
        ColumnKind::Reference => "reference",
        ColumnKind::Other => "value Tandem can map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: ColumnKind, json: &str) -> Option<Value> {
        decode(kind, &serde_json::from_str(json).unwrap()).ok()
    }

    #[test]
    fn every_empty_form_is_blank() {
        let cases = [
            (ColumnKind::Text, "null"),
            (ColumnKind::Text, r#""""#),
            (ColumnKind::Number, "null"),
            (ColumnKind::Member, r#""_x0020_""#),
            (ColumnKind::Member, r#"" ""#),
            (ColumnKind::Date, r#""0001-01-01""#),
            (ColumnKind::Date, r#""0001-01-01T00:00:00Z""#),
            (ColumnKind::Instant, r#""0001-01-01T00:00:00Z""#),
            (ColumnKind::Instant, r#""0001-01-01""#),
            (ColumnKind::Reference, r#""00000000-0000-0000-0000-000000000000""#),
            (ColumnKind::Reference, "null"),
            (ColumnKind::Other, "null"),
        ];
        for (kind, json) in cases {
            assert_eq!(read(kind, json), Some(Value::Blank), "{kind:?} {json}");
        }
    }

    #[test]
    fn decimals_keep_every_digit() {
        let check = |json: &str, expected: &str| {
            let expected: Decimal = expected.parse().unwrap();
            assert_eq!(read(ColumnKind::Number, json), Some(Value::Number(expected)), "{json}");
        };
        check("0.1", "0.1");
        check("20000.0000", "20000");
        check("12345678901234567.123456789", "12345678901234567.123456789");
        check(r#""1397.30""#, "1397.3");
        check("1E+3", "1000");
        check("-2.5e-3", "-0.0025");
        check("0", "0");
        assert_eq!(read(ColumnKind::Number, r#""many""#), None);
    }

    #[test]
    fn moments_and_dates_are_read_in_all_their_forms() {
        let moment = |text: &str| Some(Value::Instant(text.parse().unwrap()));
        assert_eq!(read(ColumnKind::Instant, r#""2026-03-04T09:15:00Z""#), moment("2026-03-04T09:15:00Z"));
        assert_eq!(read(ColumnKind::Instant, r#""2026-03-04T09:15:00""#), moment("2026-03-04T09:15:00Z"));
        assert_eq!(
            read(ColumnKind::Instant, r#""2026-03-04T09:15:00.5+01:00""#),
            moment("2026-03-04T08:15:00.5Z")
        );
        let date = Some(Value::Date("2026-03-04".parse().unwrap()));
        assert_eq!(read(ColumnKind::Date, r#""2026-03-04""#), date);
        assert_eq!(read(ColumnKind::Date, r#""2026-03-04T00:00:00Z""#), date);
        assert_eq!(read(ColumnKind::Date, r#""2026-03-04x""#), None);
        assert_eq!(read(ColumnKind::Date, r#""04/03/2026""#), None);
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_an_error_that_hides_the_value() {
        let error = decode(ColumnKind::Number, &Json::from("salary")).unwrap_err();
        assert_eq!(error.to_string(), "this text is no number");
        assert!(encode(ColumnKind::Flag, &Value::text("x")).is_err());
        assert!(decode(ColumnKind::Text, &serde_json::json!([1])).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_value_can_make_the_reader_fail(text: String, digits in "-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,12})?") {
            let numbers = serde_json::from_str(&digits).ok();
            for json in [Some(Json::from(text)), Some(Json::from(digits)), numbers].into_iter().flatten() {
                for kind in [
                    ColumnKind::Text, ColumnKind::Number, ColumnKind::Flag, ColumnKind::Date, ColumnKind::Instant,
                    ColumnKind::Choice, ColumnKind::Member, ColumnKind::Reference, ColumnKind::Other,
                ] {
                    let _ = decode(kind, &json);
                }
            }
        }
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        let cases = [
            (ColumnKind::Text, Value::text("a \"b\"")),
            (ColumnKind::Number, Value::Number("10.50".parse().unwrap())),
            (ColumnKind::Choice, Value::Number(3.into())),
            (ColumnKind::Flag, Value::Flag(false)),
            (ColumnKind::Date, Value::Date("2026-02-28".parse().unwrap())),
            (ColumnKind::Instant, Value::Instant("2026-02-28T01:02:03.004Z".parse().unwrap())),
            (ColumnKind::Member, Value::text("Non_x002D_Inventory")),
            (ColumnKind::Reference, Value::Reference(RowId::new("5c1e0000-0000-4000-8000-000000000001"))),
        ];
        for (kind, value) in cases {
            let json = encode(kind, &value).unwrap().unwrap();
            assert_eq!(decode(kind, &json), Ok(value));
        }
        let json = encode(ColumnKind::Choice, &Value::Number("3.0".parse().unwrap())).unwrap().unwrap();
        assert_eq!(json.to_string(), "3");
    }
}
