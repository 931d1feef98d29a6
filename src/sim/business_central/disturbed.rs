//! What faults do to rows: stamps that tie, rows that move or come late, values that are rewritten, subscribers that come
//! after.

use serde_json::Value;
use uuid::Uuid;

use super::read::MAXIMUM;
use super::schema::Kind;
use super::service::{Operation, Service};
use super::time;
use crate::sim::profile::Profile;
use crate::sim::store::Row;

/// How many lists still show a row as it was before a late edit.
const LATE_LISTS: u8 = 2;

/// An edit whose transaction is still open for others.
#[derive(Debug)]
pub(super) struct LateRow {
    /// The row before; `None` if the edit made it.
    before: Option<Row>,
    lists_left: u8,
    /// The version the edit began with.
    pub(super) version: u64,
}

impl Service {
    /// Returns the present as rows are stamped.
    pub(super) fn now(&self) -> String {
        time::stamp(self.disturbance.stamped(self.clock.millis()))
    }

    /// Returns the page size asked for; where pages drift, sometimes a smaller one.
    pub(super) fn page_size(&self, operation: &Operation<'_>) -> usize {
        let asked = operation.request.page_size(MAXIMUM);
        if operation.request.person { asked } else { self.disturbance.page_size(asked) }
    }

    /// Plays what happens between two requests of a reader: somebody edits a row already shown.
    pub(super) fn disturb_reading(&mut self, operation: &Operation<'_>, set: usize) {
        let count = self.store.rows(set).iter().count();
        let pages = operation.query.has("$skiptoken") && !operation.request.person && count > 0;
        if pages && self.disturbance.strikes(Profile::PageDrift) {
            let at = self.disturbance.below(count);
            let row = self.store.rows(set).iter().nth(at).cloned();
            if let Some(row) = row {
                self.touch(set, row);
            }
        }
    }

    /// Returns a row as lists show it: late edits are not in them yet.
    pub(super) fn listed<'a>(&'a self, row: &'a Row) -> Option<&'a Row> {
        match self.late.get(&row.id) {
            Some(late) => late.before.as_ref(),
            None => Some(row),
        }
    }

    /// Brings late edits nearer to being seen.
    pub(super) fn age_late_rows(&mut self) {
        self.late.retain(|_, late| {
            late.lists_left = late.lists_left.saturating_sub(1);
            late.lists_left > 0
        });
    }

    /// Changes values as validation code does before a row is stored.
    pub(super) fn rewrite(&self, set: usize, row: &mut Row) {
        if !self.disturbance.plays(Profile::Rewriting) {
            return;
        }
        let behind = &self.companion.extensions[set];
        for (column, value) in self.sets[set].columns.iter().chain(behind).zip(&mut row.values) {
            let (Kind::Text(_), Value::String(text)) = (&column.kind, &*value) else { continue };
            let rewritten =
                if column.name == "state" { text.trim().to_uppercase() } else { text.trim().to_owned() };
            if *text != rewritten {
                *value = Value::String(rewritten);
                self.disturbance.count(Profile::Rewriting);
            }
        }
    }

    /// Notes a write: a person's may come late, the application's may be followed by subscribers.
    pub(super) fn note_write(&mut self, person: bool, set: usize, id: Uuid, before: Option<Row>) {
        if person && self.disturbance.strikes(Profile::LateRows) {
            // The row is stored after this.
            let version = self.store.version() + 1;
            self.late.entry(id).or_insert(LateRow { before, lists_left: LATE_LISTS, version });
        }
        if !person {
            // A write that succeeds has waited for whoever held the row.
            self.late.remove(&id);
        }
        if !person && self.disturbance.plays(Profile::PlugIns) {
            self.written.push((set, id));
        }
    }

    /// Runs the subscribers that come after a write: its answer has the tag from before.
    pub(super) fn run_subscribers(&mut self) {
        for (set, id) in std::mem::take(&mut self.written) {
            let Some(mut row) = self.store.rows(set).get(&id).cloned() else { continue };
            if !self.disturbance.strikes(Profile::PlugIns) {
                continue;
            }
            let email = self.sets[set].position("email");
            if let Some(Value::String(email)) = email.map(|position| &mut row.values[position]) {
                *email = email.to_lowercase();
            }
            self.touch(set, row);
        }
    }

    /// Stores a row under the present stamp.
    pub(super) fn touch(&mut self, set: usize, mut row: Row) {
        if let Some(position) = self.sets[set].position("lastModifiedDateTime") {
            row.values[position] = Value::String(self.now());
        }
        self.put(set, row);
    }
}
