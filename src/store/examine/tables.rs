//! Every table with what its values are: the list that `doctor` and the saving of a damaged store go through.

use redb::{Key, TableDefinition, Value};
use serde::de::DeserializeOwned;

use crate::model::{
    ApprovedRow, BrakedPlan, Conflict, Coupling, DoneInHour, Echo, Freeze, Intent, JournalEntry, Observation,
    Pace, Pin, PlannedRow, RowNames, Run, Timestamp, Trace,
};
use crate::schedule::LastPass;
use crate::store::stored::Stored;
use crate::store::tables::{
    self, Book, CONFLICT_BY_ROWS, COUPLING_BY_ROW, COUPLING_COUNTS, JOURNAL_BY_ROW, JOURNAL_BY_RUN, META,
    ROWS_BY_NAME, SEQUENCES,
};
use crate::store::{Consent, ContentSweep, Doubt, FeedState, MappingState, Standstill, StoreError};

/// Something done once with every table, by what it holds.
pub(super) trait Walk {
    /// A table of values with the codec's bytes.
    fn book<K, T, M>(&mut self, book: &Book<K, T>) -> Result<(), StoreError>
    where
        K: Key + 'static,
        T: Stored<M> + DeserializeOwned;

    /// A table of plain numbers that cannot be told from others.
    fn numbers<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError>;

    /// A table that repeats what another one says.
    fn index<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError>;
}

/// Goes through every table.
pub(super) fn walk(walk: &mut impl Walk) -> Result<(), StoreError> {
    walk.numbers(META)?;
    walk.numbers(SEQUENCES)?;
    walk.book::<_, _, Coupling>(&tables::COUPLINGS)?;
    walk.index(COUPLING_BY_ROW)?;
    walk.index(COUPLING_COUNTS)?;
    walk.book::<_, _, Observation>(&tables::OBSERVATIONS)?;
    walk.book::<_, _, FeedState>(&tables::FEEDS)?;
    walk.book::<_, _, Timestamp>(&tables::SWEEPS)?;
    walk.book::<_, _, String>(&tables::IDENTITIES)?;
    walk.book::<_, _, Conflict>(&tables::CONFLICTS)?;
    walk.index(CONFLICT_BY_ROWS)?;
    walk.book::<_, _, Intent>(&tables::INTENTS)?;
    walk.book::<_, _, JournalEntry>(&tables::JOURNAL)?;
    walk.index(JOURNAL_BY_RUN)?;
    walk.book::<_, _, Run>(&tables::RUNS)?;
    walk.book::<_, _, MappingState>(&tables::MAPPINGS)?;
    walk.book::<_, _, Consent>(&tables::CONSENT)?;
    walk.index(JOURNAL_BY_ROW)?;
    walk.book::<_, _, ContentSweep>(&tables::CONTENT_SWEEPS)?;
    walk.book::<_, _, Doubt>(&tables::DOUBTS)?;
    walk.book::<_, _, Standstill>(&tables::STANDSTILLS)?;
    walk.book::<_, _, LastPass>(&tables::PASSES)?;
    walk.book::<_, _, Echo>(&tables::ECHOES)?;
    walk.book::<_, _, RowNames>(&tables::NAMES)?;
    walk.index(ROWS_BY_NAME)?;
    walk.book::<_, _, Pin>(&tables::PINS)?;
    walk.book::<_, _, Vec<Trace>>(&tables::TRACES)?;
    walk.book::<_, _, Freeze>(&tables::FREEZES)?;
    walk.book::<_, _, BrakedPlan>(&tables::BRAKED_PLANS)?;
    walk.book::<_, _, PlannedRow>(&tables::BRAKED_ROWS)?;
    walk.book::<_, _, ApprovedRow>(&tables::APPROVED_ROWS)?;
    walk.book::<_, _, DoneInHour>(&tables::DONE)?;
    walk.book::<_, _, Pace>(&tables::PACES)
}
