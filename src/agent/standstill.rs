//! No silent standstill (I27): since when work is pending without progress, why, and what to do.
//!
//! A mapping stands still from the first run that neither read all it needs nor wrote what is ready, until one does. Rows
//! that wait each for a reason of their own are told by when they were seen, conflicts by when they were raised. Rows that
//! a mapping's own words leave alone (no creation, deletions ignored, several rows match) wait for nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mapping::Mapping;
use crate::model::{Content, Counts, MappingName, Reason, Side, Standing, Timestamp};
use crate::store::{Cause, Snapshot, Standstill, StoreError};

use super::engine::Engine;
use super::error::ErrorKind;
use super::prepare::Prepared;
use super::report::{Failure, reason_group};
use super::run_state::RunState;

/// What waits for a person, or for one row, may wait that many times as long as a whole mapping.
const PATIENCE: u32 = 24;

/// Something that has stood still for too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StallView {
    pub mapping: String,
    pub cause: String,
    pub since: jiff::Timestamp,
    /// How many rows wait; none where it is the whole mapping.
    pub rows: u64,
    pub problem: String,
    pub remedy: String,
}

/// Notes after a run which mappings stand still.
pub fn note(
    engine: &Engine,
    state: &RunState,
    is_read: impl Fn(&MappingName) -> bool,
    prepared: &[Prepared],
) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    let mappings = engine.config().mappings.iter();
    for mapping in mappings.filter(|mapping| state.chosen.contains(&mapping.name)) {
        let name = &mapping.name;
        let known = prepared.iter().any(|prepared| prepared.name() == name);
        let is_read = known && is_read(name);
        let is_off = engine.config().standing_still_for(mapping).is_some();
        let counts = state.counts.get(name).copied().unwrap_or_default();
        let found = if is_off || has_progress(&counts) {
            None
        } else if !is_read {
            Some(why(state, name, Cause::CannotRead))
        } else if is_any_ready(&engine.store().snapshot()?, name)? {
            Some(why(state, name, Cause::CannotWrite))
        } else {
            None
        };
        match (found, transaction.standstill(name)?) {
            (None, None) => {}
            (None, Some(_)) => transaction.remove_standstill(name)?,
            (Some((cause, problem, remedy)), was) => {
                let since = was.map_or_else(|| engine.now(), |was| was.since);
                let standstill = Standstill { since, cause, problem, remedy };
                transaction.put_standstill(name, &standstill)?;
            }
        }
    }
    transaction.commit()
}

/// Returns whether a run got anything done.
fn has_progress(counts: &Counts) -> bool {
    let idle =
        Counts { read: counts.read, refused: counts.refused, stale: counts.stale, ..Counts::default() };
    *counts != idle
}

/// Returns whether a mapping has something to do.
pub fn is_any_ready(snapshot: &Snapshot, mapping: &MappingName) -> Result<bool, StoreError> {
    let mut is_any = false;
    for side in Side::BOTH {
        snapshot.visit_observations(mapping, side, |seen| {
            let is_open = matches!(seen.content, Content::Row(_) | Content::Gone(_));
            is_any |= is_open && seen.standing == Standing::Ready;
            Ok(())
        })?;
    }
    Ok(is_any)
}

/// Names the cause by what failed in the run: what concerns the mapping before what concerns a connection.
fn why(state: &RunState, mapping: &MappingName, otherwise: Cause) -> (Cause, String, Option<String>) {
    let failures = &state.report.failures;
    let own = |failure: &&Failure| failure.mapping.as_deref() == Some(mapping.as_str());
    let common = |failure: &&Failure| failure.mapping.is_none();
    let failure = failures.iter().find(own).or_else(|| failures.iter().find(common));
    let Some(failure) = failure else { return (otherwise, String::new(), None) };
    let cause = match failure.kind {
        ErrorKind::NeedsPerson | ErrorKind::Configuration => Cause::WaitingForPerson,
        _ if state.throttled.contains(&failure.problem) => Cause::Throttled,
        _ => otherwise,
    };
    (cause, failure.problem.clone(), failure.remedy.clone())
}

/// Lists what has stood still for too long.
pub fn stalls(engine: &Engine, snapshot: &Snapshot) -> Result<Vec<StallView>, StoreError> {
    let limit = Duration::from_secs(engine.config().settings.stall_secs);
    let is_long =
        |since: Timestamp, limit: Duration| since.checked_add(limit).is_ok_and(|due| due <= engine.now());
    let mut stalls = Vec::new();
    for mapping in &engine.config().mappings {
        if engine.config().standing_still_for(mapping).is_some() {
            continue;
        }
        let standstill = snapshot.standstill(&mapping.name)?;
        stalls.extend(standstill.filter(|found| is_long(found.since, limit)).map(|found| StallView {
            mapping: mapping.name.to_string(),
            cause: words(found.cause).to_owned(),
            since: found.since,
            rows: 0,
            problem: found.problem,
            remedy: found.remedy.unwrap_or_else(|| remedy(found.cause).to_owned()),
        }));
        for ((cause, problem), (rows, since)) in waiting(snapshot, mapping)? {
            if is_long(since, limit * PATIENCE) {
                stalls.push(StallView {
                    mapping: mapping.name.to_string(),
                    cause: words(cause).to_owned(),
                    since,
                    rows,
                    problem,
                    remedy: remedy(cause).to_owned(),
                });
            }
        }
    }
    Ok(stalls)
}

