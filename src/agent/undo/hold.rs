//! Holding rows: what an undoing puts back is left alone by every pass, until a person edits or resumes it.

use crate::agent::look::observe::Observer;
use crate::agent::write::job::Job;
use crate::model::{Content, Coupling, Observation, Row, Side, Standing};
use crate::store::{StoreError, Transaction};

use super::carry_out::{Read, Undo, found};
use super::goal::{Deed, Goal};

impl Undo<'_> {
    fn observer(&self) -> Observer<'_> {
        Observer { prepared: self.prepared, now: self.engine.now() }
    }

    /// Holds the rows of goals as they were just read.
    pub fn hold<'g>(&self, goals: impl Iterator<Item = &'g Goal>, read: &Read) -> Result<(), StoreError> {
        let mut transaction = self.engine.store().transaction()?;
        for goal in goals {
            for side in Side::BOTH {
                if let Some(row) = found(read, side, goal.rows[side].as_ref()) {
                    self.hold_row(&mut transaction, side, row)?;
                }
            }
        }
        transaction.commit()
    }

    /// Holds a row as it was just read.
    pub fn hold_row(&self, transaction: &mut Transaction, side: Side, row: &Row) -> Result<(), StoreError> {
        transaction.put_observation(&Observation {
            mapping: self.prepared.name().clone(),
            side,
            row: row.id.clone(),
            content: Content::Row(row.clone()),
            standing: Standing::Held,
            seen_at: self.engine.now(),
        })
    }

    /// After a write: a pair in step needs no holding; of one that is not, both rows stay held, also where the server made
    /// something else of a value. What could not be written is let go. Returns whether the write landed.
    pub fn settle_hold(
        &self,
        transaction: &mut Transaction,
        goal: &Goal,
        side: Side,
        job: &Job,
    ) -> Result<bool, StoreError> {
        let coupling = self.coupling(transaction, goal)?;
        let landed = match (job, &coupling) {
            (Job::Update { sent, .. }, Some(coupling)) => {
                sent.0.iter().all(|(field, value)| coupling.base.get(field) == Some(value))
            }
            (Job::Delete { .. }, coupling) => coupling.is_none(),
            (Job::Remove { row, .. }, _) => {
                transaction.observation(self.prepared.name(), side, row)?.is_none()
            }
            _ => false,
        };
        if let Some(mut coupling) = coupling {
            if landed {
                self.forget_answered(transaction, goal, side, &mut coupling)?;
            }
            self.keep_held(transaction, &mut coupling, landed)?;
        }
        Ok(landed)
    }

    /// What a person chose is asked again once the rows go on: such a field is at first contact.
    fn forget_answered(
        &self,
        transaction: &mut Transaction,
        goal: &Goal,
        side: Side,
        coupling: &mut Coupling,
    ) -> Result<(), StoreError> {
        let Some(Deed::Updated { fields, .. }) = &goal.deeds[side] else { return Ok(()) };
        let other = side.other();
        let seen = transaction.observation(self.prepared.name(), other, &coupling.rows[other])?;
        let Some(Content::Row(partner)) = seen.map(|seen| seen.content) else { return Ok(()) };
        let Ok(partner) = self.observer().record(transaction, other, &partner)? else { return Ok(()) };
        for (field, _) in fields.iter().filter(|(_, step)| step.is_answer) {
            if partner.get(field) != coupling.base.get(field) {
                coupling.base.0.remove(field);
            }
        }
        transaction.put_coupling(coupling)
    }

    /// Settles the rows of a coupling that are in step; the others are held, or let go where nothing was written.
    pub fn keep_held(
        &self,
        transaction: &mut Transaction,
        coupling: &mut Coupling,
        landed: bool,
    ) -> Result<(), StoreError> {
        let (name, observer) = (self.prepared.name(), self.observer());
        for side in Side::BOTH {
            observer.refresh(transaction, coupling, side)?;
        }
        for side in Side::BOTH {
            let row = &coupling.rows[side];
            let standing = transaction.observation(name, side, row)?.map(|seen| seen.standing);
            match (standing, landed) {
                (Some(Standing::Ready), true) => observer.park(transaction, side, row, Standing::Held)?,
                (Some(Standing::Held), false) => observer.release(transaction, side, row)?,
                _ => {}
            }
        }
        Ok(())
    }
}
