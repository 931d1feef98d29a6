//! What the companion says of itself and of the database: one row, `syncState`.

use serde_json::Value as Json;

use crate::model::Timestamp;
use crate::systems::odata::Object;

/// The newest revision of the contract that this Tandem knows. Later ones only add to it.
pub const CONTRACT_REVISION: i64 = 1;

/// The columns asked for.
pub const COLUMNS: [&str; 7] = [
    "contractRevision",
    "extensionVersion",
    "lineageId",
    "lastUsedRowVersion",
    "minimumActiveRowVersion",
    "tombstonesFromRowVersion",
    "serverTime",
];

/// The state of the companion and its database. Versions are those of the whole database, all companies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncState {
    pub revision: i64,
    pub extension_version: String,
    /// Another one after the database was restored or copied.
    pub lineage: String,
    pub last_used: i64,
    /// Every row with a version below this is committed.
    pub committed_below: i64,
    pub tombstones_from: i64,
    pub server_time: Option<Timestamp>,
}

/// Why the past that was read is no longer this database's past (I14).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("it is another copy of the database than the one that was read (lineage {found}, not {known})")]
    Lineage { known: String, found: String },
    #[error("its versions end at {found}, although {known} was read already")]
    Versions { known: i64, found: i64 },
}

impl SyncState {
    /// Reads the row, or names what it lacks.
    pub fn read(row: &Object) -> Result<Self, String> {
        let text = |name: &str| row.get(name).and_then(Json::as_str).map(str::to_owned);
        let number = |name: &str| {
            let found = row.get(name).and_then(|json| match json {
                Json::Number(number) => number.as_i64(),
                Json::String(text) => text.parse().ok(),
                _ => None,
            });
            found.ok_or_else(|| format!("syncState without a number in {name}"))
        };
        let lineage = text("lineageId").filter(|lineage| !lineage.is_empty());
        Ok(Self {
            revision: number("contractRevision")?,
            extension_version: text("extensionVersion").unwrap_or_default(),
            lineage: lineage.ok_or("syncState without lineageId")?.to_lowercase(),
            last_used: number("lastUsedRowVersion")?,
            committed_below: number("minimumActiveRowVersion")?,
            tombstones_from: number("tombstonesFromRowVersion")?,
            server_time: text("serverTime").and_then(|time| time.parse().ok()),
        })
    }

    /// Says whether what was read up to a version of a lineage still is this database's past.
    pub fn follows(&self, lineage: &str, version: i64) -> Result<(), Break> {
        if self.lineage != lineage {
            return Err(Break::Lineage { known: lineage.to_owned(), found: self.lineage.clone() });
        }
        if self.last_used < version {
            return Err(Break::Versions { known: version, found: self.last_used });
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(in super::super) const LINEAGE: &str = "11111111-0000-4000-8000-000000000001";

    pub(in super::super) fn state(last_used: i64, committed_below: i64) -> SyncState {
        SyncState {
            revision: 1,
            extension_version: "1.0.0.0".to_owned(),
            lineage: LINEAGE.to_owned(),
            last_used,
            committed_below,
            tombstones_from: 1,
            server_time: Some("2026-11-21T12:00:00Z".parse().unwrap()),
        }
    }

    #[test]
    fn versions_keep_all_their_digits() {
        let row = json!({"contractRevision": 1, "extensionVersion": "1.0.0.0", "lineageId": LINEAGE.to_uppercase(),
            "lastUsedRowVersion": 9_007_199_254_740_993_i64, "minimumActiveRowVersion": "9007199254740994",
            "tombstonesFromRowVersion": 1, "serverTime": "2026-11-21T12:00:00Z", "later": {}});
        let read = SyncState::read(row.as_object().unwrap()).unwrap();
        assert_eq!(read, state(9_007_199_254_740_993, 9_007_199_254_740_994));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = SyncState::read(json!({"lineageId": LINEAGE}).as_object().unwrap()).unwrap_err();
        assert_eq!(error, "syncState without a number in contractRevision");
    }

    /// I14
    #[test]
    fn a_restored_or_copied_database_is_noticed() {
        let state = state(100, 101);
        assert_eq!(state.follows(LINEAGE, 100), Ok(()));
        assert_eq!(state.follows(LINEAGE, 101), Err(Break::Versions { known: 101, found: 100 }));
        assert!(state.follows("other", 1).unwrap_err().to_string().contains("another copy"));
    }
}
