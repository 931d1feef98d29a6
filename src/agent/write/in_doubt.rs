//! Rows whose last write may or may not have landed.

use std::collections::BTreeSet;

use crate::agent::prepare::Prepared;
use crate::model::{IntentVerb, MappingName, Pair, RowId, Side};
use crate::store::{Snapshot, StoreError, Transaction};

/// Rows whose write may be under way: they wait for `recover`.
#[derive(Debug, Default)]
pub struct InDoubt {
    rows: BTreeSet<(Side, RowId)>,
    /// Those of them whose deletion may be under way.
    deleted: BTreeSet<(Side, RowId)>,
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
                IntentVerb::Late { minted, .. } => {
                    in_doubt.rows.insert((intent.side, minted));
                }
                IntentVerb::Restore { minted, .. } => in_doubt.expect(intent.side, minted),
                IntentVerb::Remove { row, .. } | IntentVerb::Delete { row, .. } => {
                    in_doubt.deleted.insert((intent.side, row.clone()));
                    in_doubt.rows.insert((intent.side, row));
                }
                IntentVerb::Update { coupling, .. } => {
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

    /// Returns whether a row has to wait that is to be deleted: not for a deletion, which may be sent once more.
    #[must_use]
    pub fn holds_from_deletion(&self, side: Side, row: &RowId) -> bool {
        self.holds(side, row) && !self.deleted.contains(&(side, row.clone()))
    }

    /// Returns whether rows of that side must not give rise to new ones yet.
    #[must_use]
    pub fn holds_creates_from(&self, side: Side) -> bool {
        self.unnamed[side]
    }
}

/// Closes all intents to delete a row that is gone: none of them can take effect any more.
pub fn forget_deletions(
    transaction: &mut Transaction,
    mapping: &MappingName,
    side: Side,
    row: &RowId,
) -> Result<(), StoreError> {
    for intent in transaction.intents()? {
        let is_of_row = matches!(
            &intent.verb,
            IntentVerb::Delete { row: deleted, .. } | IntentVerb::Remove { row: deleted, .. } if deleted == row
        );
        if is_of_row && intent.mapping == *mapping && intent.side == side {
            transaction.remove_intent(intent.id)?;
        }
    }
    Ok(())
}
