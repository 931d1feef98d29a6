//! I1, I3, I22: each row people made is there once on each side, or says why not.

use std::collections::BTreeMap;

use tandem::model::{Content, RowId, Side, Value};

use super::View;
use super::books::Books;
use crate::simulation::server::Stored;
use crate::simulation::tables::{PHANTOM, customers};

impl View<'_> {
    pub fn check_unsettled(&self, wrong: &mut Vec<String>) {
        wrong.extend(self.customers.unsettled().into_iter().map(|row| format!("I22: unsettled: {row}")));
        let cards = self.cards.iter().flat_map(Books::unsettled);
        wrong.extend(cards.map(|row| format!("I22: unsettled card: {row}")));
    }

    pub fn check_rows(&self, wrong: &mut Vec<String>) {
        for side in Side::BOTH {
            let machine = self.world.machine(side);
            let mut tags: BTreeMap<&Value, Vec<(&RowId, &Stored)>> = BTreeMap::new();
            for (id, row) in &machine.server.table(&customers(side)).rows {
                tags.entry(row.value("tag")).or_default().push((id, row));
            }
            for (tag, rows) in tags {
                if *tag == Value::text(PHANTOM) {
                    wrong.push(format!("I25: {rows:?} was made from a row that never was"));
                }
                if rows.len() > 1 && !self.may_be_twice(tag) {
                    wrong.push(format!("I3: {tag:?} is {} times on the {side:?}: {rows:?}", rows.len()));
                }
                let is_lone = |(id, row): &&(&RowId, &Stored)| {
                    self.customers.coupling_of(side, id).is_none() && !self.is_out(row)
                };
                let explained = |id: &RowId| match self.customers.seen(side, id) {
                    Some(seen) => !matches!(seen.content, Content::Gone(_)),
                    None => false,
                };
                let lone = rows.iter().find(is_lone).filter(|(id, _)| !explained(id));
                if let Some((lone, _)) = lone.filter(|_| self.is_judged(tag)) {
                    wrong.push(format!(
                        "I1: {tag:?}, row {lone} on the {side:?}, is alone and nothing says why"
                    ));
                }
            }
        }
    }

    /// A row that was deleted and restored, or deleted by a person while it was created, may be made again.
    pub fn may_be_twice(&self, tag: &Value) -> bool {
        self.history.was_deleted(None, tag)
    }

    /// I9: a row outside the mapping's filter is nobody's business until it is back.
    pub fn is_out(&self, row: &Stored) -> bool {
        self.world.circumstances.has_filter && !row.value("blocked").is_blank()
    }
}
