//! Conflicts in the store: raising, answering, closing.

use sha2::{Digest, Sha256};
use tracing::info;

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::agent::report::{FieldLine, Line, LineAction, reason_text, shown};
use crate::agent::run_state::RunState;
use crate::inbox::stamp_of;
use crate::mapping::Mapping;
use crate::model::{
    Action, Answer, AnswerPlace, Author, Became, CauseOfWrite, Conflict, ConflictId, ConflictKind, Content,
    Coupling, CouplingState, FieldChange, FieldId, JournalEntry, Links, MappingName, Outcome, Pair, Reason,
    RowId, Side, Stamp, Standing, Value, WakeCondition,
};
use crate::store::{Source, StoreError, Transaction, View};

/// Raises a conflict, or renews the coupling's open one where the values are other ones by now.
pub fn raise(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
    kind: ConflictKind,
    authors: Pair<Author>,
) -> Result<(), StoreError> {
    let name = prepared.name();
    let mut transaction = engine.store().transaction()?;
    let old = transaction.conflict_of(name, &coupling.rows)?;
    let stamp = stamp(&transaction, coupling, &kind)?;
    // An answer to these very values that settles only a part of them stays: the rest is still asked.
    let is_same = old.as_ref().is_some_and(|old| old.stamp == stamp);
    let id = match &old {
        Some(old) => old.id,
        None => transaction.next_conflict_id()?,
    };
    if !is_same {
        let suggestion = old.and_then(|old| old.answer.or(old.suggestion));
        let conflict = Conflict {
            id,
            mapping: name.clone(),
            rows: coupling.rows.clone(),
            label: coupling.label.clone(),
            kind,
            authors,
            raised_at: engine.now(),
            stamp,
            answer: None,
            answered_in: None,
            suggestion,
        };
        transaction.put_conflict(&conflict)?;
        journal(engine, &mut transaction, state, &conflict, Action::ConflictRaised)?;
        state.counts(name).conflicts_raised += 1;
        state.report.add(line(&transaction, &prepared.mapping, &conflict)?);
        info!(conflict = %id, "Conflict raised");
    }
    let observer = Observer { prepared, now: engine.now() };
    for side in Side::BOTH {
        observer.park(&mut transaction, side, &coupling.rows[side], Standing::Conflicted(id))?;
    }
    transaction.commit()
}

