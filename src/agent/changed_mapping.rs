//! Noticing that a mapping is another one than it was when its rows were last compared.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::mapping::{Field, Mapping, Schedule};
use crate::model::{FieldId, MappingName, Pair, Side};
use crate::store::{MappingState, StoreError, Transaction};

use super::engine::Engine;
use super::error::EngineError;
use super::plan::standing::wake;
use super::prepare::Prepared;

/// Returns a digest of something by all that it holds.
fn digest(what: &impl fmt::Debug) -> String {
    let digest = Sha256::digest(format!("{what:?}").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what the mapping is by now, in digests.
fn state_of(mapping: &Mapping) -> MappingState {
    let tables = Side::BOTH.map(|side| format!("{} of {}", mapping.tables[side], mapping.connections[side]));
    let field =
        |field: &Field| (field.id.clone(), digest(&(&field.ends, &field.steps, &field.normal, &field.kind)));
    // When it is passed changes nothing of what its rows mean.
    let at_any_time = Mapping { schedule: Schedule::EachLook, ..mapping.clone() };
    MappingState {
        fingerprint: digest(&at_any_time),
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
