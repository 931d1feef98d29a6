//! Judging rows without a partner: those that match one on the other side, and those that Tandem was never shown as they
//! are.

use std::collections::{BTreeMap, BTreeSet};

use crate::agent::error::EngineError;
use crate::agent::report::reason_group;
use crate::model::{Pair, RowId, Side};
use crate::store::{Snapshot, StoreError};
use crate::sync::{self, Class, Keys, Present};

use super::judge::{CHUNK, Judge};
use super::reading::SideReading;
use super::report::{Finding, FindingClass};

impl Judge<'_> {
    /// Finds rows that match and are not coupled, and names those of which nobody is about to hear. Returns all of them.
    pub(super) async fn twins(
        &mut self,
        sides: &Pair<SideReading>,
    ) -> Result<Pair<BTreeSet<RowId>>, EngineError> {
        let mut twins: Pair<BTreeSet<RowId>> = Pair::default();
        if Side::BOTH.iter().any(|side| sides[*side].is_unread) {
            return Ok(twins);
        }
        let keys = Pair::from_fn(|side| {
            let side = &sides[side];
            side.alone.iter().chain(&side.strange).cloned().collect::<Vec<Keys>>()
        });
        let matching = sync::find_partners(keys.as_ref().map(Vec::as_slice));
        for chunk in matching.couples.chunks(CHUNK) {
            let ids =
                Pair::from_fn(|side| chunk.iter().map(|(rows, _)| rows[side].clone()).collect::<Vec<_>>());
            let looks = self.look_at_both(&ids).await?;
            let news = self.news(&ids.map(|ids| ids.into_iter().collect())).await?;
            let mut to_read: Pair<Vec<RowId>> = Pair::default();
            for (((rows, _), left), right) in chunk.iter().zip(looks.left).zip(looks.right) {
                let looks = Pair::new(left, right);
                let are_there = Side::BOTH.iter().all(|side| looks[*side].is_alone);
                let is_told = Side::BOTH.iter().any(|side| news[*side].tells_of(&rows[*side]));
                if !are_there || is_told || self.is_about_to_be_decided(rows)? {
                    continue;
                }
                for side in Side::BOTH {
                    twins[side].insert(rows[side].clone());
                    to_read[side].push(rows[side].clone());
                }
                self.verdict.twins += 1;
                self.name(|judge| {
                    let row = judge.label(Side::Left, &rows.left, looks.left.row.as_ref());
                    let ids = rows.as_ref().map(|row| Some(row.to_string()));
                    Ok(Finding { class: FindingClass::Twins, row, ids, on: None, fields: Vec::new() })
                })?;
            }
            self.repair(&to_read).await?;
        }
        Ok(twins)
    }

    /// Returns whether the next run looks at one of two rows anyway.
    fn is_about_to_be_decided(&self, rows: &Pair<RowId>) -> Result<bool, StoreError> {
        let snapshot = self.engine.store().snapshot()?;
        for side in Side::BOTH {
            let seen = snapshot.observation(self.prepared.name(), side, &rows[side])?;
            if seen.is_some_and(|seen| sync::class_of_waiting(&seen.standing) == Class::Pending) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts rows without a partner that are as the books say.
    pub(super) fn alone(
        &mut self,
        side: Side,
        rows: &[Keys],
        twins: &BTreeSet<RowId>,
    ) -> Result<(), StoreError> {
        let snapshot = self.engine.store().snapshot()?;
        for keys in rows.iter().filter(|keys| !twins.contains(&keys.row)) {
            self.count_alone(&snapshot, side, &keys.row)?;
        }
        Ok(())
    }

    fn count_alone(&mut self, snapshot: &Snapshot, side: Side, row: &RowId) -> Result<(), StoreError> {
        let Some(seen) = snapshot.observation(self.prepared.name(), side, row)? else { return Ok(()) };
        match sync::class_of_waiting(&seen.standing) {
            Class::Parked(reason) => {
                let reason = reason_group(&reason, &self.prepared.mapping);
                *self.verdict.alone[side].entry(reason).or_default() += 1;
            }
            class => self.count(class),
        }
        Ok(())
    }

    /// Looks at rows without a partner that are not as the books say.
    pub(super) async fn strange(
        &mut self,
        side: Side,
        rows: &[Keys],
        twins: &BTreeSet<RowId>,
    ) -> Result<(), EngineError> {
        let rows: Vec<_> = rows.iter().map(|keys| &keys.row).filter(|row| !twins.contains(row)).collect();
        for chunk in rows.chunks(CHUNK) {
            let ids: Vec<RowId> = chunk.iter().map(|row| (*row).clone()).collect();
            let looks = self.look(side, &ids).await?;
            let mut open = BTreeMap::new();
            {
                let snapshot = self.engine.store().snapshot()?;
                for (id, look) in ids.into_iter().zip(looks) {
                    let is_coupled = snapshot.coupling_of(self.prepared.name(), side, &id)?.is_some();
                    if look.is_known {
                        self.count_alone(&snapshot, side, &id)?;
                    } else if !is_coupled && look.present != Present::Absent {
                        open.insert(id, look);
                    }
                }
            }
            let mut rows = Pair::default();
            rows[side] = open.keys().cloned().collect();
            let news = self.news(&rows).await?;
            let mut to_read: Pair<Vec<RowId>> = Pair::default();
            for (id, look) in open {
                if news[side].tells_of(&id) {
                    self.verdict.pending += 1;
                    continue;
                }
                let class = match look.present {
                    Present::Unreadable => FindingClass::Unreadable,
                    Present::Record(_) | Present::Outside | Present::Absent => FindingClass::Unseen,
                };
                match class {
                    FindingClass::Unreadable => self.verdict.unreadable += 1,
                    _ => self.verdict.unseen += 1,
                }
                self.name(|judge| {
                    let row = judge.label(side, &id, look.row.as_ref());
                    let mut ids = Pair::new(None, None);
                    ids[side] = Some(id.to_string());
                    let on = Some(judge.prepared.mapping.connections[side].to_string());
                    Ok(Finding { class, row, ids, on, fields: Vec::new() })
                })?;
                to_read[side].push(id);
            }
            self.repair(&to_read).await?;
        }
        Ok(())
    }
}
