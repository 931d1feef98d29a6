//! Judging couplings: those whose rows both are as the books say are what the books say; the others are looked at.

use crate::agent::error::EngineError;
use crate::agent::report::shown;
use crate::model::{Coupling, CouplingState, FieldId, Pair, Record, RowId, Side};
use crate::store::{Snapshot, StoreError};
use crate::sync::{self, Class, Present};

use super::judge::{CHUNK, Judge};
use super::look::Look;
use super::reading::SideReading;
use super::report::{Difference, Finding, FindingClass};

impl Judge<'_> {
    /// Goes through all couplings. Those with a row that is not as the books say are looked at by the chunk.
    pub(super) async fn couplings(&mut self, sides: &Pair<SideReading>) -> Result<(), EngineError> {
        let (mut after, mut strange) = (None, Vec::new());
        loop {
            let couplings = {
                let snapshot = self.engine.store().snapshot()?;
                let couplings = snapshot.couplings(self.prepared.name(), after, CHUNK)?;
                for coupling in &couplings {
                    if is_strange(coupling, sides) {
                        strange.push(coupling.clone());
                    } else {
                        self.count_known(&snapshot, coupling)?;
                    }
                }
                couplings
            };
            let is_last = couplings.len() < CHUNK;
            if strange.len() >= CHUNK || is_last {
                self.strange_couplings(std::mem::take(&mut strange)).await?;
            }
            if is_last {
                return Ok(());
            }
            after = couplings.last().map(|coupling| coupling.id);
        }
    }

    async fn strange_couplings(&mut self, couplings: Vec<Coupling>) -> Result<(), EngineError> {
        let ids = Pair::from_fn(|side| couplings.iter().map(|c| c.rows[side].clone()).collect::<Vec<_>>());
        let looks = self.look_at_both(&ids).await?;
        let mut open = Vec::new();
        {
            let snapshot = self.engine.store().snapshot()?;
            for ((coupling, left), right) in couplings.into_iter().zip(looks.left).zip(looks.right) {
                match left.is_known && right.is_known {
                    true => self.count_known(&snapshot, &coupling)?,
                    false => open.push((coupling, Pair::new(left, right))),
                }
            }
        }
        let strange = |side: Side| {
            let strange =
                open.iter().filter(move |(_, looks): &&(Coupling, Pair<Look>)| !looks[side].is_known);
            strange.map(|(coupling, _)| coupling.rows[side].clone()).collect()
        };
        let news = self.news(&Pair::from_fn(strange)).await?;
        let mut to_read: Pair<Vec<RowId>> = Pair::default();
        for (coupling, looks) in open {
            let is_told = |side: Side| !looks[side].is_known && news[side].tells_of(&coupling.rows[side]);
            if Side::BOTH.into_iter().any(is_told) {
                self.verdict.pending += 1;
                continue;
            }
            let present = looks.as_ref().map(|look| &look.present);
            let class = sync::class_of_strange(&self.prepared.mapping, &coupling, present);
            if self.count_strange(&coupling, &class, present)? {
                for side in Side::BOTH.into_iter().filter(|side| !looks[*side].is_known) {
                    to_read[side].push(coupling.rows[side].clone());
                }
            }
        }
        self.repair(&to_read).await
    }

    /// Counts a coupling as the books have it.
    fn count_known(&mut self, snapshot: &Snapshot, coupling: &Coupling) -> Result<(), StoreError> {
        let mut standings = Pair::default();
        for side in Side::BOTH {
            let seen = snapshot.observation(self.prepared.name(), side, &coupling.rows[side])?;
            standings[side] = seen.map(|seen| seen.standing);
        }
        let class = sync::class_of_known(coupling, standings.as_ref().map(Option::as_ref));
        self.count(class);
        Ok(())
    }

    /// Counts and names a coupling that is not as the books say. Returns whether there is something to repair.
    fn count_strange(
        &mut self,
        coupling: &Coupling,
        class: &Class,
        present: Pair<&Present>,
    ) -> Result<bool, StoreError> {
        self.count(class.clone());
        let (class, on, fields) = match class {
            Class::Different(fields) => (FindingClass::Different, None, fields.as_slice()),
            Class::Missing { on } => (FindingClass::Missing, Some(*on), [].as_slice()),
            Class::Unreadable { on } => (FindingClass::Unreadable, Some(*on), [].as_slice()),
            Class::Equal
            | Class::Pending
            | Class::Conflict
            | Class::Parked(_)
            | Class::Waiting(_)
            | Class::OutOfScope(_) => return Ok(false),
        };
        self.name(|judge| {
            Ok(Finding {
                class,
                row: coupling.label.clone(),
                ids: coupling.rows.as_ref().map(|row| Some(row.to_string())),
                on: on.map(|side| judge.prepared.mapping.connections[side].to_string()),
                fields: judge.differences(coupling, fields, present)?,
            })
        })?;
        Ok(true)
    }

    fn differences(
        &self,
        coupling: &Coupling,
        fields: &[FieldId],
        present: Pair<&Present>,
    ) -> Result<Vec<Difference>, StoreError> {
        let (Present::Record(left), Present::Record(right)) = (present.left, present.right) else {
            return Ok(Vec::new());
        };
        let snapshot = self.engine.store().snapshot()?;
        let mut differences = Vec::with_capacity(fields.len());
        for field in fields.iter().filter_map(|id| self.prepared.mapping.field(id)) {
            let show = |record: &Record| match record.get(&field.id) {
                Some(value) => shown(&snapshot, field, value).map(Some),
                None => Ok(None),
            };
            differences.push(Difference {
                field: field.id.to_string(),
                agreed: show(&coupling.base)?,
                values: Pair::new(show(left)?.unwrap_or_default(), show(right)?.unwrap_or_default()),
            });
        }
        Ok(differences)
    }
}

/// Returns whether a coupling has to be looked at: a row is not as the books say, or was not there.
fn is_strange(coupling: &Coupling, sides: &Pair<SideReading>) -> bool {
    let is_known = |side: Side| sides[side].coupled.find(&coupling.rows[side]);
    match coupling.state {
        CouplingState::Severed => false,
        CouplingState::Broken => Side::BOTH.into_iter().any(|side| is_known(side) == Some(false)),
        CouplingState::Active { .. } => Side::BOTH.into_iter().any(|side| is_known(side) != Some(true)),
    }
}
