//! Couplings of a restored backup whose rows have not both been seen since.

use std::ops::Bound;

use redb::ReadableTable;

use super::tables::DOUBTS;
use super::{Doubt, Source, StoreError, Transaction, View};
use crate::model::{CouplingId, MappingName};

impl<S: Source> View<S> {
    /// Returns the doubt about a coupling, if there is one.
    pub fn doubt(&self, mapping: &MappingName, id: CouplingId) -> Result<Option<Doubt>, StoreError> {
        self.find(&DOUBTS, &(mapping.as_str(), id.0))
    }

    /// Returns at most `limit` couplings in doubt whose numbers follow `after`.
    pub fn doubts(
        &self,
        mapping: &MappingName,
        after: Option<CouplingId>,
        limit: usize,
    ) -> Result<Vec<CouplingId>, StoreError> {
        let name = mapping.as_str();
        let start = after.map_or(Bound::Included((name, u64::MIN)), |id| Bound::Excluded((name, id.0)));
        let table = self.open(DOUBTS.definition())?;
        let range = table.range::<(&str, u64)>((start, Bound::Included((name, u64::MAX))))?;
        range.take(limit).map(|entry| Ok(CouplingId(entry?.0.value().1))).collect()
    }
}

impl Transaction {
    /// Casts doubt on a coupling's base.
    pub fn put_doubt(
        &mut self,
        mapping: &MappingName,
        id: CouplingId,
        doubt: &Doubt,
    ) -> Result<(), StoreError> {
        self.put(&DOUBTS, &(mapping.as_str(), id.0), doubt)
    }

    /// Ends the doubt about a coupling.
    pub fn remove_doubt(&mut self, mapping: &MappingName, id: CouplingId) -> Result<(), StoreError> {
        self.remove(&DOUBTS, &(mapping.as_str(), id.0))
    }
}
