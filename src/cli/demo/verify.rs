//! The check at the end: everything is read afresh, and every coupled row is compared through its mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::agent::{Desk, Engine};
use crate::cli::exit_code::ExitCode;
use crate::cli::report::CommandError;
use crate::mapping::{self, Direction, Mapping, Resolver};
use crate::model::{
    Conflict, ConflictKind, ConnectionName, Coupling, CouplingState, FieldId, Pair, Record, Row, RowId, Side,
    TableName, Value,
};
use crate::store::{Snapshot, StoreError};
use crate::systems::{self, ChangeQuery, Cursor, Next, System, SystemError};

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    /// Coupled rows that were compared.
    pub(super) compared: u64,
    /// Rows that differ, with the fields, though nobody is asked about them.
    pub(super) differ: Vec<String>,
    /// Rows that exist twice.
    pub(super) doubled: Vec<String>,
    /// Rows that differ in what a person is asked about, and in nothing else.
    pub(super) waiting_for_people: u64,
    /// Couplings that take no part: a row is deleted or outside the mapping's filter.
    pub(super) out_of_scope: u64,
}

impl Verdict {
    /// Returns whether both systems agree.
    pub(super) fn is_good(&self) -> bool {
        self.compared > 0 && self.differ.is_empty() && self.doubled.is_empty()
    }
}

/// Both systems' rows at one moment.
#[derive(Debug)]
pub(super) struct Census {
    mappings: Vec<Tables>,
}

/// The rows of one mapping's two tables.
#[derive(Debug)]
struct Tables {
    mapping: Mapping,
    rows: Pair<BTreeMap<RowId, Row>>,
    unreadable: Vec<String>,
    base_currency: Pair<Option<RowId>>,
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
    systems::connect(name, settings, &config.places.config).map_err(|error| unreadable(&error))
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
        mapping: mapping::with_scales(mapping.clone(), &descriptions),
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
        let mut query = ChangeQuery { table, columns: self.mapping.columns(side), cursor: Cursor::Start };
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
    fn record(&self, side: Side, row: &Row, resolver: &Resolver<'_>) -> Result<Option<Record>, String> {
        if let Some(filter) = &self.mapping.filters[side]
            && !filter.accepts(row).map_err(|error| error.to_string())?
        {
            return Ok(None);
        }
        mapping::to_record(&self.mapping, side, row, resolver).map(Some).map_err(|error| error.to_string())
    }

