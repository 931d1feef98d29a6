//! Every table of the file: its name, its key and what its values are.
//!
//! Keys are fixed-width numbers and bytes, led by a name where a table serves many mappings or connections, so that
//! a range read touches only what it returns.

use std::marker::PhantomData;

use redb::{Key, TableDefinition, Value};

use super::stored::{
    StoredApprovedRow, StoredBrakedPlan, StoredConflict, StoredConsent, StoredContentSweep, StoredCoupling,
    StoredDoneInHour, StoredDoubt, StoredEcho, StoredFeedState, StoredFreeze, StoredIntent,
    StoredJournalEntry, StoredLastPass, StoredMappingState, StoredObservation, StoredPace, StoredPin,
    StoredPlannedRow, StoredRowNames, StoredRun, StoredStandstill, StoredTime, StoredTrace,
};
use crate::model::Side;

/// A table of versioned values: keys `K`, values the codec's bytes of `T`.
#[derive(Debug)]
pub(super) struct Book<K: Key + 'static, T> {
    name: &'static str,
    types: PhantomData<fn() -> (K, T)>,
}

impl<K: Key + 'static, T> Book<K, T> {
    const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// Returns the table's name in the file.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the table as redb opens it.
    pub(super) const fn definition(&self) -> TableDefinition<'static, K, &'static [u8]> {
        TableDefinition::new(self.name)
    }
}

/// Mapping, side (0 left, 1 right) and the 16 bytes of a row id.
type RowKey = (&'static str, u8, &'static [u8; 16]);

/// Mapping, side written, verb and the 16 bytes of a row id.
pub(super) type PlanRowKey = (&'static str, u8, u8, &'static [u8; 16]);

/// Mapping, side written, what is counted, and the hour.
type DoneKey = (&'static str, u8, &'static str, u64);

/// Mapping, side, field, value and the 16 bytes of a row id.
type NameKey = (&'static str, u8, &'static str, &'static str, &'static [u8; 16]);

/// Connection and table.
type FeedKey = (&'static str, &'static str);

/// Numbers about the store as a whole. Its shape stays the same in every format there will ever be.
pub(super) const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");
pub(super) const FORMAT_KEY: &str = "format";
pub(super) const COMMITS_KEY: &str = "commits";

/// The last number given out, by what is numbered.
pub(super) const SEQUENCES: TableDefinition<'static, &'static str, u64> = TableDefinition::new("sequences");

