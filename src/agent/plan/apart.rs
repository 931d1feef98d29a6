//! Rows of a table that belong to another mapping of it, although no filter says so: by the mapping's own word, or because
//! another company has taken a row that was nobody's.

use crate::agent::engine::Engine;
use crate::agent::prepare::Prepared;
use crate::model::Side;
use crate::store::StoreError;

/// Forgets rows that a mapping on the same table has coupled of which the file says that its rows are others: they are not
/// this mapping's business, as those outside its filter.
pub fn leave_to_others(engine: &Engine, prepared: &Prepared) -> Result<(), StoreError> {
    let mapping = &prepared.mapping;
    for side in Side::BOTH {
        let users = engine.config().mappings_of(&mapping.connections[side], &mapping.tables[side]);
        let others = users.filter(|(other, there)| {
            mapping.apart_from.contains(&other.name)
                || other.apart_from.contains(&mapping.name)
                || mapping.is_of_another_company(side, other, *there)
        });
        for (other, there) in others {
            let snapshot = engine.store().snapshot()?;
            let mut rows = Vec::new();
            snapshot.visit_observations(&mapping.name, side, |seen| {
                let is_other = snapshot.coupling_of(&other.name, there, &seen.row)?.is_some();
                if is_other && snapshot.coupling_of(&mapping.name, side, &seen.row)?.is_none() {
                    rows.push(seen.row);
                }
                Ok(())
            })?;
            if rows.is_empty() {
                continue;
            }
            let mut transaction = engine.store().transaction()?;
            for row in rows {
                transaction.remove_observation(&mapping.name, side, &row)?;
            }
            transaction.commit()?;
        }
    }
    Ok(())
}
