//! Deleted rows: the tombstones of one table, and what each is evidence of.

use serde_json::Value as Json;

use crate::model::{Became, RowId};
use crate::systems::odata::Object;
use crate::systems::{KeyedRead, RowError};

/// The columns of a tombstone that are read.
pub const COLUMNS: [&str; 4] = ["systemId", "number", "cause", "rowVersion"];

/// One tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    pub row: RowId,
    /// The number or code the row had.
    pub number: String,
    /// What became of the row, where it was not simply deleted.
    pub became: Option<Became>,
    pub version: Option<i64>,
}

/// What tombstones say of rows, held against the rows themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    pub deleted: Vec<Tombstone>,
    pub became: Vec<(RowId, Became)>,
    /// Rows of which it cannot be told; they are to be looked at again.
    pub unread: Vec<RowError>,
}

impl Tombstone {
    /// Reads a tombstone; nothing if it names no row.
    pub fn read(entry: &Json) -> Option<Self> {
        let entry = entry.as_object()?;
        let row = RowId::new(entry.get("systemId")?.as_str()?);
        let number = entry.get("number").and_then(Json::as_str).unwrap_or_default().to_owned();
        Some(Self { row, number, became: became(entry), version: version(entry) })
    }
}

fn became(entry: &Object) -> Option<Became> {
    match entry.get("cause").and_then(Json::as_str) {
        Some("Deleted") => None,
        Some("Posted") => Some(Became::Posted),
        Some("Converted") => Some(Became::Converted),
        Some("Merged") => Some(Became::Merged),
        // Later revisions may add causes: none of them is taken for a deletion.
        _ => Some(Became::Other),
    }
}

fn version(entry: &Object) -> Option<i64> {
    match entry.get("rowVersion")? {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Holds tombstones against keyed reads of their rows, in the same order. A row that is there is not deleted, whatever a
/// tombstone says: merging deletes the survivor and makes it anew under its own id.
pub fn sift(tombstones: Vec<Tombstone>, reads: Vec<KeyedRead>) -> Sifted {
    let mut sifted = Sifted::default();
    for (tombstone, read) in tombstones.into_iter().zip(reads) {
        match (read, tombstone.became) {
            (KeyedRead::Found(_), _) => {}
            (KeyedRead::Absent, None) => sifted.deleted.push(tombstone),
            (KeyedRead::Absent, Some(became)) => sifted.became.push((tombstone.row, became)),
            (KeyedRead::Unreadable(error), _) => sifted.unread.push(error),
        }
    }
    sifted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Row;
    use serde_json::json;

    const A: &str = "aaaaaaaa-0000-4000-8000-000000000001";

    fn tombstone(cause: &str) -> Tombstone {
        Tombstone::read(
            &json!({"systemId": A.to_uppercase(), "number": "1", "cause": cause, "rowVersion": 7}),
        )
        .unwrap()
    }

    #[test]
    fn a_cause_says_whether_it_was_a_deletion() {
        let number = "1".to_owned();
        let expected = Tombstone { row: RowId::new(A), number, became: None, version: Some(7) };
        assert_eq!(tombstone("Deleted"), expected);
        for (cause, became) in [
            ("Posted", Became::Posted),
            ("Converted", Became::Converted),
            ("Merged", Became::Merged),
            ("AddedLater", Became::Other),
        ] {
            assert_eq!(tombstone(cause).became, Some(became));
        }
        assert_eq!(Tombstone::read(&json!({"cause": "Deleted"})), None);
    }

    /// I8: a tombstone is evidence only together with a 404 on the row.
    #[test]
    fn a_tombstone_of_a_row_that_is_there_says_nothing() {
        let row =
            Row { id: RowId::new(A), version: None, modified_at: None, modified_by: None, values: [].into() };
        let unread = RowError { id: Some(RowId::new(A)), message: "x".to_owned() };
        let check = |cause: &str, read: KeyedRead| sift(vec![tombstone(cause)], vec![read]);
        assert_eq!(check("Deleted", KeyedRead::Found(row.clone())), Sifted::default());
        assert_eq!(check("Merged", KeyedRead::Found(row)), Sifted::default());
        assert_eq!(check("Deleted", KeyedRead::Absent).deleted, [tombstone("Deleted")]);
        assert_eq!(check("Posted", KeyedRead::Absent).became, [(RowId::new(A), Became::Posted)]);
        assert_eq!(check("Deleted", KeyedRead::Unreadable(unread.clone())).unread, [unread]);
    }
}
