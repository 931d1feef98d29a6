//! Looking closer where a system may have been set back: rows seen lately are held against what the journal knows (I14).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use tracing::info;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::model::{
    Action, ConnectionName, Content, Coupling, CouplingState, FieldId, FreezeCause, MappingName, OlderRow,
    Outcome, RowId, Side, TableName, Timestamp, Trace, Value,
};
use crate::store::{Snapshot, StoreError};
use crate::sync::{self, Found, Sample};
use crate::systems::{KeyedRead, SystemError};

use super::freeze::freeze;
use super::traces::{self, Traces};
use super::wiped;

/// How many rows are looked at.
const SAMPLED: usize = 20;

/// How many journal entries about a row are read for earlier values.
const JOURNAL_ENTRIES: usize = 500;

/// Rows that are not as they were seen: as they were found, by table.
#[derive(Debug, Default)]
pub struct Suspicion(BTreeMap<TableName, BTreeMap<RowId, Option<Trace>>>);

impl Suspicion {
    /// Adds rows of a table.
    pub fn note(&mut self, table: &TableName, behind: BTreeMap<RowId, Option<Trace>>) {
        self.0.entry(table.clone()).or_default().extend(behind);
    }

    /// Returns whether there is nothing to suspect.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A coupled row that was seen lately.
struct Pick<'a> {
    prepared: &'a Prepared,
    side: Side,
    coupling: Coupling,
    seen: Trace,
}

/// Examines a connection: freezes it if it was set back, and otherwise takes note of where its rows are.
pub async fn examine(
    engine: &Engine,
    prepared: &[Prepared],
    known: &Traces,
    connection: &ConnectionName,
    mut suspicion: Suspicion,
) -> Result<(), EngineError> {
    let picks = pick(&engine.store().snapshot()?, prepared, known, connection)?;
    let found = read(engine, &picks).await?;
    let snapshot = engine.store().snapshot()?;
    let mut samples = Vec::with_capacity(picks.len());
    for (pick, found) in picks.iter().zip(found) {
        samples.push(Sample {
            seen: pick.seen.clone(),
            is_settled: is_settled(engine, pick),
            agreed: pick.coupling.base.clone(),
            former: former(&snapshot, pick)?,
            found,
        });
    }
    drop(snapshot);
    let verdict = sync::judge(&samples);
    if verdict.is_proof() {
        let older = verdict.older.into_iter().map(|older| {
            let pick = &picks[older.sample];
            let agreed = pick.coupling.base.get(&older.field).cloned().unwrap_or_default();
            OlderRow {
                mapping: pick.prepared.name().clone(),
                row: pick.seen.row.clone(),
                label: pick.coupling.label.clone(),
                field: older.field,
                agreed,
                found: older.found,
            }
        });
        let cause = FreezeCause::OlderContent { sampled: samples.len() as u64, older: older.collect() };
        return Err(freeze(engine, connection, cause)?);
    }
    look_for_wiped(engine, prepared, connection, &looked(&picks, &samples, &suspicion)).await?;
    info!(%connection, sampled = samples.len(), "Nothing shows that the system was set back");
    for (pick, sample) in picks.iter().zip(&samples) {
        let now = match &sample.found {
            Found::Absent => None,
            Found::Row { trace, .. } => Some(trace.clone()),
            Found::Unclear => continue,
        };
        let table = &pick.prepared.mapping.tables[pick.side];
        suspicion.note(table, [(pick.seen.row.clone(), now)].into());
    }
    let mut transaction = engine.store().transaction()?;
    for (table, found) in &suspicion.0 {
        traces::correct(&mut transaction, connection, table, found)?;
    }
    Ok(transaction.commit()?)
}

/// Picks the rows seen last that were in step then: of an edit that waits it is known that its row differs.
fn pick<'a>(
    snapshot: &Snapshot,
    prepared: &'a [Prepared],
    known: &Traces,
    connection: &ConnectionName,
) -> Result<Vec<Pick<'a>>, StoreError> {
    let mut traces: Vec<_> = known
        .iter()
        .filter(|((of, _), _)| of == connection)
        .flat_map(|((_, table), traces)| traces.iter().map(move |trace| (table, trace)))
        .collect();
    traces.sort_by_key(|(_, trace)| std::cmp::Reverse(trace.modified_at));
    let mut picks = Vec::new();
    for (table, trace) in traces {
        if picks.len() == SAMPLED {
            break;
        }
        for (mapping, side) in prepared.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
            let is_there =
                &mapping.mapping.connections[side] == connection && &mapping.mapping.tables[side] == table;
            if !is_there {
                continue;
            }
            let Some(coupling) = snapshot.coupling_of(mapping.name(), side, &trace.row)? else { continue };
            let tells = match snapshot.observation(mapping.name(), side, &trace.row)?.map(|seen| seen.content)
            {
                None => true,
                Some(Content::Row(row)) => sync::is_older(&Trace::of(&row), trace),
                Some(_) => false,
            };
            if tells && coupling.state == CouplingState::IN_SCOPE {
                picks.push(Pick { prepared: mapping, side, coupling, seen: trace.clone() });
                break;
            }
        }
    }
    Ok(picks)
}

