//! Comparing a record with a base.

use crate::mapping::{Field, Mapping};
use crate::model::{Record, Value};

/// Returns whether a record shows nothing but what both sides last agreed on.
///
/// A field without a base is not in step: first contact is still to come.
#[must_use]
pub fn in_step(mapping: &Mapping, base: &Record, record: &Record) -> bool {
    mapping
        .fields
        .iter()
        .filter(|field| Field::is_compared(field))
        .all(|field| base.get(&field.id).is_some() && base.get(&field.id) == record.get(&field.id))
}

/// Returns the fields on which two records agree, as a base.
#[must_use]
pub fn agreed(mapping: &Mapping, left: &Record, right: &Record) -> Record {
    mapping
        .fields
        .iter()
        .filter(|field| Field::is_compared(field))
        .filter_map(|field| {
            let value = left.get(&field.id)?;
            let is_common = right.get(&field.id) == Some(value) && !matches!(value, Value::Uncoupled(..));
            is_common.then(|| (field.id.clone(), value.clone()))
        })
        .collect()
}
