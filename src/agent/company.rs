//! Which company a mapping's rows belong to, where the tables of a system are shared by several.

use std::collections::BTreeSet;

use crate::mapping::{Company, Mapping};
use crate::model::{ColumnName, Pair, Row, RowId, Side, TableDescription, TableName, Timestamp, Value};
use crate::systems::Search;

use super::engine::Engine;
use super::error::EngineError;

/// Returns the mapping as it is for the company on its other side. Where no company is known to the system, all rows are
/// everybody's.
pub async fn of_company(
    engine: &Engine,
    mut mapping: Mapping,
    tables: &Pair<TableDescription>,
) -> Result<Mapping, EngineError> {
    for side in Side::BOTH {
        let column = ColumnName::new(engine.config().settings.company.column.as_str());
        if mapping.company[side].is_some()
            && tables[side].columns.contains_key(&column)
            && let Some(company) = find(engine, &mapping, side, column).await?
        {
            mapping = mapping.of_company(side, &company, &tables[side]);
        }
    }
    Ok(mapping)
}

/// Finds the company's row: the one that is named in `tandem.toml`, or else the one with the company's own id.
async fn find(
    engine: &Engine,
    mapping: &Mapping,
    side: Side,
    column: ColumnName,
) -> Result<Option<Company>, EngineError> {
    let settings = &engine.config().settings;
    let connections = Pair::from_fn(|side| &mapping.connections[side]);
    if let Some(known) = engine.company(connections) {
        return Ok(Some(known));
    }
    let own = &settings.connections[connections[side.other()].as_str()];
    let named = own.company_row.as_deref().map(RowId::new);
    let table = TableName::new(settings.company.table.as_str());
    let id_column = ColumnName::new(settings.company.id_column.as_str());
    let team_column = ColumnName::new(settings.company.team_column.as_str());
    let system = engine.system(connections[side]);
    let described = system.describe(&table).await?;
    let wanted =
        [&id_column, &team_column].into_iter().filter(|column| described.columns.contains_key(*column));
    let columns: BTreeSet<_> = wanted.cloned().collect();
    let everything = Search::ModifiedSince(Timestamp::UNIX_EPOCH);
    let rows = system.search(&table, &columns, &everything).await?;
    let id = own.company.as_deref().unwrap_or_default();
    let has_id = |row: &Row| match row.values.get(&id_column) {
        Some(Value::Text(found)) => found.trim_matches(['{', '}']).eq_ignore_ascii_case(id),
        _ => false,
    };
    let found = rows
        .iter()
        .flatten()
        .find(|row| named.as_ref().map_or_else(|| has_id(row), |named| row.id == *named));
    let Some(row) = found else {
        // Nobody has set companies up: there is nothing to tell apart. A row that cannot be read may be one.
        return match rows.is_empty() && named.is_none() {
            true => Ok(None),
            false => Err(EngineError::NoCompany {
                mapping: mapping.name.clone(),
                connection: connections[side].clone(),
                company: connections[side.other()].clone(),
                table,
            }),
        };
    };
    let team = match row.values.get(&team_column) {
        Some(Value::Reference(team)) => Some(team.clone()),
        _ => None,
    };
    let company = Company { column, row: row.id.clone(), team };
    engine.remember_company(connections, company.clone());
    Ok(Some(company))
}
