//! Exchange rates as of today: units of a currency for one unit of local currency.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::model::{ColumnKind, Value};
use crate::systems::SystemError;
use crate::systems::odata::{Query, Service, decode};

/// Decimal places of a rate.
pub const SCALE: u32 = 10;

/// The rates in force, by currency code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeRates(BTreeMap<String, Decimal>);

/// One line of the rate table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    currency: String,
    starting: Date,
    amount: Decimal,
    relational_amount: Decimal,
}

impl ExchangeRates {
    /// Reads the rate table. Today is the server's today.
    pub async fn read(service: &Service, company: &str) -> Result<Self, SystemError> {
        let what = "exchange rates";
        let query = Query::of(format!("{company}/currencyExchangeRates")).select([
            "currencyCode",
            "startingDate",
            "exchangeRateAmount",
            "relationalExchangeRateAmount",
        ]);
        let mut url = service.url(&query.path());
        let (mut lines, mut today) = (Vec::new(), None);
        loop {
            let response = service.get(what, &url, None).await?;
            let page = service.page(what, &url, &response, |entry| line(&entry))?;
            lines.extend(page.rows.into_iter().flatten());
            today = today.or_else(|| response.date.map(|date| date.to_zoned(TimeZone::UTC).date()));
            let Some(next) = page.next_link else { break };
            url = next;
        }
        let today = today.ok_or_else(|| service.unexpected(what, "no Date header"))?;
        Ok(Self::in_force(lines, today))
    }

    /// Returns the rate of a currency; blank if there is none.
    pub fn rate(&self, currency: &Value) -> Value {
        let Value::Text(code) = currency else { return Value::Blank };
        self.0.get(code).copied().map_or(Value::Blank, Value::Number)
    }

    fn in_force(mut lines: Vec<Line>, today: Date) -> Self {
        lines.retain(|line| line.starting <= today && !line.relational_amount.is_zero());
        lines.sort_by_key(|line| line.starting);
        // A later line replaces an earlier one.
        let rate = |line: Line| {
            let rate = line.amount.checked_div(line.relational_amount)?;
            Some((line.currency, rate.round_dp(SCALE).normalize()))
        };
        Self(lines.into_iter().filter_map(rate).collect())
    }
}

/// Reads a line; one without a usable date or amounts is no rate.
fn line(entry: &Json) -> Option<Line> {
    let value = |name: &str, kind| decode(kind, entry.get(name)?).ok();
    let number = |name: &str| match value(name, ColumnKind::Number)? {
        Value::Number(number) => Some(number),
        _ => None,
    };
    let starting = match value("startingDate", ColumnKind::Date)? {
        Value::Date(date) => date,
        // A line without a date has always been in force.
        Value::Blank => Date::MIN,
        _ => return None,
    };
    Some(Line {
        currency: entry.get("currencyCode")?.as_str()?.to_owned(),
        starting,
        amount: number("exchangeRateAmount")?,
        relational_amount: number("relationalExchangeRateAmount")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_latest_line_up_to_today_counts() {
        let entry = |code: &str, date: &str, amount: &str, relational: &str| {
            let number = |text: &str| serde_json::from_str::<Json>(text).unwrap();
            json!({"currencyCode": code, "startingDate": date, "exchangeRateAmount": number(amount),
                "relationalExchangeRateAmount": number(relational)})
        };
        let lines = [
            entry("EUR", "2026-06-01", "100", "110"),
            entry("EUR", "2026-01-01", "100", "120"),
            entry("EUR", "2026-12-01", "100", "130"),
            entry("DKK", "2026-01-01", "1", "0.16"),
            entry("USD", "2027-01-01", "1", "1"),
            entry("XXX", "2026-01-01", "1", "0"),
            json!({"currencyCode": "YYY"}),
        ];
        let rates =
            ExchangeRates::in_force(lines.iter().filter_map(line).collect(), "2026-11-21".parse().unwrap());
        let rate = |code: &str| rates.rate(&Value::text(code));
        assert_eq!(rate("EUR"), Value::Number("0.9090909091".parse().unwrap()));
        assert_eq!(rate("DKK"), Value::Number("6.25".parse().unwrap()));
        for code in ["USD", "XXX", "YYY", ""] {
            assert_eq!(rate(code), Value::Blank, "{code}");
        }
    }
}
