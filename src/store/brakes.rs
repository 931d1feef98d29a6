//! Plans that wait for a person or were approved by one, and what was done within the windows of the brakes.

use std::ops::Bound::Included;

use super::stored::{StoredApprovedRow, StoredPlannedRow};
use super::tables::{APPROVED_ROWS, BRAKED_PLANS, BRAKED_ROWS, Book, DONE, PACES, PlanRowKey, side_byte};
use super::{Source, StoreError, Transaction, View};
use crate::model::{
    ApprovedRow, BrakedPlan, Counted, DoneInHour, MappingName, Pace, PlanKey, PlanVerb, PlannedRow, Side,
};

const PAGE: usize = 500;

const fn verb_byte(verb: PlanVerb) -> u8 {
    match verb {
        PlanVerb::Create => 0,
        PlanVerb::Update => 1,
        PlanVerb::Delete => 2,
        PlanVerb::Uncouple => 3,
        PlanVerb::Ask => 4,
    }
}

fn row_key<'a>(mapping: &'a MappingName, key: &'a PlanKey) -> (&'a str, u8, u8, &'a [u8; 16]) {
    (mapping.as_str(), side_byte(key.on), verb_byte(key.verb), &key.row)
}

/// Names what is counted, as the key has it.
fn counted_word(what: &Counted) -> String {
    match what {
        Counted::Create => "create".to_owned(),
        Counted::Update => "update".to_owned(),
        Counted::Delete => "delete".to_owned(),
        Counted::Uncouple => "uncouple".to_owned(),
        Counted::Ask => "ask".to_owned(),
        Counted::Blank(field) => format!("blank {field}"),
    }
}

impl<S: Source> View<S> {
    /// Returns the plan of a mapping that is over a limit and waits, if there is one.
    pub fn braked_plan(&self, mapping: &MappingName) -> Result<Option<BrakedPlan>, StoreError> {
        self.find(&BRAKED_PLANS, &mapping.as_str())
    }

    /// Returns at most `limit` rows of the waiting plan that follow `after`, in the order of their keys.
    pub fn braked_rows(
        &self,
        mapping: &MappingName,
        after: Option<&PlanKey>,
        limit: usize,
    ) -> Result<Vec<PlannedRow>, StoreError> {
        self.plan_rows::<StoredPlannedRow, _>(&BRAKED_ROWS, mapping, after, limit)
    }

    /// Returns a row of an approved plan that is not done yet.
    pub fn approved_row(
        &self,
        mapping: &MappingName,
        key: &PlanKey,
    ) -> Result<Option<ApprovedRow>, StoreError> {
        self.find(&APPROVED_ROWS, &row_key(mapping, key))
    }

    /// Shows `visit` every approved row of a mapping that is not done yet.
    pub fn visit_approved_rows(
        &self,
        mapping: &MappingName,
        mut visit: impl FnMut(ApprovedRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut after: Option<PlanKey> = None;
        loop {
            let page: Vec<ApprovedRow> =
                self.plan_rows::<StoredApprovedRow, _>(&APPROVED_ROWS, mapping, after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.planned.key());
            page.into_iter().try_for_each(&mut visit)?;
        }
    }

    fn plan_rows<T, M>(
        &self,
        book: &Book<PlanRowKey, T>,
        mapping: &MappingName,
        after: Option<&PlanKey>,
        limit: usize,
    ) -> Result<Vec<M>, StoreError>
    where
        T: super::stored::Stored<M> + serde::de::DeserializeOwned,
    {
        let name = mapping.as_str();
        let start = match after {
            Some(key) => std::ops::Bound::Excluded(row_key(mapping, key)),
            None => Included((name, u8::MIN, u8::MIN, &[u8::MIN; 16])),
        };
        self.list(book, (start, Included((name, u8::MAX, u8::MAX, &[u8::MAX; 16]))), limit)
    }

    /// Returns what was done in a mapping from that hour on without being approved.
    pub fn done_since(&self, mapping: &MappingName, hour: u64) -> Result<Vec<DoneInHour>, StoreError> {
        let all = self.done(mapping)?;
        Ok(all.into_iter().filter(|done| done.hour >= hour).collect())
    }

    fn done(&self, mapping: &MappingName) -> Result<Vec<DoneInHour>, StoreError> {
        let name = mapping.as_str();
        let from = Included((name, u8::MIN, "", u64::MIN));
        self.list(&DONE, (from, Included((name, u8::MAX, "", u64::MAX))), usize::MAX)
    }

    /// Returns how a mapping's passes follow each other; nothing before the first one.
    pub fn pace(&self, mapping: &MappingName) -> Result<Option<Pace>, StoreError> {
        self.find(&PACES, &mapping.as_str())
    }
}

impl Transaction {
    /// Stores a plan over a limit, without its rows.
    pub fn put_braked_plan(&mut self, plan: &BrakedPlan) -> Result<(), StoreError> {
        self.put(&BRAKED_PLANS, &plan.mapping.as_str(), plan)
    }

    /// Stores one row of a plan over a limit.
    pub fn put_braked_row(&mut self, row: &PlannedRow) -> Result<(), StoreError> {
        self.put(&BRAKED_ROWS, &row_key(&row.mapping, &row.key()), row)
    }

