//! A server with what disturbs it, and what Tandem did to it.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use tandem::model::{RowId, Side, TableName, Value, Version};
use tandem::systems::{Verb, Write};

use super::ambush::Ambush;
use super::circumstances::Sizes;
use super::lasting::Lasting;
use super::server::{Applied, Effect, Server, Traits};
use super::tables::{cards, currencies, customers};
use super::trouble::{Rates, strikes};

/// The latest a person's edit shows up in lists: less than reads by stamp reach back.
pub const LATEST_SECS: i64 = 100;

/// A server with what disturbs it, and what Tandem did to it.
#[derive(Clone, Debug)]
pub struct Machine {
    pub server: Server,
    pub rates: Rates,
    pub ambushes: Vec<Ambush>,
    pub random: Rng,
    pub sizes: Sizes,
    /// How far its clock is off.
    pub skew: i64,
    /// The whole system is away.
    pub is_away: bool,
    /// What stays wrong until the world is healed.
    pub lasting: Option<Lasting>,
    pub deeds: Deeds,
}

/// What Tandem did to a server.
#[derive(Clone, Debug, Default)]
pub struct Deeds {
    /// How many writes came.
    pub writes: u64,
    /// Rows it deleted when it said so, each with its tag.
    pub deleted: Vec<(TableName, RowId, Value)>,
    /// How many updates landed on rows of a tag.
    pub updates: BTreeMap<Value, u64>,
    /// How often the server itself changed a row of a tag after a write.
    pub plug_ins: BTreeMap<Value, u64>,
    /// The versions it was shown, by row.
    pub shown: BTreeSet<(RowId, Version)>,
    /// Writes that must not be.
    pub wrong: Vec<String>,
}

impl Machine {
    pub fn new(side: Side, random: Rng, rates: Rates, sizes: Sizes, skew: i64) -> Self {
        let mut server = Server::new(side);
        for table in [customers(side), currencies(side), cards()] {
            server.tables.insert(table, super::server::Table::default());
        }
        let deeds = Deeds::default();
        let ambushes = Vec::new();
        Self { server, rates, ambushes, random, sizes, skew, is_away: false, lasting: None, deeds }
    }

    /// Lets a person's change be seen at once or late.
    pub fn by_person(&mut self, effect: &Effect, now: i64) -> Applied {
        let (table, id) = match effect {
            Effect::Create { table, id, .. }
            | Effect::Update { table, id, .. }
            | Effect::Delete { table, id, .. } => (table.clone(), id.clone()),
        };
        let before = self.server.table(&table).rows.get(&id).cloned();
        let applied = self.server.apply(effect, now);
        self.server.unheard.remove(&id);
        let may_be_late =
            Traits::of(self.server.side).dirty_reads && !matches!(effect, Effect::Delete { .. });
        if applied == Applied::Done && may_be_late && strikes(&mut self.random, self.rates.late) {
            let until = now + self.random.i64(1..LATEST_SECS);
            self.server.hold_back(&table, &id, before, until);
        }
        applied
    }

    /// Returns the rows that Tandem deleted, each with its tag: at once, and later than it thought.
    pub fn deleted(&self) -> impl Iterator<Item = &(TableName, RowId, Value)> {
        self.deeds.deleted.iter().chain(&self.server.deleted_late)
    }

    /// I2, I11, I12: looks at what Tandem sends, whatever becomes of it.
    pub fn inspect(&mut self, write: &Write) {
        let side = self.server.side;
        let mut wrong = Vec::new();
        match &write.verb {
            Verb::Update { id, version, .. } | Verb::Delete { id, version }
                if !self.deeds.shown.contains(&(id.clone(), version.clone())) =>
            {
                wrong.push(format!("I2: {id} on the {side:?} is written by a version nobody was shown"));
            }
            _ => {}
        }
        let (Verb::Create { values, .. } | Verb::Update { values, .. }) = &write.verb else {
            return self.deeds.wrong.extend(wrong);
        };
        let is_update = matches!(write.verb, Verb::Update { .. });
        for (column, value) in values {
            let is_currency = write.table == currencies(side);
            // A row that is restored gets back what it had.
            if side == Side::Left && is_update && (column.as_str() == "note" || is_currency) {
                wrong.push(format!("I11: {column} is written on the {side:?}, which owns it"));
            }
            if column.as_str() == "currency" && is_update && value.is_blank() {
                wrong.push(format!("I12: a reference is blanked on the {side:?}: {:?}", write.verb));
            }
            if let Value::Reference(target) = value
                && !self.server.table(&currencies(side)).rows.contains_key(target)
            {
                wrong.push(format!("I12: a reference on the {side:?} leads nowhere"));
            }
        }
        self.deeds.wrong.extend(wrong);
    }
}
