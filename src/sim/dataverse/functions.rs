//! Query functions: `Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=7)` and its like. Days are UTC's.

use jiff::civil::{Date, Weekday};
use jiff::{Span, Timestamp, ToSpan};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;
use uuid::Uuid;

use super::error::Fault;
use super::schema::Kind;
use super::values::as_decimal;
use crate::sim::odata::filter::Operand;
use crate::sim::odata::moment;

/// What a function may depend on beside the row.
pub(super) struct Circumstances {
    /// Milliseconds since 1970.
    pub(super) now: i64,
    pub(super) user: Uuid,
    pub(super) business_unit: Uuid,
}

/// What a function asks of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    Between,
    NotIn,
    ContainsAny,
    /// Equal to the caller's user or business unit, or not.
    User(bool),
    BusinessUnit(bool),
    /// On the day of the given date, from its beginning, until its end, on another.
    On,
    NotOn,
    OnOrAfter,
    OnOrBefore,
    /// So many days, weeks, months or years from the present one: `ThisMonth` is the month 0.
    Period(Unit, i64),
    /// The last or next seven days.
    Week(i64),
    /// In the given number of units before (−1) or after (1) the present.
    Near(Unit, i64),
    /// Before the present by more than the given number of units.
    Older(Unit),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const FUNCTIONS: &[(&str, Meaning)] = &[
    ("Between", Meaning::Between),
    ("NotIn", Meaning::NotIn),
    ("ContainValues", Meaning::ContainsAny),
    ("EqualUserId", Meaning::User(true)),
    ("NotEqualUserId", Meaning::User(false)),
    ("EqualBusinessId", Meaning::BusinessUnit(true)),
    ("NotEqualBusinessId", Meaning::BusinessUnit(false)),
    ("On", Meaning::On),
    ("NotOn", Meaning::NotOn),
    ("OnOrAfter", Meaning::OnOrAfter),
    ("OnOrBefore", Meaning::OnOrBefore),
    ("Today", Meaning::Period(Unit::Day, 0)),
    ("Yesterday", Meaning::Period(Unit::Day, -1)),
    ("Tomorrow", Meaning::Period(Unit::Day, 1)),
    ("ThisWeek", Meaning::Period(Unit::Week, 0)),
    ("LastWeek", Meaning::Period(Unit::Week, -1)),
    ("NextWeek", Meaning::Period(Unit::Week, 1)),
    ("ThisMonth", Meaning::Period(Unit::Month, 0)),
    ("LastMonth", Meaning::Period(Unit::Month, -1)),
    ("NextMonth", Meaning::Period(Unit::Month, 1)),
    ("ThisYear", Meaning::Period(Unit::Year, 0)),
    ("LastYear", Meaning::Period(Unit::Year, -1)),
    ("NextYear", Meaning::Period(Unit::Year, 1)),
    ("Last7Days", Meaning::Week(-1)),
    ("Next7Days", Meaning::Week(1)),
    ("LastXHours", Meaning::Near(Unit::Hour, -1)),
    ("LastXDays", Meaning::Near(Unit::Day, -1)),
    ("LastXWeeks", Meaning::Near(Unit::Week, -1)),
    ("LastXMonths", Meaning::Near(Unit::Month, -1)),
    ("LastXYears", Meaning::Near(Unit::Year, -1)),
    ("NextXHours", Meaning::Near(Unit::Hour, 1)),
    ("NextXDays", Meaning::Near(Unit::Day, 1)),
    ("NextXWeeks", Meaning::Near(Unit::Week, 1)),
    ("NextXMonths", Meaning::Near(Unit::Month, 1)),
    ("NextXYears", Meaning::Near(Unit::Year, 1)),
    ("OlderThanXMinutes", Meaning::Older(Unit::Minute)),
    ("OlderThanXHours", Meaning::Older(Unit::Hour)),
    ("OlderThanXDays", Meaning::Older(Unit::Day)),
    ("OlderThanXWeeks", Meaning::Older(Unit::Week)),
    ("OlderThanXMonths", Meaning::Older(Unit::Month)),
    ("OlderThanXYears", Meaning::Older(Unit::Year)),
];

/// Two functions are the opposite of another; a row without a value passes neither.
const OPPOSITES: &[(&str, &str)] = &[("NotBetween", "Between"), ("DoesNotContainValues", "ContainValues")];

fn meaning(function: &str) -> Option<(Meaning, bool)> {
    let opposite = OPPOSITES.iter().find(|(name, _)| *name == function);
    let name = opposite.map_or(function, |(_, of)| of);
    let (_, meaning) = FUNCTIONS.iter().find(|(other, _)| *other == name)?;
    Some((*meaning, opposite.is_none()))
}

