//! What of a row is shown: `$select`, and by `$expand` the rows it refers to, to any depth.
//!
//! Expanding collections is not played.

use serde_json::{Map, Value};

use super::error::Fault;
use super::render::{columns, etag};
use super::schema::{Kind, Set};
use super::service::Service;
use crate::sim::odata::expand::{Expand, expand};
use crate::sim::store::Row;

/// The properties and referenced rows of a reply.
pub(super) struct Shape {
    columns: Vec<usize>,
    expansions: Vec<Expansion>,
}

/// One reference whose row is shown.
struct Expansion {
    navigation: String,
    /// The position of the id in its own set.
    column: usize,
    target: usize,
    shape: Shape,
}

impl Service {
    /// Reads `$select` and `$expand` of one set.
    pub(super) fn shape(
        &self,
        index: usize,
        select: Option<&str>,
        expanded: Option<&str>,
    ) -> Result<Shape, Fault> {
        let columns = columns(&self.sets[index], select)?;
        let malformed = || Fault::bad_request("Syntax error in '$expand'.");
        let parts = expand(expanded).ok_or_else(malformed)?;
        let expansions = parts.iter().map(|part| self.expansion(&self.sets[index], part));
        Ok(Shape { columns, expansions: expansions.collect::<Result<_, _>>()? })
    }

    fn expansion(&self, set: &Set, part: &Expand) -> Result<Expansion, Fault> {
        if let Some(option) = part.other_than(&["$select", "$expand"]) {
            let message = format!("The simulator does not play '{option}' inside '$expand'.");
            return Err(Fault::new(501, "BadRequest_MethodNotImplemented", message));
        }
        let (column, target) = self
            .reference(set, &part.navigation)
            .ok_or_else(|| Fault::unknown_in_query(&part.navigation, set.entity))?;
        let shape = self.shape(target, part.get("$select"), part.get("$expand"))?;
        Ok(Expansion { navigation: part.navigation.clone(), column, target, shape })
    }

    /// Returns the id column and the set of a navigation property; it is named after the entity it leads to.
    fn reference(&self, set: &Set, navigation: &str) -> Option<(usize, usize)> {
        set.columns.iter().enumerate().find_map(|(position, column)| match column.kind {
            Kind::Reference(target) => {
                let target = self.set(target)?;
                (self.sets[target].entity == navigation).then_some((position, target))
            }
            _ => None,
        })
    }

    /// Returns a row as JSON.
    pub(super) fn render(&self, index: usize, row: &Row, shape: &Shape) -> Map<String, Value> {
        let set = &self.sets[index];
        let mut body = Map::new();
        body.insert("@odata.etag".to_owned(), Value::String(etag(row)));
        for &column in &shape.columns {
            body.insert(set.columns[column].name.to_owned(), self.property(set, row, column).into_owned());
        }
        for expansion in &shape.expansions {
            let id = row.values[expansion.column].as_str().and_then(|id| id.parse().ok());
            let related = id.and_then(|id| self.store.rows(expansion.target).get(&id));
            let related = related.map_or(Value::Null, |related| {
                Value::Object(self.render(expansion.target, related, &expansion.shape))
            });
            body.insert(expansion.navigation.clone(), related);
        }
        body
    }
}
