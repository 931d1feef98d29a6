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

#[cfg(test)]
mod tests {
    use super::super::example::{mapping, record};
    use super::*;
    use crate::mapping::Direction;
    use crate::model::{RowId, Side};

    const BASE: &str = "a=1 b=1 g=1 h=1 o=1";

    #[test]
    fn a_record_is_in_step_only_if_every_field_is_as_agreed() {
        let check = |base: &str, found: &str| in_step(&mapping(), &record(base), &record(found));
        assert!(check(BASE, BASE));
        assert!(!check(BASE, "a=1 b=1 g=1 h=1 o=2"));
        assert!(!check(BASE, "a=1 b=1 g=1 h=1"));
        // First contact of `o` is still to come, whatever it holds.
        assert!(!check("a=1 b=1 g=1 h=1", BASE) && !check("a=1 b=1 g=1 h=1", "a=1 b=1 g=1 h=1"));
        let mut mapping = mapping();
        mapping.fields[4].direction = Direction::Match;
        assert!(in_step(&mapping, &record("a=1 b=1 g=1 h=1"), &record(BASE)), "it is only matched by");
    }

    /// I12: a row that has no partner is nothing that two sides can agree on.
    #[test]
    fn the_base_is_what_both_hold_and_both_can_point_to() {
        let mut mapping = mapping();
        mapping.fields[4].direction = Direction::CreateOnly;
        let (mut left, mut right) = (record("a=1 b=1 g=1 o=1"), record("a=1 b=2 h=1 o=1"));
        assert_eq!(agreed(&mapping, &left, &right), record("a=1"));
        for row in [&mut left, &mut right] {
            row.set("b".into(), Value::Uncoupled(Side::Left, RowId::new("x")));
        }
        assert_eq!(agreed(&mapping, &left, &right), record("a=1"));
    }
}
