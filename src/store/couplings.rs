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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;
    use crate::model::{CouplingState, Pair, Record};
    use crate::store::Store;

    fn mapping() -> MappingName {
        MappingName::new("CUSTOMER")
    }

    fn coupling(id: u64, left: &str, right: &str) -> Coupling {
        Coupling {
            id: CouplingId(id),
            mapping: mapping(),
            rows: Pair::new(RowId::new(left), RowId::new(right)),
            base: Record::default(),
            versions: Pair::default(),
            state: CouplingState::IN_SCOPE,
            label: format!("{left} {right}"),
        }
    }

    fn id_of(transaction: &Transaction, side: Side, row: &str) -> Option<u64> {
        transaction.coupling_of(&mapping(), side, &RowId::new(row)).unwrap().map(|coupling| coupling.id.0)
    }

    #[test]
    fn a_coupling_is_found_by_number_and_by_either_row() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let id = transaction.next_coupling_id().unwrap();
        let coupling = coupling(id.0, "l1", "r1");
        transaction.put_coupling(&coupling).unwrap();
        transaction.commit().unwrap();

        let snapshot = store.snapshot().unwrap();
        assert_eq!(snapshot.coupling(&mapping(), id).unwrap().as_ref(), Some(&coupling));
        for side in Side::BOTH {
            let found = snapshot.coupling_of(&mapping(), side, &coupling.rows[side]).unwrap();
            assert_eq!(found.as_ref(), Some(&coupling));
            let partner = snapshot.partner(&mapping(), side, &coupling.rows[side]).unwrap();
            assert_eq!(partner.as_ref(), Some(&coupling.rows[side.other()]));
            assert_eq!(snapshot.coupling_of(&mapping(), side.other(), &coupling.rows[side]).unwrap(), None);
        }
        assert_eq!(snapshot.count_couplings(&mapping()).unwrap(), 1);
    }

    /// I4
    #[test]
    fn a_row_in_two_couplings_is_refused_and_changes_nothing() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        transaction.put_coupling(&coupling(1, "l1", "r1")).unwrap();
        transaction.put_coupling(&coupling(2, "l2", "r2")).unwrap();
        for (taken, id, side) in [
            (coupling(3, "l1", "r3"), 1, Side::Left),
            (coupling(3, "l3", "r2"), 2, Side::Right),
            (coupling(2, "l2", "r1"), 1, Side::Right),
        ] {
            let error = transaction.put_coupling(&taken).unwrap_err();
            let StoreError::AlreadyCoupled { side: refused, row, coupling, .. } = error else {
                panic!("{error}")
            };
            assert_eq!((refused, &row, coupling), (side, &taken.rows[side], CouplingId(id)));
        }
        assert_eq!(transaction.count_couplings(&mapping()).unwrap(), 2);
        assert_eq!(id_of(&transaction, Side::Left, "l3"), None);
        assert_eq!(id_of(&transaction, Side::Right, "r3"), None);
        assert_eq!(id_of(&transaction, Side::Right, "r2"), Some(2));
    }

    /// I4 holds within a mapping: another mapping may couple the same rows.
    #[test]
    fn mappings_do_not_see_each_other() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let other = MappingName::new("CUSTOMER2");
        transaction.put_coupling(&coupling(1, "l1", "r1")).unwrap();
        transaction.put_coupling(&Coupling { mapping: other.clone(), ..coupling(1, "l1", "r2") }).unwrap();
        assert_eq!(id_of(&transaction, Side::Right, "r2"), None);
        transaction.remove_coupling(&mapping(), CouplingId(1)).unwrap();
        assert_eq!(transaction.couplings(&mapping(), None, 9).unwrap(), []);
        assert_eq!(transaction.couplings(&other, None, 9).unwrap().len(), 1);
        assert_eq!(transaction.count_couplings(&mapping()).unwrap(), 0);
        assert_eq!(transaction.count_couplings(&other).unwrap(), 1);
    }

    #[test]
    fn the_indexes_follow_a_row_that_is_coupled_anew() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        transaction.put_coupling(&coupling(1, "l1", "r1")).unwrap();
        transaction.put_coupling(&coupling(1, "l1", "r2")).unwrap();
        assert_eq!(id_of(&transaction, Side::Right, "r1"), None);
        assert_eq!(id_of(&transaction, Side::Right, "r2"), Some(1));
        assert_eq!(id_of(&transaction, Side::Left, "l1"), Some(1));
        assert_eq!(transaction.count_couplings(&mapping()).unwrap(), 1);

        transaction.put_coupling(&coupling(2, "l2", "r1")).unwrap();
        assert_eq!(id_of(&transaction, Side::Right, "r1"), Some(2));
        transaction.remove_coupling(&mapping(), CouplingId(1)).unwrap();
        transaction.put_coupling(&coupling(3, "l1", "r2")).unwrap();
        assert_eq!(id_of(&transaction, Side::Left, "l1"), Some(3));
    }

    #[test]
    fn couplings_are_paged_in_the_order_of_their_numbers() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        for id in [300, 1, 2, 256] {
            transaction.put_coupling(&coupling(id, &format!("l{id}"), &format!("r{id}"))).unwrap();
        }
        let page = |after: Option<u64>, limit| -> Vec<u64> {
            let couplings = transaction.couplings(&mapping(), after.map(CouplingId), limit).unwrap();
            couplings.iter().map(|coupling| coupling.id.0).collect()
        };
        assert_eq!(page(None, 3), [1, 2, 256]);
        assert_eq!(page(Some(256), 3), [300]);
        assert_eq!(page(Some(300), 3), [0_u64; 0]);
        assert_eq!(page(None, 0), [0_u64; 0]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put { id: u64, left: u8, right: u8 },
        Remove { id: u64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (1..6_u64, 0..5_u8, 0..5_u8).prop_map(|(id, left, right)| Step::Put { id, left, right }),
            1 => (1..6_u64).prop_map(|id| Step::Remove { id }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// I4: after any steps each row is in at most one coupling, and the indexes say exactly what the couplings say.
        #[test]
        fn couplings_stay_one_to_one(steps in proptest::collection::vec(step(), 0..25)) {
            let store = Store::in_memory().unwrap();
            let mut transaction = store.transaction().unwrap();
            let mut expected: BTreeMap<u64, Pair<u8>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Put { id, left, right } => {
                        let put = transaction.put_coupling(&coupling(id, &format!("l{left}"), &format!("r{right}")));
                        let taken = expected.iter().any(|(other, rows)| {
                            *other != id && (rows.left == left || rows.right == right)
                        });
                        prop_assert_eq!(put.is_err(), taken);
                        if !taken {
                            expected.insert(id, Pair::new(left, right));
                        }
                    }
                    Step::Remove { id } => {
                        transaction.remove_coupling(&mapping(), CouplingId(id)).unwrap();
                        expected.remove(&id);
                    }
                }
            }
            for row in 0..5_u8 {
                let holder = |find: &dyn Fn(&Pair<u8>) -> u8| {
                    expected.iter().find(|(_, rows)| find(rows) == row).map(|(id, _)| *id)
                };
                let left = id_of(&transaction, Side::Left, &format!("l{row}"));
                let right = id_of(&transaction, Side::Right, &format!("r{row}"));
                prop_assert_eq!(left, holder(&|rows| rows.left));
                prop_assert_eq!(right, holder(&|rows| rows.right));
            }
            prop_assert_eq!(transaction.count_couplings(&mapping()).unwrap(), expected.len() as u64);
            prop_assert!(transaction.couplings(&mapping(), None, 99).unwrap().len() == expected.len());
        }
    }
}
