//! Fields that never come to rest: what was written is remembered, and a fight is not gone on with (I23).

use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::model::{Coupling, Pair, Reason, Record, Row, Side, ValueDisplay, Version};
use crate::store::{Snapshot, StoreError, Transaction};
use crate::sync::{self, Merge};

/// Remembers what was written to one of two coupled rows.
pub fn note(
    observer: &Observer<'_>,
    transaction: &mut Transaction,
    coupling: &Coupling,
    side: Side,
    sent: &Record,
    row: Option<&Row>,
) -> Result<(), StoreError> {
    let stored = match row {
        Some(row) => observer.record(transaction, side, row)?.ok(),
        None => None,
    };
    let version = row.and_then(|row| row.version.as_ref());
    let mut echo = transaction.echo(&coupling.mapping, coupling.id)?.unwrap_or_default();
    for (field, value) in &sent.0 {
        let stored = stored.as_ref().and_then(|record| record.get(field));
        let before = echo.fields.remove(field);
        let writes =
            sync::note_write(before, side, value, stored.map(|stored| (stored, version)), observer.now);
        echo.fields.insert(field.clone(), writes);
    }
    transaction.put_echo(&coupling.mapping, coupling.id, &echo)
}

/// Returns why two rows are to be left alone, where a write would only go on with a fight.
pub fn never_rests(
    snapshot: &Snapshot,
    prepared: &Prepared,
    coupling: &Coupling,
    merge: &Merge,
    records: &Pair<Record>,
    versions: &Pair<Option<Version>>,
) -> Result<Option<Reason>, StoreError> {
    let Some(echo) = snapshot.echo(&coupling.mapping, coupling.id)? else { return Ok(None) };
    for side in Side::BOTH {
        for field in &prepared.mapping.fields {
            let (Some(value), Some(writes)) = (merge.writes[side].get(&field.id), echo.fields.get(&field.id))
            else {
                continue;
            };
            if sync::never_rests(writes, side, value, versions[side.other()].as_ref()) {
                let shown = |side: Side| {
                    records[side]
                        .get(&field.id)
                        .map(|value| ValueDisplay(value).to_string())
                        .unwrap_or_default()
                };
                return Ok(Some(Reason::KeepsChanging {
                    field: field.id.to_string(),
                    left: shown(Side::Left),
                    right: shown(Side::Right),
                }));
            }
        }
    }
    Ok(None)
}
