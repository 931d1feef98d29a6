//! Points in time as comparable milliseconds, from the few forms OData uses.

/// Returns milliseconds since 1970 of a date or date-time; a date is its midnight in UTC.
pub(crate) fn parse(text: &str) -> Option<i64> {
    fixed_form(text).or_else(|| {
        let timestamp: jiff::Timestamp = text.parse().ok()?;
        Some(timestamp.as_millisecond())
    })
}

/// Reads `YYYY-MM-DD` and `YYYY-MM-DDTHH:MM[:SS[.fff]][Z]` without the cost of a general parser: large lists compare many.
fn fixed_form(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = |from: usize, count: usize| -> Option<i64> {
        let part = bytes.get(from..from + count)?;
        part.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let at = |position: usize, byte: u8| bytes.get(position) == Some(&byte);
    if !(at(4, b'-') && at(7, b'-')) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * 86_400_000;
    if bytes.len() == 10 {
        return Some(midnight);
    }
    if !(at(10, b'T') && at(13, b':')) {
        return None;
    }
    let mut millis = midnight + digits(11, 2)? * 3_600_000 + digits(14, 2)? * 60_000;
    let mut rest = &bytes[16..];
    if rest.first() == Some(&b':') {
        millis += digits(17, 2)? * 1000;
        rest = &bytes[19..];
    }
    if rest.first() == Some(&b'.') {
        let count = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let fraction = rest[1..=count].iter().chain(b"000").take(3);
        millis += fraction.fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
        rest = &rest[count + 1..];
    }
    (rest.is_empty() || rest == b"Z").then_some(millis)
}

/// Counts days since 1970-01-01 in the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}
