//! When a mapping is passed without anybody asking for it.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

/// When the agent passes a mapping by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// With each of its looks.
    #[default]
    EachLook,
    /// That long after the last pass, and where there was nothing to do in it not before it has slept for so long.
    Every { interval: Duration, sleep: Option<Duration> },
    /// Only when it is asked for.
    OnDemand,
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: Duration| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        match self {
            Self::EachLook => f.write_str("with each look"),
            Self::OnDemand => f.write_str("on demand"),
            Self::Every { interval, .. } => write!(f, "every {:#}", time(*interval)),
        }
    }
}

/// Reads a time as people write it: `30 min`, `12 h`, `1h 30m`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let duration: SignedDuration = text.parse().ok()?;
    Duration::try_from(duration).ok().filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let every = |text| Schedule::Every { interval: duration(text).unwrap(), sleep: None }.to_string();
        assert_eq!((every("30 min"), every("90 min")), ("every 30m".to_owned(), "every 1h 30m".to_owned()));
        assert_eq!(Schedule::OnDemand.to_string(), "on demand");
        assert_eq!(Schedule::default().to_string(), "with each look");
    }

    #[test]
    fn a_time_is_read_as_people_write_it() {
        let secs = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!(secs("30 min"), Some(1800));
        assert_eq!(secs("12 h"), Some(43_200));
        assert_eq!(secs("1h 30m"), Some(5400));
        assert_eq!(secs("45s"), Some(45));
        for wrong in ["", "30", "0 s", "-5 min", "soon", "1 fortnight"] {
            assert_eq!(secs(wrong), None, "{wrong}");
        }
    }
}
