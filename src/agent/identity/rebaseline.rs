//! Going on with a system as it is, on a person's word: all that was agreed with it is agreed anew.
//!
//! Bases and watermarks are dropped, so that every row is compared as at first contact; couplings stay, so that no row is
//! doubled; rows that are gone are asked about, whatever the mapping says about deletions.

use std::collections::BTreeMap;

use tracing::info;

use crate::agent::desk::control::{IdentityView, RebaselineView};
use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::observe::Observer;
use crate::agent::plan::standing::wake;
use crate::agent::prepare::{self, Prepared};
use crate::mapping::Mapping;
use crate::model::{
    ConnectionName, CouplingState, Evidence, MappingName, Pair, Pin, Record, RowId, Run, Side, Standing,
};
use crate::store::{StoreError, Transaction};
use crate::systems::Facts;

use super::pinned::pin_of;
use super::survey::{Survey, survey};
use super::words;

/// Says what is found of a connection; with `agreed_by` it is then taken for what both sides go on from.
pub async fn rebaseline(
    engine: &Engine,
    connection: &ConnectionName,
    agreed_by: Option<&str>,
) -> Result<RebaselineView, EngineError> {
    let mappings: Vec<&Mapping> =
        engine.config().mappings.iter().filter(|mapping| side_of(mapping, connection).is_some()).collect();
    let facts = ask(engine, connection, &mappings).await?;
    let mut surveys = Vec::new();
    for mapping in mappings {
        let prepared = prepare::assemble(engine, mapping, &facts).await?;
        for side in Side::BOTH.into_iter().filter(|side| &mapping.connections[*side] == connection) {
            surveys.push((prepared.clone(), side, survey(engine, &prepared, side).await?));
        }
    }
    let found = pin_of(&facts[connection]);
    let mut view = view(engine, connection, &found, &surveys)?;
    if let Some(by) = agreed_by {
        view.run = Some(carry_out(engine, connection, &found, &surveys, by)?);
    }
    Ok(view)
}

fn side_of(mapping: &Mapping, connection: &ConnectionName) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| &mapping.connections[*side] == connection)
}

/// Asks the systems of these mappings who they are, without holding them to what was pinned.
async fn ask(
    engine: &Engine,
    connection: &ConnectionName,
    mappings: &[&Mapping],
) -> Result<BTreeMap<ConnectionName, Facts>, EngineError> {
    let mut facts = BTreeMap::new();
    let used = mappings.iter().flat_map(|mapping| [&mapping.connections.left, &mapping.connections.right]);
    for name in used.chain([connection]) {
        if !facts.contains_key(name) {
            facts.insert(name.clone(), engine.system(name).facts().await?);
        }
    }
    Ok(facts)
}

fn view(
    engine: &Engine,
    connection: &ConnectionName,
    found: &Pin,
    surveys: &[(Prepared, Side, Survey)],
) -> Result<RebaselineView, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let frozen = snapshot.freeze(connection)?.map(|freeze| words::frozen_view(connection, &freeze));
    let identity = |pin: &Pin| IdentityView { identity: pin.identity.clone(), name: pin.name.clone() };
    Ok(RebaselineView {
        connection: connection.to_string(),
        frozen,
        pinned: snapshot.pin(connection)?.as_ref().map(identity),
        found: identity(found),
        mappings: surveys.iter().map(|(_, _, survey)| survey.counts.clone()).collect(),
        different: surveys.iter().flat_map(|(_, _, survey)| survey.different.clone()).collect(),
        run: None,
    })
}

/// Stores it all in one transaction, so that a kill leaves the connection as it was. Returns the number under which it
/// stands in the history.
fn carry_out(
    engine: &Engine,
    connection: &ConnectionName,
    found: &Pin,
    surveys: &[(Prepared, Side, Survey)],
    by: &str,
) -> Result<u64, StoreError> {
    let now = engine.now();
    let mut transaction = engine.store().transaction()?;
    for (prepared, side, survey) in surveys {
        let mapping = &prepared.mapping;
        forget_bases(&mut transaction, prepared.name())?;
        for side in Side::BOTH {
            transaction.remove_feed(&mapping.connections[side], &mapping.tables[side])?;
            wake(&mut transaction, prepared.name(), side, |seen| {
                matches!(seen.standing, Standing::Parked { .. } | Standing::Conflicted(_))
            })?;
        }
        transaction.put_traces(connection, &mapping.tables[*side], &Vec::new())?;
        lose(&mut transaction, &Observer { prepared, now }, *side, &survey.gone)?;
    }
    transaction.put_pin(connection, found)?;
    transaction.remove_freeze(connection)?;
    let id = transaction.next_run_id()?;
    transaction.put_run(&Run {
        id,
        started_at: now,
        finished_at: Some(engine.now()),
        trigger: format!("rebaseline of {connection} by {by}"),
        counts: BTreeMap::new(),
        failures: Vec::new(),
    })?;
    transaction.commit()?;
    info!(%connection, by, "Connection rebaselined");
    Ok(id.0)
}

/// Puts every coupling of a mapping back to first contact. What people uncoupled stays so.
fn forget_bases(transaction: &mut Transaction, mapping: &MappingName) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = transaction.couplings(mapping, after, 500)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for mut coupling in page.into_iter().filter(|coupling| coupling.state != CouplingState::Severed) {
            coupling.base = Record::default();
            coupling.versions = Pair::default();
            transaction.put_coupling(&coupling)?;
        }
    }
}

/// Notes that rows are gone in the state that is gone on from; a person is asked about each.
fn lose(
    transaction: &mut Transaction,
    observer: &Observer<'_>,
    side: Side,
    gone: &[RowId],
) -> Result<(), StoreError> {
    for row in gone {
        observer.gone(transaction, side, row, Evidence::Rebaselined { at: observer.now })?;
    }
    Ok(())
}
