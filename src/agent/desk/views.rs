//! What stands in the store, as people and machines read it.

use crate::agent::brake::view::BrakeView;
use crate::agent::engine::Engine;
use crate::agent::error::ErrorKind;
use crate::agent::find_row::FoundRow;
use crate::agent::identity::words;
use crate::agent::plan::standing;
use crate::agent::report::{Failure, FieldLine, reason_group};
use crate::config::ConnectionSettings;
use crate::inbox::{self, Faces, Names};
use crate::mapping::{Mapping, Schedule};
use crate::model::{
    Action, AnswerPlace, CauseOfWrite, Conflict, ConflictKind, ConnectionName, Content, Counts, JournalEntry,
    MappingName, Outcome, RowId, Run, Side, Standing, Timestamp, Value, ValueDisplay,
};
use crate::schedule::{self, Due};
use crate::store::{Snapshot, StoreError};

use super::control::{
    ConflictFieldView, ConflictView, ConnectionStatus, EntryView, Health, IdentityView, MappingStatus,
    RowView, RunView, UsageView,
};
use super::inbox_file;

/// Returns how each mapping stands.
pub fn mappings(engine: &Engine, snapshot: &Snapshot) -> Result<Vec<MappingStatus>, StoreError> {
    let conflicts = snapshot.conflicts()?;
    engine
        .config()
        .mappings
        .iter()
        .map(|mapping| {
            let mut status = MappingStatus {
                mapping: mapping.name.to_string(),
                left: mapping.connections.left.to_string(),
                right: mapping.connections.right.to_string(),
                couplings: snapshot.count_couplings(&mapping.name)?,
                pending: pending(snapshot, &mapping.name)?,
                conflicts: conflicts.iter().filter(|conflict| conflict.mapping == mapping.name).count()
                    as u64,
                left_alone: std::collections::BTreeMap::new(),
                stands_still_for: engine.config().standing_still_for(mapping).map(ToString::to_string),
                schedule: schedule(engine, snapshot, mapping)?,
                passed_at: snapshot.last_pass(&mapping.name)?.map(|last| last.at),
                compared_at: compared_at(snapshot, &mapping.name)?,
            };
            for (reason, count) in standing::parked(snapshot, &mapping.name)? {
                *status.left_alone.entry(reason_group(&reason, mapping)).or_default() += count;
            }
            standing::count_held(snapshot, &mapping.name, &mut status.left_alone)?;
            Ok(status)
        })
        .collect()
}

/// Returns when the agent passes a mapping by itself, in words, unless it does so with each look.
fn schedule(engine: &Engine, snapshot: &Snapshot, mapping: &Mapping) -> Result<Option<String>, StoreError> {
    if mapping.schedule == Schedule::EachLook {
        return Ok(None);
    }
    let last = snapshot.last_pass(&mapping.name)?;
    let is_asleep = schedule::due(mapping.schedule, last, engine.now()) == Due::IfWoken;
    let last = last.map(|last| format!("; passed at {} UTC", minute(last.at))).unwrap_or_default();
    let asleep = if is_asleep { ", asleep until something is seen" } else { "" };
    Ok(Some(format!("{}{last}{asleep}", mapping.schedule)))
}

fn minute(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%M")
}

/// Returns when the slow sweep last had gone through both sides.
fn compared_at(snapshot: &Snapshot, mapping: &MappingName) -> Result<Option<Timestamp>, StoreError> {
    let mut compared_at = Some(Timestamp::MAX);
    for side in Side::BOTH {
        let sweep = snapshot.content_sweep(mapping, side)?;
        compared_at = compared_at.min(sweep.and_then(|sweep| sweep.finished_at));
    }
    Ok(compared_at)
}

fn pending(snapshot: &Snapshot, mapping: &MappingName) -> Result<u64, StoreError> {
    let mut pending = 0;
    for side in Side::BOTH {
        snapshot.visit_observations(mapping, side, |observation| {
            let is_open = matches!(observation.content, Content::Row(_) | Content::Gone(_));
            let is_pending = matches!(observation.standing, Standing::Ready | Standing::Braked);
            pending += u64::from(is_open && is_pending);
            Ok(())
        })?;
    }
    Ok(pending)
}

