//! Change tracking: where a read stands, and what a page's entries are.
//!
//! A first read lists everything and then reads once more what was changed since it began, because rows changed
//! while it was under way may be in neither its pages nor the delta that follows. Later reads follow the delta link.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::model::{ColumnName, PageLink, Row, RowId, Timestamp, Watermark};
use crate::systems::odata::{Object, RowShape, guid_in};
use crate::systems::{ChangeQuery, Cursor, RowError};

/// Where a read of changes stands, with the columns it was begun with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub phase: Phase,
    columns: BTreeSet<String>,
}

/// What the next request of a read is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The first page of everything.
    Start,
    /// Another page of everything.
    Listing { link: String, started: Timestamp },
    /// What was changed since the listing began; the delta link takes over afterwards.
    Overlap { link: Option<String>, since: Timestamp, delta: String },
    /// Changes since `previous`, which stays the watermark if the answer brings no other.
    Following { link: String, previous: String },
}

/// A watermark's text.
#[derive(Serialize, Deserialize)]
struct Mark {
    delta: String,
    columns: BTreeSet<String>,
}

impl Position {
    /// Reads where a query stands; nothing if its cursor does not serve its columns (or this version of Tandem).
    pub fn of(query: &ChangeQuery) -> Option<Self> {
        let wanted = names(&query.columns);
        let position = match &query.cursor {
            Cursor::Start => Self { phase: Phase::Start, columns: wanted.clone() },
            Cursor::Page(link) => serde_json::from_str(link.as_str()).ok()?,
            Cursor::Since(watermark) => {
                let Mark { delta, columns } = serde_json::from_str(watermark.as_str()).ok()?;
                Self { phase: Phase::Following { link: delta.clone(), previous: delta }, columns }
            }
        };
        // The link embeds its `$select`: with other columns only a read from the start serves.
        position.columns.is_superset(&wanted).then_some(position)
    }

    /// Returns the page link of another phase of the same read.
    pub fn page(&self, phase: Phase) -> PageLink {
        let next = Self { phase, columns: self.columns.clone() };
        PageLink::new(serde_json::to_string(&next).expect("a position is JSON"))
    }

    /// Returns the watermark that ends the read.
    pub fn watermark(&self, delta: String) -> Watermark {
        let mark = Mark { delta, columns: self.columns.clone() };
        Watermark::new(serde_json::to_string(&mark).expect("a watermark is JSON"))
    }
}

fn names(columns: &BTreeSet<ColumnName>) -> BTreeSet<String> {
    columns.iter().map(|column| column.as_str().to_owned()).collect()
}

/// One entry of a page of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Row(Result<Row, RowError>),
    Deleted(RowId),
}

impl Entry {
    /// Reads an entry.
    pub fn decode(entry: &Json, shape: &RowShape) -> Self {
        let Some(object) = entry.as_object() else {
            return Self::Row(Err(RowError { id: None, message: "an entry that is no object".to_owned() }));
        };
        if !is_deletion(object) {
            return Self::Row(shape.decode(object));
        }
        let id = ["id", "@id", "@odata.id"].iter().find_map(|name| object.get(*name)?.as_str());
        match id.map(|text| guid_in(text).unwrap_or_else(|| RowId::new(text))).or_else(|| shape.id(object)) {
            Some(id) => Self::Deleted(id),
            None => Self::Row(Err(RowError { id: None, message: "a deletion without an id".to_owned() })),
        }
    }
}

fn is_deletion(object: &Object) -> bool {
    let context = object.get("@odata.context").or_else(|| object.get("@context")).and_then(Json::as_str);
    object.contains_key("@removed") || context.is_some_and(|context| context.ends_with("/$deletedEntity"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn query(columns: &[&str], cursor: Cursor) -> ChangeQuery {
        let columns = columns.iter().map(|name| ColumnName::new(*name)).collect();
        ChangeQuery { table: "accounts".into(), columns, cursor, filter: None }
    }

    #[test]
    fn a_watermark_serves_the_columns_it_was_made_for() {
        let start = Position::of(&query(&["name", "fax"], Cursor::Start)).unwrap();
        let watermark = start.watermark("https://a/delta".into());
        let since = |columns: &[&str]| Position::of(&query(columns, Cursor::Since(watermark.clone())));
        let phase = Phase::Following { link: "https://a/delta".into(), previous: "https://a/delta".into() };
        assert_eq!(since(&["name", "fax"]).map(|position| position.phase), Some(phase.clone()));
        assert_eq!(since(&["fax"]).map(|position| position.phase), Some(phase));
        assert_eq!(since(&["name", "revenue"]), None);
        assert_eq!(Position::of(&query(&[], Cursor::Since("1".into()))), None);
    }

    #[test]
    fn a_page_link_carries_the_phase() {
        let start = Position::of(&query(&["name"], Cursor::Start)).unwrap();
        let since = "2026-11-21T08:00:00Z".parse().unwrap();
        let phase = Phase::Overlap { link: None, since, delta: "https://a/delta".into() };
        let link = start.page(phase.clone());
        assert_eq!(Position::of(&query(&["name"], Cursor::Page(link))).unwrap().phase, phase);
    }

    #[test]
    fn deletions_are_told_from_rows() {
        let shape = RowShape {
            key: "accountid".into(),
            modified: None,
            modified_by: None,
            columns: vec![],
            content: [].into(),
        };
        let id = "e2b00000-0000-4000-8000-000000000001";
        let deleted = Entry::Deleted(RowId::new(id));
        let context = "https://a/$metadata#accounts/$deletedEntity";
        for entry in [
            json!({"@odata.context": context, "id": id, "reason": "deleted"}),
            json!({"@odata.context": context, "id": format!("https://a/accounts({id})"), "reason": "deleted"}),
            json!({"@removed": {"reason": "deleted"}, "@odata.id": format!("accounts({id})")}),
            json!({"@removed": {"reason": "deleted"}, "accountid": id}),
        ] {
            assert_eq!(Entry::decode(&entry, &shape), deleted, "{entry}");
        }
        let row = json!({"@odata.etag": "W/\"1\"", "accountid": id, "reason": "deleted"});
        assert!(matches!(Entry::decode(&row, &shape), Entry::Row(Ok(_))));
        let nameless = json!({"@odata.context": context, "reason": "deleted"});
        assert!(matches!(Entry::decode(&nameless, &shape), Entry::Row(Err(_))));
    }
}
