//! `deletedRows`: a tombstone for every row removed, whichever API or code removed it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

/// Why a row went, and what took its place.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(super) cause: &'static str,
    pub(super) successor: Option<Successor>,
}

/// The row that took the place of a deleted one.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    pub(super) set: &'static str,
    pub(super) id: Uuid,
    pub(super) number: String,
}

impl Cause {
    pub(super) const UNKNOWN: Self = Self { cause: "Deleted", successor: None };

    /// An order that was posted whole, by the invoice it became.
    pub(crate) fn posted(invoice: Uuid, number: &str) -> Self {
        Self::succeeded("Posted", "postedSalesInvoices", invoice, number)
    }

    /// A quote that became an order or an invoice.
    pub(crate) fn converted(set: &'static str, id: Uuid, number: &str) -> Self {
        Self::succeeded("Converted", set, id, number)
    }

    fn succeeded(cause: &'static str, set: &'static str, id: Uuid, number: &str) -> Self {
        Self { cause, successor: Some(Successor { set, id, number: number.to_owned() }) }
    }
}

/// A removed row that left no tombstone yet: its table, its last state, and the cause if it is known.
#[derive(Debug)]
pub(crate) struct Removed {
    pub(crate) table: usize,
    pub(crate) row: Row,
    pub(crate) cause: Option<Cause>,
}

impl Service {
    /// Writes tombstones for the rows removed since the last call. Without the extension nobody does.
    pub(crate) fn bury_removed(&mut self, by: Uuid) {
        let mut removed = self.take_removed();
        while !removed.is_empty() {
            for Removed { table, row, cause } in &removed {
                self.follow_removal(*table, row);
                self.bury(*table, row, by, cause.as_ref().unwrap_or(&Cause::UNKNOWN));
            }
            removed = self.take_removed();
        }
    }

    /// Writes tombstones with a cause; the rows that go with the removed ones are the caller's business.
    pub(super) fn bury_removed_because(&mut self, by: Uuid, cause: &Cause) {
        for Removed { table, row, .. } in self.take_removed() {
            self.bury(table, &row, by, cause);
        }
    }

    fn bury(&mut self, table: usize, row: &Row, by: Uuid, cause: &Cause) {
        self.late.remove(&row.id);
        if !self.companion.installed {
            return;
        }
        let view = self.companion.burial(table);
        let Some(view) = view.filter(|view| view.set.name != "deletedRows" && view.holds(self, row)) else {
            return;
        };
        let unnumbered = matches!(self.sets[table].key, "id" | "key");
        let number = if unnumbered { "" } else { self.code_of_row(table, row) };
        let parent = self.sets[table].part_of.filter(|name| *name == "documentId");
        let parent = parent.map_or(json!(Uuid::nil()), |name| self.column(table, row, name).clone());
        let successor = cause.successor.as_ref();
        let now = self.now();
        let values = [
            ("tableName", json!(view.set.caption)),
            ("entitySetName", json!(view.set.name)),
            ("systemId", json!(row.id)),
            ("number", json!(number)),
            ("parentId", parent),
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
