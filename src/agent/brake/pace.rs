//! How a mapping's passes follow each other: the first sync, and absences after which there is more to do than usual.
//!
//! What a person approved as the first sync are the creates and updates up to the end of the first pass that came through
//! to its end with nothing held back. A pass that failed or was cut short does not end it. A store that knows couplings from
//! before paces were kept had its first sync long ago.

use jiff::SignedDuration;

use crate::agent::engine::Engine;
use crate::agent::prepare::Prepared;
use crate::model::{Absence, Pace, Timestamp};
use crate::store::StoreError;

/// The moment of the last pass is only kept to the hour: idle work should not write.
const KEPT_TO: SignedDuration = SignedDuration::from_hours(1);

/// Begins a pass. Returns how the mapping's passes follow each other.
pub fn begin(engine: &Engine, prepared: &Prepared) -> Result<Pace, StoreError> {
    let (name, now) = (prepared.name(), engine.now());
    let window_hours = engine.config().settings.brakes.limits_of(name.as_str()).window_hours;
    let mut transaction = engine.store().transaction()?;
    let pace = match transaction.pace(name)? {
        None => {
            let is_known = transaction.count_couplings(name)? > 0;
            Pace { first_sync_ended_at: is_known.then_some(now), last_pass_at: now, absence: None }
        }
        Some(mut pace) => {
            pace.absence = absence(&pace, now, window_hours);
            pace
        }
    };
    transaction.put_pace(name, &pace)?;
    transaction.commit()?;
    Ok(pace)
}

/// Ends a pass that came through to its end. `is_braked`: it held something back, which may be a part of the first sync.
pub fn end(engine: &Engine, prepared: &Prepared, is_braked: bool) -> Result<(), StoreError> {
    let (name, now) = (prepared.name(), engine.now());
    let mut transaction = engine.store().transaction()?;
    let Some(mut pace) = transaction.pace(name)? else { return Ok(()) };
    if !is_braked && pace.first_sync_ended_at.is_none() {
        pace.first_sync_ended_at = Some(now);
    }
    if now.duration_since(pace.last_pass_at) >= KEPT_TO {
        pace.last_pass_at = now;
    }
    transaction.put_pace(name, &pace)?;
    transaction.commit()
}

/// An absence counts until the window has passed in which its work is done.
fn absence(pace: &Pace, now: Timestamp, window_hours: u64) -> Option<Absence> {
    let days = u64::try_from(now.duration_since(pace.last_pass_at).as_hours() / 24).unwrap_or_default();
    let window = SignedDuration::from_hours(i64::try_from(window_hours).unwrap_or(i64::MAX / 3600));
    let earlier = pace.absence.filter(|absence| now.duration_since(absence.ended_at) <= window);
    match (days, earlier) {
        (0, earlier) => earlier,
        (days, earlier) => {
            let days = days.max(earlier.map_or(0, |absence| absence.days));
            Some(Absence { ended_at: now, days })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absence_counts_in_whole_days_and_until_its_window_has_passed() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let pace = |absence| Pace { first_sync_ended_at: Some(at(0)), last_pass_at: at(0), absence };
        assert_eq!(absence(&pace(None), at(23), 24), None);
        let three = Some(Absence { ended_at: at(80), days: 3 });
        assert_eq!(absence(&pace(None), at(80), 24), three);
        let after = |hours: i64| absence(&Pace { last_pass_at: at(80), ..pace(three) }, at(hours), 24);
        assert_eq!(after(103), three);
        assert_eq!(after(81 + 24), Some(Absence { ended_at: at(105), days: 1 }));
        let within = Pace { last_pass_at: at(100), ..pace(three) };
        assert_eq!(absence(&within, at(105), 24), None);
    }
}
