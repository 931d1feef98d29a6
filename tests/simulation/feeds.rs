//! Reading changes: by stamp with overlap, as Business Central is read, and by version with tokens, as Dataverse is.

use std::collections::BTreeMap;

use tandem::model::{PageLink, Row, RowId, Watermark};
use tandem::systems::{ChangePage, ChangeQuery, Cursor, Next, SystemError};

use super::machine::LATEST_SECS;
use super::memory_system::MemorySystem;

/// How far reads by stamp reach back: further than stamps are coarse and edits come late.
const OVERLAP_SECS: i64 = LATEST_SECS + 20;

impl MemorySystem {
    pub(super) fn by_stamp(&self, query: &ChangeQuery) -> ChangePage {
        let now = self.clock.now();
        let mut machine = self.machine();
        let place = match &query.cursor {
            Cursor::Start => Place::default(),
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
            .collect();
        rows.sort_by(|left, right| (left.0, &left.1.id).cmp(&(right.0, &right.1.id)));
        let size = machine.random.usize(1..6);
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().map(|(stamp, row)| (*stamp, row.id.clone()));
        let greatest = last.as_ref().map(|(stamp, _)| *stamp).max(place.greatest);
        let rows = rows.into_iter().map(|(_, row)| self.read(&mut machine, row)).collect();
        let next = match (more, last) {
            (true, Some(after)) => Next::Page(Place { after: Some(after), greatest, ..place }.link()),
            _ => Next::Done(Watermark::new(greatest.unwrap_or(now).to_string())),
        };
        ChangePage { rows, deleted: Vec::new(), became: Vec::new(), next }
    }

    pub(super) fn by_version(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
        let mut machine = self.machine();
        let now = machine.server.version;
        let (low, high, after) = match &query.cursor {
            Cursor::Start => (None, now, 0),
            Cursor::Since(watermark) => (Some(version(watermark.as_str())), now, version(watermark.as_str())),
            Cursor::Page(link) => {
                let parts: Vec<_> = link.as_str().split(' ').collect();
                (parts[0].parse().ok(), version(parts[1]), version(parts[2]))
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
            .map(|(id, row)| (row.version, Some(self.row(id, row, &query.columns))))
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
        let size = machine.random.usize(1..6);
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
            true => Next::Page(PageLink::new(format!("{low} {high} {last}"))),
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
        PageLink::new(format!("{} {} {stamp} {id}", number(self.floor), number(self.greatest)))
    }

    fn parse(link: &str) -> Self {
        let parts: Vec<_> = link.split(' ').collect();
        Self {
            floor: parts[0].parse().ok(),
            greatest: parts[1].parse().ok(),
            after: Some((number(parts[2]), RowId::new(parts[3]))),
        }
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}

fn version(text: &str) -> u64 {
    text.parse().unwrap()
}
