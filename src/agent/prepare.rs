//! Making a mapping ready for a run: both tables described, the mapping checked against them, systems identified,
//! consent given.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::mapping::{self, Field, FieldKind, Mapping};
use crate::model::{
    ColumnName, ConnectionName, FieldId, MappingName, Pair, RowId, Side, TableDescription, Timestamp,
};
use crate::store::{MappingState, StoreError, Transaction};
use crate::systems::{Facts, System};

use super::engine::Engine;
use super::error::EngineError;
use super::plan::standing::wake;

/// A mapping that is ready to run.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub mapping: Mapping,
    pub tables: Pair<TableDescription>,
    /// The columns that are read on each side.
    pub columns: Pair<BTreeSet<ColumnName>>,
    pub systems: Pair<Arc<dyn System>>,
    pub base_currency: Pair<Option<RowId>>,
    /// The identities of both systems, part of the ids Tandem mints.
    pub identities: Pair<String>,
    /// Each system's clock when it was last asked.
    pub server_time: Pair<Option<Timestamp>>,
}

impl Prepared {
    /// Returns the mapping's name.
    #[must_use]
    pub fn name(&self) -> &MappingName {
        &self.mapping.name
    }
}

/// Asks each connection who it is, and pins or compares the answer (I13).
pub async fn identify(engine: &Engine, connection: &ConnectionName) -> Result<Facts, EngineError> {
    let facts = engine.system(connection).facts().await?;
    let pinned = engine.store().snapshot()?.pinned_identity(connection)?;
    match pinned {
        None => {
            let mut transaction = engine.store().transaction()?;
            transaction.pin_identity(connection, &facts.identity)?;
            transaction.commit()?;
        }
        Some(pinned) if pinned == facts.identity => {}
        Some(pinned) => {
            return Err(EngineError::OtherIdentity {
                connection: connection.clone(),
                pinned,
                found: format!("{} ({})", facts.identity, facts.display_name),
            });
        }
    }
    Ok(facts)
}

/// Makes one mapping ready.
pub async fn prepare(
    engine: &Engine,
    mapping: &Mapping,
    facts: &BTreeMap<ConnectionName, Facts>,
) -> Result<Prepared, EngineError> {
    let tables = Pair::new(
        engine.describe(&mapping.connections.left, &mapping.tables.left).await?,
        engine.describe(&mapping.connections.right, &mapping.tables.right).await?,
    );
    check(engine, mapping, &tables)?;
    let facts = Pair::from_fn(|side| &facts[&mapping.connections[side]]);
    check_currency(mapping, &facts)?;
    let mapping = mapping::with_scales(mapping.clone(), &tables);
    Ok(Prepared {
        systems: Pair::from_fn(|side| Arc::clone(engine.system(&mapping.connections[side]))),
        base_currency: Pair::from_fn(|side| facts[side].base_currency.clone()),
        identities: Pair::from_fn(|side| facts[side].identity.clone()),
        server_time: Pair::from_fn(|side| facts[side].server_time),
        columns: Pair::from_fn(|side| mapping.columns(side)),
        tables,
        mapping,
    })
}

fn check(engine: &Engine, mapping: &Mapping, tables: &Pair<TableDescription>) -> Result<(), EngineError> {
    let findings = mapping::check(mapping, tables);
    let Some(first) = findings.first() else { return Ok(()) };
    let source = &engine.config().sources[&mapping.name];
    let problems: Vec<_> = findings.iter().map(|finding| finding.problem.as_str()).collect();
    Err(EngineError::Mapping {
        mapping: mapping.name.clone(),
        place: source.place_of(first.column.as_str()),
        problem: problems.join("; "),
    })
}

fn check_currency(mapping: &Mapping, facts: &Pair<&Facts>) -> Result<(), EngineError> {
    let uses_it = mapping
        .fields
        .iter()
        .any(|field| matches!(field.kind, FieldKind::Lookup { blank_is_base_currency: true, .. }));
    match (&facts.left.base_currency_code, &facts.right.base_currency_code) {
        (Some(left), Some(right)) if uses_it && !left.eq_ignore_ascii_case(right) => {
            Err(EngineError::OtherCurrency {
                left: mapping.connections.left.clone(),
                left_code: left.clone(),
                right: mapping.connections.right.clone(),
                right_code: right.clone(),
            })
        }
        _ => Ok(()),
    }
}

/// Returns a digest of something by all that it holds.
fn digest(what: &impl fmt::Debug) -> String {
    let digest = Sha256::digest(format!("{what:?}").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what the mapping is by now, in digests.
fn state_of(mapping: &Mapping) -> MappingState {
    let tables = Side::BOTH.map(|side| format!("{} of {}", mapping.tables[side], mapping.connections[side]));
    let field = |field: &Field| (field.id.clone(), digest(&(&field.columns, &field.kind)));
    MappingState {
        fingerprint: digest(mapping),
        fields: mapping.fields.iter().map(field).collect(),
        tables: tables.join(" and "),
        first_sync_approved: None,
    }
}

/// Notices a changed mapping: everything is read and compared again (I38), what waited for the mapping is looked at.
///
/// A field that means other columns by now is at first contact. Other tables need another mapping: the couplings are
/// about the old ones.
pub fn note_changes(engine: &Engine, prepared: &Prepared) -> Result<(), EngineError> {
    let name = prepared.name();
    let mut transaction = engine.store().transaction()?;
    let now = state_of(&prepared.mapping);
    let Some(was) = transaction.mapping_state(name)? else {
        transaction.put_mapping_state(name, &now)?;
        return Ok(transaction.commit()?);
    };
    if was.fingerprint == now.fingerprint {
        return Ok(());
    }
    if was.tables != now.tables && transaction.count_couplings(name)? > 0 {
        return Err(EngineError::OtherTables { mapping: name.clone(), was: was.tables, found: now.tables });
    }
    for side in Side::BOTH {
        transaction.remove_feed(&prepared.mapping.connections[side], &prepared.mapping.tables[side])?;
        wake(&mut transaction, name, side, |_| true)?;
    }
    let changed: Vec<_> =
        was.fields.iter().filter(|(field, digest)| now.fields.get(*field) != Some(*digest)).collect();
    compare_anew(&mut transaction, name, |field| changed.iter().any(|(changed, _)| *changed == field))?;
    let first_sync_approved = was.first_sync_approved;
    transaction.put_mapping_state(name, &MappingState { first_sync_approved, ..now })?;
    Ok(transaction.commit()?)
}

/// Makes every row of a mapping count as unseen, so that the next listing compares it; without the bases of fields that
/// mean something else by now.
fn compare_anew(
    transaction: &mut Transaction,
    mapping: &MappingName,
    is_changed: impl Fn(&FieldId) -> bool,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = transaction.couplings(mapping, after, 500)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for mut coupling in page {
            coupling.versions = Pair::default();
            coupling.base.0.retain(|field, _| !is_changed(field));
            transaction.put_coupling(&coupling)?;
        }
    }
}