/// Refuses unknown functions, and arguments that do not fit them or the column.
pub(super) fn check(function: &str, kind: Option<&Kind>, values: &[Operand]) -> Result<(), Fault> {
    let Some((meaning, _)) = meaning(function) else {
        return Err(Fault::query(format!("The query function '{function}' is not known to the simulator.")));
    };
    let kind =
        kind.ok_or_else(|| Fault::query(format!("The query function '{function}' needs 'PropertyName'.")))?;
    let dates = matches!(kind, Kind::DateTime | Kind::DateOnly);
    let fits = match meaning {
        Meaning::Between => values.len() == 2,
        Meaning::NotIn => true,
        Meaning::ContainsAny => matches!(kind, Kind::Choices(_)) && !values.is_empty(),
        Meaning::User(_) | Meaning::BusinessUnit(_) => kind.edm() == "Edm.Guid" && values.is_empty(),
        Meaning::On | Meaning::NotOn | Meaning::OnOrAfter | Meaning::OnOrBefore => {
            dates && matches!(values, [operand] if moment_of(operand).is_some())
        }
        Meaning::Period(..) | Meaning::Week(_) => dates && values.is_empty(),
        Meaning::Near(..) | Meaning::Older(_) => {
            dates && matches!(values, [operand] if count(operand).is_some_and(|count| count > 0))
        }
    };
    if fits { Ok(()) } else { Err(Fault::query(format!("The arguments of '{function}' do not fit."))) }
}

/// Returns whether a value passes; an empty one never does, but where it is compared for being different.
pub(super) fn holds(
    function: &str,
    value: &Value,
    values: &[Operand],
    circumstances: &Circumstances,
) -> bool {
    let Some((meaning, straight)) = meaning(function) else { return false };
    if value.is_null() {
        let different =
            matches!(meaning, Meaning::NotIn | Meaning::User(false) | Meaning::BusinessUnit(false));
        return different || meaning == Meaning::ContainsAny && !straight;
    }
    passes(meaning, value, values, circumstances).unwrap_or(false) == straight
}

fn passes(
    meaning: Meaning,
    value: &Value,
    values: &[Operand],
    circumstances: &Circumstances,
) -> Option<bool> {
    let is = |id: Uuid| value.as_str() == Some(id.to_string().as_str());
    let at = || moment::parse(value.as_str()?);
    let given = || moment_of(values.first()?).map(day);
    Some(match meaning {
        Meaning::Between => at_least(value, values.first()?)? && at_least_operand(value, values.get(1)?)?,
        Meaning::NotIn => !values.iter().any(|operand| same(value, operand)),
        Meaning::ContainsAny => {
            let chosen: Vec<_> = value.as_str()?.split(',').collect();
            values.iter().any(|operand| chosen.contains(&text(operand).as_str()))
        }
        Meaning::User(equal) => is(circumstances.user) == equal,
        Meaning::BusinessUnit(equal) => is(circumstances.business_unit) == equal,
        Meaning::On => day(at()?) == given()?,
        Meaning::NotOn => day(at()?) != given()?,
        Meaning::OnOrAfter => day(at()?) >= given()?,
        Meaning::OnOrBefore => day(at()?) <= given()?,
        Meaning::Period(unit, offset) => {
            let start = begin(unit, day(circumstances.now));
            let from = start.checked_add(span(unit, offset)?).ok()?;
            let to = start.checked_add(span(unit, offset + 1)?).ok()?;
            (from..to).contains(&day(at()?))
        }
        Meaning::Week(direction) => {
            let today = day(circumstances.now);
            let far = today.checked_add(span(Unit::Day, 7 * direction)?).ok()?;
            (today.min(far)..=today.max(far)).contains(&day(at()?))
        }
        Meaning::Near(unit, direction) => {
            let now = circumstances.now;
            let far = moved(now, unit, direction * count(values.first()?)?)?;
            (now.min(far)..=now.max(far)).contains(&at()?)
        }
        Meaning::Older(unit) => at()? < moved(circumstances.now, unit, -count(values.first()?)?)?,
    })
}

fn at_least(value: &Value, low: &Operand) -> Option<bool> {
    Some(order(value, low)? != std::cmp::Ordering::Less)
}

fn at_least_operand(value: &Value, high: &Operand) -> Option<bool> {
    Some(order(value, high)? != std::cmp::Ordering::Greater)
}

fn order(value: &Value, operand: &Operand) -> Option<std::cmp::Ordering> {
    if let Some(number) = as_decimal(value) {
        return Some(number.cmp(&decimal(operand)?));
    }
    let text_of = value.as_str()?;
    match (moment::parse(text_of), moment_of(operand)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => Some(text_of.to_lowercase().cmp(&text(operand).to_lowercase())),
    }
}

fn same(value: &Value, operand: &Operand) -> bool {
    order(value, operand) == Some(std::cmp::Ordering::Equal)
}