/// Reads the picked rows by key, in the order of the picks.
async fn read(engine: &Engine, picks: &[Pick<'_>]) -> Result<Vec<Found>, EngineError> {
    let mut found: Vec<_> = picks.iter().map(|_| Found::Unclear).collect();
    let mut groups: BTreeMap<(MappingName, Side), Vec<usize>> = BTreeMap::new();
    for (place, pick) in picks.iter().enumerate() {
        groups.entry((pick.prepared.name().clone(), pick.side)).or_default().push(place);
    }
    for ((_, side), places) in groups {
        let prepared = picks[places[0]].prepared;
        let rows: Vec<_> = places.iter().map(|place| picks[*place].seen.row.clone()).collect();
        let (table, columns) = (&prepared.mapping.tables[side], &prepared.columns[side]);
        let reads = match prepared.systems[side].rows(table, columns, &rows).await {
            // A table that cannot be read tells nothing, and holds up nothing but itself (I26).
            Err(SystemError::Forbidden { .. } | SystemError::NotFound { .. }) => continue,
            reads => reads?,
        };
        let observer = Observer { prepared, now: engine.now() };
        let snapshot = engine.store().snapshot()?;
        for (place, read) in places.into_iter().zip(reads) {
            found[place] = match read {
                KeyedRead::Absent => Found::Absent,
                KeyedRead::Unreadable(_) => Found::Unclear,
                KeyedRead::Found(row) => match observer.record(&snapshot, side, &row)? {
                    Ok(record) => Found::Row { trace: Trace::of(&row), record },
                    Err(_) => Found::Unclear,
                },
            };
        }
    }
    Ok(found)
}

/// Collects what the journal knows of earlier values of a picked row, whichever of the two rows was written.
fn former(snapshot: &Snapshot, pick: &Pick<'_>) -> Result<BTreeMap<FieldId, Vec<Value>>, StoreError> {
    let mut former: BTreeMap<FieldId, Vec<Value>> = BTreeMap::new();
    for side in Side::BOTH {
        let row = &pick.coupling.rows[side];
        let entries = snapshot.journal_of_row(pick.prepared.name(), side, row, None, JOURNAL_ENTRIES)?;
        for (_, entry) in entries {
            let is_write = matches!(entry.action, Action::Created | Action::Updated)
                && matches!(entry.outcome, Outcome::Done | Outcome::DoneUnguarded);
            for change in entry.fields.iter().filter(|_| is_write) {
                let values = former.entry(change.field.clone()).or_default();
                values.extend(change.before.iter().chain([&change.after]).cloned());
            }
        }
    }
    Ok(former)
}

/// Returns whether what was seen of a row cannot be undone by its own transaction any more.
fn is_settled(engine: &Engine, pick: &Pick<'_>) -> bool {
    if !pick.prepared.tables[pick.side].abilities.dirty_reads {
        return true;
    }
    let connection = &pick.prepared.mapping.connections[pick.side];
    let overlap = engine.config().settings.connections[connection.as_str()].overlap_secs;
    // The server's clock is only known to the second.
    let reached = SignedDuration::from_secs(1) - SignedDuration::from_secs(overlap.cast_signed());
    let settled = |now: Timestamp| now.checked_add(reached).ok();
    let settled = pick.prepared.server_time[pick.side].and_then(settled);
    pick.seen.modified_at.zip(settled).is_some_and(|(seen, settled)| seen <= settled)
}

/// Rows looked at in each table: whether each is gone.
type Looked = BTreeMap<TableName, BTreeMap<RowId, bool>>;

fn looked(picks: &[Pick<'_>], samples: &[Sample], suspicion: &Suspicion) -> Looked {
    let mut looked = Looked::new();
    for (pick, sample) in picks.iter().zip(samples) {
        let table = &pick.prepared.mapping.tables[pick.side];
        let is_gone = sample.found == Found::Absent;
        looked.entry(table.clone()).or_default().insert(pick.seen.row.clone(), is_gone);
    }
    for (table, rows) in &suspicion.0 {
        let gone = rows.iter().map(|(row, found)| (row.clone(), found.is_none()));
        looked.entry(table.clone()).or_default().extend(gone);
    }
    looked
}

/// Lists the tables of which most rows looked at are gone, to see whether most of all are.
async fn look_for_wiped(
    engine: &Engine,
    prepared: &[Prepared],
    connection: &ConnectionName,
    looked: &Looked,
) -> Result<(), EngineError> {
    for (table, rows) in looked {
        let gone = rows.values().filter(|is_gone| **is_gone).count();
        if gone * 2 <= rows.len() {
            continue;
        }
        let mut present = None;
        for (mapping, side) in prepared.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
            let is_there =
                &mapping.mapping.connections[side] == connection && &mapping.mapping.tables[side] == table;
            if !is_there {
                continue;
            }
            if present.is_none() {
                present = Some(wiped::list(mapping, side).await?);
            }
            if let Some(present) = &present {
                wiped::check(engine, mapping, side, present)?;
            }
        }
    }
    Ok(())
}
