//! Reading changes: by stamp with overlap, as Business Central is read, and by version with tokens, as Dataverse is.

use std::collections::BTreeMap;

use tandem::mapping::Filter;
use tandem::model::{ColumnName, PageLink, Row, RowId, Side, Value, Watermark};
use tandem::systems::{ChangePage, ChangeQuery, Cursor, Next, SystemError};
use uuid::Uuid;

use super::machine::{LATEST_SECS, Machine};
use super::memory_system::MemorySystem;
use super::server::Stored;
use super::tables::{PHANTOM, customers};
use super::trouble::strikes;

/// How far reads by stamp reach back: further than stamps are coarse and edits come late.
pub const OVERLAP_SECS: i64 = LATEST_SECS + 20;

impl MemorySystem {
    pub(super) fn by_stamp(&self, query: &ChangeQuery) -> ChangePage {
        let now = self.now();
        let mut machine = self.machine();
        let place = match &query.cursor {
            Cursor::Start => Place { wanted: query.filter.clone(), ..Place::default() },
            Cursor::Since(watermark) => {
                Place { greatest: Some(number(watermark.as_str())), ..Place::default() }.reaching_back()
            }
            Cursor::Page(link) => Place::parse(link.as_str()),
        };
        let mut rows: Vec<_> = machine
            .server
            .listed(&query.table, now)
            .into_iter()
            .filter(|(id, row)| {
                place.floor.is_none_or(|floor| row.stamp >= floor) && place.is_before(row.stamp, id)
            })
            .map(|(id, row)| (row.stamp, self.row(id, row, &query.columns)))
            .filter(|(_, row)| is_wanted(place.wanted.as_ref(), row))
            .collect();
        rows.sort_by(|left, right| (left.0, &left.1.id).cmp(&(right.0, &right.1.id)));
        let most = machine.sizes.most_in_page;
        let size = machine.random.usize(1..=most);
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().map(|(stamp, row)| (*stamp, row.id.clone()));
        let greatest = last.as_ref().map(|(stamp, _)| *stamp).max(place.greatest);
        let mut rows: Vec<_> = rows.into_iter().map(|(_, row)| self.read(&mut machine, row)).collect();
        let rate = if query.table == customers(Side::Left) { machine.rates.rolled_back } else { 0 };
        if strikes(&mut machine.random, rate) {
            rows.push(Ok(self.phantom(&mut machine, query, now)));
        }
        let started = place.started.unwrap_or(now);
        let next = match (more, last) {
            (true, Some(after)) => {
                Next::Page(Place { after: Some(after), greatest, started: Some(started), ..place }.link())
            }
            // What became visible behind a page that was read long ago is read next time.
            _ => Next::Done(Watermark::new(greatest.unwrap_or(now).min(started).to_string())),
        };
        ChangePage { rows, deleted: Vec::new(), became: Vec::new(), next }
    }

    /// A row whose transaction will be rolled back: a list shows it, and it never was.
    fn phantom(&self, machine: &mut Machine, query: &ChangeQuery, now: i64) -> Row {
        machine.server.version += 1;
        let tag = (ColumnName::new("tag"), Value::text(PHANTOM));
        let stored = Stored { version: machine.server.version, stamp: now, values: [tag].into() };
        self.row(&RowId::from(Uuid::from_u128(machine.random.u128(..))), &stored, &query.columns)
    }

    pub(super) fn by_version(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
        let mut machine = self.machine();
        let now = machine.server.version;
        let (low, high, after, wanted) = match &query.cursor {
            Cursor::Start => (None, now, 0, query.filter.clone()),
            Cursor::Since(watermark) => {
                (Some(version(watermark.as_str())), now, version(watermark.as_str()), None)
            }
            Cursor::Page(link) => {
                let parts: Vec<_> = link.as_str().splitn(4, ' ').collect();
                (parts[0].parse().ok(), version(parts[1]), version(parts[2]), read_filter(parts[3]))
            }
        };
        if low.is_some_and(|low: u64| low < machine.server.oldest_token) {
            return Err(SystemError::WatermarkExpired {
                connection: self.name.clone(),
                table: query.table.clone(),
            });
        }
        let table = machine.server.table(&query.table);
        let mut entries: BTreeMap<u64, Option<Row>> = table
            .rows
            .iter()
            .map(|(id, row)| (row.version, self.row(id, row, &query.columns)))
            .filter(|(_, row)| is_wanted(wanted.as_ref(), row))
            .map(|(version, row)| (version, Some(row)))
            .collect();
        let mut gone = BTreeMap::new();
        if low.is_some() {
            for (version, id) in table.tombstones.iter().filter(|(_, id)| !table.rows.contains_key(id)) {
                entries.insert(*version, None);
                gone.insert(*version, id.clone());
            }
        }
        // What was changed while the pages are read comes with the next read, or once more.
        entries.retain(|version, _| *version > after);
        let most = machine.sizes.most_in_page;
        let size = machine.random.usize(1..=most);
        let more = entries.len() > size;
        let (mut rows, mut deleted, mut last) = (Vec::new(), Vec::new(), after);
        for (version, entry) in entries.into_iter().take(size) {
            last = version;
            match entry {
                Some(row) => rows.push(self.read(&mut machine, row)),
                None => deleted.extend(gone.remove(&version)),
            }
        }
        let low = low.map_or_else(|| "-".to_owned(), |low| low.to_string());
        let next = match more {
            true => Next::Page(PageLink::new(format!("{low} {high} {last} {}", shown(wanted.as_ref())))),
            false => Next::Done(Watermark::new(high.to_string())),
        };
        Ok(ChangePage { rows, deleted, became: Vec::new(), next })
    }
}

/// Where a read by stamp stands.
#[derive(Clone, Debug, Default)]
struct Place {
    floor: Option<i64>,
    after: Option<(i64, RowId)>,
    greatest: Option<i64>,
    /// When the first page was read.
    started: Option<i64>,
    /// What a first listing is limited to.
    wanted: Option<Filter>,
}

impl Place {
    fn reaching_back(self) -> Self {
        Self { floor: self.greatest.map(|greatest| greatest - OVERLAP_SECS), ..self }
    }

    fn is_before(&self, stamp: i64, id: &RowId) -> bool {
        self.after.as_ref().is_none_or(|(last, last_id)| (*last, last_id) < (stamp, id))
    }

    fn link(self) -> PageLink {
        let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let (stamp, id) = self.after.unwrap();
        let (floor, greatest) = (number(self.floor), number(self.greatest));
        let wanted = shown(self.wanted.as_ref());
        PageLink::new(format!("{floor} {greatest} {} {stamp} {id} {wanted}", number(self.started)))
    }

    fn parse(link: &str) -> Self {
        let parts: Vec<_> = link.splitn(6, ' ').collect();
        Self {
            floor: parts[0].parse().ok(),
            greatest: parts[1].parse().ok(),
            started: parts[2].parse().ok(),
            after: Some((number(parts[3]), RowId::new(parts[4]))),
            wanted: read_filter(parts[5]),
        }
    }
}

/// A service that can be asked for a filter shows nothing else: what is missing then must be nobody's business.
fn is_wanted(wanted: Option<&Filter>, row: &Row) -> bool {
    wanted.is_none_or(|filter| filter.accepts(row).unwrap_or(true))
}

fn shown(wanted: Option<&Filter>) -> String {
    wanted.map_or_else(String::new, Filter::to_string)
}

fn read_filter(text: &str) -> Option<Filter> {
    (!text.is_empty()).then(|| text.parse().unwrap())
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}

fn version(text: &str) -> u64 {
    text.parse().unwrap()
}
