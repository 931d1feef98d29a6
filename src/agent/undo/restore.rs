//! Rows that the run deleted are made again: beside their partner where it is there and free, else alone and held.

use crate::agent::error::EngineError;
use crate::agent::run_state::RunState;
use crate::agent::write::apply::apply;
use crate::agent::write::job::{Job, mint, sent_on_restore};
use crate::model::{Action, JournalEntry, RowId, Side};
use crate::store::{Snapshot, StoreError};

use super::carry_out::{Read, Undo, found};
use super::goal::{Deed, Goal};
use super::judge::{Verdict, judge};

impl Undo<'_> {
    /// Makes deleted rows again.
    pub async fn make_again(&self, state: &mut RunState, goals: &[Goal]) -> Result<(), EngineError> {
        let is_deleted = |goal: &Goal, side: Side| matches!(goal.deeds[side], Some(Deed::Deleted { .. }));
        let gone: Vec<_> =
            goals.iter().filter(|goal| Side::BOTH.iter().any(|side| is_deleted(goal, *side))).collect();
        let read = self.read(gone.iter().copied()).await?;
        for side in [Side::Right, Side::Left] {
            let (mut work, mut partners) = (Vec::new(), Vec::new());
            {
                let snapshot = self.engine.store().snapshot()?;
                for goal in gone.iter().filter(|goal| is_deleted(goal, side)) {
                    match self.job(&snapshot, goal, side, &read)? {
                        Ok(Some(job)) => {
                            partners.push(*goal);
                            work.push(self.work(goal, job));
                        }
                        Ok(None) => {}
                        Err(note) => self.leave(state, goal, Some(side), &note),
                    }
                }
            }
            self.hold(partners.into_iter(), &read)?;
            apply(self.engine, self.prepared, state, side, work).await?;
        }
        Ok(())
    }

    fn job(
        &self,
        snapshot: &Snapshot,
        goal: &Goal,
        side: Side,
        read: &Read,
    ) -> Result<Result<Option<Job>, String>, StoreError> {
        let (Some(deed), Some(row)) = (&goal.deeds[side], &goal.rows[side]) else { return Ok(Ok(None)) };
        let now = self.now(snapshot, side, read[side].get(row))?;
        let values = match judge(&self.prepared.mapping, side, deed, &now) {
            Verdict::Create { sent } => sent,
            Verdict::Leave(why) => {
                return Ok(Err(why.text(self.prepared.mapping.connections[side].as_str())));
            }
            Verdict::Done | Verdict::Delete { .. } | Verdict::Update { .. } => return Ok(Ok(None)),
        };
        let other = side.other();
        let partner = found(read, other, goal.rows[other].as_ref()).map(|partner| &partner.id);
        if self.is_there_again(snapshot, goal, side, row, partner)? {
            return Ok(Ok(None));
        }
        if let Some(partner) = partner
            && snapshot.coupling_of(self.prepared.name(), other, partner)?.is_some()
        {
            return Ok(Err("its partner has another one by now".to_owned()));
        }
        let sent = sent_on_restore(self.prepared, side, &values);
        if let Some(unfit) = self.unfit(snapshot, side, &sent)? {
            return Ok(Err(unfit));
        }
        let takes_ids = self.prepared.tables[side].abilities.takes_ids;
        let minted = |from: &RowId| takes_ids.then(|| mint(self.prepared, side, from, Some(row)));
        Ok(Ok(Some(match partner {
            Some(source) => {
                let defaults = self.prepared.mapping.new_row[side].clone();
                Job::Create { source: source.clone(), minted: minted(source), sent, defaults, replaces: None }
            }
            None => Job::Restore { replaces: row.clone(), minted: minted(row), sent },
        })))
    }

    /// Returns whether a row was made in place of the deleted one already, by an undoing that was cut short.
    fn is_there_again(
        &self,
        snapshot: &Snapshot,
        goal: &Goal,
        side: Side,
        row: &RowId,
        partner: Option<&RowId>,
    ) -> Result<bool, StoreError> {
        let name = self.prepared.name();
        let made =
            |entry: &JournalEntry| entry.is_done() && entry.action == Action::Created && entry.side == side;
        let of_row = snapshot.journal_of_row(name, side, row, Some(goal.last), usize::MAX)?;
        let replaces = |entry: &JournalEntry| entry.links.replaces.as_ref() == Some(row);
        if of_row.iter().any(|(_, entry)| made(entry) && replaces(entry)) {
            return Ok(true);
        }
        let Some(partner) = partner else { return Ok(false) };
        let other = side.other();
        let of_partner = snapshot.journal_of_row(name, other, partner, Some(goal.last), usize::MAX)?;
        let is_coupled = snapshot.coupling_of(name, other, partner)?.is_some();
        let beside = |entry: &JournalEntry| entry.links.partner.as_ref() == Some(partner);
        Ok(is_coupled && of_partner.iter().any(|(_, entry)| made(entry) && beside(entry)))
    }
}
