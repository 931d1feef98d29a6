//! A server with what disturbs it.

use fastrand::Rng;
use tandem::model::{RowId, TableName};

use super::ambush::Ambush;
use super::server::{Applied, Effect, Server, Traits};
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
    /// The whole system is away.
    pub is_away: bool,
    /// How many writes came.
    pub writes: u64,
    /// Rows Tandem deleted.
    pub deleted: Vec<(TableName, RowId)>,
}

impl Machine {
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
}
