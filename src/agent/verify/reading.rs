//! Reading both tables of a mapping in full. Of each row only what the judging needs is kept.

use crate::agent::engine::{Engine, Progress};
use crate::agent::error::EngineError;
use crate::agent::look::compare::{self, Glance, Kind, TablePage, glance, glance_at_unread};
use crate::agent::prepare::Prepared;
use crate::model::{Pair, RowId, Side};
use crate::store::{Snapshot, StoreError};
use crate::sync::{self, Keys, Ledger};

use super::news;

/// What is kept of both tables.
pub struct Reading {
    pub sides: Pair<SideReading>,
}

/// What is kept of one table.
#[derive(Default)]
pub struct SideReading {
    /// Nobody has read this table to its end yet, or the next run reads it anew: whatever is strange is about to be seen.
    pub is_unread: bool,
    /// Rows that are none of the mapping's business.
    pub outside: Ledger,
    /// The coupled rows.
    pub coupled: Ledger,
    /// Rows without a partner, as the books say.
    pub alone: Vec<Keys>,
    /// Rows without a partner that are not as the books say, with keys as far as they can be read.
    pub strange: Vec<Keys>,
    /// Rows without a partner that are about to be seen for the first time.
    pub unread: Ledger,
}

impl Reading {
    /// Reads both tables, page by page.
    pub async fn of(engine: &Engine, prepared: &Prepared) -> Result<Self, EngineError> {
        let mut sides: Pair<SideReading> = Pair::default();
        for side in Side::BOTH {
            sides[side] = SideReading::of(engine, prepared, side).await?;
        }
        Ok(Self { sides })
    }
}

impl SideReading {
    async fn of(engine: &Engine, prepared: &Prepared, side: Side) -> Result<Self, EngineError> {
        let mut reading = Self { is_unread: news::is_read_anew(engine, prepared, side)?, ..Self::default() };
        let (connection, table) = (&prepared.mapping.connections[side], &prepared.mapping.tables[side]);
        let (mut page, mut rows) = (None, 0);
        loop {
            let read = compare::page(prepared, side, page).await?;
            reading.take(engine, prepared, side, &read)?;
            rows += read.rows.len() as u64;
            engine.progress(Progress::Reading { connection, table, rows });
            page = read.next;
            if page.is_none() {
                break;
            }
        }
        reading.close();
        Ok(reading)
    }

    fn take(
        &mut self,
        engine: &Engine,
        prepared: &Prepared,
        side: Side,
        page: &TablePage,
    ) -> Result<(), StoreError> {
        let snapshot = engine.store().snapshot()?;
        for row in &page.rows {
            match row {
                Ok(row) => {
                    let glance = glance(&snapshot, engine, prepared, side, row)?;
                    self.note(&snapshot, prepared, side, &row.id, glance)?;
                }
                Err(error) => {
                    if let Some(id) = &error.id {
                        let glance = glance_at_unread(&snapshot, prepared, side, id)?;
                        self.note(&snapshot, prepared, side, id, glance)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn note(
        &mut self,
        snapshot: &Snapshot,
        prepared: &Prepared,
        side: Side,
        row: &RowId,
        Glance { kind, is_known }: Glance,
    ) -> Result<(), StoreError> {
        let is_coupled = match kind {
            Kind::Coupled => true,
            Kind::Alone(_) => false,
            Kind::Outside | Kind::Unreadable => snapshot.coupling_of(prepared.name(), side, row)?.is_some(),
        };
        let keys = match kind {
            _ if is_coupled => {
                self.coupled.note(row, is_known);
                return Ok(());
            }
            Kind::Outside if is_known => {
                self.outside.note(row, true);
                return Ok(());
            }
            Kind::Alone(record) => sync::digested(sync::keys_of(&prepared.mapping, row.clone(), &record)),
            Kind::Coupled | Kind::Outside | Kind::Unreadable => Keys { row: row.clone(), keys: Vec::new() },
        };
        match (is_known, self.is_unread) {
            (true, _) => self.alone.push(keys),
            (false, false) => self.strange.push(keys),
            (false, true) => self.unread.note(row, false),
        }
        Ok(())
    }

    /// A row may have come on two pages.
    fn close(&mut self) {
        for ledger in [&mut self.coupled, &mut self.outside, &mut self.unread] {
            ledger.close();
        }
        for rows in [&mut self.alone, &mut self.strange] {
            rows.sort_by(|one, other| one.row.cmp(&other.row));
            rows.dedup_by(|one, other| one.row == other.row);
        }
        // One that was strange on any page is read by key before anything is said about it.
        let Self { alone, strange, .. } = self;
        alone.retain(|keys| strange.binary_search_by(|other| other.row.cmp(&keys.row)).is_err());
    }

    /// Returns how many rows the table has.
    pub fn rows(&self) -> u64 {
        let ledgers = [&self.coupled, &self.outside, &self.unread];
        let rows = ledgers.iter().map(|ledger| ledger.len()).sum::<usize>();
        (rows + self.alone.len() + self.strange.len()) as u64
    }
}
