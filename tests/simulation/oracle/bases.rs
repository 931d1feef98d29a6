//! I32: the base of a field is a value that both rows held. I23: nothing is written again and again.

use std::collections::BTreeSet;

use tandem::model::{ColumnName, Side, Value};

use super::View;
use super::values::{TEXTS, normal};
use crate::simulation::tables::customers;

impl View<'_> {
    pub fn check_bases(&self, wrong: &mut Vec<String>) {
        for coupling in &self.customers.couplings {
            for (field, base) in &coupling.base.0 {
                let Some(field) = TEXTS.into_iter().find(|known| *known == field.as_str()) else { continue };
                for side in Side::BOTH {
                    let machine = self.world.machine(side);
                    let held = &machine.server.table(&customers(side)).held;
                    let column = (coupling.rows[side].clone(), ColumnName::new(field));
                    let held: BTreeSet<_> = held.get(&column).into_iter().flatten().collect();
                    let is_held = held.iter().any(|value| normal(field, value) == normal(field, base));
                    let was_never_filled = base.is_blank() && held.is_empty();
                    if !(is_held || was_never_filled) {
                        wrong.push(format!(
                            "I32: the base of {field} of {:?} is {base:?}, which the {side:?} never held",
                            coupling.rows
                        ));
                    }
                }
            }
        }
    }

    /// I23: each change that Tandem did not make leads to one write on each side at most.
    pub fn check_echoes(&self, wrong: &mut Vec<String>) {
        let tags: BTreeSet<Value> = self.history.edits.iter().map(|edit| edit.tag.clone()).collect();
        for tag in tags {
            let edits = self.history.edits.iter().filter(|edit| edit.tag == tag).count() as u64;
            let (mut plug_ins, mut updates) = (0, 0);
            for side in Side::BOTH {
                let deeds = &self.world.machine(side).deeds;
                plug_ins += deeds.plug_ins.get(&tag).copied().unwrap_or_default();
                updates += deeds.updates.get(&tag).copied().unwrap_or_default();
            }
            let most = 2 * (edits + plug_ins);
            if updates > most {
                wrong.push(format!("I23: {tag:?} is updated {updates} times for {edits} edits"));
            }
        }
    }
}
