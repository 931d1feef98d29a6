//! What Tandem wrote to the fields of two coupled rows lately, to notice a field that never comes to rest (I23).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{FieldId, Pair, Side, Value, Version};

/// What was written lately, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echo {
    pub fields: BTreeMap<FieldId, Writes>,
}

/// What was written lately to one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writes {
    /// The value last written to each side.
    pub last: Pair<Option<Value>>,
    /// How often that very value had to be written to that side again.
    pub again: Pair<u64>,
    /// How many writes in a row were stored otherwise than they were sent.
    pub rewritten: u64,
    /// The side of the last such write, and the version at which it held what was made of it.
    pub rewritten_on: Side,
    pub rewritten_as: Option<Version>,
    pub at: Timestamp,
}

impl Writes {
    /// How many writes of one field are enough that nobody asked for.
    pub const MOST: u64 = 4;

    /// Returns whether that many were made: what is remembered of the field is what keeps it from going on.
    #[must_use]
    pub fn is_fight(&self) -> bool {
        self.rewritten >= Self::MOST || Side::BOTH.iter().any(|side| self.again[*side] + 1 >= Self::MOST)
    }
}
