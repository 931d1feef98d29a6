//! Reading by row version, where a custom API shows one: where a read stands.
//!
//! Versions are handed out before their transactions commit, so a lower one may show up after a higher one was read. The
//! watermark therefore remembers when each version was reached, and a read begins at the one reached an overlap ago.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{ColumnName, PageLink, Row, Timestamp, Value, Watermark};
use crate::systems::{ChangeQuery, Cursor, RowError};

/// Where a read of changes stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionPosition {
    /// The link to the next page; nothing where it is to be asked for behind [`Self::floor`].
    pub link: Option<String>,
    /// What the read began with, the oldest first.
    marks: Vec<Mark>,
    /// The version the pages have reached: pages that a server counts off would leave out rows that moved up.
    reached: Option<i64>,
    /// The greatest version seen in this read.
    greatest: Option<i64>,
    /// The server's time at the first page.
    started: Option<Timestamp>,
    /// The last version of the page at hand, if its versions ascend.
    #[serde(skip)]
    last: Option<i64>,
    columns: BTreeSet<String>,
    /// What the rows of a first listing are asked to meet. There is no link beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// A version, and the server's time when a read that reached it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    at: Timestamp,
    version: i64,
}

#[derive(Serialize, Deserialize)]
struct Marks {
    versions: Vec<Mark>,
}

impl VersionPosition {
    /// Reads where a query stands; nothing if its cursor does not serve its columns or is none of versions.
    pub fn of(query: &ChangeQuery) -> Option<Self> {
        let columns: BTreeSet<String> =
            query.columns.iter().map(|column| column.as_str().to_owned()).collect();
        match &query.cursor {
            Cursor::Start => Some(Self { columns, ..Self::default() }),
            Cursor::Since(watermark) => {
                let Marks { versions } = serde_json::from_str(watermark.as_str()).ok()?;
                Some(Self { marks: versions, columns, ..Self::default() })
            }
            Cursor::Page(link) => {
                let position: Self = serde_json::from_str(link.as_str()).ok()?;
                position.columns.is_superset(&columns).then_some(position)
            }
        }
    }

    /// Lets the listing go on with everything, if it was asked to meet a condition: whatever has been reached was listed.
    pub fn give_up_condition(&mut self) -> bool {
        self.condition.take().is_some()
    }

    /// Returns the version to read behind; nothing to read everything.
    pub fn floor(&self) -> Option<i64> {
        self.reached.or_else(|| Some(self.marks.first()?.version))
    }

    /// Takes note of a page. `column` holds the version.
    pub fn note(
        &mut self,
        rows: &[Result<Row, RowError>],
        column: &ColumnName,
        server_time: Option<Timestamp>,
    ) {
        let version = |row: &Row| match row.values.get(column) {
            Some(Value::Number(version)) => i64::try_from(*version).ok(),
            _ => None,
        };
        let versions: Vec<_> = rows.iter().flatten().filter_map(version).collect();
        self.last = versions.last().copied().filter(|_| versions.is_sorted());
        self.greatest = versions.into_iter().chain(self.greatest).max();
        self.started = self.started.or(server_time);
    }

    /// Returns where the next page is found, given the link to it.
    pub fn page(mut self, link: String) -> PageLink {
        if self.last.is_some() && self.last > self.floor() {
            (self.reached, self.link) = (self.last, None);
        } else if self.give_up_condition() {
            // Counted off, a row that is edited out of the condition would push out another one and leave no trace.
            self.link = None;
        } else {
            self.link = Some(link);
        }
        PageLink::new(serde_json::to_string(&self).expect("a position is JSON"))
    }

