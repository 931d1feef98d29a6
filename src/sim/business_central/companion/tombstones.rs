//! `deletedRows`: a tombstone for every row removed, whichever API or code removed it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

/// Why a row went, and what took its place.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub(super) cause: &'static str,
    pub(super) successor: Option<Successor>,
}

/// The row that took the place of a deleted one.
#[derive(Clone, Debug)]
pub(super) struct Successor {
    pub(super) set: &'static str,
    pub(super) id: Uuid,
    pub(super) number: String,
}

impl Cause {
    pub(super) const UNKNOWN: Self = Self { cause: "Deleted", successor: None };
}

impl Service {
    /// Writes tombstones for the rows removed since the last call. Without the extension nobody does.
    pub(crate) fn bury_removed(&mut self, by: Uuid) {
        let mut removed = self.take_removed();
        while !removed.is_empty() {
            for (table, row) in &removed {
                self.follow_removal(*table, row);
                self.bury(*table, row, by, &Cause::UNKNOWN);
            }
            removed = self.take_removed();
        }
    }

    /// Writes tombstones with a cause; the rows that go with the removed ones are the caller's business.
    pub(super) fn bury_removed_because(&mut self, by: Uuid, cause: &Cause) {
        for (table, row) in self.take_removed() {
            self.bury(table, &row, by, cause);
        }
    }

    fn bury(&mut self, table: usize, row: &Row, by: Uuid, cause: &Cause) {
        self.late.remove(&row.id);
        if !self.companion.installed {
            return;
        }
        let Some(view) = self.companion.burial(table).filter(|view| view.set.name != "deletedRows") else {
            return;
        };
        let number = if self.sets[table].key == "id" { "" } else { self.code_of_row(table, row) };
        let successor = cause.successor.as_ref();
        let now = self.now();
        let values = [
            ("tableName", json!(view.set.caption)),
            ("entitySetName", json!(view.set.name)),
            ("systemId", json!(row.id)),
            ("number", json!(number)),
            ("deletedAt", json!(now)),
            ("deletedBy", json!(by)),
            ("cause", json!(cause.cause)),
            ("successorEntitySetName", json!(successor.map_or("", |successor| successor.set))),
            ("successorId", json!(successor.map_or(Uuid::nil(), |successor| successor.id))),
            ("successorNumber", Value::from(successor.map_or("", |successor| successor.number.as_str()))),
        ];
        self.insert_by("deletedRows", Uuid::new_v4(), &now, by, &values);
    }
}
