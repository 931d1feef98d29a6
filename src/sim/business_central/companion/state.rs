//! What the companion keeps beside the rows: its sets, its lineage, and what stands in the way of readers.

use uuid::Uuid;

use super::authors::system_columns;
use super::resolve::resolve;
use super::schema::View;
use super::sets;
use super::tombstones::Cause;
use crate::sim::business_central::schema::{Column, Set};
use crate::sim::store::Store;

/// The extension as it stands in the environment.
#[derive(Debug)]
pub(crate) struct Companion {
    pub(super) installed: bool,
    pub(super) views: Vec<View>,
    /// The columns behind those of v2.0, for each table.
    pub(crate) extensions: Vec<Vec<Column>>,
    pub(super) lineage: Uuid,
    /// The version from which on every deletion left a tombstone.
    pub(super) tombstones_from: u64,
    /// The version of a transaction that somebody, in whatever company, has not committed.
    pub(super) open_transaction: Option<u64>,
    /// How many reads still meet a lock.
    pub(super) locked_reads: u32,
    pub(super) backup: Option<Box<Store>>,
    /// Why rows are being removed, while it is known.
    pub(crate) cause: Option<Cause>,
}

impl Companion {
    /// Lays the sets over the tables. Nobody has installed it yet.
    pub(crate) fn new(tables: &[Set], lineage: Uuid) -> Self {
        let mut extensions: Vec<_> = tables.iter().map(|_| system_columns()).collect();
        let views = sets::all().into_iter().map(|view| resolve(view, tables, &mut extensions)).collect();
        Self {
            installed: false,
            views,
            extensions,
            lineage,
            tombstones_from: 0,
            open_transaction: None,
            locked_reads: 0,
            backup: None,
            cause: None,
        }
    }

    /// Returns the set under which deletions in a table are reported.
    pub(super) fn burial(&self, table: usize) -> Option<&View> {
        self.views.iter().find(|view| view.table() == Some(table))
    }
}