    /// Returns the watermark that ends the read; nothing if the server told no time.
    pub fn watermark(mut self, overlap: Duration) -> Option<Watermark> {
        let at = self.started?;
        let reached = self.marks.last().map_or(0, |mark| mark.version);
        let version = self.greatest.map_or(reached, |greatest| greatest.max(reached));
        if self.marks.is_empty() || version > reached {
            self.marks.push(Mark { at, version });
        }
        let settled = at.checked_sub(overlap).unwrap_or(Timestamp::MIN);
        while self.marks.get(1).is_some_and(|next| next.at <= settled) {
            self.marks.remove(0);
        }
        let marks = Marks { versions: self.marks };
        Some(Watermark::new(serde_json::to_string(&marks).expect("a watermark is JSON")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RowId;

    const OVERLAP: Duration = Duration::from_secs(300);

    fn query(cursor: Cursor) -> ChangeQuery {
        ChangeQuery { table: "items".into(), columns: ["city".into()].into(), cursor, filter: None }
    }

    /// Reads once at a minute, seeing one version; returns where it began and the watermark.
    fn read(cursor: Cursor, minute: u8, version: Option<i64>) -> (Option<i64>, Watermark) {
        let mut position = VersionPosition::of(&query(cursor)).unwrap();
        let floor = position.floor();
        let row = |version: i64| {
            let values = [("v".into(), Value::Number(version.into()))].into();
            Ok(Row { id: RowId::new("1"), version: None, modified_at: None, modified_by: None, values })
        };
        let rows: Vec<Result<Row, RowError>> = version.into_iter().map(row).collect();
        let time = format!("2026-11-21T12:{minute:02}:00Z").parse().unwrap();
        position.note(&rows, &"v".into(), Some(time));
        (floor, position.watermark(OVERLAP).unwrap())
    }

    /// I25: a read begins at what was reached an overlap ago, so that late commits are seen.
    #[test]
    fn a_read_begins_where_all_is_settled() {
        let (floor, watermark) = read(Cursor::Start, 0, Some(100));
        assert_eq!(floor, None);
        let (floor, watermark) = read(Cursor::Since(watermark), 1, Some(200));
        assert_eq!(floor, Some(100));
        let (floor, watermark) = read(Cursor::Since(watermark), 5, None);
        assert_eq!(floor, Some(100), "a version below 200 may still be committed");
        let (floor, watermark) = read(Cursor::Since(watermark), 6, Some(150));
        assert_eq!(floor, Some(100));
        let (floor, watermark) = read(Cursor::Since(watermark), 7, None);
        assert_eq!(floor, Some(200));
        assert_eq!(read(Cursor::Since(watermark.clone()), 8, None).1, watermark);
    }

    #[test]
    fn a_page_keeps_what_was_seen_before_it() {
        let mut position = VersionPosition::of(&query(Cursor::Start)).unwrap();
        position.greatest = Some(7);
        let link = position.clone().page("https://a/next".into());
        let next = VersionPosition::of(&query(Cursor::Page(link))).unwrap();
        assert_eq!((next.link.as_deref(), next.greatest), (Some("https://a/next"), Some(7)));
        position.last = Some(7);
        let link = position.page("https://a/next".into());
        let behind = VersionPosition::of(&query(Cursor::Page(link))).unwrap();
        assert_eq!((behind.link.as_deref(), behind.floor()), (None, Some(7)), "behind what was seen");
        assert_eq!(VersionPosition::of(&query(Cursor::Since("{}".into()))), None);
        assert_eq!(next.watermark(OVERLAP), None, "without the server's time nothing is settled");
    }

    #[test]
    fn the_pages_of_a_listing_carry_its_condition_until_they_have_to_be_counted_off() {
        let mut position = VersionPosition::of(&query(Cursor::Start)).unwrap();
        position.condition = Some("blocked eq false".to_owned());
        position.last = Some(7);
        let next = |position: VersionPosition| {
            VersionPosition::of(&query(Cursor::Page(position.page("https://a/next".into())))).unwrap()
        };
        let ascends = next(position);
        assert_eq!((ascends.floor(), ascends.condition.as_deref()), (Some(7), Some("blocked eq false")));
        let stays = next(ascends);
        assert_eq!((stays.floor(), &stays.condition, &stays.link), (Some(7), &None, &None));
        assert_eq!(next(stays).link.as_deref(), Some("https://a/next"));
    }
}
