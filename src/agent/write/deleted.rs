//! Deletions that landed, and deleted rows that are there again.

use crate::agent::look::observe::Observer;
use crate::agent::plan::conflicts;
use crate::agent::report::{FieldLine, Line, LineAction};
use crate::agent::run_state::RunState;
use crate::model::{
    Action, CauseOfWrite, Content, Coupling, CouplingId, FieldChange, JournalEntry, Links, Observation,
    Outcome, PlanVerb, Record, Row, RowId, Standing, Value, Version,
};
use crate::store::{StoreError, Transaction};

use super::commit::Commit;
use super::in_doubt;
use super::job::changes;
use super::landed::links;

/// A deleted row that was created again, with no partner.
pub struct Restored<'a> {
    pub id: &'a RowId,
    /// The deleted row.
    pub replaces: &'a RowId,
    pub sent: &'a Record,
    /// The new row, where the answer showed it.
    pub row: Option<Row>,
    pub label: &'a str,
    pub cause: &'a CauseOfWrite,
}

impl Commit<'_> {
    /// A deletion landed: nothing is left to keep in step. `version` is the one that was deleted; none where the row was gone
    /// already. A partner that is held stays so.
    pub fn deleted(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        coupling: CouplingId,
        version: Option<&Version>,
        cause: &CauseOfWrite,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let Some(coupling) = transaction.coupling(name, coupling)? else { return Ok(()) };
        let known = self.known(transaction, &coupling)?;
        in_doubt::forget_deletions(transaction, name, side, &coupling.rows[side])?;
        transaction.remove_coupling(name, coupling.id)?;
        transaction.remove_observation(name, side, &coupling.rows[side])?;
        let partner = transaction.observation(name, side.other(), &coupling.rows[side.other()])?;
        if partner.is_some_and(|partner| partner.standing != Standing::Held) {
            transaction.remove_observation(name, side.other(), &coupling.rows[side.other()])?;
        }
        conflicts::close(self.engine, self.prepared, transaction, state, &coupling)?;
        state.counts(name).deleted[side] += 1;
        state.report.add(self.line(&coupling.label));
        let row = &coupling.rows[side];
        let cause = &self.note_done(transaction, PlanVerb::Delete, row, Vec::new(), cause, true)?;
        transaction.add_journal(&JournalEntry {
            fields: gone(known),
            outcome: Outcome::done_to(version),
            links: Links { base: coupling.base.clone(), ..links(&coupling, side) },
            ..self.entry(state, &coupling, Action::Deleted, cause)
        })
    }

    /// A row without a partner is deleted.
    #[expect(clippy::too_many_arguments, reason = "one outcome has that many parts")]
    pub fn removed(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        row: &RowId,
        version: Option<&Version>,
        label: &str,
        cause: &CauseOfWrite,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let known = self.seen(transaction, row)?.unwrap_or_default();
        in_doubt::forget_deletions(transaction, name, side, row)?;
        transaction.remove_observation(name, side, row)?;
        state.counts(name).deleted[side] += 1;
        state.report.add(self.line(label));
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: self.engine.now(),
            mapping: name.clone(),
            action: Action::Deleted,
            side,
            row: Some(row.clone()),
            label: label.to_owned(),
            cause: cause.clone(),
            fields: gone(known),
            outcome: Outcome::done_to(version),
            links: Links::default(),
        })
    }

    fn line(&self, label: &str) -> Line {
        Line {
            mapping: self.prepared.name().to_string(),
            action: LineAction::Delete,
            on: Some(self.prepared.mapping.connections[self.side].to_string()),
            row: label.to_owned(),
            fields: Vec::new(),
            note: None,
        }
    }

    /// Returns what the row held when it was last seen: what both sides agreed on, or what was observed since.
    fn known(&self, transaction: &Transaction, coupling: &Coupling) -> Result<Record, StoreError> {
        let mut known = coupling.base.clone();
        if let Some(record) = self.seen(transaction, &coupling.rows[self.side])? {
            known.0.extend(record.0);
        }
        Ok(known)
    }

    fn seen(&self, transaction: &Transaction, row: &RowId) -> Result<Option<Record>, StoreError> {
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        let seen = transaction.observation(self.prepared.name(), self.side, row)?;
        let Some(Content::Row(row)) = seen.map(|seen| seen.content) else { return Ok(None) };
        Ok(observer.record(transaction, self.side, &row)?.ok())
    }

    /// A deleted row is there again. It is held: no pass makes another of it on the other side.
    pub fn restored(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        restored: Restored<'_>,
    ) -> Result<(), StoreError> {
        let (name, side) = (self.prepared.name(), self.side);
        let Restored { id, replaces, sent, row, label, cause } = restored;
        let version = row.as_ref().and_then(|row| row.version.clone());
        let unread = || Content::Unreadable("it was not read since it is there again".to_owned());
        transaction.put_observation(&Observation {
            mapping: name.clone(),
            side,
            row: id.clone(),
            content: row.map_or_else(unread, Content::Row),
            standing: Standing::Held,
            seen_at: self.engine.now(),
        })?;
        state.counts(name).created[side] += 1;
        state.report.add(Line {
            mapping: name.to_string(),
            action: LineAction::Create,
            on: Some(self.prepared.mapping.connections[side].to_string()),
            row: label.to_owned(),
            fields: FieldLine::of(transaction, &self.prepared.mapping, sent, None)?,
            note: None,
        });
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: self.engine.now(),
            mapping: name.clone(),
            action: Action::Created,
            side,
            row: Some(id.clone()),
            label: label.to_owned(),
            cause: cause.clone(),
            fields: changes(sent, None),
            outcome: Outcome::Done,
            links: Links { version, replaces: Some(replaces.clone()), ..Links::default() },
        })
    }
}

/// Lists what a row held that is gone.
fn gone(known: Record) -> Vec<FieldChange> {
    let change = |(field, value)| FieldChange { field, before: Some(value), after: Value::Blank };
    known.0.into_iter().map(change).collect()
}