fn decimal(operand: &Operand) -> Option<Decimal> {
    match operand {
        Operand::Number(number) => Some(*number),
        Operand::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn count(operand: &Operand) -> Option<i64> {
    decimal(operand)?.to_i64()
}

fn moment_of(operand: &Operand) -> Option<i64> {
    match operand {
        Operand::Moment(millis) => Some(*millis),
        Operand::Text(text) => moment::parse(text),
        _ => None,
    }
}

fn text(operand: &Operand) -> String {
    match operand {
        Operand::Text(text) | Operand::Property(text) => text.trim().to_owned(),
        Operand::Number(number) => number.normalize().to_string(),
        Operand::Guid(id) => id.to_string(),
        Operand::Boolean(value) => value.to_string(),
        Operand::Null | Operand::Moment(_) => String::new(),
    }
}

fn day(millis: i64) -> Date {
    let timestamp = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Returns the first day of the period a day is in; weeks begin on Sunday.
fn begin(unit: Unit, day: Date) -> Date {
    match unit {
        Unit::Week => {
            let since = day.weekday().since(Weekday::Sunday);
            day.checked_sub(i64::from(since).days()).unwrap_or(day)
        }
        Unit::Month => day.first_of_month(),
        Unit::Year => day.first_of_year(),
        Unit::Minute | Unit::Hour | Unit::Day => day,
    }
}

fn span(unit: Unit, count: i64) -> Option<Span> {
    let empty = Span::new();
    let span = match unit {
        Unit::Minute => empty.try_minutes(count),
        Unit::Hour => empty.try_hours(count),
        Unit::Day => empty.try_days(count),
        Unit::Week => empty.try_weeks(count),
        Unit::Month => empty.try_months(count),
        Unit::Year => empty.try_years(count),
    };
    span.ok()
}

fn moved(now: i64, unit: Unit, count: i64) -> Option<i64> {
    let now = Timestamp::from_millisecond(now).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    Some(now.checked_add(span(unit, count)?).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Wednesday.
    const NOW: &str = "2026-03-04T12:00:00Z";

    fn check(function: &str, value: &str, values: &[Operand], expected: bool) {
        let now = moment::parse(NOW).unwrap();
        let circumstances = Circumstances { now, user: Uuid::nil(), business_unit: Uuid::nil() };
        assert_eq!(holds(function, &json!(value), values, &circumstances), expected, "{function} of {value}");
    }

    #[test]
    fn periods_are_counted_from_the_present_one() {
        for (function, inside, outside) in [
            ("Today", "2026-03-04T23:59:59Z", "2026-03-05T00:00:00Z"),
            ("Yesterday", "2026-03-03", "2026-03-04"),
            ("ThisWeek", "2026-03-01", "2026-03-08"),
            ("LastWeek", "2026-02-28", "2026-03-01"),
            ("ThisMonth", "2026-03-31", "2026-04-01"),
            ("LastMonth", "2026-02-01", "2026-01-31"),
            ("NextYear", "2027-12-31", "2026-12-31"),
            ("Last7Days", "2026-02-25", "2026-02-24"),
        ] {
            check(function, inside, &[], true);
            check(function, outside, &[], false);
        }
    }

    #[test]
    fn distances_are_counted_from_the_present_moment() {
        let two = [Operand::Number(Decimal::TWO)];
        for (function, inside, outside) in [
            ("LastXHours", "2026-03-04T10:00:00Z", "2026-03-04T09:59:59Z"),
            ("LastXDays", "2026-03-02T12:00:00Z", "2026-03-04T12:00:01Z"),
            ("NextXMonths", "2026-05-04T12:00:00Z", "2026-05-04T12:00:01Z"),
            ("OlderThanXMinutes", "2026-03-04T11:57:59Z", "2026-03-04T11:58:00Z"),
            ("OlderThanXYears", "2024-03-04T11:59:59Z", "2024-03-04T12:00:00Z"),
        ] {
            check(function, inside, &two, true);
            check(function, outside, &two, false);
        }
    }

    #[test]
    fn values_are_compared_with_ranges_and_sets() {
        let texts = |of: &[&str]| of.iter().map(|text| Operand::Text((*text).to_owned())).collect::<Vec<_>>();
        check("Between", "b", &texts(&["a", "c"]), true);
        check("NotBetween", "b", &texts(&["a", "c"]), false);
        check("Between", "2026-03-04", &texts(&["2026-03-04", "2026-03-05"]), true);
        check("NotIn", "B", &texts(&["a", "b"]), false);
        check("ContainValues", "1,12", &texts(&["2", "12"]), true);
        check("DoesNotContainValues", "1,12", &texts(&["2"]), true);
        check("On", "2026-03-04T23:00:00Z", &texts(&["2026-03-04"]), true);
        check("OnOrBefore", "2026-03-05", &texts(&["2026-03-04"]), false);
        check("EqualUserId", "00000000-0000-0000-0000-000000000000", &[], true);
    }
}
