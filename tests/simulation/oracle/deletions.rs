//! I8, I10: Tandem deletes only what people deleted on the other side, and only where a mapping or an answer allows it.

use tandem::model::Side;

use super::View;
use crate::simulation::tables::cards;

impl View<'_> {
    pub fn check_deletions(&self, wrong: &mut Vec<String>) {
        for side in Side::BOTH {
            for (table, row, tag) in &self.world.machine(side).deeds.deleted {
                let is_card = *table == cards();
                let by_people = if is_card { None } else { Some(side.other()) };
                if !self.history.was_deleted(by_people, tag) {
                    wrong.push(format!(
                        "I8: {row} of {tag:?} in {table} is deleted, and nobody deleted its partner"
                    ));
                }
                let is_allowed = self.world.circumstances.deletion == "delete";
                if !is_allowed && !self.history.was_answered(tag) {
                    wrong.push(format!("I8: {row} of {tag:?} in {table} is deleted, and nobody allowed it"));
                }
            }
        }
    }
}
