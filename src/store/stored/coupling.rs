//! Stored couplings.

use super::mirror::{StoredPair, stored};
use super::value::{StoredRecord, StoredRowId};
use crate::model::{Coupling, CouplingState};

stored! {
    /// Left row + right row + base.
    struct StoredCoupling for Coupling {
        id: u64,
        mapping: String,
        rows: StoredPair<StoredRowId>,
        base: StoredRecord,
        versions: StoredPair<Option<String>>,
        state: StoredCouplingState,
        label: String,
    }
}

stored! {
    /// Whether a coupling takes part in sync.
    enum StoredCouplingState for CouplingState {
        Active { in_filter: StoredPair<bool> },
        Broken,
        Severed,
    }
}
