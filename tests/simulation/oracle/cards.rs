//! I3, I11, I22: each customer of the left has one card, and the card is like the customer.

use std::collections::BTreeMap;

use tandem::model::{Side, Value};

use super::View;
use super::values::normal;
use crate::simulation::tables::{cards, customers};

impl View<'_> {
    pub fn check_cards(&self, wrong: &mut Vec<String>) {
        let Some(books) = &self.cards else { return };
        let right = self.world.machine(Side::Right);
        let cards = &right.server.table(&cards()).rows;
        let mut tags: BTreeMap<&Value, usize> = BTreeMap::new();
        for card in cards.values() {
            *tags.entry(card.value("tag")).or_default() += 1;
        }
        for (tag, times) in tags.into_iter().filter(|(tag, times)| *times > 1 && !self.may_be_twice(tag)) {
            wrong.push(format!("I3: {tag:?} has {times} cards"));
        }
        let left = self.world.machine(Side::Left);
        for (id, customer) in &left.server.table(&customers(Side::Left)).rows {
            let coupling = books.coupling_of(Side::Left, id);
            let card = coupling.and_then(|coupling| cards.get(&coupling.rows.right));
            let tag = customer.value("tag");
            match card {
                None if books.seen(Side::Left, id).is_none() && self.is_judged(tag) => {
                    wrong.push(format!("I1: {tag:?} has no card, and nothing says why"));
                }
                Some(card) if self.is_judged(tag) => {
                    for field in ["name", "phone"] {
                        let values = [customer, card].map(|row| normal(field, row.value(field)));
                        if values[0] != values[1] {
                            wrong.push(format!("I22: {field} of the card of {tag:?} differs: {values:?}"));
                        }
                    }
                }
                None | Some(_) => {}
            }
        }
    }
}
