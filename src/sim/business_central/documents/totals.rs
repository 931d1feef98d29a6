//! The arithmetic of lines and documents.

use rust_decimal::{Decimal, RoundingStrategy};

/// What a line's amounts follow from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Priced {
    pub(super) quantity: Decimal,
    pub(super) unit_price: Decimal,
    pub(super) discount: Decimal,
    pub(super) tax_percent: Decimal,
    pub(super) price_includes_tax: bool,
}

/// A sum with and without tax.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Amount {
    pub(super) excluding_tax: Decimal,
    pub(super) tax: Decimal,
}

impl Amount {
    pub(super) fn including_tax(self) -> Decimal {
        self.excluding_tax + self.tax
    }
}

impl Priced {
    /// Returns quantity times price.
    pub(super) fn gross(&self) -> Decimal {
        rounded(saturating(self.quantity.checked_mul(self.unit_price)))
    }

    /// Returns what the line costs before the document's own discount.
    pub(super) fn amount(&self) -> Amount {
        let discounted = self.gross() - self.discount;
        if self.price_includes_tax {
            let excluding_tax =
                rounded(discounted * Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED + self.tax_percent));
            return Amount { excluding_tax, tax: discounted - excluding_tax };
        }
        taxed(discounted, self.tax_percent)
    }
}

/// Returns an amount with its tax.
pub(super) fn taxed(excluding_tax: Decimal, tax_percent: Decimal) -> Amount {
    Amount { excluding_tax, tax: part(excluding_tax, tax_percent) }
}

/// Returns so many percent of an amount.
pub(super) fn part(amount: Decimal, percent: Decimal) -> Decimal {
    rounded(saturating((amount / Decimal::ONE_HUNDRED).checked_mul(percent)))
}

/// Returns how many percent of `whole` an amount is.
pub(super) fn percent(amount: Decimal, whole: Decimal) -> Decimal {
    let share = (amount * Decimal::ONE_HUNDRED).checked_div(whole);
    saturating(share).round_dp_with_strategy(5, RoundingStrategy::MidpointAwayFromZero)
}

/// Spreads a discount over amounts in proportion; what rounding leaves falls on the last that has an amount.
pub(super) fn spread(discount: Decimal, amounts: &[Decimal]) -> Vec<Decimal> {
    let sum: Decimal = amounts.iter().sum();
    let Some(last) = amounts.iter().rposition(|amount| !amount.is_zero()).filter(|_| !sum.is_zero()) else {
        return vec![Decimal::ZERO; amounts.len()];
    };
    let mut shares: Vec<_> =
        amounts.iter().map(|amount| rounded(saturating((discount / sum).checked_mul(*amount)))).collect();
    let given: Decimal = shares.iter().sum();
    shares[last] += discount - given;
    shares
}

fn rounded(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// What no decimal can hold counts as nothing; bodies are limited long before.
fn saturating(amount: Option<Decimal>) -> Decimal {
    amount.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn priced(price_includes_tax: bool) -> Priced {
        Priced {
            quantity: number("3"),
            unit_price: number("9.99"),
            discount: number("1.50"),
            tax_percent: number("10"),
            price_includes_tax,
        }
    }

    #[test]
    fn tax_is_added_to_a_price_or_contained_in_it() {
        let added = priced(false).amount();
        assert_eq!((added.excluding_tax, added.tax), (number("28.47"), number("2.85")));
        let contained = priced(true).amount();
        assert_eq!((contained.excluding_tax, contained.including_tax()), (number("25.88"), number("28.47")));
    }

    #[test]
    fn a_discount_is_spread_to_the_cent() {
        let shares = spread(number("10"), &[number("1"), number("1"), number("1"), number("0")]);
        assert_eq!(shares, [number("3.33"), number("3.33"), number("3.34"), number("0")]);
        assert_eq!(spread(number("10"), &[]), []);
        assert_eq!(spread(number("10"), &[number("0")]), [number("0")]);
    }

    #[test]
    fn percents_and_parts_are_each_others_reverse() {
        assert_eq!(part(number("50"), number("12.5")), number("6.25"));
        assert_eq!(percent(number("6.25"), number("50")), number("12.5"));
        assert_eq!(percent(number("1"), number("0")), number("0"));
    }
}
