//! Where a read of changes by row version stands: the table's rows first, then its tombstones.
//!
//! Everything below the state's `committed_below` is committed and in order, so a read has exact ends on both sides: no
//! overlap, no gap (I25).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::SyncState;
use super::state::Break;
use crate::model::{PageLink, Watermark};
use crate::systems::{ChangeQuery, Cursor};

/// How far a table was read: its rows, and the tombstones of its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub lineage: String,
    pub rows: i64,
    pub deleted: i64,
}

/// Watermarks say whose they are, so that no other way of reading takes one for its own.
#[derive(Serialize, Deserialize)]
struct Marked {
    companion: Mark,
}

#[derive(Serialize, Deserialize)]
struct Paged {
    companion_page: Position,
}

/// Which of the two is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    Rows,
    Tombstones,
}

/// Where a read of changes stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How far was read, up to the page before.
    pub reached: Mark,
    /// Versions from here on may not be committed yet.
    pub limit: i64,
    pub reading: Reading,
    /// The next page, where the server named one.
    pub link: Option<String>,
    columns: BTreeSet<String>,
    /// What the rows of a first listing are asked to meet; tombstones meet none. There is no link beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// Why a cursor leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoWay {
    /// It is none of the companion's, or tombstones behind it were cleared away: everything is compared once.
    Expired,
    /// The database was restored or copied.
    Broken(Break),
}

impl Mark {
    /// Reads a watermark; nothing if it belongs to another way of reading.
    pub fn of(watermark: &Watermark) -> Option<Self> {
        let Marked { companion } = serde_json::from_str(watermark.as_str()).ok()?;
        Some(companion)
    }

    /// Says whether what was read up to here still is that database's past.
    pub fn check(&self, state: &SyncState) -> Result<(), Break> {
        state.follows(&self.lineage, self.rows.max(self.deleted))
    }

    fn watermark(self) -> Watermark {
        Watermark::new(serde_json::to_string(&Marked { companion: self }).expect("a watermark is JSON"))
    }
}

impl Position {
    /// Takes up a page that a read under way left off at; nothing where the query begins a read.
    pub fn under_way(query: &ChangeQuery) -> Result<Option<Self>, NoWay> {
        let Cursor::Page(link) = &query.cursor else { return Ok(None) };
        let paged: Result<Paged, _> = serde_json::from_str(link.as_str());
        let position = paged.map_err(|_| NoWay::Expired)?.companion_page;
        if position.columns.is_superset(&columns(query)) { Ok(Some(position)) } else { Err(NoWay::Expired) }
    }

    /// Begins a read of what is committed in that state.
    pub fn begin(query: &ChangeQuery, state: &SyncState) -> Result<Self, NoWay> {
        let reached = match &query.cursor {
            Cursor::Since(watermark) => {
                let mark = Mark::of(watermark).ok_or(NoWay::Expired)?;
                mark.check(state).map_err(NoWay::Broken)?;
                if mark.deleted < state.tombstones_from - 1 {
                    return Err(NoWay::Expired);
                }
                mark
            }
            // What was deleted before the first read is none of its business, and a sweep follows it.
            Cursor::Start | Cursor::Page(_) => {
                let deleted = state.committed_below.max(state.tombstones_from) - 1;
                Mark { lineage: state.lineage.clone(), rows: 0, deleted }
            }
        };
        let (limit, columns) = (state.committed_below, columns(query));
        Ok(Self { reached, limit, reading: Reading::Rows, link: None, columns, condition: None })
    }

    /// Lets the listing go on with everything, if it was asked to meet a condition: whatever has been reached was listed.
    pub fn give_up_condition(&mut self) -> bool {
        self.condition.take().is_some()
    }

    /// Returns the versions still to be read of what is being read: greater than the first, less than the second.
    /// Nothing if there can be none.
    pub fn range(&self) -> Option<(i64, i64)> {
        let reached = match self.reading {
            Reading::Rows => self.reached.rows,
            Reading::Tombstones => self.reached.deleted,
        };
        (reached + 1 < self.limit).then_some((reached, self.limit))
    }

