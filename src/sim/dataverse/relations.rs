//! Navigation properties: from a row to the one its lookup names, or to the many that refer to it or are paired with it.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Fault;
use super::service::Service;
use crate::sim::store::Row;

/// Where a navigation property leads. Tables and columns are positions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Relation {
    /// To the row a lookup names.
    One { column: usize, targets: Vec<usize> },
    /// To the rows whose lookup names this one.
    Many { table: usize, column: usize },
    /// To the rows paired with this one in an intersect table.
    Paired { table: usize, intersect: usize, own: usize, other: usize },
}

impl Relation {
    /// Returns the table of the related rows; of several, the first.
    pub(super) fn table(&self) -> Option<usize> {
        match self {
            Self::One { targets, .. } => targets.first().copied(),
            Self::Many { table, .. } | Self::Paired { table, .. } => Some(*table),
        }
    }

    pub(super) fn is_collection(&self) -> bool {
        !matches!(self, Self::One { .. })
    }
}

impl Service {
    /// Returns where a navigation property of a table leads.
    pub(super) fn relation(&self, table: usize, navigation: &str) -> Option<Relation> {
        let definition = &self.tables[table];
        if let Some((column, targets)) = definition.navigation(navigation) {
            let targets = targets.iter().filter_map(|target| self.table_by_logical_name(&target.table));
            return Some(Relation::One { column, targets: targets.collect() });
        }
        self.paired(table, navigation).or_else(|| self.collection(table, navigation))
    }

    fn paired(&self, table: usize, navigation: &str) -> Option<Relation> {
        let name = &self.tables[table].logical_name;
        let sides = self.relationships.iter().flat_map(|relationship| {
            let [one, other] = &relationship.sides;
            [(relationship, one, other), (relationship, other, one)]
        });
        let mut ours = sides.filter(|(_, own, _)| own.table == name && own.navigation == navigation);
        let (relationship, own, other) = ours.next()?;
        let intersect = self.table_by_logical_name(relationship.intersect)?;
        Some(Relation::Paired {
            table: self.table_by_logical_name(other.table)?,
            intersect,
            own: self.tables[intersect].position(own.column)?,
            other: self.tables[intersect].position(other.column)?,
        })
    }

    fn collection(&self, table: usize, navigation: &str) -> Option<Relation> {
        let name = &self.tables[table].logical_name;
        self.tables.iter().enumerate().find_map(|(other, definition)| {
            let mut columns = 0..definition.columns.len();
            let column = columns.find(|column| {
                let targets = definition.targets(*column);
                targets.iter().any(|target| target.collection == navigation && target.table == *name)
            });
            column.map(|column| Relation::Many { table: other, column })
        })
    }

    /// Returns the rows a relation leads to from a row, with their table.
    pub(super) fn related(&self, relation: &Relation, row: &Row) -> Vec<(usize, &Row)> {
        match relation {
            Relation::One { column, targets } => {
                let id = row.values[*column].as_str().and_then(|id| id.parse().ok());
                let find =
                    |id| targets.iter().find_map(|table| Some((*table, self.store.rows(*table).get(&id)?)));
                id.and_then(find).into_iter().collect()
            }
            Relation::Many { table, column } => {
                let rows = self.store.rows(*table).iter();
                let id = row.id.to_string();
                let ours = rows.filter(|other| other.values[*column].as_str() == Some(&id));
                ours.map(|row| (*table, row)).collect()
            }
            Relation::Paired { table, intersect, own, other } => {
                let id = row.id.to_string();
                let pairs = self.store.rows(*intersect).iter();
                let ours = pairs.filter(|pair| pair.values[*own].as_str() == Some(&id));
                let others = ours.filter_map(|pair| pair.values[*other].as_str()?.parse().ok());
                others.filter_map(|id| Some((*table, self.store.rows(*table).get(&id)?))).collect()
            }
        }
    }

    /// Finds the pair of two rows in an intersect table.
    pub(super) fn paired_row(
        &self,
        intersect: usize,
        own: (usize, Uuid),
        other: (usize, Uuid),
    ) -> Option<Uuid> {
        let is = |row: &Row, (column, id): (usize, Uuid)| {
            row.values[column].as_str() == Some(id.to_string().as_str())
        };
        let mut pairs = self.store.rows(intersect).iter();
        pairs.find(|row| is(row, own) && is(row, other)).map(|row| row.id)
    }

    /// Pairs two rows.
    pub(super) fn join(
        &mut self,
        intersect: usize,
        own: (usize, Uuid),
        other: (usize, Uuid),
    ) -> Result<(), Fault> {
        if self.paired_row(intersect, own, other).is_some() {
            return Err(Fault::new(412, "0x80040237", "Cannot insert duplicate key."));
        }
        let id = Uuid::new_v4();
        let mut values = vec![Value::Null; self.tables[intersect].columns.len()];
        values[0] = Value::String(id.to_string());
        for (column, id) in [own, other] {
            values[column] = Value::String(id.to_string());
        }
        let version = self.store.next_version();
        self.store.put(intersect, Row { id, version, values });
        Ok(())
    }
}

/// A body without its nested rows, and these.
pub(super) struct Nested {
    pub(super) flat: Map<String, Value>,
    /// Rows to make before: the lookups that will name them.
    pub(super) before: Vec<(Relation, Map<String, Value>)>,
    /// Rows to make or to bind afterwards.
    pub(super) after: Vec<(Relation, Value)>,
}

/// Takes the nested rows out of the body of a create.
pub(super) fn nested(service: &Service, table: usize, body: &Map<String, Value>) -> Nested {
    let mut found = Nested { flat: Map::new(), before: Vec::new(), after: Vec::new() };
    for (key, value) in body {
        let navigation = key.strip_suffix("@odata.bind").unwrap_or(key);
        match (value, service.relation(table, navigation)) {
            (Value::Object(inner), Some(relation @ Relation::One { .. })) => {
                found.before.push((relation, inner.clone()));
            }
            (Value::Array(items), Some(relation)) if relation.is_collection() => {
                found.after.extend(items.iter().map(|item| (relation.clone(), item.clone())));
            }
            _ => {
                found.flat.insert(key.clone(), value.clone());
            }
        }
    }
    found
}
