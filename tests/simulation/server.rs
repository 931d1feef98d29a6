//! The truth of one system: rows with versions and stamps, what people and Tandem do to them, and what readers are shown.

use std::collections::{BTreeMap, BTreeSet};

use tandem::model::{ColumnName, RowId, Side, TableName, Value, Version};

use super::tables::EDITED;
use super::voice;

/// How coarse stamps are, in seconds.
const STAMP_STEP: i64 = 5;

/// What this kind of system does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    pub takes_ids: bool,
    pub lists_deletions: bool,
    /// Commits may show up in lists after newer ones, and reads may show what is not committed.
    pub dirty_reads: bool,
}

impl Traits {
    pub const fn of(side: Side) -> Self {
        match side {
            Side::Left => Self { takes_ids: false, lists_deletions: false, dirty_reads: true },
            Side::Right => Self { takes_ids: true, lists_deletions: true, dirty_reads: false },
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub version: u64,
    pub stamp: i64,
    pub values: BTreeMap<ColumnName, Value>,
}

impl Stored {
    pub fn value(&self, column: &str) -> &Value {
        self.values.get(&ColumnName::new(column)).unwrap_or(&Value::Blank)
    }
}

/// What lists still show in place of a row, until a moment.
#[derive(Clone, Debug)]
struct Late {
    before: Option<Stored>,
    until: i64,
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    pub rows: BTreeMap<RowId, Stored>,
    /// Every value a row ever held, by column.
    pub held: BTreeMap<(RowId, ColumnName), BTreeSet<Value>>,
    /// Deletions by version.
    pub tombstones: BTreeMap<u64, RowId>,
    late: BTreeMap<RowId, Late>,
    /// Rows that lists leave out until a moment, although they are there.
    hidden: BTreeMap<RowId, i64>,
}

/// A write that takes effect later than its sender thinks.
#[derive(Clone, Debug)]
struct Delayed {
    at: i64,
    effect: Effect,
}

/// A change of one row.
#[derive(Clone, Debug)]
pub enum Effect {
    Create { table: TableName, id: RowId, values: Vec<(ColumnName, Value)> },
    Update { table: TableName, id: RowId, version: Option<Version>, values: Vec<(ColumnName, Value)> },
    Delete { table: TableName, id: RowId, version: Option<Version> },
}

/// How an effect ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    Done,
    Stale,
    Missing,
    Exists,
    /// Another row has that number.
    NumberTaken,
}

#[derive(Clone, Debug)]
pub struct Server {
    pub side: Side,
    pub tables: BTreeMap<TableName, Table>,
    pub version: u64,
    /// Delta tokens from before are refused.
    pub oldest_token: u64,
    /// Rows that Tandem made and may not know of yet.
    pub unheard: BTreeSet<RowId>,
    /// Rows that an update of Tandem's changed without its hearing of that: the line went, or it had given it up.
    pub updated_unheard: BTreeSet<RowId>,
    /// Rows that a deletion of Tandem's took later than it thought, each with its tag.
    pub deleted_late: Vec<(TableName, RowId, Value)>,
    number: u64,
    delayed: Vec<Delayed>,
}

impl Server {
    pub fn new(side: Side) -> Self {
        Self {
            side,
            tables: BTreeMap::new(),
            version: 1,
            oldest_token: 0,
            unheard: BTreeSet::new(),
            updated_unheard: BTreeSet::new(),
            deleted_late: Vec::new(),
            number: 0,
            delayed: Vec::new(),
        }
    }

    pub fn table(&self, name: &TableName) -> &Table {
        &self.tables[name]
    }

    /// Applies a change if it still may be.
    pub fn apply(&mut self, effect: &Effect, now: i64) -> Applied {
        match effect {
            Effect::Create { table, id, values } => {
                let mut values: BTreeMap<_, _> = values.iter().cloned().collect();
                self.complete(table, &mut values);
                let rows = &self.table(table).rows;
                if rows.contains_key(id) {
                    return Applied::Exists;
                }
                let number = ColumnName::new("number");
                let taken = values.get(&number).filter(|value| !value.is_blank());
                if taken.is_some_and(|taken| rows.values().any(|row| row.values.get(&number) == Some(taken)))
                {
                    return Applied::NumberTaken;
                }
                self.put(table, id, values, now);
                self.unheard.insert(id.clone());
            }
            Effect::Update { table, id, version, values } => {
                let Some(row) = self.table(table).rows.get(id) else { return Applied::Missing };
                if version.as_ref().is_some_and(|version| *version != version_of(row)) {
                    return Applied::Stale;
                }
                let mut all = row.values.clone();
                all.extend(values.iter().cloned());
                self.complete(table, &mut all);
                self.put(table, id, all, now);
                self.await_commit(table, id);
            }
            Effect::Delete { table, id, version } => {
                let Some(row) = self.table(table).rows.get(id) else { return Applied::Missing };
                if version.as_ref().is_some_and(|version| *version != version_of(row)) {
                    return Applied::Stale;
                }
                self.version += 1;
                let version = self.version;
                let table = self.tables.get_mut(table).unwrap();
                table.rows.remove(id);
                table.late.remove(id);
                table.tombstones.insert(version, id.clone());
            }
        }
        Applied::Done
    }

