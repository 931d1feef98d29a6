//! The options of choice, state and status columns that several tables share, and how options are written down.

use crate::sim::dataverse::schema::{Choice, StateOption, StatusOption};

/// Value, label, default status, and whether a row in this state refuses updates.
pub(super) type State = (i64, &'static str, i64, bool);
/// Value, label and state.
pub(super) type Status = (i64, &'static str, i64);

pub(super) const ACTIVE_INACTIVE: &[State] = &[(0, "Active", 1, false), (1, "Inactive", 2, true)];
pub(super) const ACTIVE_INACTIVE_STATUS: &[Status] = &[(1, "Active", 0), (2, "Inactive", 1)];

pub(super) const PAYMENT_TERMS: &[(i64, &str)] =
    &[(1, "Net 30"), (2, "2% 10, Net 30"), (3, "Net 45"), (4, "Net 60")];
pub(super) const FREIGHT_TERMS: &[(i64, &str)] = &[(1, "FOB"), (2, "No Charge")];
pub(super) const SHIPPING_METHODS: &[(i64, &str)] = &[
    (1, "Airborne"),
    (2, "DHL"),
    (3, "FedEx"),
    (4, "UPS"),
    (5, "Postal Mail"),
    (6, "Full Load"),
    (7, "Will Call"),
];

pub(super) fn choices(options: &[(i64, &str)]) -> Vec<Choice> {
    options.iter().map(|(value, label)| Choice { value: *value, label: (*label).to_owned() }).collect()
}

pub(super) fn states(options: &[(i64, &str, i64, bool)]) -> Vec<StateOption> {
    let state = |(value, label, default_status, locked): &(i64, &str, i64, bool)| StateOption {
        value: *value,
        label: (*label).to_owned(),
        default_status: *default_status,
        locked: *locked,
    };
    options.iter().map(state).collect()
}

pub(super) fn statuses(options: &[(i64, &str, i64)]) -> Vec<StatusOption> {
    let status = |(value, label, state): &(i64, &str, i64)| StatusOption {
        value: *value,
        label: (*label).to_owned(),
        state: *state,
    };
    options.iter().map(status).collect()
}
