//! Value maps: what single values of a column mean.

use crate::model::{ColumnKind, Value};

use super::Stuck;

/// Values of a column and what they mean, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueMap {
    /// Column value, common value.
    pub pairs: Vec<(Value, Value)>,
    /// Letters in capitals and small are different ones.
    pub is_case_sensitive: bool,
    pub otherwise: Otherwise,
}

/// What becomes of values that the map does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// They stay as they are.
    Keep,
    /// Their row waits, with the reason.
    Park,
}

impl ValueMap {
    pub(super) fn read(&self, value: Value) -> Result<Value, Stuck> {
        match self.pairs.iter().find(|(key, _)| self.is_same(key, &value)) {
            Some((_, meaning)) => Ok(meaning.clone()),
            None => self.other(value),
        }
    }

    pub(super) fn write(&self, value: Value) -> Result<Value, Stuck> {
        match self.pairs.iter().find(|(_, meaning)| self.is_same(meaning, &value)) {
            Some((key, _)) => Ok(key.clone()),
            None => self.other(value),
        }
    }

    fn other(&self, value: Value) -> Result<Value, Stuck> {
        match (self.otherwise, &value) {
            (Otherwise::Keep, _) | (Otherwise::Park, Value::Blank) => Ok(value),
            (Otherwise::Park, _) => Err(Stuck::new(&value, "is not in the value map")),
        }
    }

    fn is_same(&self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Text(a), Value::Text(b)) if !self.is_case_sensitive => {
                a.trim().to_lowercase() == b.trim().to_lowercase()
            }
            _ => a == b,
        }
    }

    /// Returns two values of the column that mean the same, so that there is no way back.
    #[must_use]
    pub fn ambiguous(&self) -> Option<[&Value; 2]> {
        self.pairs.iter().enumerate().find_map(|(index, (key, meaning))| {
            let twin = self.pairs[..index].iter().find(|(_, earlier)| self.is_same(earlier, meaning));
            twin.map(|(earlier, _)| [earlier, key])
        })
    }

    /// Returns whether a value of the column is in the map.
    #[must_use]
    pub fn covers(&self, value: &Value) -> bool {
        value.is_blank() || self.pairs.iter().any(|(key, _)| self.is_same(key, value))
    }

    /// Turns keys, which are text in a file, into what the column holds.
    pub fn fit(&mut self, kind: ColumnKind) {
        for (key, _) in &mut self.pairs {
            let Value::Text(text) = &key else { continue };
            let fitted = match kind {
                ColumnKind::Number | ColumnKind::Choice => text.trim().parse().ok().map(Value::Number),
                ColumnKind::Flag => text.trim().parse().ok().map(Value::Flag),
                ColumnKind::Date => text.trim().parse().ok().map(Value::Date),
                _ => None,
            };
            if let Some(fitted) = fitted {
                *key = fitted;
            }
        }
    }
}