    /// Removes the waiting plan of a mapping with all its rows.
    pub fn remove_braked_plan(&mut self, mapping: &MappingName) -> Result<(), StoreError> {
        loop {
            let rows = self.braked_rows(mapping, None, PAGE)?;
            if rows.is_empty() {
                return self.remove(&BRAKED_PLANS, &mapping.as_str());
            }
            for row in rows {
                self.remove(&BRAKED_ROWS, &row_key(mapping, &row.key()))?;
            }
        }
    }

    /// Stores that a person approved what is to be done to a row.
    pub fn put_approved_row(&mut self, row: &ApprovedRow) -> Result<(), StoreError> {
        self.put(&APPROVED_ROWS, &row_key(&row.planned.mapping, &row.planned.key()), row)
    }

    /// Removes an approval: it is used up, or what would be done is something else by now.
    pub fn remove_approved_row(&mut self, mapping: &MappingName, key: &PlanKey) -> Result<(), StoreError> {
        self.remove(&APPROVED_ROWS, &row_key(mapping, key))
    }

    /// Counts what was done in an hour.
    pub fn add_done(
        &mut self,
        mapping: &MappingName,
        on: Side,
        what: &Counted,
        hour: u64,
    ) -> Result<(), StoreError> {
        let word = counted_word(what);
        let key = (mapping.as_str(), side_byte(on), word.as_str(), hour);
        let old: Option<DoneInHour> = self.find(&DONE, &key)?;
        let count = old.map_or(0, |done| done.count) + 1;
        let done = DoneInHour { mapping: mapping.clone(), on, what: what.clone(), hour, count };
        self.put(&DONE, &key, &done)
    }

    /// Forgets what was done before that hour.
    pub fn trim_done(&mut self, mapping: &MappingName, hour: u64) -> Result<(), StoreError> {
        for done in self.done(mapping)?.into_iter().filter(|done| done.hour < hour) {
            let word = counted_word(&done.what);
            self.remove(&DONE, &(mapping.as_str(), side_byte(done.on), word.as_str(), done.hour))?;
        }
        Ok(())
    }

    /// Stores how a mapping's passes follow each other.
    pub fn put_pace(&mut self, mapping: &MappingName, pace: &Pace) -> Result<(), StoreError> {
        self.put(&PACES, &mapping.as_str(), pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DecisionHash, RowId, Timestamp};
    use crate::store::Store;

    fn mapping() -> MappingName {
        MappingName::new("CUSTOMER")
    }

    fn planned(on: Side, verb: PlanVerb, row: &str) -> PlannedRow {
        let (row, label) = (RowId::new(row), row.to_owned());
        PlannedRow { mapping: mapping(), on, verb, row, label, hash: DecisionHash(7) }
    }

    #[test]
    fn a_plan_is_removed_with_its_rows_and_without_those_of_other_mappings() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let other = MappingName::new("CUSTOMERS");
        for index in 0..PAGE + 1 {
            let row = planned(Side::Right, PlanVerb::Delete, &format!("r{index}"));
            transaction.put_braked_row(&row).unwrap();
        }
        let foreign = PlannedRow { mapping: other.clone(), ..planned(Side::Left, PlanVerb::Ask, "x") };
        transaction.put_braked_row(&foreign).unwrap();
        let first = transaction.braked_rows(&mapping(), None, 2).unwrap();
        let rest = transaction.braked_rows(&mapping(), Some(&first[1].key()), usize::MAX).unwrap();
        assert_eq!(rest.len(), PAGE - 1);
        transaction.remove_braked_plan(&mapping()).unwrap();
        assert_eq!(transaction.braked_rows(&mapping(), None, 9).unwrap(), []);
        assert_eq!(transaction.braked_rows(&other, None, 9).unwrap(), [foreign]);
    }

    #[test]
    fn an_approved_row_is_found_by_what_it_does() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let row = ApprovedRow {
            planned: planned(Side::Right, PlanVerb::Delete, "r"),
            plan: "abc".into(),
            by: "Ida".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        transaction.put_approved_row(&row).unwrap();
        let key = row.planned.key();
        assert_eq!(transaction.approved_row(&mapping(), &key).unwrap(), Some(row));
        let update = PlanKey { verb: PlanVerb::Update, ..key };
        assert_eq!(transaction.approved_row(&mapping(), &update).unwrap(), None);
        transaction.remove_approved_row(&mapping(), &key).unwrap();
        assert_eq!(transaction.approved_row(&mapping(), &key).unwrap(), None);
    }

    #[test]
    fn what_was_done_is_counted_by_hour_and_trimmed() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let blank = Counted::Blank("phone".into());
        for (on, what, hour) in [
            (Side::Left, &Counted::Delete, 10),
            (Side::Left, &Counted::Delete, 10),
            (Side::Right, &Counted::Delete, 10),
            (Side::Left, &blank, 12),
        ] {
            transaction.add_done(&mapping(), on, what, hour).unwrap();
        }
        transaction.add_done(&MappingName::new("CUSTOMERS"), Side::Left, &blank, 12).unwrap();
        let counts = |transaction: &Transaction, hour| -> Vec<(Side, u64)> {
            let done = transaction.done_since(&mapping(), hour).unwrap();
            done.iter().map(|done| (done.on, done.count)).collect()
        };
        assert_eq!(counts(&transaction, 10), [(Side::Left, 1), (Side::Left, 2), (Side::Right, 1)]);
        assert_eq!(counts(&transaction, 11), [(Side::Left, 1)]);
        transaction.trim_done(&mapping(), 11).unwrap();
        assert_eq!(counts(&transaction, 0), [(Side::Left, 1)]);
    }
}
