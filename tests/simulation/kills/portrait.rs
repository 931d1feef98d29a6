//! A quiet world as text, without what no two runs have in common: ids, versions, moments, and numbers that servers give out.

use std::collections::BTreeMap;

use tandem::model::{
    Conflict, ConflictKind, Content, Coupling, MappingName, Observation, Outcome, Record, RowId, Side,
    Standing, TableName, Value,
};
use tandem::store::Snapshot;

use super::stage::Stage;
use crate::simulation::server::Stored;
use crate::simulation::tables::{currencies, customers};

/// A quiet world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portrait {
    /// What people see: rows, conflicts, what waits.
    pub seen: Vec<String>,
    /// What only the books and the machines know: couplings with their bases, what was done, how often rows changed.
    pub books: Vec<String>,
    /// What no world may be like.
    pub wrong: Vec<String>,
}

impl Portrait {
    pub fn of(stage: &mut Stage) -> Self {
        let store = stage.calm_store();
        let snapshot = store.snapshot().unwrap();
        let names = Names::of(stage);
        let mut portrait = Self::default();
        for side in Side::BOTH {
            portrait.rows(stage, side, &names);
        }
        for conflict in snapshot.conflicts().unwrap() {
            portrait.seen.push(names.conflict(&conflict));
        }
        let mappings: Vec<_> = stage.config().mappings.iter().map(|mapping| mapping.name.clone()).collect();
        for mapping in mappings {
            portrait.mapping(&snapshot, &mapping, &names);
        }
        portrait.journal(&snapshot, &names);
        portrait.seen.sort();
        portrait.books.sort();
        portrait.changes(stage);
        if !snapshot.intents().unwrap().is_empty() {
            portrait.wrong.push("I22: an intent is open".to_owned());
        }
        portrait.inbox(stage, snapshot.conflicts().unwrap().len());
        portrait
    }

    fn rows(&mut self, stage: &Stage, side: Side, names: &Names) {
        let machine = stage.machine(side);
        for row in machine.server.table(&customers(side)).rows.values() {
            self.seen.push(format!("{}: {}", at(side), names.row(row)));
        }
        for row in machine.server.table(&currencies(side)).rows.values() {
            self.seen.push(format!("{} currency: {}", at(side), names.row(row)));
        }
    }

    fn mapping(&mut self, snapshot: &Snapshot, mapping: &MappingName, names: &Names) {
        for coupling in snapshot.couplings(mapping, None, 10_000).unwrap() {
            self.books.push(names.coupling(&coupling));
        }
        for side in Side::BOTH {
            let seen = |observation: Observation| {
                self.observation(snapshot, side, &observation, names);
                Ok(())
            };
            snapshot.visit_observations(mapping, side, seen).unwrap();
        }
    }

    fn observation(&mut self, snapshot: &Snapshot, side: Side, seen: &Observation, names: &Names) {
        let row = names.of_row(side, &seen.row);
        match &seen.standing {
            Standing::Conflicted(_) => {}
            Standing::Ready => {
                let coupling = snapshot.coupling_of(&seen.mapping, side, &seen.row).unwrap();
                let waits = coupling.is_some_and(|coupling| {
                    let (other, partner) = (side.other(), &coupling.rows[side.other()]);
                    let partner = snapshot.observation(&seen.mapping, other, partner).unwrap();
                    partner.is_some_and(|partner| partner.standing != Standing::Ready)
                });
                if !waits {
                    self.wrong
                        .push(format!("I22: {row} is ready and nobody does anything: {:?}", seen.content));
                }
            }
            standing => self.seen.push(format!("waits, {} {row}: {}", at(side), reason(standing))),
        }
        if matches!(seen.content, Content::Missing { .. }) {
            self.wrong.push(format!("I22: whether {row} is deleted is open"));
        }
    }

    fn journal(&mut self, snapshot: &Snapshot, names: &Names) {
        for (_, entry) in snapshot.journal(None, None, 10_000).unwrap() {
            let fields =
                entry.fields.iter().map(|change| format!("{} {}", change.field, names.value(&change.after)));
            let outcome = match &entry.outcome {
                // Nothing was done; only who heard the answer knows of it.
                Outcome::Stale => continue,
                Outcome::Done => "done".to_owned(),
                other => format!("{other:?}"),
            };
            self.books.push(format!(
                "{:?} {} {} {outcome}: {}",
                entry.action,
                at(entry.side),
                entry.label,
                fields.collect::<Vec<_>>().join(", ")
            ));
        }
    }

    /// Each change moves a server's version on: a write that landed twice shows here.
    fn changes(&mut self, stage: &Stage) {
        for side in Side::BOTH {
            self.books.push(format!("changes, {}: {}", at(side), stage.machine(side).server.version));
        }
    }

