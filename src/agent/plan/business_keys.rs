//! Business keys of a mapping's rows, as far as they decide what is made: what shares one with a coupled row, and what was
//! judged in the pass under way.

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::agent::report::{HeldRow, RunReport, reason_text};
use crate::agent::run_state::RunState;
use crate::model::{Content, Reason, Row, Side, Standing};
use crate::store::{Snapshot, StoreError};
use crate::sync::{self, BusinessKey, Doubt, HeldForKey, Matching};

/// Returns whether a row waits because others have its business key.
#[must_use]
pub fn is_shared(standing: &Standing) -> bool {
    matches!(standing, Standing::Parked { reason: Reason::BusinessKeyShared { .. }, .. })
}

/// Takes rows whose business key others have out of those to be coupled. What would have been coupled to one is in doubt:
/// several rows have its key.
pub fn hold(held: &HeldForKey, matching: &mut Matching) {
    let Matching { couples, doubts } = matching;
    couples.retain(|(rows, _)| {
        let shared = Side::BOTH.into_iter().find_map(|side| match held[side].get(&rows[side]) {
            Some(Reason::BusinessKeyShared { key, others }) => Some((side.other(), key, others)),
            _ => None,
        });
        let Some((side, key, others)) = shared else { return true };
        let doubt = Doubt { key: key.clone(), candidates: others + 1 };
        doubts[side].insert(rows[side].clone(), doubt);
        false
    });
}

/// Returns the business keys of the rows on one side that have partners: as last seen, else as last agreed.
pub fn of_coupled(engine: &Engine, prepared: &Prepared, side: Side) -> Result<Vec<BusinessKey>, StoreError> {
    let (name, snapshot) = (prepared.name(), engine.store().snapshot()?);
    let observer = Observer { prepared, now: engine.now() };
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = snapshot.couplings(name, after, 500)?;
        let Some(last) = page.last() else { return Ok(keys) };
        after = Some(last.id);
        for coupling in page {
            let seen = snapshot.observation(name, side, &coupling.rows[side])?;
            let record = match seen.map(|seen| seen.content) {
                Some(Content::Gone(_)) => continue,
                Some(Content::Row(row)) => observer.record(&snapshot, side, &row)?.unwrap_or(coupling.base),
                Some(Content::Missing { .. } | Content::Unreadable(_)) | None => coupling.base,
            };
            keys.extend(sync::business_key(&prepared.mapping, &record));
        }
    }
}

/// Lists the rows that are held for their business keys.
pub fn list(
    engine: &Engine,
    prepared: &Prepared,
    snapshot: &Snapshot,
    report: &mut RunReport,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let sides = Side::BOTH.into_iter().filter(|side| sync::asks_for_key(&prepared.mapping, *side));
    for side in sides {
        snapshot.visit_observations(prepared.name(), side, |seen| {
            let Standing::Parked { reason, .. } = &seen.standing else { return Ok(()) };
            if !reason.is_business_key() {
                return Ok(());
            }
            let label = match &seen.content {
                Content::Row(row) => observer.label(side, row),
                _ => seen.row.to_string(),
            };
            let key = match reason {
                Reason::BusinessKeyShared { key, .. } => Some(key.clone()),
                _ => None,
            };
            report.hold(HeldRow {
                mapping: prepared.name().to_string(),
                connection: prepared.mapping.connections[side].to_string(),
                row: label,
                id: seen.row.to_string(),
                key,
                reason: reason_text(reason, &prepared.mapping),
            });
            Ok(())
        })?;
    }
    Ok(())
}

/// Returns whether a row may become a new one by its business key, as that was judged in this pass. One that has another key
/// since is judged with the next pass.
pub fn is_cleared(
    engine: &Engine,
    prepared: &Prepared,
    state: &RunState,
    from: Side,
    row: &Row,
) -> Result<bool, StoreError> {
    if !sync::asks_for_key(&prepared.mapping, from) {
        return Ok(true);
    }
    let observer = Observer { prepared, now: engine.now() };
    let Ok(record) = observer.record(&engine.store().snapshot()?, from, row)? else { return Ok(false) };
    let key = sync::business_key(&prepared.mapping, &record);
    Ok(key.is_some_and(|key| state.cleared_keys.contains(&(from, row.id.clone(), key))))
}
