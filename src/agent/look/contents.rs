//! The slow sweep of contents: whatever a feed missed is found by comparing everything, a portion with each run (I25).
//!
//! A portion is a page of a whole table. What is not as the books say is read by key and stored like any other row seen;
//! then the place where the sweep goes on is stored, so that a kill in between only compares a page twice. Nothing of
//! this is urgent: portions come after the passes, and stay away from a connection that fails or has little room left.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::info;

use crate::agent::engine::{Engine, Progress};
use crate::agent::error::EngineError;
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::model::{ConnectionName, RowId, Side, Timestamp};
use crate::store::{ContentSweep, StoreError};
use crate::systems::Line;

use super::compare::{self, TablePage, glance, glance_at_unread};
use super::reread::reread;

/// How many pages one run compares, over all mappings.
const PAGES: usize = 2;

/// One side of a mapping, and how far its contents are compared.
struct Place<'a> {
    prepared: &'a Prepared,
    side: Side,
    sweep: ContentSweep,
}

/// Compares a portion of what is due, first of what had to wait longest.
pub async fn portion(
    engine: &Engine,
    prepared: &[&Prepared],
    state: &mut RunState,
) -> Result<(), StoreError> {
    let every = Duration::from_secs(engine.config().settings.full_sweep_secs);
    if every.is_zero() || engine.is_rehearsal() {
        return Ok(());
    }
    let mut due: Vec<_> = places(engine, prepared)?;
    due.retain(|place| is_due(&place.sweep, engine.now(), every) && has_room(place, engine));
    let mut failing: BTreeSet<ConnectionName> = BTreeSet::new();
    for _ in 0..PAGES {
        due.retain(|place| !failing.contains(&place.prepared.mapping.connections[place.side]));
        let Some(at) = (0..due.len()).min_by_key(|at| due[*at].sweep.touched_at) else { return Ok(()) };
        let mut place = due.remove(at);
        let outcome = place.advance(engine).await;
        let is_transient = outcome.as_ref().is_err_and(EngineError::is_transient);
        match state.note(Some(place.prepared.name()), outcome)? {
            Some(()) if place.sweep.page.is_some() => due.push(place),
            Some(()) => {}
            None if is_transient => {
                failing.insert(place.prepared.mapping.connections[place.side].clone());
            }
            None => {}
        }
    }
    Ok(())
}

/// Compares all contents of a mapping, whether or not they are due.
pub async fn whole(engine: &Engine, prepared: &Prepared) -> Result<(), EngineError> {
    for mut place in places(engine, &[prepared])? {
        place.sweep.page = None;
        loop {
            place.advance(engine).await?;
            if place.sweep.page.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Returns both sides of each mapping. One that is heard of for the first time counts as compared: its feed begins with
/// everything.
fn places<'a>(engine: &Engine, prepared: &[&'a Prepared]) -> Result<Vec<Place<'a>>, StoreError> {
    let mut transaction = engine.store().transaction()?;
    let mut places = Vec::with_capacity(prepared.len() * 2);
    for (prepared, side) in prepared.iter().flat_map(|prepared| Side::BOTH.map(|side| (*prepared, side))) {
        let sweep = match transaction.content_sweep(prepared.name(), side)? {
            Some(sweep) => sweep,
            None => {
                let heard_of = ContentSweep { touched_at: engine.now(), ..ContentSweep::default() };
                transaction.put_content_sweep(prepared.name(), side, &heard_of)?;
                heard_of
            }
        };
        places.push(Place { prepared, side, sweep });
    }
    transaction.commit()?;
    Ok(places)
}

fn is_due(sweep: &ContentSweep, now: Timestamp, every: Duration) -> bool {
    sweep.page.is_some() || sweep.touched_at.checked_add(every).is_ok_and(|due| now >= due)
}

fn has_room(place: &Place<'_>, engine: &Engine) -> bool {
    engine.line(&place.prepared.mapping.connections[place.side]).is_some_and(|line| is_idle(&line))
}

/// Returns whether half of what the service allows in its window is left, and a quarter of the day's.
fn is_idle(line: &Line) -> bool {
    let usage = &line.usage;
    usage.requests * 2 <= usage.requests_limit
        && usage.day.is_none_or(|(used, limit)| used.saturating_mul(4) <= limit.saturating_mul(3))
}

impl Place<'_> {
    /// Compares one page.
    async fn advance(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let Self { prepared, side, sweep } = self;
        let page = match compare::page(prepared, *side, sweep.page.clone()).await {
            Err(error) if sweep.page.is_some() && !error.is_transient() => {
                info!(mapping = %prepared.name(), "Page link refused; the sweep begins anew");
                compare::page(prepared, *side, None).await?
            }
            page => page?,
        };
        let (connection, table) = (&prepared.mapping.connections[*side], &prepared.mapping.tables[*side]);
        engine.progress(Progress::Reading { connection, table, rows: page.rows.len() as u64 });
        let strange = strange(engine, prepared, *side, &page)?;
        if !strange.is_empty() {
            info!(mapping = %prepared.name(), %side, rows = strange.len(), "Rows are not as known; reading them");
        }
        reread(engine, prepared, *side, &strange).await?;
        let now = engine.now();
        let finished_at = if page.next.is_none() { Some(now) } else { sweep.finished_at };
        *sweep = ContentSweep { page: page.next, touched_at: now, finished_at };
        let mut transaction = engine.store().transaction()?;
        transaction.put_content_sweep(prepared.name(), *side, sweep)?;
        Ok(transaction.commit()?)
    }
}

/// Returns the rows of a page that are not as the books say.
fn strange(
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    page: &TablePage,
) -> Result<Vec<RowId>, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let mut strange = BTreeSet::new();
    for row in &page.rows {
        let (id, glance) = match row {
            Ok(row) => (row.id.clone(), glance(&snapshot, engine, prepared, side, row)?),
            Err(error) => match &error.id {
                Some(id) => (id.clone(), glance_at_unread(&snapshot, prepared, side, id)?),
                None => continue,
            },
        };
        if !glance.is_known {
            strange.insert(id);
        }
    }
    Ok(strange.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Usage;
    use crate::model::PageLink;

    #[test]
    fn a_sweep_is_due_when_its_time_has_come_or_it_is_under_way() {
        let week = Duration::from_secs(7 * 24 * 3600);
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let touched_at = at("2026-01-01T00:00:00Z");
        let between = ContentSweep { touched_at, ..ContentSweep::default() };
        assert!(!is_due(&between, at("2026-01-07T23:59:59Z"), week));
        assert!(is_due(&between, at("2026-01-08T00:00:00Z"), week));
        let under_way = ContentSweep { page: Some(PageLink::new("p")), ..between };
        assert!(is_due(&under_way, touched_at, week));
    }

    #[test]
    fn a_busy_connection_is_left_alone() {
        let line = |requests, day| Line {
            usage: Usage { requests, requests_limit: 100, window: Duration::from_secs(300), day },
            credential_end: None,
        };
        assert!(is_idle(&line(50, None)));
        assert!(!is_idle(&line(51, None)));
        assert!(is_idle(&line(0, Some((75, 100)))));
        assert!(!is_idle(&line(0, Some((76, 100)))));
    }
}