/// Returns how each connection stands.
pub fn connections(engine: &Engine, snapshot: &Snapshot) -> Result<Vec<ConnectionStatus>, StoreError> {
    let settings = &engine.config().settings.connections;
    let view = |(name, connection): (&String, &ConnectionSettings)| {
        let named = ConnectionName::new(name.as_str());
        Ok(ConnectionStatus {
            connection: name.clone(),
            enabled: connection.enabled,
            usage: engine.line(&named).map(|line| UsageView {
                requests: line.usage.requests,
                requests_limit: line.usage.requests_limit,
                window_secs: line.usage.window.as_secs(),
                day: line.usage.day.map(|(used, _)| used),
                day_limit: line.usage.day.map(|(_, limit)| limit),
            }),
            pinned: snapshot.pin(&named)?.map(|pin| IdentityView { identity: pin.identity, name: pin.name }),
            frozen: snapshot.freeze(&named)?.map(|freeze| words::frozen_view(&named, &freeze)),
        })
    };
    settings.iter().map(view).collect()
}

/// Puts frozen connections among the failures, also where no run of this process has met them.
pub fn add_frozen(failures: &mut Vec<Failure>, connections: &[ConnectionStatus]) {
    for connection in connections {
        let Some(frozen) = &connection.frozen else { continue };
        failures.retain(|failure| failure.problem != frozen.problem);
        failures.push(Failure {
            mapping: None,
            problem: frozen.problem.clone(),
            remedy: Some(frozen.remedy.clone()),
            kind: ErrorKind::NeedsPerson,
            transient: false,
        });
    }
}

/// Returns how things stand in one word.
#[must_use]
pub fn health(
    failures: &[Failure],
    open_conflicts: u64,
    inbox_problems: &[String],
    mappings: &[MappingStatus],
    brakes: &[BrakeView],
) -> Health {
    let failing: Vec<_> = failures.iter().filter(|failure| !failure.transient).collect();
    if !failing.is_empty() && failing.iter().all(|failure| failure.kind == ErrorKind::NeedsPerson) {
        Health::Stopped
    } else if !failing.is_empty() {
        Health::Failing
    } else if !failures.is_empty() {
        Health::Retrying
    } else if !brakes.is_empty() {
        Health::Braked
    } else if mappings.iter().any(|mapping| mapping.stands_still_for.is_some()) {
        Health::StandingStill
    } else if open_conflicts > 0 || !inbox_problems.is_empty() {
        Health::WaitingForPeople
    } else {
        Health::Ok
    }
}

/// Returns the open conflicts.
pub fn conflicts(engine: &Engine) -> Result<Vec<ConflictView>, StoreError> {
    let conflicts = engine.store().snapshot()?.conflicts()?;
    let faces = inbox_file::faces(engine, &conflicts)?;
    let names = inbox_file::names(engine);
    let view = |conflict: &Conflict| {
        let mapping = engine.config().mappings.iter().find(|mapping| mapping.name == conflict.mapping)?;
        Some(conflict_view(conflict, mapping, &faces, &names))
    };
    Ok(conflicts.iter().filter_map(view).collect())
}

fn conflict_view(conflict: &Conflict, mapping: &Mapping, faces: &Faces, names: &Names) -> ConflictView {
    let sides = mapping.connections.as_ref().map(ToString::to_string);
    let show = |value: &Value| match value {
        Value::Reference(row) => {
            known_row(faces, mapping, row).unwrap_or_else(|| ValueDisplay(value).to_string())
        }
        value => ValueDisplay(value).to_string(),
    };
    let (deleted_in, fields) = match &conflict.kind {
        ConflictKind::Deleted { on } => (Some(sides[*on].clone()), Vec::new()),
        ConflictKind::Fields(fields) => {
            let fields = fields.iter().map(|field| ConflictFieldView {
                field: field.field.to_string(),
                was: field.base.as_ref().map(show),
                values: field.values.as_ref().map(show),
            });
            (None, fields.collect())
        }
    };
    let words = |answer| inbox::describe(answer, conflict, faces, names);
    ConflictView {
        id: conflict.id.0,
        mapping: conflict.mapping.to_string(),
        row: conflict.label.clone(),
        sides,
        raised_at: conflict.raised_at,
        deleted_in,
        fields,
        answer: conflict.answer.as_ref().map(words),
        suggestion: conflict.suggestion.as_ref().map(words),
    }
}

