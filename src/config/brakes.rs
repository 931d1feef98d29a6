//! `[brakes]` of `tandem.toml`: how much may be done within a window of time before a person is asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sync::{Limit, Limits};

/// A longer window would remember too much.
const LONGEST_WINDOW_HOURS: u64 = 31 * 24;

/// Limits for all mappings, and in `[brakes.mappings.NAME]` those of single ones. What is not set is Tandem's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BrakeSettings {
    /// The length of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_hours: Option<u64>,
    /// Rows created on one side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<u64>,
    /// The same in percent of the mapping's rows; holds above 50 rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates_percent: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updates: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updates_percent: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletes_percent: Option<u64>,
    /// Rows on which one field turns blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blanks: Option<u64>,
    /// The same in percent of the rows updated; trips only together with `blanks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blanks_percent: Option<u64>,
    /// What differs in single mappings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mappings: BTreeMap<String, Self>,
}

impl BrakeSettings {
    /// Returns the limits of a mapping.
    #[must_use]
    pub fn limits_of(&self, mapping: &str) -> Limits {
        let general = self.over(Limits::DEFAULT);
        self.mappings.get(mapping).map_or(general, |own| own.over(general))
    }

    fn over(&self, below: Limits) -> Limits {
        let limit = |rows: Option<u64>, percent: Option<u64>, below: Limit| Limit {
            rows: rows.unwrap_or(below.rows),
            percent: percent.unwrap_or(below.percent),
        };
        Limits {
            window_hours: self.window_hours.unwrap_or(below.window_hours),
            creates: limit(self.creates, self.creates_percent, below.creates),
            updates: limit(self.updates, self.updates_percent, below.updates),
            deletions: limit(self.deletes, self.deletes_percent, below.deletions),
            blanks: limit(self.blanks, self.blanks_percent, below.blanks),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the limits. The text names the place, the setting and what to do.
    pub(super) fn check(&self, mappings: &[String]) -> Result<(), String> {
        self.check_window("[brakes]")?;
        for (name, own) in &self.mappings {
            let place = format!("[brakes.mappings.{name}]");
            if !mappings.contains(name) {
                let known = mappings.join(", ");
                return Err(format!("{place} is about no mapping in use; name one of {known}, or remove it"));
            }
            if !own.mappings.is_empty() {
                return Err(format!("{place} holds limits of a mapping, and no `mappings` of its own"));
            }
            own.check_window(&place)?;
        }
        Ok(())
    }

    fn check_window(&self, place: &str) -> Result<(), String> {
        match self.window_hours {
            Some(hours) if !(1..=LONGEST_WINDOW_HOURS).contains(&hours) => {
                Err(format!("{place}: window_hours is {hours}; give 1 to {LONGEST_WINDOW_HOURS}"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> BrakeSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_mapping_takes_what_it_does_not_say_from_all_and_all_from_the_defaults() {
        let settings = read("deletes = 7\nupdates_percent = 9\n[mappings.ITEM]\ndeletes = 1\n");
        let default = Limits::DEFAULT;
        let general = settings.limits_of("CUSTOMER");
        assert_eq!(general.deletions, Limit { rows: 7, ..default.deletions });
        assert_eq!(general.updates, Limit { percent: 9, ..default.updates });
        assert_eq!(general.creates, default.creates);
        let own = settings.limits_of("ITEM");
        assert_eq!(own, Limits { deletions: Limit { rows: 1, ..default.deletions }, ..general });
    }

    #[test]
    fn mistakes_are_named_with_the_way_out() {
        let check = |text: &str| read(text).check(&["CUSTOMER".to_owned()]);
        assert_eq!(check("window_hours = 48\n[mappings.CUSTOMER]\ncreates = 0"), Ok(()));
        assert_eq!(
            check("[mappings.CUSTMER]\ncreates = 1").unwrap_err(),
            "[brakes.mappings.CUSTMER] is about no mapping in use; name one of CUSTOMER, or remove it"
        );
        assert_eq!(
            check("[mappings.CUSTOMER]\nwindow_hours = 0").unwrap_err(),
            "[brakes.mappings.CUSTOMER]: window_hours is 0; give 1 to 744"
        );
        assert!(check("[mappings.CUSTOMER.mappings.X]\ncreates = 1").unwrap_err().contains("no `mappings`"));
        let error = toml::from_str::<BrakeSettings>("deletions = 3").unwrap_err().to_string();
        assert!(error.contains("deletions") && error.contains("`deletes`"), "{error}");
    }
}
