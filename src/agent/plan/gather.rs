//! What there is to decide: rows that are ready, each with all that is known of its coupling.

use std::collections::{BTreeMap, BTreeSet};

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::model::{
    Author, ConflictKind, Content, Coupling, MappingName, Observation, Pair, Record, Row, RowId, Side,
    Standing,
};
use crate::store::{Snapshot, StoreError};
use crate::sync::{Pending, Seen};

use super::conflicts;

/// How many rows one round decides.
pub const ROUND: usize = 1000;

/// How often one row is decided again within a pass (stale versions, re-reads, values rewritten by the server).
const MAX_TRIES: u8 = 4;

/// How often each row was decided in this pass, and which were read by key.
#[derive(Debug, Default)]
pub struct Tries {
    decided: BTreeMap<(Side, RowId), u8>,
    read: BTreeSet<(Side, RowId)>,
}

impl Tries {
    /// Notes that a row is decided once more.
    pub fn count(&mut self, side: Side, row: &RowId) {
        *self.decided.entry((side, row.clone())).or_default() += 1;
    }

    /// Notes rows that are read by key.
    pub fn note_reads(&mut self, side: Side, rows: &[RowId]) {
        self.read.extend(rows.iter().map(|row| (side, row.clone())));
    }

    fn of(&self, side: Side, row: &RowId) -> u8 {
        self.decided.get(&(side, row.clone())).copied().unwrap_or(0)
    }

    /// Returns whether a row was read by key in this pass.
    #[must_use]
    pub fn was_read(&self, side: Side, row: &RowId) -> bool {
        self.read.contains(&(side, row.clone()))
    }

    fn were_read(&self, rows: &Pair<RowId>) -> Pair<bool> {
        Pair::from_fn(|side| self.was_read(side, &rows[side]))
    }
}

/// Returns the observations of one side that are ready and were not tried too often.
pub fn ready(
    snapshot: &Snapshot,
    mapping: &MappingName,
    side: Side,
    tries: &Tries,
) -> Result<Vec<Observation>, StoreError> {
    let mut found = Vec::new();
    let mut after = None;
    while found.len() < ROUND {
        let page = snapshot.observations(mapping, side, after.take(), 500)?;
        let Some(last) = page.last() else { break };
        after = Some(last.row.clone());
        found.extend(page.into_iter().filter(|observation| {
            observation.standing == Standing::Ready && tries.of(side, &observation.row) < MAX_TRIES
        }));
    }
    Ok(found)
}

/// Returns whether the coupling is decided through its ready left row already.
pub fn is_twin(
    snapshot: &Snapshot,
    prepared: &Prepared,
    side: Side,
    coupling: &Coupling,
    tries: &Tries,
) -> Result<bool, StoreError> {
    if side == Side::Left {
        return Ok(false);
    }
    let left = snapshot.observation(prepared.name(), Side::Left, &coupling.rows.left)?;
    Ok(left.is_some_and(|left| left.standing == Standing::Ready)
        && tries.of(Side::Left, &coupling.rows.left) > 0)
}

/// A coupling with all that is known, and the rows as read.
pub struct Gathered {
    pub pending: Pending,
    pub rows: Pair<Option<Row>>,
}

/// Gathers what is known of a coupling.
pub fn gather(
    engine: &Engine,
    prepared: &Prepared,
    snapshot: &Snapshot,
    mut coupling: Coupling,
    tries: &Tries,
) -> Result<Gathered, StoreError> {
    if snapshot.doubt(prepared.name(), coupling.id)?.is_some() {
        // A restored backup's base counts once both rows have been seen.
        coupling.base = Record::default();
    }
    let observer = Observer { prepared, now: engine.now() };
    let mut seen = Pair::default();
    let mut rows = Pair::default();
    for side in Side::BOTH {
        let observation = snapshot.observation(prepared.name(), side, &coupling.rows[side])?;
        seen[side] = match observation.map(|observation| observation.content) {
            None => None,
            Some(Content::Gone(evidence)) => Some(Seen::Gone(evidence)),
            Some(Content::Missing { .. } | Content::Unreadable(_)) => Some(Seen::Unclear),
            Some(Content::Row(row)) => match observer.record(snapshot, side, &row)? {
                Ok(record) => {
                    let (version, modified_at) = (row.version.clone(), row.modified_at);
                    rows[side] = Some(row);
                    Some(Seen::Record { record, version, modified_at })
                }
                Err(_) => Some(Seen::Unclear),
            },
        };
    }
    let mut conflict = snapshot.conflict_of(prepared.name(), &coupling.rows)?;
    if let Some(open) = &mut conflict
        && matches!(open.kind, ConflictKind::Deleted { .. })
        && open.stamp != conflicts::stamp(snapshot, &coupling, &open.kind)?
    {
        // The answer was for another state of the surviving row; it is asked again with the answer as a suggestion.
        open.answer = None;
    }
    let was_read = tries.were_read(&coupling.rows);
    Ok(Gathered { pending: Pending { coupling, seen, was_read, conflict }, rows })
}

/// Returns a row's record as seen, or else as last agreed.
pub fn record_of(seen: &Option<Seen>, base: &Record) -> Record {
    match seen {
        Some(Seen::Record { record, .. }) => record.clone(),
        _ => base.clone(),
    }
}

/// Returns who changed the rows last, as far as the systems tell.
pub fn authors(rows: &Pair<Option<Row>>) -> Pair<Author> {
    rows.as_ref().map(|row| row.as_ref().map(Author::of).unwrap_or_default())
}
