//! Who changed a row last: rows hold a user's id, people want a name.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;
use tracing::debug;

use super::Companion;
use crate::model::Row;
use crate::systems::odata::Query;

/// The column that holds the id of the user who changed the row last.
pub const MODIFIED_BY: &str = "systemModifiedBy";

/// The users' names, as far as they were asked for.
#[derive(Debug, Default)]
pub struct Authors {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    names: BTreeMap<String, String>,
    is_asked: bool,
}

impl Authors {
    /// Lets an unknown user be asked for once more.
    pub fn may_be_asked_again(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).is_asked = false;
    }

    fn name(&self, row: &mut Row) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(by) = &mut row.modified_by
            && let Some(name) = known.names.get(&by.to_lowercase())
        {
            by.clone_from(name);
        }
    }

    /// Returns whether to ask for the names, to find this row's author.
    fn has_to_ask(&self, row: &Row) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |by: &String| known.names.contains_key(&by.to_lowercase());
        if known.is_asked || row.modified_by.as_ref().is_none_or(is_known) {
            return false;
        }
        known.is_asked = true;
        true
    }
}

impl Companion {
    /// Puts names in the place of users' ids. Where the names are not told, the ids stay.
    pub async fn name_authors(&self, rows: impl Iterator<Item = &mut Row>) {
        for row in rows {
            if self.authors.has_to_ask(row) {
                self.ask_for_names().await;
            }
            self.authors.name(row);
        }
    }

    async fn ask_for_names(&self) {
        let path = Query::of(format!("{}/users", self.company)).select(["id", "userName", "displayName"]);
        let name = |row: Json| {
            let text = |name: &str| row.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
            let name = text("displayName").or_else(|| text("userName"))?;
            Some((text("id")?.to_lowercase(), name.to_owned()))
        };
        match self.service.all("users", &path.path(), None, name).await {
            Ok(names) => {
                let mut known = self.authors.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.names = names.into_iter().flatten().collect();
            }
            Err(error) => debug!(connection = %self.service.name, %error, "Authors stay without names"),
        }
    }
}
