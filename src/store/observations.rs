//! Observations: rows that wait to be settled, by mapping, side and row.

use std::ops::Bound;

use super::tables::{OBSERVATIONS, side_byte};
use super::{Source, StoreError, Transaction, View};
use crate::model::{MappingName, Observation, RowId, Side};

/// How many observations are held in memory at once where all are visited.
const PAGE: usize = 500;

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

    /// Shows `visit` every observation of one side, in the order of `RowId::to_bytes`.
    pub fn visit_observations(
        &self,
        mapping: &MappingName,
        side: Side,
        mut visit: impl FnMut(Observation) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.observations(mapping, side, after.take(), PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.row.clone());
            page.into_iter().try_for_each(&mut visit)?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Content, Evidence, Standing, Timestamp};
    use crate::store::Store;

    fn observation(mapping: &str, side: Side, row: &str) -> Observation {
        Observation {
            mapping: MappingName::new(mapping),
            side,
            row: RowId::new(row),
            content: Content::Gone(Evidence::Tombstone),
            standing: Standing::Ready,
            seen_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn guid(first: u8) -> String {
        format!("{first:02x}000000-0000-4000-8000-000000000000")
    }

    #[test]
    fn observations_are_paged_in_the_order_of_their_row_bytes() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let mut rows: Vec<String> = [0xff, 0x00, 0x7f, 0x80].map(guid).to_vec();
        rows.extend(["A/1", "B/2", "ffffffff-ffff-ffff-ffff-ffffffffffff"].map(str::to_owned));
        for row in &rows {
            transaction.put_observation(&observation("CUSTOMER", Side::Right, row)).unwrap();
            transaction.put_observation(&observation("CUSTOMER", Side::Left, row)).unwrap();
            transaction.put_observation(&observation("CUSTOMERS", Side::Right, row)).unwrap();
        }
        let mapping = MappingName::new("CUSTOMER");
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = transaction.observations(&mapping, Side::Right, after.clone(), 2).unwrap();
            assert!(page.iter().all(|seen| seen.mapping == mapping && seen.side == Side::Right));
            seen.extend(page.iter().map(|observation| observation.row.clone()));
            match page.last() {
                Some(last) => after = Some(last.row.clone()),
                None => break,
            }
        }
        let mut expected: Vec<RowId> = rows.into_iter().map(RowId::new).collect();
        expected.sort_by_key(RowId::to_bytes);
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_page_may_start_after_a_row_that_is_settled() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let mapping = MappingName::new("CUSTOMER");
        for first in [1, 2, 3] {
            transaction.put_observation(&observation("CUSTOMER", Side::Left, &guid(first))).unwrap();
        }
        let settled = RowId::new(guid(2));
        transaction.remove_observation(&mapping, Side::Left, &settled).unwrap();
        assert_eq!(transaction.observation(&mapping, Side::Left, &settled).unwrap(), None);
        let page = transaction.observations(&mapping, Side::Left, Some(settled), 9).unwrap();
        assert_eq!(page, [observation("CUSTOMER", Side::Left, &guid(3))]);
    }

    #[test]
    fn a_later_observation_of_a_row_takes_the_earlier_ones_place() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let earlier = observation("CUSTOMER", Side::Left, "A/1");
        let later = Observation { content: Content::Unreadable("torn".into()), ..earlier.clone() };
        transaction.put_observation(&earlier).unwrap();
        transaction.put_observation(&later).unwrap();
        assert_eq!(transaction.observations(&later.mapping, Side::Left, None, 9).unwrap(), [later]);
    }
}
