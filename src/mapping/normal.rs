//! Normal forms: one spelling for each value, the same for both sides, so that `==` means what it says.

use rust_decimal::{Decimal, RoundingStrategy};
use unicode_normalization::UnicodeNormalization;

use crate::model::Value;

use super::FieldKind;

/// Returns the value's normal form in a field of that kind. Normalising twice equals normalising once (I31).
///
/// A value of a foreign kind (text in a number field) is kept as it is: it differs from everything and is reported,
/// never guessed at.
#[must_use]
pub fn normalise(kind: &FieldKind, value: Value) -> Value {
    match (kind, value) {
        (FieldKind::Text, Value::Text(text)) => Value::text(one_spelling(&text)),
        // Some letters have no upper case of their own and fall apart into letter and marks.
        (FieldKind::Code, Value::Text(text)) => {
            Value::text(one_spelling(&one_spelling(text.trim()).to_uppercase()))
        }
        (FieldKind::Number { scale, zero_is_blank }, Value::Number(number)) => {
            let number = rounded(number, *scale);
            if *zero_is_blank && number.is_zero() { Value::Blank } else { Value::Number(number) }
        }
        // Business Central cannot store "no answer" in a flag.
        (FieldKind::Flag, Value::Blank) => Value::Flag(false),
        (_, value) => value,
    }
}

fn rounded(number: Decimal, scale: Option<u32>) -> Decimal {
    let number = match scale {
        Some(scale) => number.round_dp_with_strategy(scale, RoundingStrategy::MidpointNearestEven),
        None => number,
    };
    let number = number.normalize();
    if number.is_zero() { Decimal::ZERO } else { number }
}

/// Unicode NFC, line ends LF.
fn one_spelling(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").nfc().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Blank),
            "\\PC{0,12}|[ \r\né̈A-z]{0,9}".prop_map(Value::text),
            (any::<i32>(), 0u32..6).prop_map(|(n, scale)| Value::Number(Decimal::new(n.into(), scale))),
            any::<bool>().prop_map(Value::Flag),
        ]
    }

    pub fn any_kind() -> impl Strategy<Value = FieldKind> {
        prop_oneof![
            Just(FieldKind::Text),
            Just(FieldKind::Code),
            (proptest::option::of(0u32..5), any::<bool>())
                .prop_map(|(scale, zero_is_blank)| FieldKind::Number { scale, zero_is_blank }),
            Just(FieldKind::Flag),
        ]
    }

    #[test]
    fn one_value_has_one_spelling() {
        let text = |text: &str| normalise(&FieldKind::Text, Value::text(text));
        assert_eq!(text("Cafe\u{301}\r\nx"), Value::text("Café\nx"));
        let code = |text: &str| normalise(&FieldKind::Code, Value::text(text));
        assert_eq!(code(" usd "), Value::text("USD"));
        assert_eq!(code("\u{1fd7}"), Value::text("\u{3aa}\u{342}"));
        let money = FieldKind::Number { scale: Some(2), zero_is_blank: true };
        let number = |text: &str| Value::Number(text.parse().unwrap());
        assert_eq!(normalise(&money, number("2.345")), number("2.34"));
        assert_eq!(normalise(&money, number("1.10")), number("1.1"));
        assert_eq!(normalise(&money, number("-0.001")), Value::Blank);
    }

    #[test]
    fn zero_is_one_value_and_a_number_keeps_its_places_where_none_are_said() {
        let plain = |text: &str| {
            let kind = FieldKind::Number { scale: None, zero_is_blank: false };
            match normalise(&kind, Value::Number(text.parse().unwrap())) {
                Value::Number(number) => number.to_string(),
                other => panic!("{other:?} is no number"),
            }
        };
        assert_eq!((plain("-0.00"), plain("1.23456789")), ("0".to_owned(), "1.23456789".to_owned()));
    }

    /// A flag has no "no answer"; what is of a foreign kind is never guessed at.
    #[test]
    fn a_blank_flag_is_off_and_a_foreign_value_stays() {
        assert_eq!(normalise(&FieldKind::Flag, Value::Blank), Value::Flag(false));
        assert_eq!(normalise(&FieldKind::Flag, Value::Flag(true)), Value::Flag(true));
        let number = FieldKind::Number { scale: Some(0), zero_is_blank: true };
        assert_eq!(normalise(&number, Value::text("1.5")), Value::text("1.5"));
        assert_eq!(normalise(&FieldKind::Text, Value::Blank), Value::Blank);
    }

    proptest! {
        /// I31
        #[test]
        fn normalising_twice_is_normalising_once(kind in any_kind(), value in any_value()) {
            let once = normalise(&kind, value);
            prop_assert_eq!(normalise(&kind, once.clone()), once);
        }
    }
}
