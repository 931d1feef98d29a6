//! Rows in an open conflict that are seen again: whether they show anything but what is asked already.

use crate::mapping::Field;
use crate::model::{
    ConflictKind, Content, Coupling, FieldConflict, FieldId, Observation, Record, Side, Standing,
};
use crate::store::{StoreError, Transaction};
use crate::sync;

use super::observe::Observer;

impl Observer<'_> {
    /// Returns the standing of a row that shows nothing but what its open conflict shows already.
    pub(super) fn standing_in_conflict(
        &self,
        transaction: &Transaction,
        coupling: &Coupling,
        side: Side,
        record: &Record,
    ) -> Result<Option<Standing>, StoreError> {
        let Some(conflict) = transaction.conflict_of(self.prepared.name(), &coupling.rows)? else {
            return Ok(None);
        };
        let ConflictKind::Fields(fields) = &conflict.kind else { return Ok(None) };
        if conflict.answer.is_some() {
            return Ok(None);
        }
        let is_shown = |field: &FieldId| fields.iter().any(|shown| shown.field == *field);
        let units = self.prepared.mapping.units();
        let is_partly_shown = |unit: &Vec<&Field>| {
            unit.iter().any(|field| is_shown(&field.id)) && !unit.iter().all(|field| is_shown(&field.id))
        };
        if units.iter().any(is_partly_shown) {
            // What was equal then is part of the question, and the conflict does not tell its value.
            return Ok(None);
        }
        let is_open = self.shows(coupling, side, fields, record)
            && self.partner_shows(transaction, coupling, side.other(), fields)?;
        Ok(is_open.then_some(Standing::Conflicted(conflict.id)))
    }

    /// Returns whether a row has what its open conflict shows, and nothing else that is new.
    fn shows(&self, coupling: &Coupling, side: Side, fields: &[FieldConflict], record: &Record) -> bool {
        let mut shown = coupling.base.clone();
        for field in fields {
            shown.set(field.field.clone(), field.values[side].clone());
        }
        sync::in_step(&self.prepared.mapping, &shown, record)
    }

    /// Returns whether the other row may still have what the open conflict shows. One that nothing is kept of is as the base
    /// is: where that is another value, somebody took the edit back that the question is about.
    fn partner_shows(
        &self,
        transaction: &Transaction,
        coupling: &Coupling,
        side: Side,
        fields: &[FieldConflict],
    ) -> Result<bool, StoreError> {
        match transaction.observation(self.prepared.name(), side, &coupling.rows[side])? {
            None => Ok(self.shows(coupling, side, fields, &coupling.base)),
            Some(Observation { content: Content::Row(row), .. }) => {
                let record = self.record(transaction, side, &row)?;
                Ok(record.map_or(true, |record| self.shows(coupling, side, fields, &record)))
            }
            Some(_) => Ok(true),
        }
    }
}
