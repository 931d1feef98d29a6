//! Time stamps as the database keeps them: SQL `datetime` steps, written with milliseconds without trailing zeros.

/// Where the present comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Clock {
    #[default]
    Wall,
    /// Stands still, at so many milliseconds since 1970.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests stop the time"))]
    At(i64),
}

impl Clock {
    /// Returns the present in milliseconds since 1970.
    pub(crate) fn millis(self) -> i64 {
        match self {
            Self::Wall => jiff::Timestamp::now().as_millisecond(),
            Self::At(millis) => millis,
        }
    }

    /// Returns today's date.
    pub(crate) fn today(self) -> String {
        let now = jiff::Timestamp::from_millisecond(self.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        now.strftime("%Y-%m-%d").to_string()
    }
}

/// Rounds to a multiple of 1/300 s, which shows as .000, .003, .007, and writes the stamp.
pub(crate) fn stamp(millis: i64) -> String {
    let (second, fraction) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let steps = (fraction * 3 + 5) / 10;
    let rounded = second * 1000 + (steps * 10 + 1) / 3;
    let timestamp = jiff::Timestamp::from_millisecond(rounded).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let text = timestamp.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    format!("{}Z", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn stamps_show_the_steps_of_sql_datetime() {
        let second = 1_736_150_400_000;
        let shown: Vec<_> =
            [0, 1, 2, 4, 5, 8, 9, 500, 999].iter().map(|millis| stamp(second + millis)).collect();
        let fractions: Vec<_> =
            shown.iter().map(|stamp| stamp.trim_start_matches("2025-01-06T08:00:0")).collect();
        assert_eq!(fractions, ["0Z", "0Z", "0.003Z", "0.003Z", "0.007Z", "0.007Z", "0.01Z", "0.5Z", "1Z"]);
    }
}
