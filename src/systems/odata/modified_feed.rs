//! Reading by modified time: where a read stands.
//!
//! The stamp is taken before its transaction commits, so each read reaches back behind the watermark; what comes again
//! is for the caller to recognise. The watermark is the greatest stamp seen, never a clock of ours; but no later than the
//! read began, by the server's clock: what is committed late, behind the pages read already, may be as old as that.
//!
//! A server may count its pages off (`$skip`): where a row that was shown is edited or deleted meanwhile, the next page
//! leaves one out. So a page is followed by asking anew from its last stamp. Only where a page does not get beyond the
//! stamp it was asked from, its link is followed; if rows were edited meanwhile, the watermark stays before those pages.
//! A row that an edit takes out of the listing's condition would leave no trace, so there the condition is given up.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{PageLink, Row, Timestamp, Watermark};
use crate::systems::{ChangeQuery, Cursor, RowError};

/// How far apart a server's literals and stored stamps may be: Business Central and its database round differently.
const ROUNDING: Duration = Duration::from_millis(100);

/// How far the clock that stamps rows may be behind the one in answers, and how coarse stamps may be.
const SKEW: Duration = Duration::from_secs(90);

/// Where a read of changes stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The link to the next page; nothing where it is to be asked for from [`Self::floor`].
    pub link: Option<String>,
    /// The watermark the read began with.
    previous: Option<Timestamp>,
    /// How far the pages have got.
    reached: Option<Timestamp>,
    /// From where the first page was read that had to be followed by its link.
    counted_from: Option<Timestamp>,
    /// The greatest stamp seen in this read.
    seen: Option<Timestamp>,
    /// The server's time at the first page.
    started: Option<Timestamp>,
    /// The last stamp of the page at hand, if its stamps ascend.
    #[serde(skip)]
    last: Option<Timestamp>,
    columns: BTreeSet<String>,
    /// What the rows of a first listing are asked to meet. There is no link beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// A clock that shows the start of a read so much earlier than the last stamp is wrong.
const LONGEST_READ: Duration = Duration::from_secs(24 * 60 * 60);

/// The watermark of a table without a modified time: everything is read each time.
const EVERYTHING: &str = "everything";

#[derive(Serialize, Deserialize)]
struct Mark {
    modified: Timestamp,
}

