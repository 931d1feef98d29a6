//! Values as people read and type them in the inbox.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use unicode_normalization::UnicodeNormalization;

use super::face::{FaceKind, folded, unquoted};
use crate::model::{RowId, Value};

/// Shows a value as the text between the quotes.
pub(super) fn shown(value: &Value, kind: &FaceKind) -> String {
    match value {
        Value::Blank => String::new(),
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Flag(true) => "yes".to_owned(),
        Value::Flag(false) => "no".to_owned(),
        Value::Date(date) => date.to_string(),
        Value::Instant(instant) => instant.to_string(),
        Value::Reference(row) => match kind {
            FaceKind::Reference(names) => names.get(row).cloned().unwrap_or_else(|| row.to_string()),
            _ => row.to_string(),
        },
        Value::Uncoupled(_, row) => format!("{row} (not coupled yet)"),
    }
}

/// Returns whether what is shown for a value depends on this value and nothing else.
pub(super) const fn shows_itself(value: &Value) -> bool {
    !matches!(value, Value::Reference(_) | Value::Uncoupled(..))
}

/// Reads a typed value, or says how to write one.
pub(super) fn read(text: &str, kind: &FaceKind) -> Result<Value, String> {
    let trimmed = text.trim();
    let wanted = |value: Option<Value>, how: &str| value.ok_or_else(|| how.to_owned());
    match kind {
        FaceKind::Text => {
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            Ok(Value::text(text.nfc().collect::<String>()))
        }
        FaceKind::Number => wanted(
            number(trimmed).map(Value::Number),
            "this field takes a number: write it with a point for decimals and nothing between the thousands, like 1234.50",
        ),
        FaceKind::Flag => wanted(flag(trimmed).map(Value::Flag), "this field takes yes or no"),
        FaceKind::Date => wanted(
            date(trimmed).map(Value::Date),
            "this field takes a date: write it as year-month-day, like 2026-01-31",
        ),
        FaceKind::Instant => wanted(
            trimmed.parse::<Timestamp>().ok().map(Value::Instant),
            "this field takes a moment: write it with its time zone, like 2026-01-31T14:30:00Z",
        ),
        FaceKind::Reference(names) => {
            let exact = names.values().any(|name| name == trimmed);
            let is_meant = |name: &str| if exact { name == trimmed } else { folded(name) == folded(trimmed) };
            let mut named = names.iter().filter(|(_, name)| is_meant(name));
            match (named.next(), named.next()) {
                (Some((row, _)), None) => Ok(Value::Reference(row.clone())),
                (Some(_), Some(_)) => {
                    Err("more than one row has this name: write the id of the one you mean".to_owned())
                }
                (None, _) => {
                    wanted(row(trimmed), "this field refers to another row: write that row's name or its id")
                }
            }
        }
    }
}

/// Reads a number; a single comma is taken for the decimal sign where it cannot be meant for thousands.
fn number(text: &str) -> Option<Decimal> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let whole_and_part = text.split_once(',');
    match whole_and_part {
        None => Decimal::from_str_exact(&text).ok(),
        Some((_, part)) if part.len() == 3 || part.contains([',', '.']) => None,
        Some((whole, part)) => Decimal::from_str_exact(&format!("{whole}.{part}")).ok(),
    }
}

