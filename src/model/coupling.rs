//! Two rows that are one thing, and what both sides last agreed on.

use super::{CouplingId, MappingName, Pair, Record, RowId, Version};

/// Left row + right row + base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupling {
    pub id: CouplingId,
    pub mapping: MappingName,
    pub rows: Pair<RowId>,
    /// Per field pair the value both sides last agreed on. A field without an entry has no base (first contact).
    pub base: Record,
    /// Each side's version, known only together with the content that was read with it.
    pub versions: Pair<Option<Version>>,
    pub state: CouplingState,
    /// What people call this row: its name or number when it was last seen.
    pub label: String,
}

/// Whether a coupling takes part in sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouplingState {
    /// In step or being brought in step. Each side says whether its row passes the mapping's filter.
    Active { in_filter: Pair<bool> },
    /// A side was deleted and the deletion was left alone.
    Broken,
    /// A person said that the two are not one: neither is synced, matched again, or created from.
    Severed,
}

impl CouplingState {
    /// Both rows inside the mapping's filters.
    pub const IN_SCOPE: Self = Self::Active { in_filter: Pair::new(true, true) };
}
