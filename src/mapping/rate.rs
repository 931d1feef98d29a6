//! Exchange rates: what one unit of a currency is worth, and rates for one unit of another currency than the local one.

use rust_decimal::Decimal;

use crate::model::Value;

use super::definition::Field;
use super::transform::{self, Transform};

impl Field {
    /// Returns how many units of the local currency one unit of a currency is whose rate its owner's column holds so; nothing
    /// where that is no rate.
    #[must_use]
    pub fn units_of_local(&self, rate: Value) -> Option<Decimal> {
        match transform::read(&self.steps[self.direction.owner()?], rate).ok()? {
            Value::Number(units) => Decimal::ONE.checked_div(units),
            _ => None,
        }
    }

    /// Makes its owner's rates count for one unit of a currency that is so many units of the local one.
    pub fn convert_rates(&mut self, units_of_local: Decimal) {
        // Behind its own steps: they make a number of what the column holds.
        if let Some(side) = self.direction.owner() {
            self.steps[side].push(Transform::Factor(units_of_local));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{parse, standard};
    use crate::model::Pair;

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    fn rate(keys: &str) -> Field {
        let text = standard("CURRENCY")
            .unwrap()
            .replace("rate_of = \"code\"", &format!("rate_of = \"code\"\n{keys}"));
        let mapping = parse("CURRENCY", &text, &Pair::new("erp".into(), "crm".into())).unwrap();
        mapping.fields.into_iter().find(|field| field.rate_of.is_some()).unwrap()
    }

    #[test]
    fn a_rate_says_what_one_unit_is_in_the_local_currency() {
        assert_eq!(rate("").units_of_local(number("1.25")), Some("0.8".parse().unwrap()));
        let hundreds = "left_transform = [{ number_format = \"1,5\" }, { factor = \"0.01\" }]";
        assert_eq!(rate(hundreds).units_of_local(Value::text("125,0")), Some("0.8".parse().unwrap()));
        for no_rate in [Value::Blank, number("0"), Value::text("x")] {
            assert_eq!(rate(hundreds).units_of_local(no_rate), None);
        }
    }

    #[test]
    fn the_base_currency_itself_is_one_whatever_its_rate() {
        for base in ["1.1", "0.9259259259", "3", "159.87", "0.0000070001"] {
            let mut field = rate("");
            let units = field.units_of_local(number(base)).unwrap();
            field.convert_rates(units);
            let value = transform::read(&field.steps.left, number(base)).unwrap();
            let Value::Number(value) = value else { panic!("{value:?}") };
            assert_eq!(value.round_dp(12), Decimal::ONE, "{base}");
        }
    }
}
