//! Reading both systems afresh: every row of every mapped table, over new connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agent::{Desk, Engine};
use crate::cli::exit_code::ExitCode;
use crate::cli::report::CommandError;
use crate::mapping::{self, Mapping, Nameless, Resolver};
use crate::model::{ConnectionName, FieldId, Pair, Record, Row, RowId, Side, TableName, Value};
use crate::systems::{self, ChangeQuery, Cursor, Next, Surroundings, System, SystemError};

/// Both systems' rows at one moment.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) mappings: Vec<Tables>,
}

/// The rows of one mapping's two tables.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) mapping: Mapping,
    pub(super) rows: Pair<BTreeMap<RowId, Row>>,
    pub(super) unreadable: Vec<String>,
    pub(super) base_currency: Pair<Option<RowId>>,
}

/// Reads all mapped tables over new connections.
pub(super) async fn census(desk: &Desk) -> Result<Census, CommandError> {
    let engine = desk.engine();
    let mut mappings = Vec::new();
    for mapping in desk.mappings() {
        let systems = Pair::new(
            connect(engine, &mapping.connections.left)?,
            connect(engine, &mapping.connections.right)?,
        );
        mappings.push(tables(mapping, &systems).await.map_err(|error| unreadable(&error))?);
    }
    Ok(Census { mappings })
}

fn connect(engine: &Engine, name: &ConnectionName) -> Result<Arc<dyn System>, CommandError> {
    let config = engine.config();
    let settings = &config.settings.connections[name.as_str()];
    systems::connect(name, settings, &Surroundings::new(&config.places.config), config.tables_used(name))
        .map_err(|error| unreadable(&error))
}

fn unreadable(error: &SystemError) -> CommandError {
    CommandError::because(ExitCode::System, "cannot read the systems for the check", error)
}

async fn tables(mapping: &Mapping, systems: &Pair<Arc<dyn System>>) -> Result<Tables, SystemError> {
    let descriptions = Pair::new(
        systems.left.describe(&mapping.tables.left).await?,
        systems.right.describe(&mapping.tables.right).await?,
    );
    let base_currency =
        Pair::new(systems.left.facts().await?.base_currency, systems.right.facts().await?.base_currency);
    let mut tables = Tables {
        mapping: mapping::fitted(mapping.clone(), &descriptions),
        rows: Pair::default(),
        unreadable: Vec::new(),
        base_currency,
    };
    for side in Side::BOTH {
        tables.read(side, systems[side].as_ref()).await?;
    }
    Ok(tables)
}

impl Tables {
    async fn read(&mut self, side: Side, system: &dyn System) -> Result<(), SystemError> {
        let table: TableName = self.mapping.tables[side].clone();
        let columns = self.mapping.columns(side);
        let mut query = ChangeQuery { table, columns, cursor: Cursor::Start, filter: None };
        loop {
            let page = system.changes(&query).await?;
            for row in page.rows {
                match row {
                    Ok(row) => {
                        self.rows[side].insert(row.id.clone(), row);
                    }
                    Err(error) => self.unreadable.push(format!("{}: {error}", query.table)),
                }
            }
            match page.next {
                Next::Page(link) => query.cursor = Cursor::Page(link),
                Next::Done(_) => return Ok(()),
            }
        }
    }

    /// Translates a row if it is the mapping's business.
    pub(super) fn record(
        &self,
        side: Side,
        row: &Row,
        resolver: &Resolver<'_>,
    ) -> Result<Option<Record>, String> {
        if let Some(filter) = &self.mapping.filters[side]
            && !filter.accepts(row).map_err(|error| error.to_string())?
        {
            return Ok(None);
        }
        mapping::to_record(&self.mapping, side, row, resolver).map(Some).map_err(|error| error.to_string())
    }

    /// Counts the rows in the mapping's filter by the value of a field, on one side.
    pub(super) fn counts(&self, side: Side, field: &FieldId) -> BTreeMap<String, u64> {
        let resolver = Resolver {
            partner: &|_, _, _| None,
            names: &Nameless,
            base_currency: self.base_currency.clone(),
        };
        let mut counts = BTreeMap::new();
        for row in self.rows[side].values() {
            if let Ok(Some(record)) = self.record(side, row, &resolver)
                && let Some(Value::Text(text)) = record.get(field)
            {
                *counts.entry(text.clone()).or_default() += 1;
            }
        }
        counts
    }
}
