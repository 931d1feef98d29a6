//! A row's whole story: all that the journal tells of it, and how it stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::Mapping;
use crate::model::{
    Content, CouplingState, JournalEntry, MappingName, Observation, Reason, RowId, Side, Standing,
};
use crate::store::{Snapshot, StoreError};

use super::desk::control::WhyView;
use super::desk::views::{self, row_view};
use super::engine::Engine;
use super::find_row::FoundRow;
use super::plan::standing::held_text;
use super::report::reason_text;

/// Tells a row's story.
pub fn story(engine: &Engine, mapping: &Mapping, found: &FoundRow) -> Result<WhyView, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let (mut coupling, mut waits) = ("not coupled".to_owned(), Vec::new());
    for side in Side::BOTH {
        let Some(row) = &found.rows[side] else { continue };
        if let Some(known) = snapshot.coupling_of(&mapping.name, side, row)? {
            coupling = state_text(known.state, mapping);
        }
        if let Some(seen) = snapshot.observation(&mapping.name, side, row)? {
            waits.push(format!("in {}: {}", mapping.connections[side], waiting_text(&seen, mapping)));
        }
    }
    let entries = entries(&snapshot, &mapping.name, found)?;
    Ok(WhyView {
        mapping: mapping.name.to_string(),
        sides: mapping.connections.as_ref().map(ToString::to_string),
        row: row_view(found),
        coupling,
        waits,
        entries: entries.iter().map(|entry| views::entry(engine, entry)).collect(),
    })
}

/// Gathers the entries about both rows, and about rows in whose place they stand, the oldest first.
fn entries(
    snapshot: &Snapshot,
    mapping: &MappingName,
    found: &FoundRow,
) -> Result<Vec<JournalEntry>, StoreError> {
    let mut entries = BTreeMap::new();
    let mut open: Vec<(Side, RowId)> =
        Side::BOTH.into_iter().filter_map(|side| Some((side, found.rows[side].clone()?))).collect();
    let mut told = BTreeSet::new();
    while let Some((side, row)) = open.pop() {
        if !told.insert((side, row.clone())) {
            continue;
        }
        for (number, entry) in snapshot.journal_of_row(mapping, side, &row, None, usize::MAX)? {
            open.extend(entry.links.replaces.clone().map(|replaced| (entry.side, replaced)));
            entries.insert(number, entry);
        }
    }
    Ok(entries.into_values().collect())
}

fn state_text(state: CouplingState, mapping: &Mapping) -> String {
    match state {
        CouplingState::Active { in_filter } => match Side::BOTH.into_iter().find(|side| !in_filter[*side]) {
            Some(side) => {
                format!("coupled, but outside the filter in {}: it sleeps", mapping.connections[side])
            }
            None => "coupled".to_owned(),
        },
        CouplingState::Broken => {
            "coupled, but one of the two was deleted: the other is left alone".to_owned()
        }
        CouplingState::Severed => "a person said that the two are not one".to_owned(),
    }
}

fn waiting_text(seen: &Observation, mapping: &Mapping) -> String {
    if let (Content::Unreadable(message), Standing::Parked { .. }) = (&seen.content, &seen.standing) {
        return format!("cannot be read: {message}");
    }
    let what = match &seen.content {
        Content::Row(_) => "differs",
        Content::Gone(_) => "gone",
        Content::Missing { .. } => "not found",
        Content::Unreadable(_) => "cannot be read",
    };
    let waits = match &seen.standing {
        Standing::Ready => "the next run looks at it".to_owned(),
        // What the system said tells of this row alone, so lists do not show it.
        Standing::Parked { reason: reason @ Reason::Refused { message, .. }, .. } if !message.is_empty() => {
            format!("{}: {message}", reason_text(reason, mapping))
        }
        Standing::Parked { reason, .. } => reason_text(reason, mapping),
        Standing::Conflicted(conflict) => format!("conflict {conflict} waits for an answer"),
        Standing::Held => held_text(&mapping.name),
        Standing::Braked => "a brake holds it; `tandem status` says how to go on".to_owned(),
    };
    format!("{what}; {waits}")
}
