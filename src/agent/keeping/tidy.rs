//! What the agent does for its store while nothing else is to be done.

use jiff::SignedDuration;

use crate::agent::engine::Engine;
use crate::model::Timestamp;
use crate::store::{Kept, StoreError};
use crate::sync;

/// How many batches of old entries go at once, so that nobody waits for it.
const BATCHES: usize = 10;

/// Forgets what is older than the settings keep, and gives room back where much of the file is unused. Returns whether
/// more of it is to be done.
pub fn tidy(engine: &Engine) -> Result<bool, StoreError> {
    let settings = &engine.config().settings;
    let kept = Kept {
        since: before(engine.now(), settings.journal_days),
        entries: settings.journal_entries,
        echoes_since: engine.now().checked_sub(sync::ECHO_WINDOW).unwrap_or(Timestamp::MIN),
    };
    for batch in 1.. {
        if !engine.store().trim(kept)? {
            break;
        }
        if batch >= BATCHES {
            return Ok(true);
        }
    }
    if engine.store().is_mostly_unused()?
        && let Some(compacted) = engine.store().compact()?
    {
        tracing::info!(before = compacted.before, after = compacted.after, "Store compacted");
    }
    Ok(false)
}

fn before(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}
