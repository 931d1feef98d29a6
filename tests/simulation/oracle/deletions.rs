//! I8, I10: Tandem deletes only what people deleted on the other side, and only where a mapping or an answer allows it.

use tandem::model::{Side, Value};

use super::View;
use crate::simulation::tables::{cards, customers};

impl View<'_> {
    pub fn check_deletions(&self, wrong: &mut Vec<String>) {
        for side in Side::BOTH {
            for (table, row, tag) in self.world.machine(side).deleted() {
                let is_card = *table == cards();
                let by_people = if is_card { None } else { Some(side.other()) };
                let is_passed_on = self.history.was_deleted(by_people, tag) || self.is_late_copy(side, tag);
                if !is_passed_on {
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

    /// Returns whether a row may be the copy that a person wanted back at first: they changed their mind, the row it was to
    /// be made from was deleted after the first one, and then the create came about. That deletion is passed on in its turn.
    fn is_late_copy(&self, side: Side, tag: &Value) -> bool {
        let other = side.other();
        let machine = self.world.machine(other);
        let mut sources = machine.deleted().filter(|(table, ..)| *table == customers(other));
        self.history.was_deleted(Some(side), tag) && sources.any(|(_, _, deleted)| deleted == tag)
    }
}
