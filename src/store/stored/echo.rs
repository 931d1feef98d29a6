//! Stored memory of late writes.

use std::collections::BTreeMap;

use super::mirror::{StoredPair, stored};
use super::value::{StoredSide, StoredTime, StoredValue};
use crate::model::{Echo, Writes};

stored! {
    /// What was written lately, by field.
    struct StoredEcho for Echo {
        fields: BTreeMap<String, StoredWrites>,
    }
}

stored! {
    /// What was written lately to one field.
    struct StoredWrites for Writes {
        last: StoredPair<Option<StoredValue>>,
        again: StoredPair<u64>,
        rewritten: u64,
        rewritten_on: StoredSide,
        rewritten_as: Option<String>,
        at: StoredTime,
    }
}
