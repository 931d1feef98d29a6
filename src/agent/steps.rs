//! The steps of a run beyond the first pass of each mapping: rows bring others along, and rows that point to each other arrive
//! one after the other.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{Instrument, info_span};

use crate::mapping::Mapping;
use crate::model::{Content, MappingName, Observation, Reason, Side, Standing, Timestamp, WakeCondition};
use crate::store::{Snapshot, StoreError};

use super::engine::Engine;
use super::identity::traces::Traces;
use super::look::feed;
use super::pass;
use super::plan::standing::wake;
use super::prepare::Prepared;
use super::run_state::RunState;

/// How often the mappings concerned are passed again at most: chains of rows that were not there before are not longer.
const MOST_STEPS: usize = 4;

/// What a mapping knew of when it was passed.
#[derive(Debug, Default)]
pub struct Steps {
    /// How many rows had been made by then that others may have come along with.
    company: BTreeMap<MappingName, u64>,
}

impl Steps {
    /// Reads the tables of a mapping once more before its pass, if this run made rows that bring others along in them. Returns
    /// whether it can be passed: a table that was not read to its end may hold the partner of a row that would be made.
    pub async fn before_pass(
        &mut self,
        engine: &Engine,
        prepared: &[Prepared],
        known: &Traces,
        mapping: &Prepared,
        state: &mut RunState,
    ) -> Result<bool, StoreError> {
        let company = company(engine, mapping, state);
        let is_news = company > self.company_of(mapping);
        if is_news && !feed::read_again(engine, prepared, known, state, mapping).await? {
            return Ok(false);
        }
        self.company.insert(mapping.name().clone(), company);
        Ok(true)
    }

    fn company_of(&self, mapping: &Prepared) -> u64 {
        self.company.get(mapping.name()).copied().unwrap_or_default()
    }

    /// Passes mappings again of which rows or fields waited for rows that have come to be in this run, or in whose tables rows
    /// may have come along since their pass; and those of which a deletion was refused, where others have landed since: rows
    /// that point to each other go the other way round than they came.
    pub async fn take_further(
        &mut self,
        engine: &Engine,
        prepared: &[Prepared],
        known: &Traces,
        passed: &[&Prepared],
        state: &mut RunState,
    ) -> Result<(), StoreError> {
        let (mut made_before, mut deleted_before) = (0, 0);
        for step in 0..MOST_STEPS {
            let deleted = state.deleted();
            let refused = match deleted > deleted_before {
                true => take_up_refused_deletions(engine, passed)?,
                false => BTreeSet::new(),
            };
            deleted_before = deleted;
            let made = state.made();
            let waits = match made > made_before {
                true => Waits::gather(&engine.store().snapshot()?, passed, state.started_at)?,
                false => Waits::default(),
            };
            made_before = made;
            let is_concerned = |mapping: &Prepared| {
                let name = mapping.name();
                step == 0 && mapping.has_second_step()
                    || waits.of.contains(name)
                    || waits.for_rows_of.contains(name)
                    || company(engine, mapping, state) > self.company_of(mapping)
            };
            let deleting = passed.iter().rev().filter(|mapping| refused.contains(mapping.name()));
            let others = passed.iter().filter(|mapping| !refused.contains(mapping.name()));
            let concerned: Vec<&Prepared> =
                deleting.chain(others.filter(|mapping| is_concerned(mapping))).copied().collect();
            if concerned.is_empty() {
                break;
            }
            for mapping in concerned {
                if !self.before_pass(engine, prepared, known, mapping, state).await? {
                    continue;
                }
                let span = info_span!("further step", mapping = %mapping.name());
                let outcome = pass::pass(engine, mapping, state, true).instrument(span).await;
                state.note(Some(mapping.name()), outcome)?;
            }
        }
        Ok(())
    }
}

/// Returns how many rows this run made in tables whose new rows bring others along in those of a mapping, or wrote in its
/// tables through mappings that it follows.
fn company(engine: &Engine, mapping: &Prepared, state: &RunState) -> u64 {
    let mapping = &mapping.mapping;
    let tables =
        Side::BOTH.into_iter().flat_map(|on| mapping.made_with[on].iter().map(move |table| (on, table)));
    let users = tables.flat_map(|(on, table)| engine.config().mappings_of(&mapping.connections[on], table));
    let made: u64 = users.map(|(other, side)| state.made_on(&other.name, side)).sum();
    made + followed(engine, mapping, state)
}

/// Returns how many rows this run wrote in tables of a mapping through those that it follows.
fn followed(engine: &Engine, mapping: &Mapping, state: &RunState) -> u64 {
    let tables = Side::BOTH.into_iter().map(|on| (&mapping.connections[on], &mapping.tables[on]));
    let users = tables.flat_map(|(connection, table)| engine.config().mappings_of(connection, table));
    let followed = users.filter(|(other, _)| mapping.follows.contains(&other.name));
    followed.map(|(other, side)| state.written_on(&other.name, side)).sum()
}

/// Puts deletions that were refused back to ready. Returns the mappings that have any.
fn take_up_refused_deletions(
    engine: &Engine,
    passed: &[&Prepared],
) -> Result<BTreeSet<MappingName>, StoreError> {
    let is_refused = |seen: &Observation| {
        let waits = matches!(seen.standing, Standing::Parked { reason: Reason::Refused { .. }, .. });
        waits && matches!(seen.content, Content::Gone(_))
    };
    let mut concerned = BTreeSet::new();
    for mapping in passed {
        let mut transaction = engine.store().transaction()?;
        let mut is_any = false;
        for side in Side::BOTH {
            transaction.visit_observations(mapping.name(), side, |seen| {
                is_any |= is_refused(&seen);
                Ok(())
            })?;
            wake(&mut transaction, mapping.name(), side, is_refused)?;
        }
        if is_any {
            transaction.commit()?;
            concerned.insert(mapping.name().clone());
        }
    }
    Ok(concerned)
}

/// Mappings with rows, seen in this run, that wait for rows of others.
#[derive(Default)]
struct Waits {
    of: BTreeSet<MappingName>,
    for_rows_of: BTreeSet<MappingName>,
}

impl Waits {
    fn gather(snapshot: &Snapshot, passed: &[&Prepared], since: Timestamp) -> Result<Self, StoreError> {
        let mut waits = Self::default();
        for mapping in passed {
            for side in Side::BOTH {
                snapshot.visit_observations(mapping.name(), side, |seen| {
                    if let Standing::Parked { wake: WakeCondition::Coupled { mapping: target, .. }, .. } =
                        seen.standing
                        && seen.seen_at >= since
                        && target != *mapping.name()
                    {
                        waits.of.insert(mapping.name().clone());
                        waits.for_rows_of.insert(target);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(waits)
    }
}