    /// Takes note of a page's versions, and returns the page link of the next.
    ///
    /// Where the page ascends, the next is asked for from its last version: a link may count rows, and they shift while
    /// others are edited. One that does not ascend moves nothing before the end of the read, and its link is followed; where a
    /// condition hid rows, what is left is asked for anew without it.
    pub fn page(mut self, versions: &[Option<i64>], link: String) -> PageLink {
        self.link = (!self.note(versions) && !self.give_up_condition()).then_some(link);
        PageLink::new(serde_json::to_string(&Paged { companion_page: self }).expect("a position is JSON"))
    }

    fn note(&mut self, versions: &[Option<i64>]) -> bool {
        let reached = match self.reading {
            Reading::Rows => &mut self.reached.rows,
            Reading::Tombstones => &mut self.reached.deleted,
        };
        let Some(versions) = versions.iter().copied().collect::<Option<Vec<i64>>>() else { return false };
        let Some((first, last)) = versions.first().zip(versions.last()) else { return false };
        let ascends = first > reached && versions.is_sorted_by(|one, next| one < next);
        if ascends {
            *reached = *last;
        }
        ascends
    }

    /// Goes on from rows to tombstones.
    pub fn rows_are_read(&mut self) {
        self.reached.rows = self.reached.rows.max(self.limit - 1);
        self.reading = Reading::Tombstones;
        (self.link, self.condition) = (None, None);
    }

    /// Returns the watermark that ends the read.
    pub fn watermark(mut self) -> Watermark {
        self.reached.deleted = self.reached.deleted.max(self.limit - 1);
        self.reached.watermark()
    }
}

