//! What an address leads to: a set, a row, the parts of a row, an action on it.

use uuid::Uuid;

use super::documents::action;
use super::error::Fault;
use super::read::existing;
use super::schema::{Kind, Set};
use super::service::Service;
use crate::sim::odata::path::{Key, Segment};

/// The end of an address.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) set: usize,
    pub(super) key: Option<Key>,
    /// The row whose parts are meant.
    pub(super) within: Option<Within>,
    pub(super) tail: Tail,
}

/// A row in whose parts an address continues.
#[derive(Clone, Debug)]
pub(super) struct Within {
    /// The position of the reference to the row, in the parts' set.
    pub(super) column: usize,
    pub(super) id: Uuid,
    /// `salesOrders(id)`.
    pub(super) path: String,
}

/// What comes after the set or row.
#[derive(Debug, PartialEq)]
pub(super) enum Tail {
    Nothing,
    Count,
    /// The action's name in lower case.
    Action(String),
}

impl Service {
    /// Follows an address from a set on.
    pub(super) fn follow(&self, first: &Segment, rest: &[Segment]) -> Result<Target, Fault> {
        let set = self.published_set(&first.name).ok_or_else(|| Fault::not_found(&first.name))?;
        let mut target = Target { set, key: first.key.clone(), within: None, tail: Tail::Nothing };
        for segment in rest {
            if target.tail != Tail::Nothing {
                return Err(Fault::not_found(&segment.name));
            }
            target = self.step(target, segment)?;
        }
        Ok(target)
    }

    fn step(&self, target: Target, segment: &Segment) -> Result<Target, Fault> {
        let Some(key) = &target.key else {
            return match segment.name.as_str() {
                "$count" => Ok(Target { tail: Tail::Count, ..target }),
                unknown => Err(Fault::not_found(unknown)),
            };
        };
        if let Some(action) = action(&segment.name) {
            return Ok(Target { tail: Tail::Action(action), ..target });
        }
        let row = existing(self, target.set, key)?;
        let set = &self.sets[target.set];
        if let Some((parts, column)) = self.parts(set, &segment.name) {
            let within = Within { column, id: row.id, path: format!("{}({})", set.name, row.id) };
            return Ok(Target {
                set: parts,
                key: segment.key.clone(),
                within: Some(within),
                tail: Tail::Nothing,
            });
        }
        if let Some(view) = self.twin(set, &segment.name) {
            let key = Some(Key::Single(row.id.to_string()));
            return Ok(Target { set: view, key, within: None, tail: Tail::Nothing });
        }
        let (column, related) =
            self.reference(set, &segment.name).ok_or_else(|| Fault::not_found(&segment.name))?;
        let id = row.values[column].as_str().unwrap_or_default().to_owned();
        Ok(Target { set: related, key: Some(Key::Single(id)), within: None, tail: Tail::Nothing })
    }

    /// Returns the set of a row's parts by its name, and the position of their reference to the row.
    pub(super) fn parts(&self, whole: &Set, navigation: &str) -> Option<(usize, usize)> {
        let index = self.set(navigation)?;
        let set = &self.sets[index];
        let column = set.position(set.part_of?)?;
        (set.columns[column].kind == Kind::Reference(whole.name)).then_some((index, column))
    }

    /// Returns the id column and the set of a navigation property; it is named after the entity it leads to.
    pub(super) fn reference(&self, set: &Set, navigation: &str) -> Option<(usize, usize)> {
        set.columns.iter().enumerate().find_map(|(position, column)| match column.kind {
            Kind::Reference(target) => {
                let target = self.set(target)?;
                (self.sets[target].entity == navigation).then_some((position, target))
            }
            _ => None,
        })
    }
}
