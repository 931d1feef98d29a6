//! A body put into a row: its properties in the order of the contract, each by the rules of its column.

use serde_json::{Map, Value};

use super::schema::{Access, Source, View};
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::stored;
use crate::sim::business_central::write::unknown_property;
use crate::sim::store::Row;

impl Service {
    /// Puts the sent properties into a row. `before` is the row as it stands; a new row has none.
    pub(super) fn assign_sent(
        &self,
        view: &View,
        table: usize,
        row: &mut Row,
        body: &Map<String, Value>,
        before: Option<&Row>,
    ) -> Result<(), Fault> {
        self.check_access(view, body, before)?;
        self.put_sent(view, table, row, body)
    }

    /// Puts the sent properties into a row, whether a page of the API takes them or not.
    pub(super) fn put_sent(
        &self,
        view: &View,
        table: usize,
        row: &mut Row,
        body: &Map<String, Value>,
    ) -> Result<(), Fault> {
        for (position, column) in view.set.columns.iter().enumerate() {
            let Some(value) = body.get(column.name) else { continue };
            if let Some(pair) = view.pair_of(position) {
                if position == pair.code && body.contains_key(view.set.columns[pair.id].name) {
                    continue;
                }
                self.assign_pair(view, pair, row, body)?;
                self.follow_assignment(table, row, view.set.columns[pair.code].name);
                continue;
            }
            let value = stored(&view.set, column, value)?;
            match view.properties[position].source {
                Source::Kept(at) => row.values[at] = value,
                // The id of a new row is set before its columns; a template has been applied.
                _ => continue,
            }
            self.follow_assignment(table, row, column.name);
        }
        Ok(())
    }

    /// Refuses unknown and read-only properties, and another value for what is only set on insert.
    fn check_access(
        &self,
        view: &View,
        body: &Map<String, Value>,
        before: Option<&Row>,
    ) -> Result<(), Fault> {
        for (name, value) in body.iter().filter(|(name, _)| !name.contains('@')) {
            let position = view.set.position(name).ok_or_else(|| unknown_property(&view.set, name))?;
            match (view.properties[position].access, before) {
                (Access::ReadOnly, _) => {
                    let message = format!("Control '{name}' is read-only.");
                    return Err(Fault::new(400, "BadRequest_InvalidOperation", message));
                }
                (Access::InsertOnly, Some(before)) => {
                    let sent = stored(&view.set, &view.set.columns[position], value)?;
                    if sent != *view.value(self, before, position) {
                        return Err(Fault::dialog(format!("The {name} cannot be changed through this API.")));
                    }
                }
                (Access::InsertOnly, None) | (Access::Write | Access::WhileOpen, _) => {}
            }
        }
        Ok(())
    }
}
