//! How long to wait between two looks.

use std::time::Duration;

/// The most that failures stretch the interval.
const MAX_FACTOR: u32 = 8;

/// The longest wait, unless the interval itself is longer.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);

/// Returns how long to wait until the next poll, after that many failures in a row.
#[must_use]
pub fn wait(interval: Duration, failures: u32) -> Duration {
    let factor = 1u32.checked_shl(failures).unwrap_or(MAX_FACTOR).clamp(1, MAX_FACTOR);
    interval.saturating_mul(factor).min(MAX_WAIT.max(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_stretch_the_interval_up_to_a_bound() {
        let minute = Duration::from_secs(60);
        assert_eq!(wait(minute, 0), minute);
        assert_eq!(wait(minute, 2), 4 * minute);
        assert_eq!(wait(minute, 40), 8 * minute);
        assert_eq!(wait(Duration::from_secs(3600), 3), Duration::from_secs(3600));
    }
}
