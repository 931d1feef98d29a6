//! Reading single rows by key, and how each stands to the books.

use crate::agent::error::EngineError;
use crate::agent::look::compare::{Glance, Kind, glance, glance_at_unread};
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::model::{Content, CouplingState, Pair, Row, RowId, Side};
use crate::store::{Snapshot, StoreError};
use crate::sync::Present;
use crate::systems::KeyedRead;

use super::judge::Judge;

/// A row read by key, and how it stands to the books.
pub(super) struct Look {
    pub present: Present,
    pub row: Option<Row>,
    pub is_known: bool,
    pub is_alone: bool,
}

impl Judge<'_> {
    /// Reads rows of both sides.
    pub(super) async fn look_at_both(&self, ids: &Pair<Vec<RowId>>) -> Result<Pair<Vec<Look>>, EngineError> {
        let left = self.look(Side::Left, &ids.left).await?;
        Ok(Pair::new(left, self.look(Side::Right, &ids.right).await?))
    }

    /// Reads rows by key and holds each against the books.
    pub(super) async fn look(&self, side: Side, ids: &[RowId]) -> Result<Vec<Look>, EngineError> {
        let prepared = self.prepared;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let table = &prepared.mapping.tables[side];
        let reads = prepared.systems[side].rows(table, &prepared.columns[side], ids).await?;
        let snapshot = self.engine.store().snapshot()?;
        let mut looks = Vec::with_capacity(ids.len());
        for (id, read) in ids.iter().zip(reads) {
            looks.push(self.look_at(&snapshot, side, id, read)?);
        }
        Ok(looks)
    }

    fn look_at(
        &self,
        snapshot: &Snapshot,
        side: Side,
        id: &RowId,
        read: KeyedRead,
    ) -> Result<Look, StoreError> {
        let prepared = self.prepared;
        let look = |present, row, Glance { kind, is_known }| {
            let is_alone = matches!(kind, Kind::Alone(_));
            Look { present, row, is_known, is_alone }
        };
        Ok(match read {
            KeyedRead::Found(row) => {
                let glance = glance(snapshot, self.engine, prepared, side, &row)?;
                let present = match &glance.kind {
                    Kind::Outside => Present::Outside,
                    Kind::Unreadable => Present::Unreadable,
                    Kind::Alone(record) => Present::Record(record.clone()),
                    Kind::Coupled => {
                        let observer = Observer { prepared, now: self.engine.now() };
                        let record = observer.record(snapshot, side, &row)?;
                        record.map_or(Present::Unreadable, Present::Record)
                    }
                };
                look(present, Some(row), glance)
            }
            KeyedRead::Unreadable(_) => {
                look(Present::Unreadable, None, glance_at_unread(snapshot, prepared, side, id)?)
            }
            KeyedRead::Absent => {
                let is_known = is_known_gone(snapshot, prepared, side, id)?;
                Look { present: Present::Absent, row: None, is_known, is_alone: false }
            }
        })
    }

    /// Returns what people call a row, as far as it could be read.
    pub(super) fn label(&self, side: Side, id: &RowId, row: Option<&Row>) -> String {
        let observer = Observer { prepared: self.prepared, now: self.engine.now() };
        row.map_or_else(|| id.to_string(), |row| observer.label(side, row))
    }
}

/// Returns whether the books know that a row may be gone.
fn is_known_gone(
    snapshot: &Snapshot,
    prepared: &Prepared,
    side: Side,
    row: &RowId,
) -> Result<bool, StoreError> {
    let seen = snapshot.observation(prepared.name(), side, row)?;
    let is_suspect =
        seen.is_some_and(|seen| matches!(seen.content, Content::Gone(_) | Content::Missing { .. }));
    let coupling = snapshot.coupling_of(prepared.name(), side, row)?;
    Ok(is_suspect || coupling.is_some_and(|coupling| coupling.state == CouplingState::Broken))
}
