//! Keeping what was done within the window of a brake. Only what was really done counts, and only where no person asked
//! for it.

use crate::agent::engine::Engine;
use crate::model::{CauseOfWrite, MappingName, PlanVerb, PlannedWrite, Timestamp};
use crate::store::{StoreError, Transaction};
use crate::sync;

const HOUR_SECS: i64 = 3600;

/// Returns the hour of a moment, counted since 1970.
#[must_use]
pub fn hour_of(at: Timestamp) -> u64 {
    u64::try_from(at.as_second() / HOUR_SECS).unwrap_or_default()
}

/// Notes that something was done, in the transaction that stores its outcome: an approval is used up by it, anything that no
/// person asked for counts. Returns the cause that the journal names.
pub fn note(
    engine: &Engine,
    transaction: &mut Transaction,
    mapping: &MappingName,
    planned: &PlannedWrite,
    cause: &CauseOfWrite,
) -> Result<CauseOfWrite, StoreError> {
    let key = planned.key();
    if let Some(approved) = transaction.approved_row(mapping, &key)? {
        transaction.remove_approved_row(mapping, &key)?;
        return Ok(CauseOfWrite::Approval { plan: approved.plan, by: approved.by });
    }
    let is_deletion = matches!(planned.verb, PlanVerb::Delete | PlanVerb::Uncouple);
    let is_first_sync = || {
        let pace = transaction.pace(mapping)?;
        Ok::<_, StoreError>(pace.is_some_and(|pace| pace.first_sync_ended_at.is_none()))
    };
    // A question harms nothing, and may be asked again: only many at once are held back.
    let is_question = planned.verb == PlanVerb::Ask;
    if cause.is_consent() || is_question || (!is_deletion && is_first_sync()?) {
        return Ok(cause.clone());
    }
    let hour = hour_of(engine.now());
    for what in sync::counted(planned) {
        transaction.add_done(mapping, planned.on, &what, hour)?;
    }
    Ok(cause.clone())
}
