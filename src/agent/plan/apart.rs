//! Rows of a table that belong to another mapping of it, although no filter says so.

use crate::agent::engine::Engine;
use crate::agent::prepare::Prepared;
use crate::mapping::Mapping;
use crate::model::{ConnectionName, Side, TableName};
use crate::store::StoreError;

/// Forgets rows that a mapping on the same table has coupled of which the file says that its rows are others: they are not
/// this mapping's business, as those outside its filter.
pub fn leave_to_others(engine: &Engine, prepared: &Prepared) -> Result<(), StoreError> {
    let mapping = &prepared.mapping;
    let others =
        engine.config().mappings.iter().filter(|other| {
            mapping.apart_from.contains(&other.name) || other.apart_from.contains(&mapping.name)
        });
    for other in others {
        for (side, there) in Side::BOTH.into_iter().flat_map(|side| Side::BOTH.map(|there| (side, there))) {
            if place(mapping, side) != place(other, there) {
                continue;
            }
            let snapshot = engine.store().snapshot()?;
            let mut rows = Vec::new();
            snapshot.visit_observations(&mapping.name, side, |seen| {
                let is_other = snapshot.coupling_of(&other.name, there, &seen.row)?.is_some();
                if is_other && snapshot.coupling_of(&mapping.name, side, &seen.row)?.is_none() {
                    rows.push(seen.row);
                }
                Ok(())
            })?;
            let mut transaction = engine.store().transaction()?;
            for row in rows {
                transaction.remove_observation(&mapping.name, side, &row)?;
            }
            transaction.commit()?;
        }
    }
    Ok(())
}

fn place(mapping: &Mapping, side: Side) -> (&ConnectionName, &TableName) {
    (&mapping.connections[side], &mapping.tables[side])
}
