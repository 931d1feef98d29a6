//! What people do in the web client with a row of the companion: its pages take what the API only shows.
//!
//! None of the rules of the API is played. A code that people change is changed wherever it names the row.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::schema::{Source, Stored, View};
use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

/// Columns that hold codes of different tables: the table they name, and where they stand.
const CODES: [(&str, &str, &str); 3] = [
    ("items", "priceListLines", "assetNumber"),
    ("customerPriceGroups", "priceListHeaders", "sourceNumber"),
    ("customerPriceGroups", "salesPrices", "salesCode"),
];

impl Service {
    /// Edits the row of that id as a person. `None` if the set has no such row, or shows a property only.
    pub(crate) fn edit_by_hand(&mut self, set: &str, id: Uuid, change: &Map<String, Value>) -> Option<()> {
        let views = self.companion.views.iter().filter(|view| view.set.name == set);
        let (view, table, old) = views.into_iter().find_map(|view| {
            let table = view.table()?;
            Some((view, table, self.store.rows(table).get(&id)?.clone()))
        })?;
        if !change.keys().all(|name| view.keeps(name)) {
            return None;
        }
        let mut row = old.clone();
        self.put_sent(view, table, &mut row, change).ok()?;
        let since = self.store.version();
        let renamed = self.code_of_row(table, &row) != self.code_of_row(table, &old);
        let code = Value::from(self.code_of_row(table, &row));
        self.touch(table, row);
        if renamed {
            self.rename(table, self.code_of_row(table, &old).to_owned().as_str(), &code);
        }
        self.sign_changes(since, self.seed.person);
        Some(())
    }

    /// Puts a row's new code where its old one named it.
    fn rename(&mut self, target: usize, old: &str, code: &Value) {
        let pairs = self.companion.views.iter().flat_map(|view| {
            let of_target = view.pairs.iter().filter(|pair| pair.target == target);
            of_target.filter_map(|pair| match pair.stored {
                Stored::Code(at) => Some((view.table()?, at)),
                Stored::Id(_) => None,
            })
        });
        let codes = CODES.iter().filter(|(named, ..)| self.table(named) == target);
        let codes = codes.filter_map(|(_, set, column)| {
            let table = self.table(set);
            Some((table, self.column_position(table, column)?))
        });
        let places: Vec<_> = pairs.chain(codes).collect();
        for (table, at) in places {
            let names_it = |row: &&Row| row.values.get(at).and_then(Value::as_str) == Some(old);
            let found: Vec<_> = self.store.rows(table).iter().filter(names_it).cloned().collect();
            for mut row in found {
                row.values[at] = code.clone();
                self.put(table, row);
            }
        }
    }
}

impl View {
    /// Returns whether a property is stored, by itself or as half of a pair.
    fn keeps(&self, name: &str) -> bool {
        let source = self.set.position(name).map(|position| self.properties[position].source);
        matches!(source, Some(Source::Kept(_) | Source::PairId(_) | Source::PairCode(_)))
    }
}
