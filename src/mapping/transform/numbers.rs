//! Steps on numbers.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::Value;

use super::Stuck;

/// How numbers are written as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    /// Before the decimal places.
    pub decimal: char,
    /// Between thousands; read wherever it stands, and never written.
    pub group: Option<char>,
    /// Decimal places written; as many as there are where it says nothing.
    pub places: Option<u32>,
}

impl NumberFormat {
    pub(super) fn read(&self, text: &str) -> Result<Value, Stuck> {
        let plain: String = text
            .trim()
            .chars()
            .filter(|letter| Some(*letter) != self.group)
            .map(|letter| if letter == self.decimal { '.' } else { letter })
            .collect();
        // What stood for something else must not become a decimal point.
        let is_foreign = self.decimal != '.' && self.group != Some('.') && text.contains('.');
        match plain.parse::<Decimal>() {
            Ok(number) if !is_foreign => Ok(Value::Number(number)),
            _ => {
                let problem = format!("is no number with `{}` before its decimal places", self.decimal);
                Err(Stuck::new(&Value::text(text), problem))
            }
        }
    }

    pub(super) fn write(&self, number: Decimal) -> String {
        let text = match self.places {
            Some(places) => format!("{:.*}", places as usize, rounded(number, places)),
            None => number.normalize().to_string(),
        };
        text.replace('.', self.decimal.encode_utf8(&mut [0; 4]))
    }
}

pub(super) fn rounded(number: Decimal, places: u32) -> Decimal {
    number.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven)
}

pub(super) fn times(number: Decimal, factor: Decimal) -> Result<Value, Stuck> {
    let product = number.checked_mul(factor).map(|product| Value::Number(product.normalize()));
    product.ok_or_else(|| Stuck::new(&Value::Number(number), "is too large"))
}

pub(super) fn divided(number: Decimal, factor: Decimal) -> Result<Value, Stuck> {
    let quotient = number.checked_div(factor).map(|quotient| Value::Number(quotient.normalize()));
    quotient.ok_or_else(|| Stuck::new(&Value::Number(number), "is too large"))
}
