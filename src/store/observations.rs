//! Observations: rows that wait to be settled, by mapping, side and row.

use std::ops::Bound;

use super::tables::{OBSERVATIONS, side_byte};
use super::{Source, StoreError, Transaction, View};
use crate::model::{MappingName, Observation, RowId, Side};

impl<S: Source> View<S> {
    /// Returns what was last seen of a row, unless it is settled.
    pub fn observation(
        &self,
        mapping: &MappingName,
        side: Side,
        row: &RowId,
    ) -> Result<Option<Observation>, StoreError> {
        self.find(&OBSERVATIONS, &(mapping.as_str(), side_byte(side), &row.to_bytes()))
    }

    /// Returns at most `limit` observations of one side that follow `after`, in the order of `RowId::to_bytes`.
    pub fn observations(
        &self,
        mapping: &MappingName,
        side: Side,
        after: Option<RowId>,
        limit: usize,
    ) -> Result<Vec<Observation>, StoreError> {
        let (name, side) = (mapping.as_str(), side_byte(side));
        let after = after.map(|row| row.to_bytes());
        let start = match &after {
            Some(row) => Bound::Excluded((name, side, row)),
            None => Bound::Included((name, side, &[u8::MIN; 16])),
        };
        self.list(&OBSERVATIONS, (start, Bound::Included((name, side, &[u8::MAX; 16]))), limit)
    }
}

impl Transaction {
    /// Stores an observation in place of an earlier one of the same row.
    pub fn put_observation(&mut self, observation: &Observation) -> Result<(), StoreError> {
        let row = observation.row.to_bytes();
        let key = (observation.mapping.as_str(), side_byte(observation.side), &row);
        self.put(&OBSERVATIONS, &key, observation)
    }

    /// Removes a row's observation: the row is settled.
    pub fn remove_observation(
        &mut self,
        mapping: &MappingName,
        side: Side,
        row: &RowId,
    ) -> Result<(), StoreError> {
        self.remove(&OBSERVATIONS, &(mapping.as_str(), side_byte(side), &row.to_bytes()))
    }
}
