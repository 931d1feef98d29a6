//! Stock: entries explain every movement; the item's figure follows and moves its tag, not its stamp.

use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::service::Service;
use super::values::decimal;

/// Why stock moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Movement<'a> {
    /// The escaped type of the entry.
    pub(super) kind: &'a str,
    pub(super) document: &'a str,
    /// Who got or gave it; blank in a journal.
    pub(super) source: &'a str,
    pub(super) description: &'a str,
}

impl Service {
    /// Moves an item's stock and writes the entry.
    pub(super) fn move_item(&mut self, item: Uuid, quantity: Decimal, movement: &Movement<'_>) {
        let items = self.set("items").expect("invariant: the set exists");
        let Some(mut row) = self.store.rows(items).get(&item).cloned() else { return };
        let before = row.clone();
        let stock = self.sets[items].number(&row, "inventory") + quantity;
        self.sets[items].put(&mut row, "inventory", decimal(stock));
        let number = self.sets[items].text(&row, "number").to_owned();
        self.put(items, row);
        self.keep_version(items, &before);
        self.post_entry(&number, quantity, movement);
    }

    /// Writes the ledger entry that explains a change of stock.
    pub(super) fn post_entry(&mut self, item: &str, quantity: Decimal, movement: &Movement<'_>) {
        let entries = self.set("itemLedgerEntries").expect("invariant: the set exists");
        let number = 1001 + self.store.rows(entries).iter().count();
        let values = [
            ("entryNumber", Value::from(number)),
            ("itemNumber", Value::from(item)),
            ("postingDate", Value::String(self.clock.today())),
            ("entryType", Value::from(movement.kind)),
            ("sourceNumber", Value::from(movement.source)),
            ("documentNumber", Value::from(movement.document)),
            ("description", Value::from(movement.description)),
            ("quantity", decimal(quantity)),
        ];
        let now = self.now();
        self.insert("itemLedgerEntries", Uuid::new_v4(), &now, &values);
    }
}
