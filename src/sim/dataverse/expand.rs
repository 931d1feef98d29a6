//! `$expand` of lookups: the row a lookup names, with the columns selected of it.
//!
//! Expanding collections, and expanding inside an expanded row, is not played.

use serde_json::Value;

use super::error::Fault;
use super::link::Operation;
use super::render::{Shape, shape_of};
use super::service::Service;
use crate::sim::odata::expand::{Expand, expand};
use crate::sim::store::Row;

/// The most navigation properties of one query.
const MAXIMUM: usize = 15;

/// One lookup whose row is shown.
pub(super) struct Expansion {
    pub(super) navigation: String,
    /// The lookup's position in its own table.
    column: usize,
    /// The table it refers to, and how its rows are shown.
    target: usize,
    shape: Shape,
}

/// Adds a request's `$expand` to the shape of a reply.
pub(super) fn expanded(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    mut shape: Shape,
) -> Result<Shape, Fault> {
    let Some(text) = operation.query.get("$expand") else {
        return Ok(shape);
    };
    let parts = expand(Some(text)).ok_or_else(|| Fault::query(format!("Syntax error in '{text}'.")))?;
    if parts.len() > MAXIMUM {
        let message = format!("The number of '$expand' properties exceeds the maximum of {MAXIMUM}.");
        return Err(Fault::query(message));
    }
    let expansions =
        parts.iter().map(|part| expansion(service, operation, table, part)).collect::<Result<_, _>>()?;
    shape.expand(expansions);
    Ok(shape)
}

fn expansion(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    part: &Expand,
) -> Result<Expansion, Fault> {
    let definition = &service.tables[table];
    let unknown = || Fault::unknown_in_query(&part.navigation, definition.logical_name);
    let column = definition.navigation(&part.navigation).ok_or_else(unknown)?;
    let targets = definition.columns[column].kind.targets();
    let target = targets.iter().find_map(|name| service.table_by_logical_name(name)).ok_or_else(unknown)?;
    if let Some(option) = part.other_than(&["$select"]) {
        let message = format!("The simulator does not play '{option}' inside '$expand' of a lookup.");
        return Err(Fault::new(501, "0x80040219", message));
    }
    let shape = shape_of(&service.tables[target], part.get("$select"), operation)?;
    Ok(Expansion { navigation: part.navigation.clone(), column, target, shape })
}

impl Expansion {
    /// Returns how it stands in a context: `primarycontactid(fullname)`.
    pub(super) fn context(&self) -> String {
        let selected = if self.shape.selected.is_empty() { "()" } else { &self.shape.selected };
        format!("{}{selected}", self.navigation)
    }

    /// Returns the row a lookup names as JSON, null where it names none.
    pub(super) fn render(&self, service: &Service, row: &Row) -> Value {
        let id = row.values[self.column].as_str().and_then(|id| id.parse().ok());
        let related = id.and_then(|id| service.store.rows(self.target).get(&id));
        related.map_or(Value::Null, |row| Value::Object(service.render(self.target, row, &self.shape)))
    }
}
