//! Couplings, and the two unique indexes that keep them one to one (I4).

use std::ops::Bound;

use super::tables::{COUPLING_BY_ROW, COUPLING_COUNTS, COUPLINGS, side_byte};
use super::{Source, StoreError, Transaction, View};
use crate::model::{Coupling, CouplingId, MappingName, RowId, Side};

impl<S: Source> View<S> {
    /// Returns a coupling by its number.
    pub fn coupling(&self, mapping: &MappingName, id: CouplingId) -> Result<Option<Coupling>, StoreError> {
        self.find(&COUPLINGS, &(mapping.as_str(), id.0))
    }

    /// Returns the coupling a row is in.
    pub fn coupling_of(
        &self,
        mapping: &MappingName,
        side: Side,
        row: &RowId,
    ) -> Result<Option<Coupling>, StoreError> {
        match self.coupling_id_of(mapping, side, row)? {
            Some(id) => self.coupling(mapping, id),
            None => Ok(None),
        }
    }

    /// Returns the row coupled to a row, on the other side.
    pub fn partner(
        &self,
        mapping: &MappingName,
        side: Side,
        row: &RowId,
    ) -> Result<Option<RowId>, StoreError> {
        let coupling = self.coupling_of(mapping, side, row)?;
        Ok(coupling.map(|coupling| coupling.rows[side.other()].clone()))
    }

    /// Returns at most `limit` couplings of a mapping whose numbers follow `after`, in the order of their numbers.
    pub fn couplings(
        &self,
        mapping: &MappingName,
        after: Option<CouplingId>,
        limit: usize,
    ) -> Result<Vec<Coupling>, StoreError> {
        let name = mapping.as_str();
        let start = after.map_or(Bound::Included((name, u64::MIN)), |id| Bound::Excluded((name, id.0)));
        self.list(&COUPLINGS, (start, Bound::Included((name, u64::MAX))), limit)
    }

    /// Returns how many couplings a mapping has.
    pub fn count_couplings(&self, mapping: &MappingName) -> Result<u64, StoreError> {
        Ok(self.plain(COUPLING_COUNTS, mapping.as_str())?.unwrap_or_default())
    }

    fn coupling_id_of(
        &self,
        mapping: &MappingName,
        side: Side,
        row: &RowId,
    ) -> Result<Option<CouplingId>, StoreError> {
        let key = (mapping.as_str(), side_byte(side), &row.to_bytes());
        Ok(self.plain(COUPLING_BY_ROW, key)?.map(CouplingId))
    }
}

impl Transaction {
    /// Inserts a coupling, or replaces the one with its number; its rows may differ from the replaced one's.
    pub fn put_coupling(&mut self, coupling: &Coupling) -> Result<(), StoreError> {
        let mapping = &coupling.mapping;
        for side in Side::BOTH {
            self.refuse_if_taken(coupling, side)?;
        }
        match self.coupling(mapping, coupling.id)? {
            Some(old) if old.rows == coupling.rows => {}
            Some(old) => {
                self.unindex_coupling(&old)?;
                self.index_coupling(coupling)?;
            }
            None => {
                self.index_coupling(coupling)?;
                let count = self.count_couplings(mapping)?;
                self.set_plain(COUPLING_COUNTS, mapping.as_str(), count + 1)?;
            }
        }
        self.put(&COUPLINGS, &(mapping.as_str(), coupling.id.0), coupling)
    }

    /// Removes a coupling, if it is there.
    pub fn remove_coupling(&mut self, mapping: &MappingName, id: CouplingId) -> Result<(), StoreError> {
        let Some(old) = self.coupling(mapping, id)? else { return Ok(()) };
        self.unindex_coupling(&old)?;
        let count = self.count_couplings(mapping)?;
        self.set_plain(COUPLING_COUNTS, mapping.as_str(), count.saturating_sub(1))?;
        self.remove(&COUPLINGS, &(mapping.as_str(), id.0))
    }

    /// Gives out a number for a new coupling.
    pub fn next_coupling_id(&mut self) -> Result<CouplingId, StoreError> {
        self.next_number("coupling").map(CouplingId)
    }

    fn refuse_if_taken(&self, coupling: &Coupling, side: Side) -> Result<(), StoreError> {
        let row = &coupling.rows[side];
        match self.coupling_id_of(&coupling.mapping, side, row)? {
            Some(taken) if taken != coupling.id => Err(StoreError::AlreadyCoupled {
                mapping: coupling.mapping.clone(),
                side,
                row: row.clone(),
                coupling: taken,
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn index_coupling(&mut self, coupling: &Coupling) -> Result<(), StoreError> {
        for side in Side::BOTH {
            let key = (coupling.mapping.as_str(), side_byte(side), &coupling.rows[side].to_bytes());
            self.set_plain(COUPLING_BY_ROW, key, coupling.id.0)?;
        }
        Ok(())
    }

    fn unindex_coupling(&mut self, coupling: &Coupling) -> Result<(), StoreError> {
        for side in Side::BOTH {
            let key = (coupling.mapping.as_str(), side_byte(side), &coupling.rows[side].to_bytes());
            self.remove_plain(COUPLING_BY_ROW, key)?;
        }
        Ok(())
    }
}
