//! What faults do to rows: stamps that tie, rows that move, values that are rewritten, plug-ins that come after.

use serde_json::Value;
use uuid::Uuid;

use super::link::Operation;
use super::read::MAXIMUM;
use super::schema::Kind;
use super::service::Service;
use super::switches::Switch;
use super::values::{as_decimal, money};
use crate::sim::profile::Profile;
use crate::sim::store::Row;

impl Service {
    /// Returns the present as rows are stamped.
    pub(super) fn now(&self) -> String {
        let millis = self.disturbance.stamped(jiff::Timestamp::now().as_millisecond());
        let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Returns the page size asked for; where pages drift, sometimes a smaller one.
    pub(super) fn page_size(&self, operation: &Operation<'_>) -> usize {
        let asked = operation.request.page_size(MAXIMUM);
        let short = self.switched(&Switch::ShortPages);
        let asked = if short { asked.div_ceil(2) } else { asked };
        if operation.request.person { asked } else { self.disturbance.page_size(asked) }
    }

    /// Plays what happens between two requests of a reader: links expire, somebody edits a row already shown.
    pub(super) fn disturb_reading(&mut self, operation: &Operation<'_>, table: usize) {
        if operation.request.person {
            return;
        }
        if operation.query.has("$deltatoken") && self.disturbance.strikes(Profile::ExpiredDeltaLinks) {
            self.expire_delta_tokens();
        }
        let count = self.store.rows(table).iter().count();
        if operation.query.has("$skiptoken") && count > 0 && self.disturbance.strikes(Profile::PageDrift) {
            let at = self.disturbance.below(count);
            let row = self.store.rows(table).iter().nth(at).cloned();
            if let Some(row) = row {
                self.touch(table, row);
            }
        }
    }

    /// Changes values as a plug-in does that runs before a row is stored.
    pub(super) fn rewrite(&self, table: usize, row: &mut Row) {
        if !self.disturbance.plays(Profile::Rewriting) {
            return;
        }
        for (column, value) in self.tables[table].columns.iter().zip(&mut row.values) {
            let rewritten = match (&column.kind, &*value) {
                (Kind::Money { .. }, Value::Number(_)) => {
                    as_decimal(value).map(|amount| money(amount.round_dp(1)))
                }
                (Kind::Text { .. }, Value::String(text)) if column.name == "address1_city" => {
                    Some(Value::String(text.trim().to_uppercase()))
                }
                (Kind::Text { .. }, Value::String(text)) => Some(Value::from(text.trim())),
                _ => None,
            };
            if let Some(rewritten) = rewritten.filter(|rewritten| rewritten != value) {
                *value = rewritten;
                self.disturbance.count(Profile::Rewriting);
            }
        }
    }

    /// Runs the plug-ins that come after a write: its answer has the version from before.
    pub(super) fn run_plug_ins(&mut self) {
        for (table, id) in std::mem::take(&mut self.written) {
            let Some(mut row) = self.store.rows(table).get(&id).cloned() else { continue };
            if !self.disturbance.strikes(Profile::PlugIns) {
                continue;
            }
            let phone = self.tables[table].position("telephone1");
            if let Some(Value::String(phone)) = phone.map(|position| &mut row.values[position]) {
                *phone = phone.replace('.', "-");
            }
            self.touch(table, row);
        }
    }

    fn touch(&mut self, table: usize, mut row: Row) {
        let (now, person) = (self.now(), self.seed.person.to_string());
        for (column, value) in [("modifiedon", now), ("modifiedby", person)] {
            if let Some(position) = self.tables[table].position(column) {
                row.values[position] = Value::String(value);
            }
        }
        row.version = self.store.next_version();
        self.store.put(table, row);
    }

    /// Notes a row the application wrote.
    pub(super) fn note_write(&mut self, person: bool, table: usize, id: Uuid) {
        if !person && self.disturbance.plays(Profile::PlugIns) {
            self.written.push((table, id));
        }
    }
}
