//! What people do in both systems, and the history of it.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use tandem::model::{ColumnName, RowId, Side, TableName, Value};
use uuid::Uuid;

use super::machine::Machine;
use super::server::{Applied, Effect, Stored};
use super::tables::{EDITED, POISON, currencies, customers};

/// One value a person gave a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub side: Side,
    pub row: RowId,
    /// What tells the row and its copies, those made anew included.
    pub tag: Value,
    pub field: &'static str,
    pub value: Value,
    /// The row was deleted by a person afterwards.
    pub is_gone: bool,
}

/// Everything people did, in its order.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub edits: Vec<Edit>,
    pub deleted: BTreeSet<(Side, RowId)>,
    /// The tag of every row of theirs: what tells copies of one row from others.
    pub tags: BTreeMap<(Side, RowId), String>,
    /// What was done just now.
    pub last: Option<Effect>,
}

const PHONES: [&str; 4] = ["0.1", "0.2", " 0.3 ", ""];
const CITIES: [&str; 4] = ["Köln", "Zürich ", "", "Łódź"];
const NOTES: [&str; 3] = ["", "note", POISON];

fn value(random: &mut Rng, field: &str) -> Value {
    Value::text(match field {
        "phone" => PHONES[random.usize(..PHONES.len())].to_owned(),
        "city" => CITIES[random.usize(..CITIES.len())].to_owned(),
        "note" => NOTES[random.usize(..NOTES.len())].to_owned(),
        _ => format!("{field} {}", random.u32(..200)),
    })
}

impl History {
    /// Somebody does something.
    pub fn act(&mut self, machine: &mut Machine, random: &mut Rng, now: i64) {
        let side = machine.server.side;
        let table = customers(side);
        // A row made by a request whose answer was lost has nothing but its content to be known by, until Tandem found it.
        let is_known = |row: &&RowId| !machine.server.unheard.contains(*row);
        let rows: Vec<_> = machine.server.table(&table).rows.keys().filter(is_known).cloned().collect();
        let row = (!rows.is_empty()).then(|| rows[random.usize(..rows.len())].clone());
        match (random.u32(..100), row) {
            (0..=19, _) | (_, None) => self.create(machine, random, now),
            (20..=25, Some(row)) => self.delete(machine, &table, &row, now),
            (26..=33, Some(row)) => self.point(machine, random, &table, &row, now),
            (_, Some(row)) => self.edit(machine, random, &table, &row, now),
        }
    }

    fn create(&mut self, machine: &mut Machine, random: &mut Rng, now: i64) {
        let side = machine.server.side;
        let table = customers(side);
        let id = RowId::from(Uuid::from_u128(random.u128(..)));
        let tag = format!("{side:?} {}", self.tags.len());
        let mut values = vec![(ColumnName::new("tag"), Value::text(tag.clone()))];
        for field in EDITED.into_iter().filter(|field| side == Side::Left || *field != "note") {
            values.push((ColumnName::new(field), value(random, field)));
        }
        let effect = Effect::Create { table, id: id.clone(), values: values.clone() };
        if machine.by_person(&effect, now) == Applied::Done {
            self.last = Some(effect);
            self.tags.insert((side, id.clone()), tag);
            self.note(machine, &id, &values, None);
        }
    }

    fn edit(&mut self, machine: &mut Machine, random: &mut Rng, table: &TableName, row: &RowId, now: i64) {
        let side = machine.server.side;
        let fields = EDITED.into_iter().filter(|field| side == Side::Left || *field != "note");
        let fields: Vec<_> = fields.filter(|_| random.u32(..4) == 0).collect();
        let values: Vec<_> =
            fields.into_iter().map(|field| (ColumnName::new(field), value(random, field))).collect();
        if values.is_empty() {
            return;
        }
        let effect =
            Effect::Update { table: table.clone(), id: row.clone(), version: None, values: values.clone() };
        let before = machine.server.table(table).rows.get(row).cloned();
        if machine.by_person(&effect, now) == Applied::Done {
            self.last = Some(effect);
            self.note(machine, row, &values, before.as_ref());
        }
    }

    /// Somebody chooses a currency.
    fn point(&mut self, machine: &mut Machine, random: &mut Rng, table: &TableName, row: &RowId, now: i64) {
        let side = machine.server.side;
        let choices: Vec<_> = machine.server.table(&currencies(side)).rows.keys().cloned().collect();
        if choices.is_empty() {
            return;
        }
        let target = Value::Reference(choices[random.usize(..choices.len())].clone());
        let values = vec![(ColumnName::new("currency"), target)];
        let effect =
            Effect::Update { table: table.clone(), id: row.clone(), version: None, values: values.clone() };
        let before = machine.server.table(table).rows.get(row).cloned();
        if machine.by_person(&effect, now) == Applied::Done {
            self.last = Some(effect);
            self.note(machine, row, &values, before.as_ref());
        }
    }

    fn delete(&mut self, machine: &mut Machine, table: &TableName, row: &RowId, now: i64) {
        let side = machine.server.side;
        let effect = Effect::Delete { table: table.clone(), id: row.clone(), version: None };
        if machine.by_person(&effect, now) == Applied::Done {
            self.last = Some(effect);
            self.deleted.insert((side, row.clone()));
            // What was written to it went with it.
            let its_own = |edit: &&mut Edit| (edit.side, &edit.row) == (side, row);
            self.edits.iter_mut().filter(its_own).for_each(|edit| edit.is_gone = true);
        }
    }

    /// Notes what was written. A value that was there already is no edit: no system tells it from silence.
    fn note(
        &mut self,
        machine: &Machine,
        row: &RowId,
        values: &[(ColumnName, Value)],
        before: Option<&Stored>,
    ) {
        let side = machine.server.side;
        let stored = &machine.server.table(&customers(side)).rows[row];
        let tag = stored.value("tag");
        let is_edit = |column: &ColumnName| {
            before.is_none_or(|before| before.value(column.as_str()) != stored.value(column.as_str()))
        };
        for (column, value) in values.iter().filter(|(column, _)| is_edit(column)) {
            let field = EDITED.into_iter().chain(["currency"]).find(|field| *field == column.as_str());
            if let Some(field) = field {
                self.edits.push(Edit {
                    side,
                    row: row.clone(),
                    tag: tag.clone(),
                    field,
                    value: value.clone(),
                    is_gone: false,
                });
            }
        }
    }
}
