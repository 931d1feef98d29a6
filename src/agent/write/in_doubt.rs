//! Rows whose last write may or may not have landed.

use std::collections::BTreeSet;

use crate::agent::prepare::Prepared;
use crate::model::{IntentVerb, Pair, RowId, Side};
use crate::store::{Snapshot, StoreError};

/// Rows whose write may be under way: they wait for `recover`.
#[derive(Debug, Default)]
pub struct InDoubt {
    rows: BTreeSet<(Side, RowId)>,
    /// Sides on which a create without an id of ours may have landed: a row found there may be that very one.
    unnamed: Pair<bool>,
}

impl InDoubt {
    /// Gathers what is in doubt in a mapping.
    pub fn gather(prepared: &Prepared, snapshot: &Snapshot) -> Result<Self, StoreError> {
        let mut in_doubt = Self::default();
        let intents = snapshot.intents()?;
        for intent in intents.into_iter().filter(|intent| &intent.mapping == prepared.name()) {
            match intent.verb {
                IntentVerb::Create { source, minted, .. } => {
                    in_doubt.rows.insert((intent.side.other(), source));
                    in_doubt.expect(intent.side, minted);
                }
                IntentVerb::Remove { row, .. } | IntentVerb::Late { minted: row, .. } => {
                    in_doubt.rows.insert((intent.side, row));
                }
                IntentVerb::Restore { minted, .. } => in_doubt.expect(intent.side, minted),
                IntentVerb::Update { coupling, .. } | IntentVerb::Delete { coupling, .. } => {
                    let coupling = snapshot.coupling(prepared.name(), coupling)?;
                    let rows = coupling.map(|coupling| coupling.rows);
                    in_doubt.rows.extend(rows.map(|rows| (intent.side, rows[intent.side].clone())));
                }
            }
        }
        Ok(in_doubt)
    }

    /// Notes a row that may have been made: its id, or that it has one nobody knows.
    fn expect(&mut self, side: Side, minted: Option<RowId>) {
        match minted {
            Some(id) => {
                self.rows.insert((side, id));
            }
            None => self.unnamed[side] = true,
        }
    }

    /// Returns whether a row has to wait.
    #[must_use]
    pub fn holds(&self, side: Side, row: &RowId) -> bool {
        self.rows.contains(&(side, row.clone()))
    }

    /// Returns whether rows of that side must not give rise to new ones yet.
    #[must_use]
    pub fn holds_creates_from(&self, side: Side) -> bool {
        self.unnamed[side]
    }
}
