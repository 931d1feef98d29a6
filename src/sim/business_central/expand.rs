//! What of a row is shown: `$select`, and by `$expand` the rows it refers to and the rows that are part of it, to any depth.

use serde_json::{Map, Value};

use super::error::Fault;
use super::filter::Filter;
use super::order::{Order, sort};
use super::render::{columns, etag};
use super::schema::{Kind, Set};
use super::service::Service;
use crate::sim::odata::expand::{Expand, expand};
use crate::sim::store::Row;

/// The properties and related rows of a reply.
pub(super) struct Shape {
    columns: Vec<usize>,
    expansions: Vec<Expansion>,
}

/// One navigation property that is shown.
struct Expansion {
    navigation: String,
    target: usize,
    relation: Relation,
    shape: Shape,
}

enum Relation {
    /// The row whose id stands in this column.
    One(usize),
    /// The row of the other set with the same id.
    Same,
    Many(Parts),
}

/// Which parts of a row are shown, and in which order.
struct Parts {
    /// The position of their reference to the row.
    column: usize,
    filter: Option<Filter>,
    order: Order,
    skip: usize,
    top: usize,
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
        let (target, relation) = if let Some((target, column)) = self.parts(set, &part.navigation) {
            check_options(part, &["$select", "$expand", "$filter", "$orderby", "$top", "$skip"])?;
            (target, Relation::Many(self.read_parts(target, column, part)?))
        } else if let Some(target) = self.twin(set, &part.navigation) {
            check_options(part, &["$select", "$expand"])?;
            (target, Relation::Same)
        } else {
            let (column, target) = self
                .reference(set, &part.navigation)
                .ok_or_else(|| Fault::unknown_in_query(&part.navigation, set.entity))?;
            check_options(part, &["$select", "$expand"])?;
            (target, Relation::One(column))
        };
        let shape = self.shape(target, part.get("$select"), part.get("$expand"))?;
        Ok(Expansion { navigation: part.navigation.clone(), target, relation, shape })
    }

    fn read_parts(&self, target: usize, column: usize, part: &Expand) -> Result<Parts, Fault> {
        let set = &self.sets[target];
        let number = |name: &str| {
            let value = part.get(name).map(str::parse::<usize>).transpose();
            value.map_err(|_| {
                Fault::bad_request(format!("The value of '{name}' must be a non-negative number."))
            })
        };
        Ok(Parts {
            column,
            filter: Filter::parse(set, part.get("$filter"), self.switches.refuses_in)?,
            order: Order::parse(set, part.get("$orderby"))?,
            skip: number("$skip")?.unwrap_or_default(),
            top: number("$top")?.unwrap_or(usize::MAX),
        })
    }

    /// Returns the view that has a row with the same id as each row of the set, by its set's or entity's name: the
    /// documentation uses both.
    pub(super) fn twin(&self, set: &Set, navigation: &str) -> Option<usize> {
        let named = |other: &Set| other.name == navigation || other.entity == navigation;
        self.sets.iter().position(|other| other.view_of == Some(set.name) && named(other))
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
            let shown = |row: &Row| Value::Object(self.render(expansion.target, row, &expansion.shape));
            let rows = self.store.rows(expansion.target);
            let related = match &expansion.relation {
                Relation::One(column) => {
                    let id = row.values[*column].as_str().and_then(|id| id.parse().ok());
                    id.and_then(|id| rows.get(&id)).map_or(Value::Null, shown)
                }
                Relation::Same => rows.get(&row.id).map_or(Value::Null, shown),
                Relation::Many(parts) => {
                    self.shown_parts(expansion.target, row, parts).into_iter().map(shown).collect()
                }
            };
            body.insert(expansion.navigation.clone(), related);
        }
        body
    }

    fn shown_parts(&self, target: usize, row: &Row, parts: &Parts) -> Vec<&Row> {
        let set = &self.sets[target];
        let rows = self.rows_within(target, parts.column, &row.id.to_string());
        let filter = parts.filter.as_ref();
        let passes = |row: &&Row| filter.is_none_or(|filter| filter.accepts(self, set, row));
        let mut shown: Vec<_> = rows.filter(passes).collect();
        sort(self, set, &parts.order, &mut shown);
        shown.into_iter().skip(parts.skip).take(parts.top).collect()
    }

    /// Returns the rows that refer to an id, by key. Where the key begins with the reference, others are not looked at.
    pub(super) fn rows_within<'a>(
        &'a self,
        index: usize,
        column: usize,
        id: &str,
    ) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
        let set = &self.sets[index];
        let id = Value::from(id);
        let leads = matches!(set.columns[set.key_position()].kind, Kind::Composed([first, ..])
            if *first == set.columns[column].name);
        if leads {
            let prefix = format!("{}|", id.as_str().unwrap_or_default()).to_uppercase();
            let rows = self.store.rows(index).after_key(Some(&prefix));
            return Box::new(rows.take_while(move |row| row.values[column] == id));
        }
        Box::new(self.store.rows(index).after_key(None).filter(move |row| row.values[column] == id))
    }
}

/// Refuses an option that is not played here.
fn check_options(part: &Expand, played: &[&str]) -> Result<(), Fault> {
    match part.other_than(played) {
        Some(option) => {
            let message = format!("The simulator does not play '{option}' inside '$expand'.");
            Err(Fault::new(501, "BadRequest_MethodNotImplemented", message))
        }
        None => Ok(()),
    }
}
