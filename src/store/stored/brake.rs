//! Stored plans that wait or were approved, and what the brakes count.

use super::mirror::stored;
use super::value::{StoredRowId, StoredSide, StoredTime};
use crate::model::{
    Absence, ApprovedRow, Bound, BrakedPlan, Counted, DoneInHour, Pace, PlanVerb, PlannedRow, Trip, Tripped,
};

stored! {
    /// A plan over a limit.
    struct StoredBrakedPlan for BrakedPlan {
        mapping: String,
        hash: String,
        since: StoredTime,
        rows: u64,
        trips: Vec<StoredTrip>,
    }
}

stored! {
    /// A limit that a plan is over.
    struct StoredTrip for Trip {
        on: StoredSide,
        what: StoredTripped,
        planned: u64,
        before: u64,
        bound: StoredBound,
    }
}

stored! {
    /// What there is too much of.
    enum StoredTripped for Tripped {
        Creates,
        Updates,
        Deletions,
        Blanks(field: String),
    }
}

stored! {
    /// What the limit is.
    enum StoredBound for Bound {
        Rows(rows: u64),
        Percent { percent: u64, of: u64 },
        MostOf(rows: u64),
    }
}

stored! {
    /// One row of a plan.
    struct StoredPlannedRow for PlannedRow {
        mapping: String,
        on: StoredSide,
        verb: StoredPlanVerb,
        row: StoredRowId,
        label: String,
        hash: u128,
    }
}

stored! {
    /// What a planned write does.
    enum StoredPlanVerb for PlanVerb {
        Create,
        Update,
        Delete,
        Uncouple,
        Ask,
    }
}

stored! {
    /// A row of a plan that a person approved.
    struct StoredApprovedRow for ApprovedRow {
        planned: StoredPlannedRow,
        plan: String,
        by: String,
        at: StoredTime,
    }
}

stored! {
    /// How often something was done within one hour.
    struct StoredDoneInHour for DoneInHour {
        mapping: String,
        on: StoredSide,
        what: StoredCounted,
        hour: u64,
        count: u64,
    }
}

stored! {
    /// What is counted within the window.
    enum StoredCounted for Counted {
        Create,
        Update,
        Delete,
        Uncouple,
        Ask,
        Blank(field: String),
    }
}

stored! {
    /// How a mapping's passes follow each other.
    struct StoredPace for Pace {
        first_sync_ended_at: Option<StoredTime>,
        last_pass_at: StoredTime,
        absence: Option<StoredAbsence>,
    }
}

stored! {
    /// A time without passes.
    struct StoredAbsence for Absence {
        ended_at: StoredTime,
        days: u64,
    }
}