type Waiting = BTreeMap<(Cause, String), (u64, Timestamp)>;

/// Gathers what rows wait for: how many, and since when the one waiting longest.
fn waiting(snapshot: &Snapshot, mapping: &Mapping) -> Result<Waiting, StoreError> {
    let mut waiting = Waiting::new();
    let mut add = |cause: Cause, problem: String, at: Timestamp| {
        let (rows, since) = waiting.entry((cause, problem)).or_insert((0, at));
        *rows += 1;
        *since = (*since).min(at);
    };
    for side in Side::BOTH {
        snapshot.visit_observations(&mapping.name, side, |seen| {
            if let Standing::Parked { reason, .. } = &seen.standing
                && let Some(cause) = cause_of(reason)
            {
                add(cause, reason_group(reason, mapping), seen.seen_at);
            }
            Ok(())
        })?;
    }
    for conflict in snapshot.conflicts()?.iter().filter(|conflict| conflict.mapping == mapping.name) {
        add(Cause::WaitingForPerson, "conflicts wait for an answer".to_owned(), conflict.raised_at);
    }
    Ok(waiting)
}

/// Returns what a row that is left alone waits for; nothing where the mapping's own words leave it alone.
const fn cause_of(reason: &Reason) -> Option<Cause> {
    match reason {
        Reason::WaitingForReference { .. } => Some(Cause::WaitingForReference),
        Reason::Refused { .. } => Some(Cause::CannotWrite),
        Reason::DoesNotFit { .. }
        | Reason::NoVersion { .. }
        | Reason::KeepsChanging { .. }
        | Reason::Unsafe { .. } => Some(Cause::WaitingForPerson),
        Reason::Unreadable { .. } | Reason::PartnerUnreadable { .. } | Reason::FateUnknown { .. } => {
            Some(Cause::CannotRead)
        }
        Reason::CreateOff { .. }
        | Reason::Ambiguous { .. }
        | Reason::NoBusinessKey
        | Reason::BusinessKeyShared { .. }
        | Reason::PartnerTaken { .. }
        | Reason::PartnerHeld { .. }
        | Reason::PartnerOutOfFilter
        | Reason::PartnerDeleted { .. }
        | Reason::DeletionIgnored
        | Reason::PerhapsDeleted
        | Reason::Became { .. }
        | Reason::Drifted { .. }
        | Reason::DriftKept { .. } => None,
    }
}

const fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::CannotRead => "cannot read",
        Cause::CannotWrite => "cannot write",
        Cause::Throttled => "throttled",
        Cause::WaitingForPerson => "waiting for a person",
        Cause::WaitingForReference => "waiting for a reference",
    }
}

const fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::CannotRead => "see with `tandem connection test` that both systems can be read",
        Cause::CannotWrite => "correct the rows or the permissions; `tandem history` shows what was refused",
        Cause::Throttled => "wait, or raise the limits of the service; see [connections.NAME.limits]",
        Cause::WaitingForPerson => "answer with `tandem conflicts`, or correct the rows",
        Cause::WaitingForReference => "see that the row they point to is coupled in its own mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pair;

    #[test]
    fn what_was_only_read_or_refused_is_no_progress() {
        let counts = Counts { read: Pair::new(7, 7), refused: 1, stale: 2, ..Counts::default() };
        assert!(!has_progress(&counts));
        assert!(has_progress(&Counts { updated: Pair::new(1, 0), ..counts }));
        assert!(has_progress(&Counts { conflicts_raised: 1, ..counts }));
    }

    /// I27
    #[test]
    fn the_cause_is_that_of_the_mapping_s_own_failure() {
        let failure = |mapping: Option<&str>, problem: &str, kind| Failure {
            mapping: mapping.map(str::to_owned),
            problem: problem.to_owned(),
            remedy: None,
            kind,
            transient: true,
        };
        let mut state = RunState::new(crate::model::RunId(1), Timestamp::UNIX_EPOCH);
        state.throttled = ["slow down".to_owned()].into();
        let name = MappingName::new("VENDOR");
        assert_eq!(why(&state, &name, Cause::CannotWrite).0, Cause::CannotWrite);
        state.report.failures = vec![failure(None, "slow down", ErrorKind::System)];
        assert_eq!(why(&state, &name, Cause::CannotRead).0, Cause::Throttled);
        state.report.failures.push(failure(Some("ITEM"), "other", ErrorKind::System));
        state.report.failures.push(failure(Some("VENDOR"), "ask", ErrorKind::Configuration));
        assert_eq!(why(&state, &name, Cause::CannotRead).0, Cause::WaitingForPerson);
    }
}
