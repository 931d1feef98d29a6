//! `$orderby`.

use std::cmp::Ordering;

use serde_json::Value;

use super::error::Fault;
use super::schema::Set;
use super::service::Service;
use super::values::as_decimal;
use crate::sim::odata::select::order_by;
use crate::sim::store::Row;

/// The positions to order by, each with whether it descends.
#[derive(Debug, Default)]
pub(super) struct Order(Vec<(usize, bool)>);

impl Order {
    pub(super) fn parse(set: &Set, text: Option<&str>) -> Result<Self, Fault> {
        let keys = order_by(text).into_iter().map(|key| {
            let position = set.shown(&key.property);
            let position = position.ok_or_else(|| Fault::unknown_in_query(&key.property, set.entity))?;
            Ok((position, key.descending))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Sorts rows; equal ones stay in their order.
pub(super) fn sort(service: &Service, set: &Set, order: &Order, rows: &mut [&Row]) {
    rows.sort_by(|left, right| {
        let keys = order.0.iter().map(|(position, descending)| {
            let (left, right) =
                (service.property(set, left, *position), service.property(set, right, *position));
            let order = compare(&left, &right);
            if *descending { order.reverse() } else { order }
        });
        keys.fold(Ordering::Equal, Ordering::then)
    });
}

/// Compares two values of one property.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => as_decimal(left).cmp(&as_decimal(right)),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
            text(left).cmp(&text(right))
        }
    }
}