fn known_row(faces: &Faces, mapping: &Mapping, row: &RowId) -> Option<String> {
    faces.get(&mapping.name)?.values().find_map(|face| match &face.kind {
        inbox::FaceKind::Reference(rows) => rows.get(row).cloned(),
        _ => None,
    })
}

/// Returns a run with the given journal entries, the newest first as stored.
#[must_use]
pub fn run(engine: &Engine, run: &Run, entries: &[(u64, JournalEntry)]) -> RunView {
    let total = |count: fn(&Counts) -> u64| run.counts.values().map(count).sum();
    RunView {
        run: run.id.0,
        started_at: run.started_at,
        finished_at: run.finished_at,
        trigger: run.trigger.clone(),
        coupled: total(|counts| counts.coupled),
        created: total(|counts| counts.created.left + counts.created.right),
        updated: total(|counts| counts.updated.left + counts.updated.right),
        deleted: total(|counts| counts.deleted.left + counts.deleted.right),
        conflicts_raised: total(|counts| counts.conflicts_raised),
        conflicts_settled: total(|counts| counts.conflicts_settled),
        refused: total(|counts| counts.refused),
        failures: run.failures.clone(),
        entries: entries.iter().rev().map(|(_, entry)| self::entry(engine, entry)).collect(),
    }
}

/// Returns one line of the journal.
#[must_use]
pub fn entry(engine: &Engine, entry: &JournalEntry) -> EntryView {
    let mapping = engine.config().mappings.iter().find(|mapping| mapping.name == entry.mapping);
    let name = |side: Side| match mapping {
        Some(mapping) => mapping.connections[side].to_string(),
        None => side.to_string(),
    };
    EntryView {
        run: entry.run.0,
        at: entry.at,
        mapping: entry.mapping.to_string(),
        action: action(entry.action).to_owned(),
        on: name(entry.side),
        row: entry.label.clone(),
        cause: match &entry.cause {
            CauseOfWrite::Edit { side } => format!("changed in {}", name(*side)),
            CauseOfWrite::Match { key } => format!("same {key}"),
            CauseOfWrite::Answer { conflict, place } => match place {
                Some(AnswerPlace::Inbox) => format!("conflict {conflict}, answered in the inbox"),
                Some(AnswerPlace::Command) => format!("conflict {conflict}, answered by command"),
                None => format!("conflict {conflict}"),
            },
            CauseOfWrite::Approval { plan, by } => format!("plan {plan}, approved by {by}"),
            CauseOfWrite::Recovery => "found after an interruption".to_owned(),
            CauseOfWrite::Undo { run } => format!("undo of run {}", run.0),
        },
        fields: entry
            .fields
            .iter()
            .map(|field| FieldLine {
                field: field.field.to_string(),
                before: field.before.as_ref().map(|value| ValueDisplay(value).to_string()),
                after: ValueDisplay(&field.after).to_string(),
            })
            .collect(),
        outcome: match &entry.outcome {
            Outcome::Done => "done".to_owned(),
            Outcome::Refused { code } => format!("refused: {code}"),
            Outcome::Stale => "stale".to_owned(),
            Outcome::DoneUnguarded => "done, unguarded".to_owned(),
        },
    }
}

const fn action(action: Action) -> &'static str {
    match action {
        Action::Coupled => "coupled",
        Action::Created => "created",
        Action::Updated => "updated",
        Action::Deleted => "deleted",
        Action::Uncoupled => "uncoupled",
        Action::ConflictRaised => "conflict raised",
        Action::ConflictSettled => "conflict settled",
    }
}

/// Returns a row that is meant by a word.
#[must_use]
pub fn row_view(found: &FoundRow) -> RowView {
    let text = |row: &Option<RowId>| row.as_ref().map(ToString::to_string);
    RowView { row: found.label.clone(), ids: found.rows.as_ref().map(text) }
}
