//! What the store says of one mapping.

use std::collections::BTreeMap;

use tandem::model::{
    ConflictKind, Content, Coupling, MappingName, Observation, Reason, RowId, Side, Standing,
};
use tandem::store::Snapshot;

use crate::simulation::world::World;

/// What the store says of one mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Books {
    pub couplings: Vec<Coupling>,
    /// By both of its rows.
    pub conflicts: BTreeMap<(Side, RowId), ConflictKind>,
    pub observations: BTreeMap<(Side, RowId), Seen>,
    pub intents: usize,
}

/// What was seen of a row and what it waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub content: Content,
    pub standing: Standing,
}

impl Seen {
    pub fn waits_for_reference(&self) -> bool {
        matches!(&self.standing, Standing::Parked { reason: Reason::WaitingForReference { .. }, .. })
    }
}

impl Books {
    pub fn read(world: &mut World, mapping: &MappingName) -> Self {
        Self::of(&world.store().snapshot().unwrap(), mapping)
    }

    pub fn of(snapshot: &Snapshot, mapping: &MappingName) -> Self {
        let mut conflicts = BTreeMap::new();
        for conflict in snapshot.conflicts().unwrap() {
            for side in Side::BOTH.into_iter().filter(|_| conflict.mapping == *mapping) {
                conflicts.insert((side, conflict.rows[side].clone()), conflict.kind.clone());
            }
        }
        let mut observations = BTreeMap::new();
        for side in Side::BOTH {
            snapshot
                .visit_observations(mapping, side, |Observation { row, content, standing, .. }| {
                    observations.insert((side, row), Seen { content, standing });
                    Ok(())
                })
                .unwrap();
        }
        Self {
            couplings: snapshot.couplings(mapping, None, 10_000).unwrap(),
            conflicts,
            observations,
            intents: snapshot.intents().unwrap().iter().filter(|intent| intent.mapping == *mapping).count(),
        }
    }

    pub fn coupling_of(&self, side: Side, row: &RowId) -> Option<&Coupling> {
        self.couplings.iter().find(|coupling| coupling.rows[side] == *row)
    }

    pub fn seen(&self, side: Side, row: &RowId) -> Option<&Seen> {
        self.observations.get(&(side, row.clone()))
    }

    /// Returns whether a coupled row of that side may be there: beside none, no absence is proved (I8).
    fn has_neighbour(&self, side: Side) -> bool {
        self.couplings.iter().any(|coupling| {
            let seen = self.seen(side, &coupling.rows[side]).map(|seen| &seen.content);
            !matches!(seen, Some(Content::Missing { .. } | Content::Gone(_)))
        })
    }

    /// Returns what is said to wait for nothing, and is not done.
    pub fn unsettled(&self) -> Vec<String> {
        let partner_waits = |side: Side, row: &RowId| {
            let coupling = self.coupling_of(side, row);
            let partner = coupling.and_then(|coupling| self.seen(side.other(), &coupling.rows[side.other()]));
            partner.is_some_and(|partner| partner.standing != Standing::Ready || is_suspected(partner))
        };
        let mut unsettled = Vec::new();
        for ((side, row), seen) in &self.observations {
            let waits = match is_suspected(seen) {
                true => !self.has_neighbour(*side),
                false => seen.standing != Standing::Ready || partner_waits(*side, row),
            };
            if !waits {
                let coupling = self.coupling_of(*side, row);
                unsettled.push(format!("{side:?} {row}: {:?} of {coupling:?}", seen.content));
            }
        }
        if self.intents > 0 {
            unsettled.push("an intent is open".to_owned());
        }
        unsettled
    }
}

fn is_suspected(seen: &Seen) -> bool {
    matches!(seen.content, Content::Missing { .. })
}