fn flag(text: &str) -> Option<bool> {
    match folded(text).as_str() {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Reads `2026-01-31`, or `31.01.2026`, whose order of day and month is beyond doubt.
fn date(text: &str) -> Option<Date> {
    if let [day, month, year] = text.split('.').collect::<Vec<_>>()[..] {
        let year: i16 = (year.len() == 4).then(|| year.parse().ok()).flatten()?;
        return Date::new(year, month.parse().ok()?, day.parse().ok()?).ok();
    }
    if text.len() != "2026-01-31".len() {
        return None;
    }
    text.parse().ok()
}

fn row(text: &str) -> Option<Value> {
    let row = RowId::new(unquoted(text));
    let is_guid = row.as_str().len() == 36 && row.as_str().matches('-').count() == 4;
    (is_guid && !row.is_zero()).then_some(Value::Reference(row))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(kind: &FaceKind, text: &str, expected: Option<&str>) {
        let read = read(text, kind).ok();
        assert_eq!(read.map(|value| shown(&value, kind)).as_deref(), expected, "{text}");
    }

    #[test]
    fn typed_values_take_the_kind_of_their_field() {
        check(&FaceKind::Text, " 030 ", Some(" 030 "));
        check(&FaceKind::Number, " 12.50", Some("12.5"));
        check(&FaceKind::Number, "12,5", Some("12.5"));
        check(&FaceKind::Number, "1 234,50", Some("1234.5"));
        for doubtful in ["1,234", "1.234,50", "1,2,3", "about 12", "1e5"] {
            check(&FaceKind::Number, doubtful, None);
        }
        check(&FaceKind::Flag, "Yes", Some("yes"));
        check(&FaceKind::Flag, "perhaps", None);
        check(&FaceKind::Date, "31.1.2026", Some("2026-01-31"));
        check(&FaceKind::Date, "2026-01-31", Some("2026-01-31"));
        check(&FaceKind::Date, "1/2/2026", None);
        check(&FaceKind::Instant, "2026-01-31T14:30:00+01:00", Some("2026-01-31T13:30:00Z"));
        check(&FaceKind::Instant, "2026-01-31 14:30", None);
    }

    #[test]
    fn a_row_is_named_by_its_name_or_its_id() {
        let id = "5c1e0000-0000-4000-8000-000000000001";
        let twin = "5c1e0000-0000-4000-8000-000000000002";
        let other = "5c1e0000-0000-4000-8000-000000000003";
        let names = [(id, "Euro"), (twin, "Krone"), (other, "Krone")];
        let names: BTreeMap<_, _> =
            names.into_iter().map(|(row, name)| (RowId::new(row), name.to_owned())).collect();
        let kind = FaceKind::Reference(names);
        check(&kind, "euro", Some("Euro"));
        check(&kind, id, Some("Euro"));
        check(&kind, "krone", None);
        check(&kind, "Dollar", None);
    }

    #[test]
    fn each_kind_of_value_is_shown_in_its_own_way() {
        let (text, eur) = (FaceKind::Text, RowId::new("eur"));
        let names = FaceKind::Reference([(eur.clone(), "Euro".to_owned())].into());
        for (value, kind, expected) in [
            (Value::Blank, &text, ""),
            (Value::text("x"), &text, "x"),
            (Value::Number("1.50".parse().unwrap()), &FaceKind::Number, "1.5"),
            (Value::Flag(true), &FaceKind::Flag, "yes"),
            (Value::Flag(false), &FaceKind::Flag, "no"),
            (Value::Date("2026-01-31".parse().unwrap()), &FaceKind::Date, "2026-01-31"),
            (Value::Instant("2026-01-31T10:00:00Z".parse().unwrap()), &text, "2026-01-31T10:00:00Z"),
            (Value::Reference(eur.clone()), &names, "Euro"),
            (Value::Reference(RowId::new("usd")), &names, "usd"),
            (Value::Reference(eur.clone()), &text, "eur"),
            (Value::Uncoupled(crate::model::Side::Left, eur.clone()), &names, "eur (not coupled yet)"),
        ] {
            assert_eq!(shown(&value, kind), expected);
        }
        assert!(shows_itself(&Value::text("x")) && shows_itself(&Value::Blank));
        assert!(!shows_itself(&Value::Reference(eur.clone())));
        assert!(!shows_itself(&Value::Uncoupled(crate::model::Side::Left, eur)));
    }

    #[test]
    fn flags_have_several_words() {
        for (words, expected) in
            [(["yes", "TRUE", "on", "1"], Some("yes")), (["No", "false", "off", "0"], Some("no"))]
        {
            words.iter().for_each(|word| check(&FaceKind::Flag, word, expected));
        }
        check(&FaceKind::Flag, "", None);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for doubtful in ["1,2.5", "1.5,25", "1,234", ","] {
            check(&FaceKind::Number, doubtful, None);
        }
        check(&FaceKind::Number, "1,2345", Some("1.2345"));
        check(&FaceKind::Number, "-1,25", Some("-1.25"));
        for doubtful in ["31.1.26", "1.2.3.4", "20260131", "2026-01-31T10:00:00", "31.13.2026", "2026-01-1"] {
            check(&FaceKind::Date, doubtful, None);
        }
    }

    #[test]
    fn line_ends_and_letters_have_one_spelling() {
        check(&FaceKind::Text, "a\r\nb\rc", Some("a\nb\nc"));
        check(&FaceKind::Text, "Cafe\u{301}", Some("Café"));
    }

    #[test]
    fn a_name_written_exactly_comes_before_one_that_is_close() {
        let names = [("a", "Euro"), ("b", "EURO")].map(|(row, name)| (RowId::new(row), name.to_owned()));
        let kind = FaceKind::Reference(names.into());
        assert_eq!(read(" EURO ", &kind), Ok(Value::Reference(RowId::new("b"))));
        assert_eq!(read("Euro", &kind), Ok(Value::Reference(RowId::new("a"))));
        assert!(read("euro", &kind).unwrap_err().starts_with("more than one row"));
        assert!(read("Krone", &kind).unwrap_err().contains("that row's name or its id"));
    }

    #[test]
    fn only_an_id_of_some_row_is_taken_for_a_row() {
        let id = "5c1e0000-0000-4000-8000-000000000001";
        assert_eq!(row(&format!("“{id}”")), Some(Value::Reference(RowId::new(id))));
        assert_eq!(row("a-b-c-d-e"), None);
        assert_eq!(row(&"a".repeat(36)), None);
        assert_eq!(row("00000000-0000-0000-0000-000000000000"), None);
    }
}
