//! Steps on dates.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::model::Value;

use super::Stuck;

pub(super) fn parse(pattern: &str, text: &str) -> Result<Value, Stuck> {
    let date = strtime::parse(pattern, text.trim()).and_then(|parsed| parsed.to_date());
    date.map(Value::Date)
        .map_err(|_| Stuck::new(&Value::text(text), format!("is no date written as {pattern}")))
}

pub(super) fn format(pattern: &str, date: Date) -> Result<Value, Stuck> {
    let text = strtime::format(pattern, date);
    text.map(Value::text)
        .map_err(|error| Stuck::new(&Value::Date(date), format!("cannot be written as {pattern}: {error}")))
}

pub(super) fn date_in(zone: &TimeZone, moment: Timestamp) -> Value {
    Value::Date(moment.to_zoned(zone.clone()).date())
}

/// The first moment of a date; where the clocks go forward at midnight, that is the one after the gap.
pub(super) fn begin_of(zone: &TimeZone, date: Date) -> Result<Value, Stuck> {
    let begin = date.to_zoned(zone.clone());
    begin
        .map(|begin| Value::Instant(begin.timestamp()))
        .map_err(|_| Stuck::new(&Value::Date(date), "is no date that can be kept as a moment"))
}
