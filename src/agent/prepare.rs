//! Making a mapping ready for a run: both tables described, the mapping checked against them, no other engine at work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tracing::debug;

use crate::config::OtherEngine;
use crate::mapping::{self, Field, LeftOut, Mapping, Unresolved};
use crate::model::{ColumnName, ConnectionName, MappingName, Pair, RowId, Side, TableDescription, Timestamp};
use crate::systems::{Facts, System};

use super::company::of_company;
use super::currency;
use super::engine::Engine;
use super::error::EngineError;

/// A mapping that is ready to run.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub mapping: Mapping,
    pub tables: Pair<TableDescription>,
    /// The columns that are read on each side.
    pub columns: Pair<BTreeSet<ColumnName>>,
    pub systems: Pair<Arc<dyn System>>,
    /// The row that a blank currency stands for, on a side where it is one.
    pub base_currency: Pair<Option<RowId>>,
    /// The identities of both systems, part of the ids Tandem mints.
    pub identities: Pair<String>,
    /// Each system's clock when it was last asked.
    pub server_time: Pair<Option<Timestamp>>,
}

impl Prepared {
    /// Returns the mapping's name.
    #[must_use]
    pub fn name(&self) -> &MappingName {
        &self.mapping.name
    }

    /// Returns whether rows of later mappings may let fields of this one go on that waited for them.
    #[must_use]
    pub fn has_second_step(&self) -> bool {
        let mut lookups = self.mapping.fields.iter().filter_map(Field::lookup);
        lookups.any(|lookup| lookup.unresolved == Unresolved::Field)
    }
}

/// Makes one mapping ready, unless something speaks against writing what it maps.
pub async fn prepare(
    engine: &Engine,
    mapping: &Mapping,
    facts: &BTreeMap<ConnectionName, Facts>,
) -> Result<Prepared, EngineError> {
    let prepared = assemble(engine, mapping, facts).await?;
    let facts = Pair::from_fn(|side| &facts[&mapping.connections[side]]);
    currency::check(engine, mapping, &facts)?;
    let is_known = |connection: &ConnectionName| {
        engine.config().settings.connections[connection.as_str()].other_engine == Some(OtherEngine::Known)
    };
    check_other_engine(mapping, &facts, is_known)?;
    check_other_tandem(engine, mapping, is_known).await?;
    Ok(prepared)
}

/// Puts together what reading both tables takes.
pub async fn assemble(
    engine: &Engine,
    mapping: &Mapping,
    facts: &BTreeMap<ConnectionName, Facts>,
) -> Result<Prepared, EngineError> {
    check_companion(mapping, facts)?;
    let tables = describe(engine, mapping).await?;
    check(engine, mapping, &tables)?;
    // What one that stands still couples cannot be pointed to.
    let others = engine.config().mappings.iter().filter(|other| check_companion(other, facts).is_ok());
    let able_to_run = others.map(|other| other.name.clone()).collect();
    let facts = Pair::from_fn(|side| &facts[&mapping.connections[side]]);
    let mapping = mapping.clone().among(&able_to_run);
    let base_currency = currency::blank_currency(engine, &mapping, &facts)?;
    let mapping = currency::with_rates_converted(engine, mapping, &tables, &facts).await?;
    let mapping = mapping::fitted(mapping, &tables);
    let mapping = pointing_by_names(engine, mapping).await?;
    let mapping = of_company(engine, mapping, &tables).await?;
    for LeftOut { field, why } in &mapping.left_out {
        debug!(mapping = %mapping.name, %field, why, "An optional field is left out");
    }
    Ok(Prepared {
        systems: Pair::from_fn(|side| Arc::clone(engine.system(&mapping.connections[side]))),
        base_currency,
        identities: Pair::from_fn(|side| facts[side].identity.clone()),
        server_time: Pair::from_fn(|side| facts[side].server_time),
        columns: Pair::from_fn(|side| mapping.columns(side)),
        tables,
        mapping,
    })
}

/// Returns the mapping without optional fields that point to rows by a value which their mapping does not have here.
async fn pointing_by_names(engine: &Engine, mut mapping: Mapping) -> Result<Mapping, EngineError> {
    let targets = mapping::named_targets(&mapping);
    let mut nameless = Vec::new();
    for target in engine.config().mappings.iter().filter(|other| targets.contains(&other.name)) {
        nameless.extend(mapping::nameless(&mapping, target, &describe(engine, target).await?));
    }
    let why =
        |field: &Field| nameless.iter().find(|left| left.field == field.id).map(|left| left.why.clone());
    mapping.leave_out(why);
    match nameless.iter().find(|left| mapping.field(&left.field).is_some()) {
        Some(LeftOut { field, why }) => Err(EngineError::Mapping {
            mapping: mapping.name.clone(),
            place: engine.config().sources[&mapping.name].place_of_field(field.as_str()),
            problem: format!("field {field}: {why}"),
        }),
        None => Ok(mapping),
    }
}