    fn inbox(&mut self, stage: &Stage, open: usize) {
        let page = std::fs::read_to_string(stage.inbox()).unwrap_or_default();
        let blocks = page.matches("[[conflict]]").count();
        if blocks != open {
            self.wrong.push(format!("I19: {open} conflicts are open, and the inbox shows {blocks}: {page}"));
        }
        // What was displaced by a page when the kill came may be somebody's: it is kept under a name that people see.
        let is_kept = |file: &String| stage.kills > 0 && file.starts_with("resolve-conflicts-kept-");
        let left = stage.beside_the_inbox().into_iter().filter(|file| !is_kept(file));
        self.wrong.extend(left.map(|file| format!("{file} was left behind")));
    }
}

/// What rows are called: by their tags and codes, whatever their ids.
struct Names {
    rows: BTreeMap<(Side, RowId), String>,
    /// Numbers that the server gave out, by whose they are.
    numbers: BTreeMap<String, String>,
}

impl Names {
    fn of(stage: &Stage) -> Self {
        let mut names = Self { rows: BTreeMap::new(), numbers: BTreeMap::new() };
        for side in Side::BOTH {
            let machine = stage.machine(side);
            let mut add = |table: &TableName, column| {
                for (id, row) in &machine.server.table(table).rows {
                    let name = plain(row.value(column));
                    let number = plain(row.value("number"));
                    if side == Side::Left && number.starts_with('N') {
                        names.numbers.insert(number, format!("of {name}"));
                    }
                    names.rows.insert((side, id.clone()), name);
                }
            };
            add(&customers(side), "tag");
            add(&currencies(side), "code");
        }
        names
    }

    fn of_row(&self, side: Side, row: &RowId) -> String {
        self.rows.get(&(side, row.clone())).cloned().unwrap_or_else(|| "(gone)".to_owned())
    }

    fn value(&self, value: &Value) -> String {
        match value {
            // In a record a reference names the left row; in a row of either side it names that side's.
            Value::Reference(row) => Side::BOTH
                .into_iter()
                .find_map(|side| self.rows.get(&(side, row.clone())).cloned())
                .unwrap_or_else(|| "(gone)".to_owned()),
            value => {
                let text = plain(value);
                self.numbers.get(&text).cloned().unwrap_or(text)
            }
        }
    }

    fn row(&self, row: &Stored) -> String {
        let shown = |column: &str| {
            let value = row.value(column);
            (!value.is_blank()).then(|| format!("{column} {}", self.value(value)))
        };
        let columns = ["tag", "code", "number", "name", "phone", "street", "city", "note", "currency"];
        columns.into_iter().filter_map(shown).collect::<Vec<_>>().join(", ")
    }

    fn record(&self, record: &Record) -> String {
        let fields = record.0.iter().map(|(field, value)| format!("{field} {}", self.value(value)));
        fields.collect::<Vec<_>>().join(", ")
    }

    fn coupling(&self, coupling: &Coupling) -> String {
        let [left, right] = Side::BOTH.map(|side| self.of_row(side, &coupling.rows[side]));
        format!("one: {left} and {right}, {:?}: {}", coupling.state, self.record(&coupling.base))
    }

    fn conflict(&self, conflict: &Conflict) -> String {
        let what = match &conflict.kind {
            ConflictKind::Deleted { on } => format!("gone on the {}", at(*on)),
            ConflictKind::Fields(fields) => {
                let field = |shown: &tandem::model::FieldConflict| {
                    let base = shown.base.as_ref().map_or_else(|| "?".to_owned(), |base| self.value(base));
                    let [left, right] = Side::BOTH.map(|side| self.value(&shown.values[side]));
                    format!("{} {left} or {right}, was {base}", shown.field)
                };
                fields.iter().map(field).collect::<Vec<_>>().join("; ")
            }
        };
        let suggestion = conflict.suggestion.as_ref().map(|answer| format!("; once answered {answer:?}"));
        let answer = conflict.answer.as_ref().map(|answer| format!("; answered {answer:?}"));
        let (suggestion, answer) = (suggestion.unwrap_or_default(), answer.unwrap_or_default());
        format!("asked, {}: {what}{answer}{suggestion}", conflict.label)
    }
}

fn at(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Blank => String::new(),
        other => format!("{other:?}"),
    }
}

/// Returns why a row waits, in one word.
fn reason(standing: &Standing) -> String {
    let text = match standing {
        Standing::Parked { reason, .. } => format!("{reason:?}"),
        other => format!("{other:?}"),
    };
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}
