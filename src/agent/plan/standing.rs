//! What unsettled rows wait for: waking them, counting them, and the reason for a value that cannot be written.

use std::collections::BTreeMap;

use crate::agent::engine::Engine;
use crate::mapping::{Field, Unfit};
use crate::model::{
    Content, Coupling, MappingName, Observation, Pair, Reason, RowId, Side, Standing, WakeCondition,
};
use crate::store::{Snapshot, StoreError, Transaction};

/// Puts waiting observations back to ready. What is held stays so: only a person lets it go on.
pub fn wake(
    transaction: &mut Transaction,
    mapping: &MappingName,
    side: Side,
    is_due: impl Fn(&Observation) -> bool,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = transaction.observations(mapping, side, after.take(), 500)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.row.clone());
        for mut observation in page {
            // Of a row that was not found nothing can be decided before more evidence is there.
            let is_open = !matches!(observation.content, Content::Missing { .. });
            let waits = !matches!(observation.standing, Standing::Ready | Standing::Held);
            if waits && is_open && is_due(&observation) {
                observation.standing = Standing::Ready;
                transaction.put_observation(&observation)?;
            }
        }
    }
}

/// Wakes rows of other mappings that waited for one of these two rows to be coupled.
pub fn wake_waiting(
    engine: &Engine,
    transaction: &mut Transaction,
    coupling: &Coupling,
) -> Result<(), StoreError> {
    let dependents = engine.config().mappings.iter().filter(|mapping| {
        let mut lookups = mapping.fields.iter().filter_map(Field::lookup);
        lookups.any(|lookup| lookup.mappings.contains(&coupling.mapping))
    });
    let names = Pair::new(
        transaction.names(&coupling.mapping, Side::Left, &coupling.rows.left)?,
        transaction.names(&coupling.mapping, Side::Right, &coupling.rows.right)?,
    );
    for mapping in dependents {
        wake_those_waiting_for(transaction, &mapping.name, |side, awaited| {
            *awaited == coupling.rows[side]
                || names[side].as_ref().is_some_and(|names| names.has(awaited.as_str()))
        })?;
    }
    Ok(())
}

/// Wakes rows of a mapping that waited for such a row to be coupled. Where rows are pointed to by a value, that stands for the id.
pub fn wake_those_waiting_for(
    transaction: &mut Transaction,
    mapping: &MappingName,
    is_awaited: impl Fn(Side, &RowId) -> bool,
) -> Result<(), StoreError> {
    for waiting in Side::BOTH {
        wake(transaction, mapping, waiting, |observation| match &observation.standing {
            // Where several mappings may couple the row, only the first of them is named.
            Standing::Parked { wake: WakeCondition::Coupled { side, row, .. }, .. } => is_awaited(*side, row),
            _ => false,
        })?;
    }
    Ok(())
}

/// Counts the parked rows of a mapping by reason, but for differences that the mapping says nothing of.
pub fn parked(snapshot: &Snapshot, mapping: &MappingName) -> Result<BTreeMap<Reason, u64>, StoreError> {
    let mut reasons = BTreeMap::new();
    for side in Side::BOTH {
        snapshot.visit_observations(mapping, side, |observation| {
            if let Standing::Parked { reason, .. } = observation.standing
                && !matches!(reason, Reason::DriftKept { .. })
            {
                *reasons.entry(reason).or_default() += 1;
            }
            Ok(())
        })?;
    }
    Ok(reasons)
}

/// Returns what a row waits for that is left alone for that reason.
pub fn wake_of(reason: &Reason) -> WakeCondition {
    match reason {
        Reason::WaitingForReference { mapping, side, row, .. } => {
            WakeCondition::Coupled { mapping: mapping.clone(), side: *side, row: row.clone() }
        }
        _ => WakeCondition::RowChanges,
    }
}

/// Adds the held rows of a mapping to those left alone, with how they go on.
pub fn count_held(
    snapshot: &Snapshot,
    mapping: &MappingName,
    left_alone: &mut BTreeMap<String, u64>,
) -> Result<(), StoreError> {
    let mut held = 0;
    for side in Side::BOTH {
        snapshot.visit_observations(mapping, side, |observation| {
            held += u64::from(observation.standing == Standing::Held);
            Ok(())
        })?;
    }
    if held > 0 {
        left_alone.insert(held_text(mapping), held);
    }
    Ok(())
}

/// Says what a held row waits for.
#[must_use]
pub fn held_text(mapping: &MappingName) -> String {
    format!("held after an undo; `tandem resume {mapping}` lets them go on")
}

/// Says why a value cannot be written.
pub fn unfit_reason(error: Unfit) -> Reason {
    let message = error.to_string();
    match error {
        Unfit::Uncoupled { field, mapping, side, row } => {
            Reason::WaitingForReference { field: field.to_string(), mapping, side, row }
        }
        Unfit::TooLong { field, .. } | Unfit::Stuck { field, .. } | Unfit::Fixed { field, .. } => {
            Reason::DoesNotFit { field: field.to_string(), message }
        }
    }
}