fn columns(query: &ChangeQuery) -> BTreeSet<String> {
    query.columns.iter().map(|column| column.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::{LINEAGE, state};
    use super::*;

    fn query(cursor: Cursor) -> ChangeQuery {
        ChangeQuery { table: "customers".into(), columns: ["city".into()].into(), cursor, filter: None }
    }

    fn mark(rows: i64, deleted: i64) -> Watermark {
        Mark { lineage: LINEAGE.to_owned(), rows, deleted }.watermark()
    }

    fn begin(cursor: Cursor, state: &SyncState) -> Result<Position, NoWay> {
        Position::begin(&query(cursor), state)
    }

    /// I25: the next read begins where all was committed, whatever was seen.
    #[test]
    fn a_read_ends_where_everything_is_committed() {
        let mut position = begin(Cursor::Start, &state(120, 101)).unwrap();
        assert_eq!(position.range(), Some((0, 101)));
        assert!(position.note(&[Some(7), Some(90)]));
        assert_eq!(position.range(), Some((90, 101)));
        position.rows_are_read();
        assert_eq!(position.range(), None, "what was deleted before the first read");
        let watermark = position.watermark();
        assert_eq!(watermark, mark(100, 100));
        let next = begin(Cursor::Since(watermark.clone()), &state(130, 101)).unwrap();
        assert_eq!(next.range(), None, "held back: nothing to read, nothing lost");
        assert_eq!(begin(Cursor::Since(watermark), &state(130, 131)).unwrap().range(), Some((100, 131)));
    }

    /// I25: what a listing hides is behind its watermark nonetheless: that comes from the state, and not from the rows.
    #[test]
    fn a_listing_with_a_condition_ends_where_any_other_does() {
        let mut position = begin(Cursor::Start, &state(120, 101)).unwrap();
        position.condition = Some("number eq '1'".to_owned());
        let next = |position: Position, versions: &[Option<i64>]| {
            let link = position.page(versions, "https://a/next".to_owned());
            Position::under_way(&query(Cursor::Page(link))).unwrap().unwrap()
        };
        let mut position = next(position, &[Some(60)]);
        assert_eq!(
            (position.condition.as_deref(), position.range()),
            (Some("number eq '1'"), Some((60, 101)))
        );
        let given_up = next(position.clone(), &[Some(70), None]);
        assert_eq!((given_up.condition, given_up.link, given_up.reached.rows), (None, None, 60));
        position.rows_are_read();
        assert_eq!((&position.condition.clone(), position.watermark()), (&None, mark(100, 100)));
    }

    #[test]
    fn a_page_that_does_not_ascend_moves_nothing() {
        let mut position = begin(Cursor::Since(mark(50, 50)), &state(100, 101)).unwrap();
        for page in [vec![Some(60), Some(55)], vec![Some(49), Some(60)], vec![Some(60), None], vec![]] {
            assert!(!position.note(&page), "{page:?}");
            assert_eq!(position.range(), Some((50, 101)), "{page:?}");
        }
    }

    #[test]
    fn a_page_link_keeps_where_the_read_stands() {
        let position = begin(Cursor::Since(mark(50, 40)), &state(100, 101)).unwrap();
        let next = |versions: &[Option<i64>]| {
            let link = position.clone().page(versions, "https://a/next".to_owned());
            let next = Position::under_way(&query(Cursor::Page(link))).unwrap().unwrap();
            (next.link.clone(), next.range())
        };
        assert_eq!(next(&[Some(60)]), (None, Some((60, 101))));
        assert_eq!(next(&[Some(60), None]), (Some("https://a/next".to_owned()), Some((50, 101))));
        assert_eq!(Position::under_way(&query(Cursor::Start)), Ok(None));
        let other = ChangeQuery { columns: ["name".into()].into(), ..query(Cursor::Start) };
        let other = begin(Cursor::Start, &state(1, 2)).map(|position| (position, other)).unwrap();
        let link = other.0.page(&[], "x".to_owned());
        let wider =
            ChangeQuery { columns: ["city".into(), "name".into()].into(), ..query(Cursor::Page(link)) };
        assert_eq!(Position::under_way(&wider), Err(NoWay::Expired));
    }

    /// Installing or removing the extension between two runs leads to a new listing, never to deletions.
    #[test]
    fn a_watermark_of_another_way_of_reading_begins_anew() {
        let strange = r#"{"modified":"2026-11-21T12:00:00Z"}"#;
        assert_eq!(begin(Cursor::Since(strange.into()), &state(1, 2)), Err(NoWay::Expired));
        assert_eq!(begin(Cursor::Since("everything".into()), &state(1, 2)), Err(NoWay::Expired));
        let page = r#"{"link":"https://a/next","columns":["city"]}"#;
        assert_eq!(Position::under_way(&query(Cursor::Page(page.into()))), Err(NoWay::Expired));
        let own = begin(Cursor::Start, &state(1, 2)).unwrap();
        for cursor in [Cursor::Since(own.clone().watermark()), Cursor::Page(own.page(&[], "x".to_owned()))] {
            assert_eq!(crate::systems::odata::Position::of(&query(cursor)), None);
        }
    }

    #[test]
    fn tombstones_that_were_cleared_away_lead_to_a_comparison() {
        let cleared = SyncState { tombstones_from: 60, ..state(100, 101) };
        assert!(begin(Cursor::Since(mark(70, 59)), &cleared).is_ok());
        assert_eq!(begin(Cursor::Since(mark(70, 58)), &cleared), Err(NoWay::Expired));
        // Installed while a transaction holds the feed back: the first read is not begun again and again.
        let installed = SyncState { tombstones_from: 90, ..state(100, 50) };
        let mut position = begin(Cursor::Start, &installed).unwrap();
        position.rows_are_read();
        assert!(begin(Cursor::Since(position.watermark()), &installed).is_ok());
    }

    /// I14
    #[test]
    fn a_restored_database_is_not_read_on() {
        let broken = |state: &SyncState| begin(Cursor::Since(mark(80, 90)), state).unwrap_err();
        assert!(matches!(broken(&state(89, 90)), NoWay::Broken(Break::Versions { .. })));
        let copied = SyncState { lineage: "other".to_owned(), ..state(100, 101) };
        assert!(matches!(broken(&copied), NoWay::Broken(Break::Lineage { .. })));
    }
}
