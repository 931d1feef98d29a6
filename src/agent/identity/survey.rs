//! Comparing a system as it is with what was last agreed, row by row, without storing anything.

use crate::agent::desk::control::{DifferentRow, RebaselineMapping};
use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::agent::report::{FieldLine, shown};
use crate::mapping::Direction;
use crate::model::{Coupling, CouplingState, Record, Row, RowId, Side};
use crate::store::{Snapshot, StoreError};
use crate::sync;
use crate::systems::{ChangeQuery, Cursor, KeyedRead, Next};

use super::wiped::Present;

/// How many differing rows are shown; all are counted.
const SHOWN: usize = 20;
/// How many rows that were not listed are asked for at once.
const ASKED_AT_ONCE: usize = 500;

/// What was found in one mapping.
pub struct Survey {
    pub counts: RebaselineMapping,
    pub different: Vec<DifferentRow>,
    /// Coupled rows that are neither listed nor readable by key.
    pub gone: Vec<RowId>,
}

/// Surveys one side of a mapping.
pub async fn survey(engine: &Engine, prepared: &Prepared, side: Side) -> Result<Survey, EngineError> {
    let counts = RebaselineMapping {
        mapping: prepared.name().to_string(),
        table: prepared.mapping.tables[side].to_string(),
        ..RebaselineMapping::default()
    };
    let mut surveyor = Surveyor {
        engine,
        prepared,
        side,
        survey: Survey { counts, different: Vec::new(), gone: Vec::new() },
        present: Present::new(),
    };
    surveyor.list().await?;
    let missing = surveyor.missing()?;
    surveyor.ask_for(&missing).await?;
    Ok(surveyor.survey)
}

struct Surveyor<'a> {
    engine: &'a Engine,
    prepared: &'a Prepared,
    side: Side,
    survey: Survey,
    present: Present,
}

impl Surveyor<'_> {
    async fn list(&mut self) -> Result<(), EngineError> {
        let mut cursor = Cursor::Start;
        loop {
            let query = ChangeQuery {
                table: self.prepared.mapping.tables[self.side].clone(),
                columns: self.prepared.columns[self.side].clone(),
                cursor,
                filter: None,
            };
            let page = self.prepared.systems[self.side].changes(&query).await?;
            let snapshot = self.engine.store().snapshot()?;
            for row in page.rows {
                match row {
                    Ok(row) => self.row(&snapshot, &row)?,
                    Err(error) => {
                        let is_first = error.id.is_none_or(|id| self.present.insert(id.to_bytes()));
                        self.survey.counts.unreadable += u64::from(is_first);
                    }
                }
            }
            match page.next {
                Next::Page(link) => cursor = Cursor::Page(link),
                Next::Done(_) => return Ok(()),
            }
        }
    }

    /// Compares a row with what was agreed. A listing may show it twice.
    fn row(&mut self, snapshot: &Snapshot, row: &Row) -> Result<(), StoreError> {
        if !self.present.insert(row.id.to_bytes()) {
            return Ok(());
        }
        let (name, mapping) = (self.prepared.name(), &self.prepared.mapping);
        let counts = &mut self.survey.counts;
        match snapshot.coupling_of(name, self.side, &row.id)? {
            None => {
                let passes =
                    mapping.filters[self.side].as_ref().is_none_or(|filter| filter.accepts(row) == Ok(true));
                counts.unknown += u64::from(passes);
            }
            Some(coupling) if !is_active(&coupling) => {}
            Some(coupling) => {
                let observer = Observer { prepared: self.prepared, now: self.engine.now() };
                match observer.record(snapshot, self.side, row)? {
                    Ok(record) if sync::in_step(mapping, &coupling.base, &record) => counts.as_agreed += 1,
                    Ok(record) => {
                        counts.different += 1;
                        if self.survey.different.len() < SHOWN {
                            let fields = self.differences(snapshot, &coupling, &record)?;
                            let row = DifferentRow { mapping: name.to_string(), row: coupling.label, fields };
                            self.survey.different.push(row);
                        }
                    }
                    Err(_) => counts.unreadable += 1,
                }
            }
        }
        Ok(())
    }

    fn differences(
        &self,
        snapshot: &Snapshot,
        coupling: &Coupling,
        record: &Record,
    ) -> Result<Vec<FieldLine>, StoreError> {
        let mut lines = Vec::new();
        for field in &self.prepared.mapping.fields {
            let (agreed, Some(found)) = (coupling.base.get(&field.id), record.get(&field.id)) else {
                continue;
            };
            if field.direction == Direction::Match || agreed == Some(found) {
                continue;
            }
            lines.push(FieldLine {
                field: field.id.to_string(),
                before: agreed.map(|agreed| shown(snapshot, field, agreed)).transpose()?,
                after: shown(snapshot, field, found)?,
            });
        }
        Ok(lines)
    }

    /// Returns the coupled rows that were not listed.
    fn missing(&mut self) -> Result<Vec<RowId>, StoreError> {
        let snapshot = self.engine.store().snapshot()?;
        let (mut missing, mut after) = (Vec::new(), None);
        loop {
            let couplings = snapshot.couplings(self.prepared.name(), after, 500)?;
            let Some(last) = couplings.last() else { return Ok(missing) };
            after = Some(last.id);
            for coupling in couplings.into_iter().filter(is_active) {
                self.survey.counts.coupled += 1;
                let row = &coupling.rows[self.side];
                if !self.present.contains(&row.to_bytes()) {
                    missing.push(row.clone());
                }
            }
        }
    }

    /// Absence from a list is no evidence: each row is asked for by its key.
    async fn ask_for(&mut self, missing: &[RowId]) -> Result<(), EngineError> {
        let (table, columns) = (&self.prepared.mapping.tables[self.side], &self.prepared.columns[self.side]);
        for rows in missing.chunks(ASKED_AT_ONCE) {
            let reads = self.prepared.systems[self.side].rows(table, columns, rows).await?;
            let snapshot = self.engine.store().snapshot()?;
            for (id, read) in rows.iter().zip(reads) {
                match read {
                    KeyedRead::Found(row) => self.row(&snapshot, &row)?,
                    KeyedRead::Unreadable(_) => self.survey.counts.unreadable += 1,
                    KeyedRead::Absent => {
                        self.survey.counts.gone += 1;
                        self.survey.gone.push(id.clone());
                    }
                }
            }
        }
        Ok(())
    }
}

const fn is_active(coupling: &Coupling) -> bool {
    matches!(coupling.state, CouplingState::Active { .. })
}
