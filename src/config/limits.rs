//! One `[connections.NAME.limits]` table of `tandem.toml`.

use serde::{Deserialize, Serialize};

/// What a service allows us. What is not set is what the product announces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Requests in any stretch of time as long as the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// The length of the window, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_secs: Option<u64>,
    /// Requests under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<usize>,
    /// Operations in any 24 hours, each part of a batch counted; not limited by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
}

/// A longer window would hold everything up for too long once it is used up.
const LONGEST_WINDOW_SECS: u64 = 3600;

impl LimitSettings {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that the limits let anything through. The text names the setting and what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        let counts = [
            ("requests", self.requests.map(u64::from)),
            ("running", self.running.map(|running| running as u64)),
            ("per_day", self.per_day.map(u64::from)),
        ];
        for (name, count) in counts {
            if count == Some(0) {
                return Err(format!(
                    "{name} is 0, so nothing could be sent; give at least 1, or leave it out"
                ));
            }
        }
        match self.window_secs {
            Some(secs) if !(1..=LONGEST_WINDOW_SECS).contains(&secs) => Err(format!(
                "window_secs is {secs}; give 1 to {LONGEST_WINDOW_SECS}, and a limit for longer as per_day"
            )),
            _ => Ok(()),
        }
    }
}
