//! The words of the product as types: what a row, a record, a coupling, a conflict is.
//!
//! Pure. Nothing here reads a clock, a file or a network, and nothing here knows a product's wire forms.

mod change;
mod conflict;
mod coupling;
mod echo;
mod ids;
mod intent;
mod journal;
mod names;
mod plan;
mod record;
mod regression;
mod row;
mod side;
mod table;
mod value;

pub use change::{Became, Change, Content, Evidence, Observation, Reason, Standing, WakeCondition};
pub use conflict::{Answer, AnswerPlace, Author, Choice, Conflict, ConflictKind, FieldConflict};
pub use coupling::{Coupling, CouplingState};
pub use echo::{Echo, Writes};
pub use ids::{
    ColumnName, ConflictId, ConnectionName, CouplingId, FieldId, IntentId, MappingName, PageLink, PlanHash,
    RowId, RunId, Stamp, TableName, Version, Watermark,
};
pub use intent::{Intent, IntentVerb};
pub use journal::{Action, CauseOfWrite, Counts, FieldChange, JournalEntry, Links, Outcome, Run};
pub use names::RowNames;
pub use plan::{
    Absence, ApprovedRow, Bound, BrakedPlan, Counted, DecisionHash, DoneInHour, Pace, PlanKey, PlanVerb,
    PlannedRow, PlannedWrite, Trip, Tripped,
};
pub use record::{Record, ValueDisplay};
pub use regression::{Freeze, FreezeCause, OlderRow, Pin, Trace};
pub use row::Row;
pub use side::{Pair, Side};
pub use table::{Column, ColumnKind, TableAbilities, TableDescription};
pub use value::Value;

/// The moment type of the whole crate.
pub use jiff::Timestamp;
