//! What a create or an update that landed leaves in the books: base, versions, journal, and a line of the report.

use crate::agent::brake::done;
use crate::agent::look::observe::Observer;
use crate::agent::plan::{conflicts, standing::wake_waiting};
use crate::agent::report::{FieldLine, Line, LineAction};
use crate::agent::run_state::RunState;
use crate::model::{
    Action, CauseOfWrite, Content, Coupling, CouplingId, CouplingState, FieldChange, JournalEntry, Links,
    Outcome, Pair, PlanVerb, PlannedWrite, Reason, Record, Row, RowId, Side, Standing, Version,
    WakeCondition,
};
use crate::store::{StoreError, Transaction};
use crate::sync;

use super::commit::Commit;
use super::echo;
use super::job::changes;

/// An update that landed.
pub struct Landed<'a> {
    /// The version it was decided from.
    pub version: Option<&'a Version>,
    pub sent: &'a Record,
    /// What the row held before, as far as it is known.
    pub before: &'a Record,
    /// The row as it is now, where the answer showed it.
    pub row: Option<Row>,
}

/// A create that landed.
pub struct Made<'a> {
    /// The row on the other side that it was made from.
    pub source: &'a RowId,
    pub id: &'a RowId,
    /// Nothing where an earlier life of Tandem made it.
    pub sent: &'a Record,
    /// Fields that were left out because the source held nothing there.
    pub left_blank: Record,
    /// The new row, where the answer showed it.
    pub row: Option<Row>,
    pub label: &'a str,
    pub cause: &'a CauseOfWrite,
    /// The deleted row that it stands in for.
    pub replaces: Option<RowId>,
}

