//! The steps of a run beyond the first pass of each mapping: rows bring others along, and rows that point to each other arrive
//! one after the other.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{Instrument, info_span};

use crate::model::{MappingName, Side, Standing, TableName, Timestamp, WakeCondition};
use crate::store::{Snapshot, StoreError};

use super::engine::Engine;
use super::identity::traces::Traces;
use super::look::feed;
use super::pass;
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
    /// Reads the tables of a mapping once more before its pass, if this run made rows that bring others along in them.
    pub async fn before_pass(
        &mut self,
        engine: &Engine,
        prepared: &[Prepared],
        known: &Traces,
        mapping: &Prepared,
        state: &mut RunState,
    ) -> Result<(), StoreError> {
        let company = company(prepared, mapping, state);
        if company > self.company.insert(mapping.name().clone(), company).unwrap_or_default() {
            feed::read_tables(engine, prepared, known, state, [mapping]).await?;
        }
        Ok(())
    }

    /// Passes mappings again of which rows or fields waited for rows that have come to be in this run, or in whose tables rows
    /// may have come along since their pass.
    pub async fn take_further(
        &mut self,
        engine: &Engine,
        prepared: &[Prepared],
        known: &Traces,
        passed: &[&Prepared],
        state: &mut RunState,
    ) -> Result<(), StoreError> {
        let mut made_before = 0;
        for step in 0..MOST_STEPS {
            let made = state.made();
            let waits = match made > made_before {
                true => Waits::gather(&engine.store().snapshot()?, passed, state.started_at)?,
                false => Waits::default(),
            };
            made_before = made;
            let is_concerned = |mapping: &Prepared| {
                let name = mapping.name();
                let had = self.company.get(name).copied().unwrap_or_default();
                step == 0 && mapping.has_second_step()
                    || waits.of.contains(name)
                    || waits.for_rows_of.contains(name)
                    || company(prepared, mapping, state) > had
            };
            let concerned: Vec<&Prepared> =
                passed.iter().filter(|mapping| is_concerned(mapping)).copied().collect();
            if concerned.is_empty() {
                break;
            }
            for mapping in concerned {
                self.before_pass(engine, prepared, known, mapping, state).await?;
                let span = info_span!("further step", mapping = %mapping.name());
                let outcome = pass::pass(engine, mapping, state, true).instrument(span).await;
                state.note(Some(mapping.name()), outcome)?;
            }
        }
        Ok(())
    }
}

/// Returns how many rows this run made in tables whose new rows bring others along in those of a mapping.
fn company(prepared: &[Prepared], mapping: &Prepared, state: &RunState) -> u64 {
    let made_in = |on: Side, table: &TableName| -> u64 {
        let places = prepared.iter().flat_map(|other| Side::BOTH.map(|side| (other, side)));
        let places = places.filter(|(other, side)| {
            other.mapping.connections[*side] == mapping.mapping.connections[on]
                && other.mapping.tables[*side] == *table
        });
        places.map(|(other, side)| state.made_on(other.name(), side)).sum()
    };
    let sides = Side::BOTH
        .into_iter()
        .flat_map(|on| mapping.mapping.made_with[on].iter().map(move |table| (on, table)));
    sides.map(|(on, table)| made_in(on, table)).sum()
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
