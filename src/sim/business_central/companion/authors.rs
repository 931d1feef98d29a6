//! Who made and changed a row, and its row version.
//!
//! Signing works as the platform does, below all pages: after an operation every changed row gets its author, whichever API
//! the change came through.

use serde_json::{Value, json};
use uuid::Uuid;

use super::declare::hidden;
use super::values::is_blank;
use crate::sim::business_central::schema::{Column, Kind};
use crate::sim::business_central::service::Service;
use crate::sim::http::Request;
use crate::sim::store::Row;

/// Says which version a row kept when only a calculated value moved its tag: `kept:tag`.
const KEPT_VERSION: &str = "keptVersion";

/// The columns the platform adds to every table.
pub(super) fn system_columns() -> Vec<Column> {
    vec![
        hidden("systemCreatedAt", Kind::DateTime),
        hidden("systemCreatedBy", Kind::Id),
        hidden("systemModifiedBy", Kind::Id),
        hidden(KEPT_VERSION, Kind::Text(50)),
    ]
}

impl Service {
    /// Returns the user a request came from.
    pub(crate) fn author(&self, request: &Request) -> Uuid {
        if request.person { self.seed.person } else { self.seed.application_user }
    }

    /// Signs the rows a data set begins with; they bring what belongs to them.
    pub(crate) fn sign_seeded(&mut self) {
        for table in 0..self.sets.len() {
            let rows: Vec<_> = self.store.rows(table).iter().cloned().collect();
            for row in rows {
                self.sign(table, row, 0, self.seed.person);
            }
        }
    }

    /// Signs every row changed after `since` and runs what follows the insertion of a row.
    pub(crate) fn sign_changes(&mut self, since: u64, author: Uuid) {
        let (begun, mut since) = (since, since);
        // What follows an insertion may insert again.
        while since < self.store.version() {
            let until = self.store.version();
            for table in 0..self.sets.len() {
                let changed: Vec<_> =
                    self.store.rows(table).changed(since, until).map(|row| row.id).collect();
                for id in changed {
                    self.settle(table, id, begun, author);
                }
            }
            since = until;
        }
    }

    /// Signs a row stored after `since` and runs what follows its insertion. Nobody signs what is only a view of other
    /// rows.
    pub(crate) fn settle(&mut self, table: usize, id: Uuid, since: u64, author: Uuid) {
        let row = self.store.rows(table).get(&id).filter(|_| self.sets[table].view_of.is_none());
        let Some(row) = row.cloned() else { return };
        if self.sign(table, row, since, author) {
            self.follow_insertion(table, id);
        }
        if self.sets[table].name == "salesInvoices"
            && let Some(invoice) = self.store.rows(table).get(&id).cloned()
        {
            self.follow_invoice(table, &invoice);
        }
    }

    /// Signs one row, and returns whether it has just been made. Who moved a calculated value signs nothing.
    fn sign(&mut self, table: usize, mut row: Row, since: u64, author: Uuid) -> bool {
        if self.kept_version(table, &row).is_some_and(|kept| kept <= since) {
            return false;
        }
        self.complete(table, &mut row);
        let inserted = is_blank(self.column(table, &row, "systemCreatedBy"));
        let author = Value::String(author.to_string());
        if inserted {
            let made = match self.sets[table].position("lastModifiedDateTime") {
                Some(position) => row.values[position].clone(),
                None => json!(self.now()),
            };
            self.put_column(table, &mut row, "systemCreatedAt", made);
            self.put_column(table, &mut row, "systemCreatedBy", author.clone());
        }
        self.put_column(table, &mut row, "systemModifiedBy", author);
        if self.sets[table].position("lastModifiedDateTime").is_none() {
            self.put_column(table, &mut row, "lastModifiedDateTime", json!(self.now()));
        }
        self.store.put(table, row);
        inserted
    }

    /// Adds the blank columns behind those of v2.0 to a row made without them.
    pub(crate) fn complete(&self, table: usize, row: &mut Row) {
        let have = row.values.len().saturating_sub(self.sets[table].columns.len());
        let missing = self.companion.extensions[table].iter().skip(have);
        row.values.extend(missing.map(|column| super::values::blank_of(&column.kind)));
    }

    /// Returns the row version as the companion shows it.
    pub(super) fn row_version(&self, table: Option<usize>, row: &Row) -> u64 {
        table.and_then(|table| self.kept_version(table, row)).unwrap_or(row.version)
    }

    fn kept_version(&self, table: usize, row: &Row) -> Option<u64> {
        let (kept, tag) = self.text_of(table, row, KEPT_VERSION).split_once(':')?;
        (tag.parse() == Ok(row.version)).then(|| kept.parse().ok())?
    }

    /// Leaves a row at the version it had: only a value calculated from other rows has moved its tag.
    pub(crate) fn keep_version(&mut self, table: usize, before: &Row) {
        let version = self.row_version(Some(table), before);
        if let Some(mut row) = self.store.rows(table).get(&before.id).cloned() {
            let kept = json!(format!("{version}:{}", row.version));
            self.put_column(table, &mut row, KEPT_VERSION, kept);
            self.store.put(table, row);
        }
    }
}