    /// What validation makes of a row: numbers are given out, texts trimmed, cities put into upper case on the left.
    fn complete(&mut self, table: &TableName, values: &mut BTreeMap<ColumnName, Value>) {
        let numbered = self.side == Side::Left && table.as_str() == "customers";
        let number = ColumnName::new("number");
        if numbered && values.get(&number).is_none_or(Value::is_blank) {
            self.number += 1;
            values.insert(number, Value::text(format!("N{:04}", self.number)));
        }
        for (column, value) in values.iter_mut() {
            let Value::Text(text) = value else { continue };
            let rewritten = match (self.side, column.as_str()) {
                (Side::Left, "city") => text.trim().to_uppercase(),
                _ => text.trim().to_owned(),
            };
            *value = Value::text(rewritten);
        }
    }

    fn put(&mut self, table: &TableName, id: &RowId, values: BTreeMap<ColumnName, Value>, now: i64) {
        self.version += 1;
        let stamp = now - now.rem_euclid(STAMP_STEP);
        let table = self.tables.get_mut(table).unwrap();
        let is_made = !table.rows.contains_key(id);
        let blank = EDITED.into_iter().filter(|_| is_made).map(ColumnName::new);
        for column in blank.filter(|column| !values.contains_key(column)) {
            table.held.entry((id.clone(), column)).or_default().insert(Value::Blank);
        }
        for (column, value) in &values {
            table.held.entry((id.clone(), column.clone())).or_default().insert(value.clone());
        }
        table.rows.insert(id.clone(), Stored { version: self.version, stamp, values });
    }

    /// Changes a row behind everybody's back: neither its version nor its stamp tells.
    #[cfg(test)]
    pub fn smuggle(&mut self, table: &TableName, id: &RowId, values: Vec<(ColumnName, Value)>) {
        let row = self.tables.get_mut(table).unwrap().rows.get_mut(id).unwrap();
        row.values.extend(values);
    }

    /// Lets lists show a row as it was until a moment: its transaction is not committed yet.
    pub fn hold_back(&mut self, table: &TableName, id: &RowId, before: Option<Stored>, until: i64) {
        let late = &mut self.tables.get_mut(table).unwrap().late;
        late.entry(id.clone()).or_insert(Late { before, until });
    }

    /// Lets a row's transaction be committed: who reads the row by key, or writes it, has waited for that.
    pub fn await_commit(&mut self, table: &TableName, id: &RowId) {
        self.tables.get_mut(table).unwrap().late.remove(id);
    }

    /// Lets lists leave out a row until a moment, whoever reads it by key.
    pub fn hide(&mut self, table: &TableName, id: &RowId, until: i64) {
        self.tables.get_mut(table).unwrap().hidden.insert(id.clone(), until);
    }

    /// Returns the rows as lists show them.
    pub fn listed(&self, table: &TableName, now: i64) -> Vec<(&RowId, &Stored)> {
        let table = self.table(table);
        let shown = |(id, row)| match table.late.get(id).filter(|late| late.until > now) {
            Some(late) => late.before.as_ref().map(|before| (id, before)),
            None => Some((id, row)),
        };
        let is_shown = |(id, _): &(&RowId, _)| table.hidden.get(*id).is_none_or(|until| *until <= now);
        table.rows.iter().filter(is_shown).filter_map(shown).collect()
    }

    /// Lets an effect come about later.
    pub fn delay(&mut self, effect: Effect, at: i64) {
        self.delayed.push(Delayed { at, effect });
    }

    /// Returns whether an effect that is due is more than Tandem can be asked to tell: a create for the second time, after
    /// its row was made and a person deleted it. What it brings back looks like an edit of the deleted row.
    fn is_spared(&self, effect: &Effect) -> bool {
        let Effect::Create { table, id, .. } = effect else { return false };
        self.table(table).tombstones.values().any(|deleted| deleted == id)
    }

    /// Returns the tag of the row that an effect changes or makes.
    pub fn tag(&self, effect: &Effect) -> Value {
        match effect {
            Effect::Create { values, .. } => {
                let tag = values.iter().find(|(column, _)| column.as_str() == "tag");
                tag.map(|(_, value)| value.clone()).unwrap_or_default()
            }
            Effect::Update { table, id, .. } | Effect::Delete { table, id, .. } => {
                let row = self.table(table).rows.get(id);
                row.map(|row| row.value("tag").clone()).unwrap_or_default()
            }
        }
    }

    /// Lets what is due come about.
    pub fn pass_time(&mut self, now: i64) {
        let (due, rest) =
            std::mem::take(&mut self.delayed).into_iter().partition(|delayed| delayed.at <= now);
        self.delayed = rest;
        for Delayed { effect, .. } in due {
            if self.is_spared(&effect) {
                continue;
            }
            voice::say(now, || format!("late on the {}: {effect:?}", self.side));
            let tag = self.tag(&effect);
            match (self.apply(&effect, now), effect) {
                (Applied::Done, Effect::Update { id, .. }) => {
                    self.updated_unheard.insert(id);
                }
                (Applied::Done, Effect::Delete { table, id, .. }) => self.deleted_late.push((table, id, tag)),
                _ => {}
            }
        }
        for table in self.tables.values_mut() {
            table.late.retain(|_, late| late.until > now);
        }
    }
}

pub fn version_of(row: &Stored) -> Version {
    Version::new(row.version.to_string())
}
