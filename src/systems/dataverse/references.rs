//! Which table a row is in that a lookup is to point to, where the lookup may point into several.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::schema::{Schema, Target};
use crate::model::{ColumnName, RowId, TableName, Value};
use crate::systems::odata::{BatchPart, Query, Service, keyed};
use crate::systems::{SystemError, Verb};

/// More rows than this are forgotten together, to bound memory.
const MOST_REMEMBERED: usize = 50_000;

/// The tables of rows that were looked up before. A row never changes its table.
#[derive(Debug, Default)]
pub struct References {
    tables: Mutex<BTreeMap<RowId, TableName>>,
}

impl References {
    /// Looks up the rows that these values refer to through lookups with several targets.
    pub async fn find<'a>(
        &self,
        service: &Service,
        writes: impl Iterator<Item = (&'a Schema, &'a Verb)>,
    ) -> Result<(), SystemError> {
        let mut parts = Vec::new();
        let mut asked: Vec<(RowId, TableName)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (schema, verb) in writes {
            for (id, targets) in open_references(schema, verb) {
                if self.table_of(id).is_some() || !seen.insert(id.clone()) {
                    continue;
                }
                for target in targets {
                    parts.push(BatchPart::get(
                        Query::of(keyed(target.set.as_str(), id)).select([&target.key]).path(),
                    ));
                    asked.push((id.clone(), target.set.clone()));
                }
            }
        }
        let what = "the targets of lookups";
        let answers = service.read_batches(what, &parts, super::client::BATCH_SIZE).await?;
        for ((id, table), answer) in asked.iter().zip(answers) {
            match answer.status {
                200..=299 => self.remember(id, table),
                401 | 429 | 500.. => return Err(service.refused(what, &answer)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Chooses the target for a row, if it is known which one.
    pub fn choose<'a>(&self, targets: &'a [Target], id: &RowId) -> Option<&'a Target> {
        match targets {
            [only] => Some(only),
            several => {
                let table = self.table_of(id)?;
                several.iter().find(|target| target.set == table)
            }
        }
    }

    fn table_of(&self, id: &RowId) -> Option<TableName> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Remembers the table of a row.
    pub fn remember(&self, id: &RowId, table: &TableName) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.len() >= MOST_REMEMBERED {
            tables.clear();
        }
        tables.insert(id.clone(), table.clone());
    }
}

fn open_references<'a>(
    schema: &'a Schema,
    verb: &'a Verb,
) -> impl Iterator<Item = (&'a RowId, &'a [Target])> {
    let values: &[(ColumnName, Value)] = match verb {
        Verb::Create { values, .. } | Verb::Update { values, .. } => values,
        Verb::Delete { .. } => &[],
    };
    values.iter().filter_map(|(column, value)| match (schema.wire(column), value) {
        (Some(wire), Value::Reference(id)) if wire.targets.len() > 1 => Some((id, wire.targets.as_slice())),
        _ => None,
    })
}