async fn describe(engine: &Engine, mapping: &Mapping) -> Result<Pair<TableDescription>, EngineError> {
    Ok(Pair::new(
        engine.system(&mapping.connections.left).describe(&mapping.tables.left).await?,
        engine.system(&mapping.connections.right).describe(&mapping.tables.right).await?,
    ))
}

fn check(engine: &Engine, mapping: &Mapping, tables: &Pair<TableDescription>) -> Result<(), EngineError> {
    let findings = mapping::check(mapping, tables);
    let Some(first) = findings.first() else { return Ok(()) };
    let source = &engine.config().sources[&mapping.name];
    let problems: Vec<_> = findings.iter().map(|finding| finding.problem.as_str()).collect();
    Err(EngineError::Mapping {
        mapping: mapping.name.clone(),
        place: source.place_of(first.column.as_str()),
        problem: problems.join("; "),
    })
}

fn check_companion(mapping: &Mapping, facts: &BTreeMap<ConnectionName, Facts>) -> Result<(), EngineError> {
    let companion = |side: &Side| facts.get(&mapping.connections[*side])?.companion;
    let lacks_it = |side: &Side| companion(side) == Some(false);
    match Side::BOTH.into_iter().find(lacks_it).filter(|_| mapping.needs_companion) {
        Some(side) => Err(EngineError::NoCompanion {
            mapping: mapping.name.clone(),
            connection: mapping.connections[side].clone(),
        }),
        None => Ok(()),
    }
}

/// Two engines that each write both ways would answer each other's writes.
fn check_other_engine(
    mapping: &Mapping,
    facts: &Pair<&Facts>,
    is_known: impl Fn(&ConnectionName) -> bool,
) -> Result<(), EngineError> {
    if !mapping.writes_both_ways() {
        return Ok(());
    }
    for side in Side::BOTH {
        let connection = &mapping.connections[side];
        if let Some(engine) = facts[side].other_engine.as_ref().filter(|_| !is_known(connection)) {
            return Err(EngineError::OtherEngine {
                mapping: mapping.name.clone(),
                connection: connection.clone(),
                engine: engine.clone(),
            });
        }
    }
    Ok(())
}

/// The same for another Tandem: rows it made on either side are none that this store knows.
async fn check_other_tandem(
    engine: &Engine,
    mapping: &Mapping,
    is_known: impl Fn(&ConnectionName) -> bool,
) -> Result<(), EngineError> {
    if !mapping.writes_both_ways() {
        return Ok(());
    }
    for side in Side::BOTH {
        let (connection, table) = (&mapping.connections[side], &mapping.tables[side]);
        if is_known(connection) {
            continue;
        }
        let mut made = engine.system(connection).made_elsewhere(table).await?;
        let snapshot = engine.store().snapshot()?;
        for (mapping, side) in engine.config().mappings_of(connection, table) {
            let mut unknown = Vec::with_capacity(made.len());
            for row in made {
                if snapshot.partner(&mapping.name, side, &row)?.is_none() {
                    unknown.push(row);
                }
            }
            made = unknown;
        }
        if !made.is_empty() {
            return Err(EngineError::OtherEngine {
                mapping: mapping.name.clone(),
                connection: connection.clone(),
                engine: format!(
                    "another Tandem (rows of {table} it made: {}, unknown to this one)",
                    made.len()
                ),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(other_engine: Option<&str>) -> Facts {
        Facts {
            identity: "i".to_owned(),
            display_name: "n".to_owned(),
            base_currency_code: None,
            base_currency: None,
            currencies: BTreeMap::new(),
            other_engine: other_engine.map(str::to_owned),
            companion: None,
            server_time: None,
        }
    }

    #[test]
    fn beside_another_engine_both_ways_needs_a_word_from_people() {
        let connections = Pair::new("erp".into(), "crm".into());
        let check = |text: &str, engine: Option<&str>, is_known: bool| {
            let mapping = mapping::parse("test", text, &connections).unwrap();
            let (left, right) = (facts(None), facts(engine));
            check_other_engine(&mapping, &Pair::new(&left, &right), |_| is_known)
        };
        let both_ways = mapping::standard("CUSTOMER").unwrap();
        let error = check(both_ways, Some("the other"), false).unwrap_err();
        let (text, remedy) = (error.to_string(), error.remedy().unwrap());
        assert!(
            text.starts_with("the other keeps rows of crm in step") && text.contains("CUSTOMER"),
            "{text}"
        );
        assert!(remedy.contains("[connections.crm]"), "{remedy}");
        assert!(check(both_ways, Some("the other"), true).is_ok());
        assert!(check(both_ways, None, false).is_ok());
        let one_way = mapping::standard("CURRENCY").unwrap();
        assert!(check(one_way, Some("the other"), false).is_ok());
    }
}
