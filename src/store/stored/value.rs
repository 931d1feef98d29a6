//! Stored values, names, numbers and moments: exact, and independent of any crate's own serialised form.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::mirror::stored;
use super::{Malformed, Stored};
use crate::model::{
    ColumnName, ConflictId, CouplingId, DecisionHash, FieldId, IntentId, MappingName, PageLink, PlanHash,
    Record, RowId, RunId, Side, Stamp, TableName, Timestamp, Value, Version, Watermark,
};

stored! {
    /// One value of one column or field.
    enum StoredValue for Value {
        Blank,
        Text(text: String),
        Number(number: StoredDecimal),
        Flag(flag: bool),
        Date(date: StoredDate),
        Instant(instant: StoredTime),
        Reference(row: StoredRowId),
        Uncoupled(side: StoredSide, row: StoredRowId),
    }
}

stored! {
    /// One of the two places of a mapping.
    enum StoredSide for Side {
        Left,
        Right,
    }
}

/// Normalised values by field pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct StoredRecord(BTreeMap<String, StoredValue>);

impl Stored<Record> for StoredRecord {
    fn of(model: &Record) -> Self {
        Self(Stored::of(&model.0))
    }

    fn restore(self) -> Result<Record, Malformed> {
        Ok(Record(self.0.restore()?))
    }
}

/// A row id: a GUID takes 16 bytes instead of 36, anything else is kept as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) enum StoredRowId {
    Guid([u8; 16]),
    Text(String),
}

impl Stored<RowId> for StoredRowId {
    fn of(model: &RowId) -> Self {
        match Uuid::try_parse(model.as_str()) {
            Ok(guid) => Self::Guid(guid.into_bytes()),
            Err(_) => Self::Text(model.as_str().to_owned()),
        }
    }

    fn restore(self) -> Result<RowId, Malformed> {
        Ok(match self {
            Self::Guid(bytes) => RowId::from(Uuid::from_bytes(bytes)),
            Self::Text(text) => RowId::new(text),
        })
    }
}

/// A decimal in the 16 bytes of its own crate: sign, scale and digits are kept, trailing zeros too.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::store) struct StoredDecimal([u8; 16]);

impl Stored<Decimal> for StoredDecimal {
    fn of(model: &Decimal) -> Self {
        Self(model.serialize())
    }

    fn restore(self) -> Result<Decimal, Malformed> {
        let number = Decimal::deserialize(self.0);
        if number.serialize() == self.0 { Ok(number) } else { Err(Malformed("an impossible number")) }
    }
}

/// A moment as nanoseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::store) struct StoredTime(i128);

impl Stored<Timestamp> for StoredTime {
    fn of(model: &Timestamp) -> Self {
        Self(model.as_nanosecond())
    }

    fn restore(self) -> Result<Timestamp, Malformed> {
        Timestamp::from_nanosecond(self.0).map_err(|_| Malformed("an impossible moment"))
    }
}

/// A calendar day.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::store) struct StoredDate {
    year: i16,
    month: i8,
    day: i8,
}

impl Stored<Date> for StoredDate {
    fn of(model: &Date) -> Self {
        Self { year: model.year(), month: model.month(), day: model.day() }
    }

    fn restore(self) -> Result<Date, Malformed> {
        Date::new(self.year, self.month, self.day).map_err(|_| Malformed("an impossible date"))
    }
}

macro_rules! stored_as_itself {
    ($($type:ty),*) => {$(
        impl Stored<$type> for $type {
            fn of(model: &$type) -> Self {
                model.clone()
            }

            fn restore(self) -> Result<$type, Malformed> {
                Ok(self)
            }
        }
    )*};
}

macro_rules! stored_as_text {
    ($($name:ident),*) => {$(
        impl Stored<$name> for String {
            fn of(model: &$name) -> Self {
                model.as_str().to_owned()
            }

            fn restore(self) -> Result<$name, Malformed> {
                Ok($name::new(self))
            }
        }
    )*};
}

macro_rules! stored_as_number {
    ($($id:ident),*) => {$(
        impl Stored<$id> for u64 {
            fn of(model: &$id) -> Self {
                model.0
            }

            fn restore(self) -> Result<$id, Malformed> {
                Ok($id(self))
            }
        }
    )*};
}

stored_as_itself!(bool, u64, String);
stored_as_text!(ColumnName, FieldId, MappingName, PageLink, PlanHash, Stamp, TableName, Version, Watermark);
stored_as_number!(ConflictId, CouplingId, IntentId, RunId);

impl Stored<DecisionHash> for u128 {
    fn of(model: &DecisionHash) -> Self {
        model.0
    }

    fn restore(self) -> Result<DecisionHash, Malformed> {
        Ok(DecisionHash(self))
    }
}

impl Stored<usize> for u64 {
    fn of(model: &usize) -> Self {
        Self::try_from(*model).expect("no machine counts beyond 64 bits")
    }

    fn restore(self) -> Result<usize, Malformed> {
        usize::try_from(self).map_err(|_| Malformed("a count this machine cannot hold"))
    }
}
