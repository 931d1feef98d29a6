//! What somebody does straight in the database: no stamp, no row version and no subscriber tells of it.

use serde_json::{Map, Value};

use super::service::Service;

impl Service {
    /// Edits the row of this key and leaves its stamp and version as they are. `None` if there is no such set, row or
    /// property.
    pub(crate) fn edit_unnoticed(&mut self, set: &str, key: &str, change: &Map<String, Value>) -> Option<()> {
        let index = self.set(set)?;
        let set = &self.sets[index];
        let mut row = self.store.rows(index).by_key(set.key_position(), &Value::from(key))?.clone();
        for (name, value) in change {
            row.values[set.shown(name)?] = value.clone();
        }
        set.compose(&mut row);
        self.store.put(index, row);
        Some(())
    }
}