/// Digests what a person is shown. Of a deletion that is the surviving row as it stands, hence its version.
pub fn stamp(
    view: &View<impl Source>,
    coupling: &Coupling,
    kind: &ConflictKind,
) -> Result<Stamp, StoreError> {
    let ConflictKind::Deleted { on } = kind else { return Ok(stamp_of(kind)) };
    let survivor = on.other();
    let observation = view.observation(&coupling.mapping, survivor, &coupling.rows[survivor])?;
    let version = match observation.map(|observation| observation.content) {
        Some(Content::Row(row)) => row.version,
        _ => coupling.versions[survivor].clone(),
    };
    let digest = Sha256::digest(format!("{} {version:?}", stamp_of(kind)).as_bytes());
    Ok(Stamp::new(digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn line(transaction: &Transaction, mapping: &Mapping, conflict: &Conflict) -> Result<Line, StoreError> {
    let mut fields = Vec::new();
    let mut note = None;
    match &conflict.kind {
        ConflictKind::Fields(shown_fields) => {
            for shown_field in shown_fields {
                let Some(field) = mapping.field(&shown_field.field) else { continue };
                fields.push(FieldLine {
                    field: shown_field.field.to_string(),
                    before: Some(shown(transaction, field, &shown_field.values.left)?),
                    after: shown(transaction, field, &shown_field.values.right)?,
                });
            }
        }
        ConflictKind::Deleted { on } => note = Some(format!("deleted in {}", mapping.connections[*on])),
    }
    Ok(Line {
        mapping: mapping.name.to_string(),
        action: LineAction::Conflict,
        on: None,
        row: conflict.label.clone(),
        fields,
        note,
    })
}

/// Closes a coupling's conflict if nothing of the two rows is left to settle. One outside the filter only sleeps.
pub fn close_if_settled(
    engine: &Engine,
    prepared: &Prepared,
    transaction: &mut Transaction,
    state: &mut RunState,
    coupling: &Coupling,
) -> Result<(), StoreError> {
    if coupling.state != CouplingState::IN_SCOPE {
        return Ok(());
    }
    for side in Side::BOTH {
        let observation = transaction.observation(prepared.name(), side, &coupling.rows[side])?;
        if observation.is_some_and(|observation| !is_drift(&observation.standing)) {
            return Ok(());
        }
    }
    close(engine, prepared, transaction, state, coupling)
}

/// Returns whether a row differs only as the mapping allows.
const fn is_drift(standing: &Standing) -> bool {
    matches!(standing, Standing::Parked { reason, .. } if reason.is_drift())
}

/// Closes the conflicts of a mapping that people settled by editing the rows themselves.
pub fn close_settled(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<(), StoreError> {
    let name = prepared.name();
    let open = engine.store().snapshot()?.conflicts()?;
    for conflict in open.iter().filter(|conflict| &conflict.mapping == name) {
        let mut transaction = engine.store().transaction()?;
        match transaction.coupling_of(name, Side::Left, &conflict.rows.left)? {
            Some(coupling) => close_if_settled(engine, prepared, &mut transaction, state, &coupling)?,
            None => transaction.remove_conflict(conflict.id)?,
        }
        transaction.commit()?;
    }
    Ok(())
}

/// Keeps an answer in force while its write to one side has landed and the one to the other has not.
///
/// Returns whether the field is such a one: then its base must not move yet.
pub fn note_half_answer(
    transaction: &mut Transaction,
    coupling: &Coupling,
    side: Side,
    field: &FieldId,
    value: &Value,
) -> Result<bool, StoreError> {
    let Some(mut conflict) = transaction.conflict_of(&coupling.mapping, &coupling.rows)? else {
        return Ok(false);
    };
    let is_answered = conflict.answer.is_some();
    let ConflictKind::Fields(fields) = &mut conflict.kind else { return Ok(false) };
    let shown = fields.iter_mut().find(|shown| &shown.field == field);
    let Some(shown) = shown.filter(|shown| is_answered && &shown.values[side.other()] != value) else {
        return Ok(false);
    };
    shown.values[side] = value.clone();
    conflict.stamp = stamp(transaction, coupling, &conflict.kind)?;
    transaction.put_conflict(&conflict)?;
    Ok(true)
}

/// Closes a coupling's conflict, if it has one.
pub fn close(
    engine: &Engine,
    prepared: &Prepared,
    transaction: &mut Transaction,
    state: &mut RunState,
    coupling: &Coupling,
) -> Result<(), StoreError> {
    let Some(conflict) = transaction.conflict_of(prepared.name(), &coupling.rows)? else {
        return Ok(());
    };
    transaction.remove_conflict(conflict.id)?;
    state.counts(prepared.name()).conflicts_settled += 1;
    info!(conflict = %conflict.id, "Conflict settled");
    journal(engine, transaction, state, &conflict, Action::ConflictSettled)
}

fn journal(
    engine: &Engine,
    transaction: &mut Transaction,
    state: &RunState,
    conflict: &Conflict,
    action: Action,
) -> Result<(), StoreError> {
    let fields = match &conflict.kind {
        ConflictKind::Fields(fields) => fields
            .iter()
            .map(|field| FieldChange {
                field: field.field.clone(),
                before: Some(field.values.left.clone()),
                after: field.values.right.clone(),
            })
            .collect(),
        ConflictKind::Deleted { .. } => Vec::new(),
    };
    transaction.add_journal(&JournalEntry {
        run: state.id,
        at: engine.now(),
        mapping: conflict.mapping.clone(),
        action,
        side: Side::Left,
        row: Some(conflict.rows.left.clone()),
        label: conflict.label.clone(),
        cause: conflict.as_cause(),
        fields,
        outcome: Outcome::Done,
        links: Links { partner: Some(conflict.rows.right.clone()), ..Links::default() },
    })
}

/// One side is gone and the other row is left alone: the mapping leaves deletions alone, or it was none.
pub fn leave_deletion(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    mut coupling: Coupling,
    on: Side,
    became: Option<Became>,
) -> Result<(), StoreError> {
    let (reason, partners) = match became {
        Some(became) => (Reason::Became { on, became }, Reason::Became { on, became }),
        None => (Reason::DeletionIgnored, Reason::PartnerDeleted { on }),
    };
    let note = match became {
        Some(_) => reason_text(&reason, &prepared.mapping),
        None => {
            format!("in {}: {}", prepared.mapping.connections[on], reason_text(&reason, &prepared.mapping))
        }
    };
    let observer = Observer { prepared, now: engine.now() };
    let mut transaction = engine.store().transaction()?;
    coupling.state = CouplingState::Broken;
    transaction.put_coupling(&coupling)?;
    let park = |reason| Standing::Parked { reason, wake: WakeCondition::RowChanges };
    observer.park(&mut transaction, on, &coupling.rows[on], park(reason))?;
    let other = on.other();
    observer.park(&mut transaction, other, &coupling.rows[other], park(partners))?;
    close(engine, prepared, &mut transaction, state, &coupling)?;
    transaction.commit()?;
    state.report.add(Line {
        mapping: prepared.name().to_string(),
        action: LineAction::Leave,
        on: None,
        row: coupling.label,
        fields: Vec::new(),
        note: Some(note),
    });
    Ok(())
}

/// Both rows are gone.
pub fn forget(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
) -> Result<(), StoreError> {
    let name = prepared.name();
    let mut transaction = engine.store().transaction()?;
    transaction.remove_coupling(name, coupling.id)?;
    for side in Side::BOTH {
        transaction.remove_observation(name, side, &coupling.rows[side])?;
    }
    close(engine, prepared, &mut transaction, state, coupling)?;
    transaction.commit()
}

/// The two rows are no longer one. Neither is changed.
pub fn uncouple(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    coupling: &Coupling,
    cause: CauseOfWrite,
) -> Result<(), StoreError> {
    let name = prepared.name();
    let mut transaction = engine.store().transaction()?;
    // Kept, so that the two are not matched again.
    transaction.put_coupling(&Coupling { state: CouplingState::Severed, ..coupling.clone() })?;
    for side in Side::BOTH {
        transaction.remove_observation(name, side, &coupling.rows[side])?;
    }
    close(engine, prepared, &mut transaction, state, coupling)?;
    transaction.add_journal(&JournalEntry {
        run: state.id,
        at: engine.now(),
        mapping: name.clone(),
        action: Action::Uncoupled,
        side: Side::Left,
        row: Some(coupling.rows.left.clone()),
        label: coupling.label.clone(),
        cause,
        fields: Vec::new(),
        outcome: Outcome::Done,
        links: Links {
            coupling: Some(coupling.id),
            partner: Some(coupling.rows.right.clone()),
            base: coupling.base.clone(),
            ..Links::default()
        },
    })?;
    transaction.commit()?;
    state.counts(name).uncoupled += 1;
    state.report.add(Line {
        mapping: name.to_string(),
        action: LineAction::Uncouple,
        on: None,
        row: coupling.label.clone(),
        fields: Vec::new(),
        note: None,
    });
    Ok(())
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The next pass applies it, if the values still are the ones shown.
    Accepted,
    /// It was given for other values; it is kept as a suggestion.
    Outdated,
    /// There is no such open conflict: settled already.
    NotOpen,
}

/// Takes a person's answer. Answering twice is answering once (I19).
pub fn answer(
    transaction: &mut Transaction,
    id: ConflictId,
    stamp: Option<&Stamp>,
    answer: &Answer,
    place: AnswerPlace,
) -> Result<Answered, StoreError> {
    let Some(mut conflict) = transaction.conflict(id)? else { return Ok(Answered::NotOpen) };
    if stamp.is_some_and(|stamp| stamp != &conflict.stamp) {
        if conflict.suggestion.as_ref() != Some(answer) {
            conflict.suggestion = Some(answer.clone());
            transaction.put_conflict(&conflict)?;
        }
        return Ok(Answered::Outdated);
    }
    if *answer == Answer::Later {
        conflict.answer = None;
        conflict.answered_in = None;
        transaction.put_conflict(&conflict)?;
        return Ok(Answered::Accepted);
    }
    if conflict.answer.as_ref() != Some(answer) {
        conflict.answer = Some(answer.clone());
        conflict.answered_in = Some(place);
        transaction.put_conflict(&conflict)?;
        wake_rows(transaction, &conflict.mapping, &conflict.rows)?;
    }
    Ok(Answered::Accepted)
}

fn wake_rows(
    transaction: &mut Transaction,
    mapping: &MappingName,
    rows: &Pair<RowId>,
) -> Result<(), StoreError> {
    for side in Side::BOTH {
        if let Some(mut observation) = transaction.observation(mapping, side, &rows[side])? {
            observation.standing = Standing::Ready;
            transaction.put_observation(&observation)?;
        }
    }
    Ok(())
}
