//! Which mappings a run passes.

use std::collections::BTreeSet;

use crate::mapping::Schedule;
use crate::model::{Counts, MappingName};
use crate::schedule::{Due, LastPass, due};
use crate::store::{Snapshot, StoreError};

use super::engine::Engine;
use super::prepare::Prepared;
use super::run_state::RunState;
use super::standstill::is_any_ready;

/// Which mappings a run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    #[default]
    All,
    /// Those whose time has come, and those for which a person gave an answer.
    Due,
    Only(BTreeSet<MappingName>),
}

/// Returns the mappings that a run passes.
pub fn choose(engine: &Engine, choice: &Choice) -> Result<BTreeSet<MappingName>, StoreError> {
    let mappings = &engine.config().mappings;
    let all = mappings.iter().map(|mapping| mapping.name.clone());
    match choice {
        Choice::All => Ok(all.collect()),
        Choice::Only(names) => Ok(all.filter(|name| names.contains(name)).collect()),
        Choice::Due => {
            let snapshot = engine.store().snapshot()?;
            let answered = answered(&snapshot)?;
            let mut chosen = BTreeSet::new();
            for mapping in mappings {
                let name = &mapping.name;
                if answered.contains(name) || is_due(engine, &snapshot, name, mapping.schedule)? {
                    chosen.insert(name.clone());
                }
            }
            Ok(chosen)
        }
    }
}

fn answered(snapshot: &Snapshot) -> Result<BTreeSet<MappingName>, StoreError> {
    let conflicts = snapshot.conflicts()?.into_iter();
    Ok(conflicts.filter(|conflict| conflict.answer.is_some()).map(|conflict| conflict.mapping).collect())
}

fn is_due(
    engine: &Engine,
    snapshot: &Snapshot,
    mapping: &MappingName,
    schedule: Schedule,
) -> Result<bool, StoreError> {
    match due(schedule, snapshot.last_pass(mapping)?, engine.now()) {
        Due::Now => Ok(true),
        // Others that read its tables may have seen something.
        Due::IfWoken => is_any_ready(snapshot, mapping),
        Due::No => Ok(false),
    }
}

/// Notes when mappings that are not passed with each look were passed. One whose pass failed is due again with the next look.
pub fn note(engine: &Engine, state: &RunState, well: &[&Prepared]) -> Result<(), StoreError> {
    let timed = |mapping: &&&Prepared| mapping.mapping.schedule != Schedule::EachLook;
    let timed: Vec<_> = well.iter().filter(timed).map(|mapping| mapping.name()).collect();
    if timed.is_empty() {
        return Ok(());
    }
    let mut transaction = engine.store().transaction()?;
    for name in timed {
        let counts = state.counts.get(name).copied().unwrap_or_default();
        let is_quiet = counts == Counts { read: counts.read, ..Counts::default() };
        let was_idle = is_quiet && !is_any_ready(&engine.store().snapshot()?, name)?;
        transaction.put_last_pass(name, &LastPass { at: state.started_at, was_idle })?;
    }
    transaction.commit()
}
