//! I1, I4, I5, I6, I22: coupled rows agree with what people wrote last, or are asked about.

use std::collections::BTreeSet;

use tandem::model::{ConflictKind, Coupling, CouplingState, Side, Value};
use unicode_normalization::UnicodeNormalization;

use super::View;
use crate::simulation::history::Edit;
use crate::simulation::server::Stored;
use crate::simulation::tables::{POISON, currencies, customers};

/// The fields that are compared as texts.
pub const TEXTS: [&str; 5] = ["name", "phone", "street", "city", "note"];

impl View<'_> {
    pub fn check_couplings(&self, wrong: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for coupling in &self.customers.couplings {
            for side in Side::BOTH {
                if !seen.insert((side, coupling.rows[side].clone())) {
                    wrong.push(format!("I4: {:?} is coupled twice", coupling.rows[side]));
                }
            }
            let Some((left, right)) = self.pair(coupling) else { continue };
            let is_active = matches!(coupling.state, CouplingState::Active { .. });
            if !self.is_judged(left.value("tag")) {
                continue;
            }
            let is_in = !self.is_out(&left) && !self.is_out(&right);
            if is_active && (coupling.state == CouplingState::IN_SCOPE) != is_in {
                wrong.push(format!("I9: {:?}: {:?}, in the filter: {is_in}", coupling.rows, coupling.state));
            }
            if is_active && is_in {
                self.check_values(coupling, &left, &right, wrong);
            }
        }
    }

    /// Returns both rows as they are, if both are there.
    pub fn pair(&self, coupling: &Coupling) -> Option<(Stored, Stored)> {
        let row = |side: Side| {
            let machine = self.world.machine(side);
            machine.server.table(&customers(side)).rows.get(&coupling.rows[side]).cloned()
        };
        Some((row(Side::Left)?, row(Side::Right)?))
    }

    /// Returns the fields about which people are asked; nothing where all of the row is in question.
    pub fn asked(&self, coupling: &Coupling) -> Option<BTreeSet<String>> {
        match self.customers.conflicts.get(&(Side::Left, coupling.rows.left.clone())) {
            Some(ConflictKind::Fields(fields)) => {
                Some(fields.iter().map(|field| field.field.as_str().to_owned()).collect())
            }
            Some(ConflictKind::Deleted { .. }) => None,
            None => Some(BTreeSet::new()),
        }
    }

    /// Returns whether a side waits for a reference, where references are out of reach.
    pub fn may_wait(&self, coupling: &Coupling) -> bool {
        self.scope.references_are_missing
            && Side::BOTH.into_iter().any(|side| {
                let seen = self.customers.seen(side, &coupling.rows[side]);
                seen.is_some_and(super::books::Seen::waits_for_reference)
            })
    }

    fn check_values(&self, coupling: &Coupling, left: &Stored, right: &Stored, wrong: &mut Vec<String>) {
        let Some(asked) = self.asked(coupling) else { return };
        if self.may_wait(coupling) {
            return;
        }
        // The right refuses the row as it is, and still gives what it has.
        let is_refused = *left.value("note") == Value::text(POISON);
        for field in TEXTS {
            let values = [left, right].map(|row| normal(field, row.value(field)));
            if is_refused {
                if !asked.contains(field) {
                    wrong.extend(self.withheld_edit(coupling, left.value("tag"), field, &values));
                }
                continue;
            }
            if asked.contains(field) && values[0] == values[1] {
                wrong.push(format!("I5: {field} of {:?} is asked, and equal", coupling.rows));
            }
            if asked.contains(field) || Self::is_left_over(coupling, field, &values[0]) {
                continue;
            }
            if values[0] != values[1] {
                wrong.push(format!("I22: {field} of {:?} differs: {values:?}", coupling.rows));
            }
            wrong.extend(self.lost_edit(coupling, left.value("tag"), field, &values[0]));
        }
        if is_refused {
            return;
        }
        let codes = [(Side::Left, left), (Side::Right, right)].map(|(side, row)| self.code(side, row));
        if !asked.contains("currency") && codes[0] != codes[1] {
            wrong.push(format!("I22: currency of {:?} differs: {codes:?}", coupling.rows));
        }
    }

    fn code(&self, side: Side, row: &Stored) -> Value {
        let Value::Reference(currency) = row.value("currency") else { return Value::Blank };
        let machine = self.world.machine(side);
        machine.server.table(&currencies(side)).rows[currency].value("code").clone()
    }

    /// I1: what was written last is there, unless a person chose the other side's value in a conflict.
    fn lost_edit(&self, coupling: &Coupling, tag: &Value, field: &str, found: &Value) -> Option<String> {
        let of_row = |edit: &&Edit| edit.field == field && edit.tag == *tag;
        let edits: Vec<_> = self.history.edits.iter().filter(of_row).collect();
        // A row of the same tag that is no longer the partner keeps what was written to it.
        let is_here = |edit: &Edit| !edit.is_gone && edit.row == coupling.rows[edit.side];
        let counts = |edit: &&Edit| is_here(edit) && (field != "note" || edit.side == Side::Left);
        let last = edits.iter().copied().rev().find(counts)?;
        // Systems that tell states, not edits, cannot tell an edit taken back from none.
        let is_same = |edit: &Edit, value: &Value| plugged(field, &edit.value) == plugged(field, value);
        let taken_back = edits.iter().any(|edit| !std::ptr::eq(*edit, last) && is_same(edit, &last.value));
        let chosen = self.history.was_answered(tag) && edits.iter().any(|edit| is_same(edit, found));
        if is_same(last, found) || taken_back || chosen {
            return None;
        }
        Some(format!("I1: {field} of {:?} is {found:?}, but the last edit was {last:?}", coupling.rows))
    }

    /// Returns whether a blank of its owner met a value at first contact: it erases nothing then.
    ///
    /// The note can be there although only the left may say it, where a create came about that Tandem took for lost: the
    /// two rows are at first contact after that.
    fn is_left_over(coupling: &Coupling, field: &str, left: &Value) -> bool {
        field == "note" && left.is_blank() && coupling.base.get(&field.into()).is_none()
    }

    /// I26: a field that only the right edited, and that nobody was asked about, is on the left.
    fn withheld_edit(
        &self,
        coupling: &Coupling,
        tag: &Value,
        field: &str,
        values: &[Value; 2],
    ) -> Option<String> {
        let is_of_unit = |edit: &&Edit| edit.tag == *tag && is_one_unit(edit.field, field);
        let mut edits = self.history.edits.iter().filter(is_of_unit);
        let is_only_right = edits.all(|edit| edit.side == Side::Right && edit.row == coupling.rows.right);
        // What the left's own server made of it may collide, and that is asked only when the rest has arrived.
        let is_rewritten = self.world.machine(Side::Left).deeds.plug_ins.contains_key(tag)
            || self.is_updated_unheard(coupling, Side::Left);
        let is_same = is_rewritten || plugged(field, &values[0]) == plugged(field, &values[1]);
        (field != "note" && is_only_right && !is_same && !self.history.was_answered(tag)).then(|| {
            format!(
                "I26: {field} of {:?} does not come from the row that is refused: {values:?}",
                coupling.rows
            )
        })
    }

    /// Returns whether an update landed of which no answer came: after it was looked for in vain, or before its row was edited
    /// again. What it says looks like an edit of that side then, and may collide with what the other side wrote since: both
    /// values are still there, and asked about in the end.
    fn is_updated_unheard(&self, coupling: &Coupling, side: Side) -> bool {
        self.world.machine(side).server.updated_unheard.contains(&coupling.rows[side])
    }

    /// I1: what was written last on that side is on the other, although that side cannot be written.
    pub fn check_edits_from(&self, from: Side, wrong: &mut Vec<String>) {
        for coupling in &self.customers.couplings {
            let Some((left, right)) = self.pair(coupling) else { continue };
            let is_refused = *left.value("note") == Value::text(POISON);
            let is_in =
                coupling.state == CouplingState::IN_SCOPE && !self.is_out(&left) && !self.is_out(&right);
            let Some(asked) = self.asked(coupling).filter(|asked| asked.is_empty() && is_in && !is_refused)
            else {
                continue;
            };
            for field in TEXTS.into_iter().filter(|field| !asked.contains(*field) && *field != "note") {
                let of_row = |edit: &&Edit| is_one_unit(edit.field, field) && edit.tag == *left.value("tag");
                let edits: Vec<_> = self.history.edits.iter().filter(of_row).collect();
                // Where both did, that is asked about as soon as the rest has arrived.
                let is_only_from = edits.iter().all(|edit| edit.side == from && !edit.is_gone);
                // What a server made of it may collide, and that is asked as late.
                let is_rewritten = field == "phone"
                    && Side::BOTH
                        .into_iter()
                        .any(|side| self.world.machine(side).deeds.plug_ins.contains_key(left.value("tag")));
                // What the server made of it cannot come back.
                let values = [&left, &right].map(|row| plugged(field, row.value(field)));
                let is_late = self.is_updated_unheard(coupling, from.other());
                if is_only_from && !is_rewritten && !is_late && values[0] != values[1] {
                    wrong.push(format!(
                        "I26: {field} of {:?} does not come from the {from:?}: {values:?}",
                        coupling.rows
                    ));
                }
            }
        }
    }
}

/// Returns whether two fields are merged as one.
fn is_one_unit(one: &str, other: &str) -> bool {
    let address = ["street", "city"];
    one == other || address.contains(&one) && address.contains(&other)
}

/// Brings a value into the form both sides share.
pub fn normal(field: &str, value: &Value) -> Value {
    let Value::Text(text) = value else { return value.clone() };
    let text: String = text.trim().replace("\r\n", "\n").nfc().collect();
    if field == "city" { Value::text(text.to_uppercase()) } else { Value::text(text) }
}

/// The same, and as the plug-in leaves it.
pub fn plugged(field: &str, value: &Value) -> Value {
    match normal(field, value) {
        Value::Text(text) if field == "phone" => Value::text(text.replace('.', "-")),
        other => other,
    }
}
