//! What people do in both systems.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use tandem::model::{ColumnName, RowId, Side, TableName, Value};
use uuid::Uuid;

use super::history::History;
use super::machine::Machine;
use super::server::{Applied, Effect, Traits};
use super::tables::{EDITED, POISON, currencies, customers};
use super::voice;

/// The people of a world. Clones share them.
#[derive(Clone, Debug)]
pub struct People(Arc<Mutex<Crowd>>);

#[derive(Debug)]
struct Crowd {
    history: History,
    random: Rng,
    /// People block rows and unblock them.
    blocks: bool,
}

/// The same letters are composed here and decomposed there.
const PHONES: [&str; 4] = ["0.1", "0.2", " 0.3 ", ""];
const CITIES: [&str; 5] = ["Köln", "Ko\u{308}ln", "Zürich ", "", "Łódź"];
const STREETS: [&str; 4] = ["Hof", "Hof\r\nHaus 2", "Hof\nHaus 2", "Straße\u{a0}1"];
const NOTES: [&str; 3] = ["", "note", POISON];

fn value(random: &mut Rng, field: &str) -> Value {
    Value::text(match field {
        "phone" => PHONES[random.usize(..PHONES.len())].to_owned(),
        "city" => CITIES[random.usize(..CITIES.len())].to_owned(),
        "note" => NOTES[random.usize(..NOTES.len())].to_owned(),
        "street" if random.bool() => STREETS[random.usize(..STREETS.len())].to_owned(),
        _ => format!("{field} {}", random.u32(..200)),
    })
}

/// Tells what somebody did. A server's clock shows that time.
fn tell(side: Side, now: i64, done: Option<&Effect>) {
    voice::say(now, || format!("{side:?} person: {done:?}"));
}

impl People {
    pub fn new(seed: u64, blocks: bool) -> Self {
        let crowd = Crowd { history: History::default(), random: Rng::with_seed(seed), blocks };
        Self(Arc::new(Mutex::new(crowd)))
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a copy of what they did.
    pub fn history(&self) -> History {
        self.crowd().history.clone()
    }

    /// Notes that somebody answered a conflict of a row.
    pub fn answer(&self, tag: &Value) {
        if let Value::Text(tag) = tag {
            self.crowd().history.answered.insert(tag.clone());
        }
    }

    /// Somebody does something. Returns it, if it was done.
    pub fn act(&self, machine: &mut Machine, now: i64) -> Option<Effect> {
        let mut crowd = self.crowd();
        let side = machine.server.side;
        let table = customers(side);
        // A row made by a request whose answer was lost has nothing but its content to be known by, until Tandem found it.
        let is_known = |row: &&RowId| !machine.server.unheard.contains(*row);
        let rows = &machine.server.table(&table).rows;
        let mut rows: Vec<_> = rows.keys().filter(is_known).cloned().collect();
        // People know rows by what they are about, not by the ids that servers gave them.
        rows.sort_by_cached_key(|row| machine.server.table(&table).rows[row].value("tag").clone());
        let row = (!rows.is_empty()).then(|| rows[crowd.random.usize(..rows.len())].clone());
        let done = match (crowd.random.u32(..100), row) {
            (0..=1, _) if side == Side::Left => Some(crowd.create_currency(machine, now)),
            (0..=18, _) | (_, None) => crowd.create(machine, now),
            (19..=24, Some(row)) => crowd.delete(machine, &table, &row, now),
            (25..=32, Some(row)) => crowd.point(machine, &row, now),
            (33..=42, Some(row)) if crowd.blocks => crowd.block(machine, &row, now),
            (_, Some(row)) => crowd.edit(machine, &row, now),
        };
        tell(side, now, done.as_ref());
        done
    }

    /// Somebody edits this very row.
    pub fn edit(&self, machine: &mut Machine, row: &RowId, now: i64) -> Option<Effect> {
        let mut crowd = self.crowd();
        let done = crowd.edit(machine, row, now);
        tell(machine.server.side, now, done.as_ref());
        done
    }

    /// Somebody makes a row.
    pub fn create(&self, machine: &mut Machine, now: i64) -> Option<Effect> {
        self.crowd().create(machine, now)
    }
}

impl Crowd {
    fn create(&mut self, machine: &mut Machine, now: i64) -> Option<Effect> {
        let side = machine.server.side;
        let id = RowId::from(Uuid::from_u128(self.random.u128(..)));
        let tag = format!("{side:?} {}", self.history.made);
        let mut values = vec![(ColumnName::new("tag"), Value::text(tag))];
        for field in EDITED.into_iter().filter(|field| side == Side::Left || *field != "note") {
            values.push((ColumnName::new(field), value(&mut self.random, field)));
        }
        // A create without an id of ours is found by what it sent; nobody can tell it from a row that is like that by chance.
        if !Traits::of(side).takes_ids && self.history.has_twin(side.other(), &values) {
            values.iter_mut().filter(|(column, _)| column.as_str() == "name").for_each(|(_, name)| {
                *name = Value::text(format!("another {}", self.history.made));
            });
        }
        let effect = Effect::Create { table: customers(side), id: id.clone(), values: values.clone() };
        let is_done = machine.by_person(&effect, now) == Applied::Done;
        is_done.then(|| {
            self.history.made += 1;
            let after = &machine.server.table(&customers(side)).rows[&id];
            self.history.note(side, &id, &values, None, after);
            effect
        })
    }