impl Commit<'_> {
    /// Forgets a coupling whose deleted row was created again; the answer that asked for it is carried out. Returns the
    /// deleted row.
    pub fn replace(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        replaced: Option<CouplingId>,
    ) -> Result<Option<RowId>, StoreError> {
        let name = self.prepared.name();
        let Some(replaced) = replaced else { return Ok(None) };
        let Some(coupling) = transaction.coupling(name, replaced)? else { return Ok(None) };
        transaction.remove_coupling(name, replaced)?;
        transaction.remove_observation(name, self.side, &coupling.rows[self.side])?;
        conflicts::close(self.engine, self.prepared, transaction, state, &coupling)?;
        Ok(Some(coupling.rows[self.side].clone()))
    }

    /// A new row exists: the two are one from here on.
    pub fn created(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        made: Made<'_>,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let Made { source, id, sent, left_blank, row, label, cause, replaces } = made;
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        if transaction.partner(name, side.other(), source)?.is_some() {
            return Ok(());
        }
        if let Some(partner) = transaction.partner(name, side, id)? {
            // Somebody else's by now: the source is listed, nothing is coupled twice (I4).
            let reason = Reason::PartnerTaken { partner };
            let standing = Standing::Parked { reason, wake: WakeCondition::RowChanges };
            return observer.park(transaction, side.other(), source, standing);
        }
        let rows = match side {
            Side::Left => Pair::new(id.clone(), source.clone()),
            Side::Right => Pair::new(source.clone(), id.clone()),
        };
        let agreed = self.agreed_at_once(transaction, source, row.as_ref())?;
        let base = left_blank.0.into_iter().chain(agreed.0).chain(sent.0.clone()).collect();
        let mut coupling = Coupling {
            id: transaction.next_coupling_id()?,
            mapping: name.clone(),
            rows,
            base,
            versions: Pair::default(),
            state: CouplingState::IN_SCOPE,
            label: label.to_owned(),
        };
        let links = Links {
            coupling: Some(coupling.id),
            partner: Some(source.clone()),
            version: row.as_ref().and_then(|row| row.version.clone()),
            replaces,
            ..Links::default()
        };
        transaction.remove_observation(name, side, id)?;
        transaction.put_coupling(&coupling)?;
        if let Some(row) = row {
            observer.row(transaction, side, row)?;
            coupling = transaction.coupling(name, coupling.id)?.unwrap_or(coupling);
        }
        observer.wake(transaction, side.other(), source)?;
        observer.refresh(transaction, &mut coupling, side.other())?;
        conflicts::close_if_settled(self.engine, self.prepared, transaction, state, &coupling)?;
        wake_waiting(self.engine, transaction, &coupling)?;
        let is_new = !sent.0.is_empty();
        let cause =
            &self.note_done(transaction, PlanVerb::Create, source, changes(sent, None), cause, is_new)?;
        if is_new {
            state.counts(name).created[side] += 1;
        } else {
            state.counts(name).coupled += 1;
        }
        let fields = FieldLine::of(transaction, &self.prepared.mapping, sent, None)?;
        state.report.add(Line {
            mapping: name.to_string(),
            action: if is_new { LineAction::Create } else { LineAction::Couple },
            on: is_new.then(|| self.prepared.mapping.connections[side].to_string()),
            row: label.to_owned(),
            fields,
            note: None,
        });
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: observer.now,
            mapping: name.clone(),
            action: if is_new { Action::Created } else { Action::Coupled },
            side,
            row: Some(id.clone()),
            label: label.to_owned(),
            cause: cause.clone(),
            fields: changes(sent, None),
            outcome: Outcome::Done,
            links,
        })
    }

    /// What a new row and its source agree on beside what was sent.
    fn agreed_at_once(
        &self,
        transaction: &Transaction,
        source: &RowId,
        row: Option<&Row>,
    ) -> Result<Record, StoreError> {
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let (name, from) = (self.prepared.name(), self.side.other());
        let observation = transaction.observation(name, from, source)?;
        let (Some(Content::Row(source)), Some(row)) =
            (observation.map(|observation| observation.content), row)
        else {
            return Ok(Record::default());
        };
        let left = observer.record(transaction, from, &source)?.unwrap_or_default();
        let right = observer.record(transaction, self.side, row)?.unwrap_or_default();
        Ok(sync::agreed(&self.prepared.mapping, &left, &right))
    }

    /// An update landed: what was sent is what both sides agree on.
    pub fn updated(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        coupling: CouplingId,
        landed: Landed<'_>,
        cause: &CauseOfWrite,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let Some(mut coupling) = transaction.coupling(name, coupling)? else { return Ok(()) };
        let Landed { version, sent, before, row } = landed;
        state.counts(name).updated[side] += 1;
        state.report.add(Line {
            mapping: name.to_string(),
            action: LineAction::Update,
            on: Some(self.prepared.mapping.connections[side].to_string()),
            row: coupling.label.clone(),
            fields: FieldLine::of(transaction, &self.prepared.mapping, sent, Some(before))?,
            note: None,
        });
        let row_id = &coupling.rows[side];
        let changed = changes(sent, Some(before));
        let cause = &self.note_done(transaction, PlanVerb::Update, row_id, changed.clone(), cause, true)?;
        let version_left = row.as_ref().and_then(|row| row.version.clone());
        transaction.add_journal(&JournalEntry {
            fields: changed,
            outcome: Outcome::done_to(version),
            links: Links { version: version_left, ..links(&coupling, side) },
            ..self.entry(state, &coupling, Action::Updated, cause)
        })?;
        for (field, value) in &sent.0 {
            if !conflicts::note_half_answer(transaction, &coupling, side, field, value)? {
                coupling.base.set(field.clone(), value.clone());
            }
        }
        coupling.versions[side] = None;
        transaction.put_coupling(&coupling)?;
        echo::note(&observer, transaction, &coupling, side, sent, row.as_ref())?;
        if let Some(row) = row {
            transaction.remove_observation(name, side, &row.id)?;
            observer.row(transaction, side, row)?;
            coupling = transaction.coupling(name, coupling.id)?.unwrap_or(coupling);
        }
        observer.refresh(transaction, &mut coupling, side.other())?;
        conflicts::close_if_settled(self.engine, self.prepared, transaction, state, &coupling)
    }

    /// Keeps for the brakes what was done. Returns the cause that the journal names. `is_counted`: it was really done, and not
    /// found to be there already.
    #[expect(clippy::too_many_arguments, reason = "one outcome has that many parts")]
    pub(super) fn note_done(
        &self,
        transaction: &mut Transaction,
        verb: PlanVerb,
        row: &RowId,
        fields: Vec<FieldChange>,
        cause: &CauseOfWrite,
        is_counted: bool,
    ) -> Result<CauseOfWrite, StoreError> {
        let planned = PlannedWrite { on: self.side, verb, row: row.clone(), label: String::new(), fields };
        let name = self.prepared.name();
        if is_counted {
            return done::note(self.engine, transaction, name, &planned, cause);
        }
        transaction.remove_approved_row(name, &planned.key())?;
        Ok(cause.clone())
    }

    /// Starts the journal entry of something done to a coupling's row.
    pub(super) fn entry(
        &self,
        state: &RunState,
        coupling: &Coupling,
        action: Action,
        cause: &CauseOfWrite,
    ) -> JournalEntry {
        JournalEntry {
            run: state.id,
            at: self.engine.now(),
            mapping: self.prepared.name().clone(),
            action,
            side: self.side,
            row: Some(coupling.rows[self.side].clone()),
            label: coupling.label.clone(),
            cause: cause.clone(),
            fields: Vec::new(),
            outcome: Outcome::Done,
            links: links(coupling, self.side),
        }
    }
}

/// Ties an entry about a coupling's row on one side to the other.
pub(super) fn links(coupling: &Coupling, side: Side) -> Links {
    Links {
        coupling: Some(coupling.id),
        partner: Some(coupling.rows[side.other()].clone()),
        ..Links::default()
    }
}
