//! Finding the row that a person means: by its id, its number or what people call it.

use std::collections::BTreeSet;

use crate::mapping::{Mapping, normalise};
use crate::model::{Content, Pair, Record, Row, RowId, Side, Value};
use crate::store::{Snapshot, StoreError};
use crate::systems::Search;

use super::engine::Engine;

/// How many couplings or entries are held in memory at once.
const PAGE: usize = 500;

/// A row that may be meant, with its partner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundRow {
    pub label: String,
    pub rows: Pair<Option<RowId>>,
}

/// Returns every row that goes by a word: those that are there first, else those the journal remembers.
pub fn find_rows(snapshot: &Snapshot, mapping: &Mapping, word: &str) -> Result<Vec<FoundRow>, StoreError> {
    let id = RowId::new(word);
    for side in Side::BOTH {
        if let Some(found) = by_id(snapshot, mapping, side, &id)? {
            return Ok(vec![found]);
        }
    }
    let meant = Meant { mapping, word: word.to_lowercase() };
    let mut found = meant.coupled(snapshot)?;
    found.extend(meant.uncoupled(snapshot)?);
    if found.is_empty() {
        found = meant.remembered(snapshot)?;
    }
    Ok(found.into_iter().collect())
}

fn by_id(
    snapshot: &Snapshot,
    mapping: &Mapping,
    side: Side,
    id: &RowId,
) -> Result<Option<FoundRow>, StoreError> {
    if let Some(coupling) = snapshot.coupling_of(&mapping.name, side, id)? {
        return Ok(Some(FoundRow { label: coupling.label, rows: coupling.rows.map(Some) }));
    }
    let last = snapshot.journal_of_row(&mapping.name, side, id, None, usize::MAX)?.pop();
    let seen = snapshot.observation(&mapping.name, side, id)?;
    let label = match (&last, &seen) {
        (Some((_, entry)), _) => entry.label.clone(),
        (None, Some(_)) => id.to_string(),
        (None, None) => return Ok(None),
    };
    Ok(Some(FoundRow { label, rows: alone(side, id.clone()) }))
}

fn alone(side: Side, row: RowId) -> Pair<Option<RowId>> {
    let mut rows = Pair::default();
    rows[side] = Some(row);
    rows
}

/// Asks both systems for rows that a mapping would match by that word. One that cannot be asked tells nothing.
pub async fn search(engine: &Engine, mapping: &Mapping, word: &str) -> Vec<RowId> {
    let mut rows = Vec::new();
    for side in Side::BOTH {
        for field in mapping.match_by.iter().flatten().filter_map(|field| mapping.field(field)) {
            let Some(column) = field.column(side) else { continue };
            let value = normalise(&field.kind, Value::text(word));
            let Some(system) = engine.reachable(&mapping.connections[side]) else { continue };
            let (columns, search) = (BTreeSet::from([column.clone()]), Search::Equals(column.clone(), value));
            let found = system.search(&mapping.tables[side], &columns, &search).await.unwrap_or_default();
            rows.extend(found.into_iter().filter_map(|row| Some(row.ok()?.id)));
        }
    }
    rows
}

/// What a word may mean in a mapping.
struct Meant<'a> {
    mapping: &'a Mapping,
    word: String,
}

impl Meant<'_> {
    fn is(&self, text: &str) -> bool {
        text.to_lowercase() == self.word
    }

    fn is_value(&self, value: &Value) -> bool {
        matches!(value, Value::Text(text) if self.is(text))
    }

    /// Fields by which people or the mapping tell rows apart.
    fn is_in_record(&self, record: &Record) -> bool {
        self.mapping
            .match_by
            .iter()
            .flatten()
            .any(|field| record.get(field).is_some_and(|value| self.is_value(value)))
    }

    fn is_in_row(&self, side: Side, row: &Row) -> bool {
        let fields = self.mapping.match_by.iter().flatten().chain([&self.mapping.label]);
        let mut columns = fields.filter_map(|field| self.mapping.field(field)?.column(side));
        columns.any(|column| row.values.get(column).is_some_and(|value| self.is_value(value)))
    }

    fn label(&self, side: Side, row: &Row) -> String {
        let column = self.mapping.field(&self.mapping.label).and_then(|field| field.column(side));
        match column.and_then(|column| row.values.get(column)) {
            Some(Value::Text(text)) => text.clone(),
            _ => row.id.to_string(),
        }
    }

    fn coupled(&self, snapshot: &Snapshot) -> Result<BTreeSet<FoundRow>, StoreError> {
        let (mut found, mut after) = (BTreeSet::new(), None);
        loop {
            let page = snapshot.couplings(&self.mapping.name, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.id);
            for coupling in page {
                if self.is(&coupling.label) || self.is_in_record(&coupling.base) {
                    found.insert(FoundRow { label: coupling.label, rows: coupling.rows.map(Some) });
                }
            }
        }
    }

    fn uncoupled(&self, snapshot: &Snapshot) -> Result<BTreeSet<FoundRow>, StoreError> {
        let (mut found, name) = (BTreeSet::new(), &self.mapping.name);
        for side in Side::BOTH {
            snapshot.visit_observations(name, side, |observation| {
                if let Content::Row(row) = &observation.content
                    && self.is_in_row(side, row)
                    && snapshot.coupling_of(name, side, &row.id)?.is_none()
                {
                    let label = self.label(side, row);
                    found.insert(FoundRow { label, rows: alone(side, row.id.clone()) });
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn remembered(&self, snapshot: &Snapshot) -> Result<BTreeSet<FoundRow>, StoreError> {
        let (mut found, mut before) = (BTreeSet::new(), None);
        loop {
            let page = snapshot.journal(None, before, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            before = Some(*last);
            for (_, entry) in page {
                if let Some(row) = entry.row
                    && entry.mapping == self.mapping.name
                    && self.is(&entry.label)
                {
                    let mut rows = alone(entry.side, row);
                    rows[entry.side.other()] = entry.links.partner;
                    found.insert(FoundRow { label: entry.label, rows });
                }
            }
        }
    }
}