    /// Counts the rows in the mapping's filter by the value of a field, on one side.
    fn counts(&self, side: Side, field: &FieldId) -> BTreeMap<String, u64> {
        let resolver = Resolver { partner: &|_, _, _| None, base_currency: self.base_currency.clone() };
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

/// Compares every coupled row, and looks for rows that exist twice.
pub(super) fn verify(desk: &Desk, before: &Census, after: &Census) -> Result<Verdict, CommandError> {
    let check = || -> Result<Verdict, StoreError> {
        let snapshot = desk.engine().store().snapshot()?;
        let conflicts = snapshot.conflicts()?;
        let mut verdict = Verdict::default();
        for (before, tables) in before.mappings.iter().zip(&after.mappings) {
            verdict.differ.extend(tables.unreadable.iter().cloned());
            let couplings = snapshot.couplings(&tables.mapping.name, None, usize::MAX)?;
            compare(&mut verdict, &snapshot, tables, &couplings, &conflicts)?;
            verdict.doubled.extend(coupled_twice(&tables.mapping, &couplings));
            verdict.doubled.extend(same_number(tables));
            verdict.doubled.extend(more_often_than_before(before, tables));
        }
        Ok(verdict)
    };
    check().map_err(|error| CommandError::because(ExitCode::Store, "cannot read the couplings", &error))
}

fn compare(
    verdict: &mut Verdict,
    snapshot: &Snapshot,
    tables: &Tables,
    couplings: &[Coupling],
    conflicts: &[Conflict],
) -> Result<(), StoreError> {
    let failure = std::cell::RefCell::new(None);
    let partner = |mapping: &_, side, row: &_| {
        snapshot.partner(mapping, side, row).unwrap_or_else(|error| {
            failure.replace(Some(error));
            None
        })
    };
    let resolver = Resolver { partner: &partner, base_currency: tables.base_currency.clone() };
    for coupling in couplings {
        if coupling.state != CouplingState::IN_SCOPE {
            verdict.out_of_scope += 1;
            continue;
        }
        verdict.compared += 1;
        let name = format!("{} {}", coupling.mapping, coupling.label);
        match differing(tables, coupling, &resolver) {
            Err(problem) => verdict.differ.push(format!("{name}: {problem}")),
            Ok(fields) if fields.is_empty() => {}
            Ok(fields) if is_asked(coupling, &fields, conflicts) => verdict.waiting_for_people += 1,
            Ok(fields) => {
                let fields: Vec<_> = fields.iter().map(FieldId::as_str).collect();
                verdict.differ.push(format!("{name}: {}", fields.join(", ")));
            }
        }
    }
    failure.into_inner().map_or(Ok(()), Err)
}

/// Returns the fields kept in step that differ.
fn differing(
    tables: &Tables,
    coupling: &Coupling,
    resolver: &Resolver<'_>,
) -> Result<BTreeSet<FieldId>, String> {
    let record = |side: Side| {
        let row = tables.rows[side].get(&coupling.rows[side]).ok_or_else(|| format!("no {side} row"))?;
        tables.record(side, row, resolver)?.ok_or_else(|| format!("the {side} row is outside the filter"))
    };
    let (left, right) = (record(Side::Left)?, record(Side::Right)?);
    let kept = tables.mapping.fields.iter().filter(|field| field.direction != Direction::Match);
    let differs = kept.filter(|field| left.get(&field.id) != right.get(&field.id));
    Ok(differs.map(|field| field.id.clone()).collect())
}

fn is_asked(coupling: &Coupling, fields: &BTreeSet<FieldId>, conflicts: &[Conflict]) -> bool {
    let of_coupling =
        |conflict: &&Conflict| conflict.mapping == coupling.mapping && conflict.rows == coupling.rows;
    conflicts.iter().filter(of_coupling).any(|conflict| match &conflict.kind {
        ConflictKind::Deleted { .. } => true,
        ConflictKind::Fields(asked) => {
            fields.iter().all(|field| asked.iter().any(|asked| &asked.field == field))
        }
    })
}

fn coupled_twice(mapping: &Mapping, couplings: &[Coupling]) -> Vec<String> {
    let mut seen = Pair::<BTreeSet<&RowId>>::default();
    let mut twice = Vec::new();
    for coupling in couplings {
        for side in Side::BOTH {
            if !seen[side].insert(&coupling.rows[side]) {
                twice.push(format!("{} {} is coupled twice", mapping.name, coupling.label));
            }
        }
    }
    twice
}

/// Finds rows of one side that share what identifies a row best.
fn same_number(tables: &Tables) -> Vec<String> {
    let Some([key]) = tables.mapping.match_by.first().map(Vec::as_slice) else { return Vec::new() };
    let mut found = Vec::new();
    for side in Side::BOTH {
        for (number, count) in tables.counts(side, key) {
            if count > 1 {
                let place = &tables.mapping.connections[side];
                found.push(format!("{} {count} times {key} {number} in {place}", tables.mapping.name));
            }
        }
    }
    found
}

/// Finds names that one side has more often than either side had before: a row was created twice.
fn more_often_than_before(before: &Tables, after: &Tables) -> Vec<String> {
    let label = &after.mapping.label;
    let known = Pair::from_fn(|side| before.counts(side, label));
    let mut found = Vec::new();
    for side in Side::BOTH {
        for (name, count) in after.counts(side, label) {
            let most = Side::BOTH.map(|side| known[side].get(&name).copied().unwrap_or(0));
            // A renamed row was known by no such name before.
            if count > most.into_iter().max().unwrap_or(0).max(1) {
                let place = &after.mapping.connections[side];
                found.push(format!("{} {count} times {name} in {place}", after.mapping.name));
            }
        }
    }
    found
}