    fn create_currency(&mut self, machine: &mut Machine, now: i64) -> Effect {
        let side = machine.server.side;
        let known = machine.server.table(&currencies(side)).rows.len();
        let code = format!("C{known:02}");
        let id = RowId::from(Uuid::from_u128(self.random.u128(..)));
        let values = vec![
            (ColumnName::new("code"), Value::text(code.clone())),
            (ColumnName::new("name"), Value::text(code.to_lowercase())),
        ];
        let effect = Effect::Create { table: currencies(side), id, values };
        machine.server.apply(&effect, now);
        effect
    }

    fn edit(&mut self, machine: &mut Machine, row: &RowId, now: i64) -> Option<Effect> {
        let side = machine.server.side;
        let fields = EDITED.into_iter().filter(|field| side == Side::Left || *field != "note");
        let fields: Vec<_> = fields.filter(|_| self.random.u32(..4) == 0).collect();
        let values: Vec<_> = fields
            .into_iter()
            .map(|field| (ColumnName::new(field), value(&mut self.random, field)))
            .collect();
        if values.is_empty() { None } else { self.update(machine, row, &values, now) }
    }

    /// Somebody chooses a currency.
    fn point(&mut self, machine: &mut Machine, row: &RowId, now: i64) -> Option<Effect> {
        let choices: Vec<_> =
            machine.server.table(&currencies(machine.server.side)).rows.keys().cloned().collect();
        let target = choices.get(self.random.usize(..choices.len().max(1)))?.clone();
        let values = vec![(ColumnName::new("currency"), Value::Reference(target))];
        self.update(machine, row, &values, now)
    }

    /// Somebody blocks a row, or unblocks it.
    fn block(&mut self, machine: &mut Machine, row: &RowId, now: i64) -> Option<Effect> {
        let stored = machine.server.table(&customers(machine.server.side)).rows.get(row)?;
        let blocked = Value::text(if stored.value("blocked").is_blank() { "all" } else { "" });
        self.update(machine, row, &[(ColumnName::new("blocked"), blocked)], now)
    }

    fn update(
        &mut self,
        machine: &mut Machine,
        row: &RowId,
        values: &[(ColumnName, Value)],
        now: i64,
    ) -> Option<Effect> {
        let table = customers(machine.server.side);
        let before = machine.server.table(&table).rows.get(row).cloned();
        let effect =
            Effect::Update { table: table.clone(), id: row.clone(), version: None, values: values.to_vec() };
        let is_done = machine.by_person(&effect, now) == Applied::Done;
        is_done.then(|| {
            let after = &machine.server.table(&table).rows[row];
            self.history.note(machine.server.side, row, values, before.as_ref(), after);
            effect
        })
    }

    fn delete(&mut self, machine: &mut Machine, table: &TableName, row: &RowId, now: i64) -> Option<Effect> {
        let tag = machine.server.table(table).rows.get(row)?.value("tag").clone();
        let effect = Effect::Delete { table: table.clone(), id: row.clone(), version: None };
        let is_done = machine.by_person(&effect, now) == Applied::Done;
        is_done.then(|| {
            self.history.note_deletion(machine.server.side, row, &tag);
            effect
        })
    }
}
