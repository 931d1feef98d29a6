//! Which bulk message there is for which table, as clients look it up before they send one.

use serde_json::json;

use super::world::{CREATED, stable_id};
use crate::sim::dataverse::Service;

const MESSAGES: &[&str] = &["CreateMultiple", "UpdateMultiple", "UpsertMultiple"];

/// Adds the messages.
pub(super) fn fill(service: &mut Service, seed: u64) {
    for message in MESSAGES {
        let id = stable_id(seed, "sdkmessages", message);
        service.insert("sdkmessages", id, CREATED, &[("name", json!(message))]);
        for table in service.bulk_tables() {
            let filter = stable_id(seed, "sdkmessagefilters", &format!("{message}/{table}"));
            let values = [("primaryobjecttypecode", json!(table)), ("sdkmessageid", json!(id))];
            service.insert("sdkmessagefilters", filter, CREATED, &values);
        }
    }
}
