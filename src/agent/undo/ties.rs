//! Couplings: those a run ended are made again, those it made are taken apart.

use std::collections::BTreeSet;

use crate::agent::error::EngineError;
use crate::agent::plan::{conflicts, standing::wake_waiting};
use crate::agent::report::{Line, LineAction};
use crate::agent::run_state::RunState;
use crate::model::{
    Action, Coupling, CouplingState, JournalEntry, Links, Outcome, Pair, Record, RowId, Side,
};
use crate::store::{StoreError, Transaction};

use super::carry_out::{Read, Undo, found};
use super::goal::{Goal, Tie};

impl Undo<'_> {
    /// Couples rows again that the run uncoupled, where both still are there and free.
    pub async fn couple_again(&self, state: &mut RunState, goals: &[Goal]) -> Result<(), EngineError> {
        let ended: Vec<_> = goals.iter().filter(|goal| matches!(goal.tie, Tie::Ended { .. })).collect();
        let read = self.read(ended.iter().copied()).await?;
        let mut transaction = self.engine.store().transaction()?;
        for goal in ended {
            let Tie::Ended { base } = &goal.tie else { continue };
            if let Err(note) = self.tie(&mut transaction, state, goal, base, &read)? {
                self.leave(state, goal, None, note);
            }
        }
        Ok(transaction.commit()?)
    }

    fn tie(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        goal: &Goal,
        base: &Record,
        read: &Read,
    ) -> Result<Result<(), &'static str>, StoreError> {
        let name = self.prepared.name();
        let rows = Side::BOTH.map(|side| found(read, side, goal.rows[side].as_ref()));
        let [Some(left), Some(right)] = rows else { return Ok(Err("one of the two rows is gone")) };
        let ids = Pair::new(left.id.clone(), right.id.clone());
        let known = Pair::new(
            transaction.coupling_of(name, Side::Left, &ids.left)?,
            transaction.coupling_of(name, Side::Right, &ids.right)?,
        );
        let coupling = match (known.left, known.right) {
            (None, None) => Coupling {
                id: match goal.coupling {
                    Some(id) if transaction.coupling(name, id)?.is_none() => id,
                    _ => transaction.next_coupling_id()?,
                },
                mapping: name.clone(),
                rows: ids,
                base: base.clone(),
                versions: Pair::default(),
                state: CouplingState::IN_SCOPE,
                label: goal.label.clone(),
            },
            (Some(known), Some(_)) if known.rows == ids && known.state == CouplingState::Severed => {
                Coupling { state: CouplingState::IN_SCOPE, versions: Pair::default(), ..known }
            }
            (Some(known), Some(_)) if known.rows == ids => return Ok(Ok(())),
            _ => return Ok(Err("one of the two rows has another partner by now")),
        };
        transaction.put_coupling(&coupling)?;
        self.hold_row(transaction, Side::Left, left)?;
        self.hold_row(transaction, Side::Right, right)?;
        self.keep_held(transaction, &mut coupling.clone(), true)?;
        wake_waiting(self.engine, transaction, &coupling)?;
        state.counts(name).coupled += 1;
        self.told(transaction, state, &coupling, Action::Coupled)?;
        Ok(Ok(()))
    }

    /// Takes couplings apart that the run made, unless one of the rows was left. Both rows are held.
    pub async fn take_apart(
        &self,
        state: &mut RunState,
        goals: &[Goal],
        kept: &BTreeSet<u64>,
    ) -> Result<(), EngineError> {
        let mut made = Vec::new();
        {
            let snapshot = self.engine.store().snapshot()?;
            for goal in goals.iter().filter(|goal| goal.tie == Tie::Made && !kept.contains(&goal.last)) {
                if self.coupling(&snapshot, goal)?.is_some() {
                    made.push(goal);
                }
            }
        }
        let read = self.read(made.iter().copied()).await?;
        let mut transaction = self.engine.store().transaction()?;
        for goal in made {
            let Some(coupling) = self.coupling(&transaction, goal)? else { continue };
            if coupling.state == CouplingState::Severed {
                continue;
            }
            if let Some(side) = self.written_since(&transaction, goal, &coupling.rows)? {
                let system = &self.prepared.mapping.connections[side];
                self.leave(state, goal, Some(side), &format!("edited since, and written to {system}"));
                continue;
            }
            conflicts::close(self.engine, self.prepared, &mut transaction, state, &coupling)?;
            transaction.remove_coupling(self.prepared.name(), coupling.id)?;
            for side in Side::BOTH {
                match found(&read, side, Some(&coupling.rows[side])) {
                    Some(row) => self.hold_row(&mut transaction, side, row)?,
                    None => {
                        transaction.remove_observation(self.prepared.name(), side, &coupling.rows[side])?;
                    }
                }
            }
            state.counts(self.prepared.name()).uncoupled += 1;
            self.told(&mut transaction, state, &coupling, Action::Uncoupled)?;
        }
        Ok(transaction.commit()?)
    }

    /// Returns the side on which a later run wrote a row that the undone one only coupled.
    fn written_since(
        &self,
        transaction: &Transaction,
        goal: &Goal,
        rows: &Pair<RowId>,
    ) -> Result<Option<Side>, StoreError> {
        for side in Side::BOTH.into_iter().filter(|side| goal.deeds[*side].is_none()) {
            let (name, row) = (self.prepared.name(), &rows[side]);
            let later = transaction.journal_of_row(name, side, row, Some(goal.last), usize::MAX)?;
            let is_write = |entry: &JournalEntry| {
                entry.is_done()
                    && entry.side == side
                    && entry.run != self.run
                    && entry.cause != self.cause()
                    && entry.action == Action::Updated
            };
            if later.iter().any(|(_, entry)| is_write(entry)) {
                return Ok(Some(side));
            }
        }
        Ok(None)
    }

    fn told(
        &self,
        transaction: &mut Transaction,
        state: &mut RunState,
        coupling: &Coupling,
        action: Action,
    ) -> Result<(), StoreError> {
        let ends = action == Action::Uncoupled;
        state.report.add(Line {
            mapping: self.prepared.name().to_string(),
            action: if ends { LineAction::Uncouple } else { LineAction::Couple },
            on: None,
            row: coupling.label.clone(),
            fields: Vec::new(),
            note: None,
        });
        transaction.add_journal(&JournalEntry {
            run: state.id,
            at: self.engine.now(),
            mapping: self.prepared.name().clone(),
            action,
            side: Side::Left,
            row: Some(coupling.rows.left.clone()),
            label: coupling.label.clone(),
            cause: self.cause(),
            fields: Vec::new(),
            outcome: Outcome::Done,
            links: Links {
                coupling: Some(coupling.id),
                partner: Some(coupling.rows.right.clone()),
                base: if ends { coupling.base.clone() } else { Record::default() },
                ..Links::default()
            },
        })
    }
}
