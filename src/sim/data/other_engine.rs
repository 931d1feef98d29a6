//! The rows by which Business Central's own integration shows, where a switch has it.

use serde_json::json;

use super::world::{CREATED, stable_id};
use crate::sim::dataverse::{Service, Switch};

/// Adds them.
pub(super) fn fill(service: &mut Service, seed: u64) {
    let at_work = service.switched(&Switch::OtherEngine);
    if !at_work && !service.switched(&Switch::OtherEngineInstalled) {
        return;
    }
    let solution = [
        ("uniquename", json!("bcbi_CdsBcIntegration")),
        ("friendlyname", json!("Business Central Integration")),
        ("version", json!("1.0.0.0")),
        ("ismanaged", json!(true)),
        ("isvisible", json!(true)),
    ];
    service.insert("solutions", stable_id(seed, "solutions", "bcbi"), CREATED, &solution);
    if at_work {
        let company = stable_id(seed, "companies", "Northwind Traders");
        let values = [
            ("bcbi_name", json!("Northwind Traders")),
            ("bcbi_externalid", json!(company)),
            ("bcbi_defaultowningteamid", json!(stable_id(seed, "teams", "1"))),
        ];
        service.insert("bcbi_companies", stable_id(seed, "bcbi_companies", "1"), CREATED, &values);
    }
}