pub(super) const COUPLINGS: Book<(&'static str, u64), StoredCoupling> = Book::new("couplings");
/// Both unique indexes of I4, told apart by the side in the key.
pub(super) const COUPLING_BY_ROW: TableDefinition<'static, RowKey, u64> =
    TableDefinition::new("coupling_by_row");
pub(super) const COUPLING_COUNTS: TableDefinition<'static, &'static str, u64> =
    TableDefinition::new("coupling_counts");

pub(super) const OBSERVATIONS: Book<RowKey, StoredObservation> = Book::new("observations");

pub(super) const FEEDS: Book<FeedKey, StoredFeedState> = Book::new("feeds");
pub(super) const SWEEPS: Book<FeedKey, StoredTime> = Book::new("sweeps");
pub(super) const IDENTITIES: Book<&'static str, String> = Book::new("identities");

pub(super) const CONFLICTS: Book<u64, StoredConflict> = Book::new("conflicts");
pub(super) const CONFLICT_BY_ROWS: TableDefinition<
    'static,
    (&'static str, &'static [u8; 16], &'static [u8; 16]),
    u64,
> = TableDefinition::new("conflict_by_rows");

pub(super) const INTENTS: Book<u64, StoredIntent> = Book::new("intents");

pub(super) const JOURNAL: Book<u64, StoredJournalEntry> = Book::new("journal");
/// Run and journal number.
pub(super) const JOURNAL_BY_RUN: TableDefinition<'static, (u64, u64), ()> =
    TableDefinition::new("journal_by_run");
pub(super) const RUNS: Book<u64, StoredRun> = Book::new("runs");

pub(super) const MAPPINGS: Book<&'static str, StoredMappingState> = Book::new("mappings");
pub(super) const CONSENT: Book<(), StoredConsent> = Book::new("consent");

/// Mapping, side, the 16 bytes of a row id, and the number of a journal entry about the row.
pub(super) const JOURNAL_BY_ROW: TableDefinition<'static, (&'static str, u8, &'static [u8; 16], u64), ()> =
    TableDefinition::new("journal_by_row");
pub(super) const BRAKED_PLANS: Book<&'static str, StoredBrakedPlan> = Book::new("braked_plans");
pub(super) const BRAKED_ROWS: Book<PlanRowKey, StoredPlannedRow> = Book::new("braked_rows");
pub(super) const APPROVED_ROWS: Book<PlanRowKey, StoredApprovedRow> = Book::new("approved_rows");
pub(super) const DONE: Book<DoneKey, StoredDoneInHour> = Book::new("done");
pub(super) const PACES: Book<&'static str, StoredPace> = Book::new("paces");

/// Mapping and side.
pub(super) const CONTENT_SWEEPS: Book<(&'static str, u8), StoredContentSweep> = Book::new("content_sweeps");

/// Couplings of a restored backup, until both rows have been seen since.
pub(super) const DOUBTS: Book<(&'static str, u64), StoredDoubt> = Book::new("doubts");

pub(super) const STANDSTILLS: Book<&'static str, StoredStandstill> = Book::new("standstills");

/// When a mapping with a time of its own was passed last.
pub(super) const PASSES: Book<&'static str, StoredLastPass> = Book::new("passes");

/// What was written lately to the rows of a coupling.
pub(super) const ECHOES: Book<(&'static str, u64), StoredEcho> = Book::new("echoes");

/// Values of rows by which others point to them.
pub(super) const NAMES: Book<RowKey, StoredRowNames> = Book::new("names");
/// The same from the other end.
pub(super) const ROWS_BY_NAME: TableDefinition<'static, NameKey, ()> = TableDefinition::new("rows_by_name");

/// What the pinned systems are called; their ids stand in `IDENTITIES`.
pub(super) const PINS: Book<&'static str, StoredPin> = Book::new("pins");
pub(super) const TRACES: Book<FeedKey, Vec<StoredTrace>> = Book::new("traces");
pub(super) const FREEZES: Book<&'static str, StoredFreeze> = Book::new("freezes");

/// Something done once with every table.
pub(super) trait Visitor {
    type Error;

    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), Self::Error>;
}

/// Visits every table of the file.
pub(super) fn visit_all<V: Visitor>(visitor: &mut V) -> Result<(), V::Error> {
    visitor.visit(META)?;
    visitor.visit(SEQUENCES)?;
    visitor.visit(COUPLINGS.definition())?;
    visitor.visit(COUPLING_BY_ROW)?;
    visitor.visit(COUPLING_COUNTS)?;
    visitor.visit(OBSERVATIONS.definition())?;
    visitor.visit(FEEDS.definition())?;
    visitor.visit(SWEEPS.definition())?;
    visitor.visit(IDENTITIES.definition())?;
    visitor.visit(CONFLICTS.definition())?;
    visitor.visit(CONFLICT_BY_ROWS)?;
    visitor.visit(INTENTS.definition())?;
    visitor.visit(JOURNAL.definition())?;
    visitor.visit(JOURNAL_BY_RUN)?;
    visitor.visit(RUNS.definition())?;
    visitor.visit(MAPPINGS.definition())?;
    visitor.visit(CONSENT.definition())?;
    visitor.visit(JOURNAL_BY_ROW)?;
    visitor.visit(CONTENT_SWEEPS.definition())?;
    visitor.visit(DOUBTS.definition())?;
    visitor.visit(STANDSTILLS.definition())?;
    visitor.visit(PASSES.definition())?;
    visitor.visit(ECHOES.definition())?;
    visitor.visit(NAMES.definition())?;
    visitor.visit(ROWS_BY_NAME)?;
    visitor.visit(PINS.definition())?;
    visitor.visit(TRACES.definition())?;
    visitor.visit(FREEZES.definition())?;
    visitor.visit(BRAKED_PLANS.definition())?;
    visitor.visit(BRAKED_ROWS.definition())?;
    visitor.visit(APPROVED_ROWS.definition())?;
    visitor.visit(DONE.definition())?;
    visitor.visit(PACES.definition())
}

/// Returns the byte that stands for a side in keys.
pub(super) const fn side_byte(side: Side) -> u8 {
    match side {
        Side::Left => 0,
        Side::Right => 1,
    }
}