impl Position {
    /// Reads where a query stands; nothing if its cursor does not serve its columns (or this version of Tandem).
    pub fn of(query: &ChangeQuery) -> Option<Self> {
        let columns: BTreeSet<String> =
            query.columns.iter().map(|column| column.as_str().to_owned()).collect();
        match &query.cursor {
            Cursor::Start => Some(Self { columns, ..Self::default() }),
            Cursor::Since(watermark) => {
                let previous = match watermark.as_str() {
                    EVERYTHING => None,
                    mark => Some(serde_json::from_str::<Mark>(mark).ok()?.modified),
                };
                Some(Self { previous, columns, ..Self::default() })
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

    /// Returns the moment to read from; nothing to read everything.
    pub fn floor(&self, overlap: Duration) -> Option<Timestamp> {
        self.reached.or_else(|| Some(back(self.previous?, overlap)))
    }

    /// Returns how far the pages of this read have got.
    pub fn reached(&self) -> Option<Timestamp> {
        self.reached
    }

    /// Takes note of a page.
    pub fn note(&mut self, rows: &[Result<Row, RowError>], server_time: Option<Timestamp>) {
        let stamps: Vec<_> = rows.iter().flatten().filter_map(|row| row.modified_at).collect();
        self.last = stamps.last().copied().filter(|_| stamps.is_sorted());
        self.seen = stamps.into_iter().chain(self.seen).max();
        self.started = self.started.or(server_time);
    }

    /// Returns where the next page is found, given the link to it.
    pub fn page(mut self, link: String, overlap: Duration) -> PageLink {
        let floor = self.floor(overlap);
        let reached = self.last.map(|last| back(last, ROUNDING));
        if reached.is_some() && reached > floor {
            (self.reached, self.link) = (reached, None);
        } else if self.give_up_condition() {
            self.link = None;
        } else {
            self.counted_from = self.counted_from.or(floor);
            self.link = Some(link);
        }
        PageLink::new(serde_json::to_string(&self).expect("a position is JSON"))
    }

    /// Returns the watermark of a read that has to be repeated whole.
    pub fn everything() -> Watermark {
        Watermark::new(EVERYTHING)
    }

    /// Returns the watermark that ends the read; nothing if neither a row nor the server's clock gave one.
    pub fn watermark(&self) -> Option<Watermark> {
        let edited = self.started.is_none_or(|started| self.seen >= Some(back(started, SKEW)));
        let modified = match self.counted_from.filter(|_| edited) {
            Some(counted_from) => counted_from,
            // The table may only seem empty, and be edited by a clock that is behind.
            None => self.seen_in_time().max(self.previous).or(self.started.map(|at| back(at, SKEW)))?,
        };
        Some(Watermark::new(serde_json::to_string(&Mark { modified }).expect("a watermark is JSON")))
    }

    /// Returns the greatest stamp seen, or when the read began if that was earlier.
    fn seen_in_time(&self) -> Option<Timestamp> {
        let seen = self.seen?;
        let began = self.started.map(|started| back(started, SKEW));
        Some(began.filter(|began| *began > back(seen, LONGEST_READ)).map_or(seen, |began| began.min(seen)))
    }
}

fn back(moment: Timestamp, by: Duration) -> Timestamp {
    moment.checked_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod shifting_pages;
#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RowId;

    fn query(cursor: Cursor) -> ChangeQuery {
        ChangeQuery { table: "customers".into(), columns: ["city".into()].into(), cursor, filter: None }
    }

    fn stamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn row(modified: &str) -> Result<Row, RowError> {
        let id = RowId::new("5c1e0000-0000-4000-8000-000000000001");
        let modified_at = Some(stamp(modified));
        Ok(Row { id, version: None, modified_at, modified_by: None, values: [].into() })
    }

    const NOON: &str = "2026-11-21T12:00:00Z";
    const ONE: &str = "2026-11-21T13:00:00.003Z";
    const TWO: &str = "2026-11-21T14:00:00Z";

    /// I25: the watermark is the greatest stamp seen, over all pages.
    #[test]
    fn the_watermark_is_the_greatest_stamp_over_all_pages() {
        let mut position = Position::of(&query(Cursor::Start)).unwrap();
        assert_eq!(position.floor(Duration::from_secs(300)), None);
        position.note(&[row(NOON), row(ONE)], Some(stamp(TWO)));
        let mut position =
            Position::of(&query(Cursor::Page(position.page("https://a/next".into(), Duration::ZERO))))
                .unwrap();
        assert_eq!(position.link, None, "asked for anew from the last stamp");
        assert_eq!(position.floor(Duration::ZERO), Some(stamp("2026-11-21T12:59:59.903Z")));
        position.note(&[row(NOON)], Some(stamp(TWO)));
        let watermark = position.watermark().unwrap();
        let since = Position::of(&query(Cursor::Since(watermark.clone()))).unwrap();
        assert_eq!(since.floor(Duration::from_secs(3600)), Some(stamp("2026-11-21T12:00:00.003Z")));
        assert_eq!(since.watermark(), Some(watermark), "nothing seen keeps the watermark");
    }

    /// I25: a row that is committed late, behind the pages read already, may be as old as the read.
    #[test]
    fn the_watermark_is_no_later_than_the_read_began() {
        let mut position = Position::of(&query(Cursor::Start)).unwrap();
        position.note(&[row(NOON), row(ONE)], Some(stamp(NOON)));
        let before_noon = r#"{"modified":"2026-11-21T11:58:30Z"}"#;
        assert_eq!(position.watermark().unwrap().as_str(), before_noon);
        position.started = Some(stamp("2026-01-01T00:00:00Z"));
        assert_eq!(
            position.watermark().unwrap().as_str(),
            format!(r#"{{"modified":"{ONE}"}}"#),
            "a clock that is off by more than a read may last is no clock"
        );
    }

    #[test]
    fn the_watermark_never_moves_back() {
        let noon = Watermark::new(format!(r#"{{"modified":"{TWO}"}}"#));
        let mut position = Position::of(&query(Cursor::Since(noon.clone()))).unwrap();
        position.note(&[row(NOON)], None);
        assert_eq!(position.watermark(), Some(noon));
    }

    #[test]
    fn an_empty_table_takes_the_servers_clock() {
        let mut position = Position::of(&query(Cursor::Start)).unwrap();
        assert_eq!(position.watermark(), None);
        position.note(&[], Some(stamp(NOON)));
        position.note(&[], Some(stamp(TWO)));
        assert_eq!(position.watermark().unwrap().as_str(), r#"{"modified":"2026-11-21T11:58:30Z"}"#);
    }

    fn next(position: Position) -> Position {
        let link = position.page("https://a/next".into(), Duration::ZERO);
        Position::of(&query(Cursor::Page(link))).unwrap()
    }

    #[test]
    fn the_pages_of_a_listing_carry_its_condition() {
        let mut position = Position::of(&query(Cursor::Start)).unwrap();
        position.condition = Some("city eq 'Ulm'".to_owned());
        position.note(&[row(NOON)], Some(stamp(TWO)));
        let position = next(position);
        assert_eq!((position.link.as_deref(), position.condition.as_deref()), (None, Some("city eq 'Ulm'")));
    }

    /// I25: where a page has to be counted off, an edit that takes a row out of the condition would push another one out.
    #[test]
    fn a_listing_that_has_to_be_counted_off_goes_on_with_everything() {
        let mut position = Position::of(&query(Cursor::Start)).unwrap();
        position.condition = Some("city eq 'Ulm'".to_owned());
        position.note(&[row(NOON)], Some(stamp(TWO)));
        let mut position = next(position);
        let reached = position.reached();
        position.note(&[row("2026-11-21T11:59:59.9Z")], Some(stamp(TWO)));
        let mut position = next(position);
        assert_eq!((position.link.as_deref(), position.condition.as_deref()), (None, None));
        assert_eq!(position.reached(), reached);
        position.note(&[row("2026-11-21T11:59:59.9Z")], Some(stamp(TWO)));
        assert_eq!(next(position).link.as_deref(), Some("https://a/next"));
    }

    #[test]
    fn a_table_without_stamps_is_read_whole_each_time() {
        let position = Position::of(&query(Cursor::Since(Position::everything()))).unwrap();
        assert_eq!(position.floor(Duration::from_secs(300)), None);
    }

    #[test]
    fn a_strange_cursor_is_refused() {
        assert_eq!(Position::of(&query(Cursor::Since("{}".into()))), None);
        let other = Position { columns: ["number".to_owned()].into(), ..Position::default() };
        assert_eq!(Position::of(&query(Cursor::Page(other.page("x".into(), Duration::ZERO)))), None);
    }
}
