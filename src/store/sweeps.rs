//! How far the slow sweep of contents is, by mapping and side.

use super::tables::{CONTENT_SWEEPS, side_byte};
use super::{ContentSweep, Source, StoreError, Transaction, View};
use crate::model::{MappingName, Side};

impl<S: Source> View<S> {
    /// Returns how far the contents of one side of a mapping have been compared.
    pub fn content_sweep(
        &self,
        mapping: &MappingName,
        side: Side,
    ) -> Result<Option<ContentSweep>, StoreError> {
        self.find(&CONTENT_SWEEPS, &(mapping.as_str(), side_byte(side)))
    }
}

impl Transaction {
    /// Stores how far the contents of one side of a mapping have been compared. Call it once what the portion showed is
    /// stored.
    pub fn put_content_sweep(
        &mut self,
        mapping: &MappingName,
        side: Side,
        sweep: &ContentSweep,
    ) -> Result<(), StoreError> {
        self.put(&CONTENT_SWEEPS, &(mapping.as_str(), side_byte(side)), sweep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PageLink, Timestamp};
    use crate::store::Store;

    #[test]
    fn each_side_of_a_mapping_is_swept_by_itself() {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let (customer, item) = (MappingName::new("CUSTOMER"), MappingName::new("ITEM"));
        let sweep = ContentSweep {
            page: Some(PageLink::new("p")),
            touched_at: Timestamp::UNIX_EPOCH,
            finished_at: Some(Timestamp::MAX),
        };
        transaction.put_content_sweep(&customer, Side::Right, &sweep).unwrap();
        assert_eq!(transaction.content_sweep(&customer, Side::Right).unwrap(), Some(sweep));
        assert_eq!(transaction.content_sweep(&customer, Side::Left).unwrap(), None);
        assert_eq!(transaction.content_sweep(&item, Side::Right).unwrap(), None);
    }
}
