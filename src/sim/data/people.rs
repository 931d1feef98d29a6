//! Who there is in the organisation: business unit, users, team and role.

use serde_json::{Value, json};

use super::world::{CREATED, stable_id};
use crate::sim::dataverse::{Seed, Service};

/// Adds them.
pub(super) fn fill(service: &mut Service, ids: &Seed, seed: u64) {
    let unit = json!(ids.business_unit);
    let id = |table: &str, key: &str| stable_id(seed, table, key);
    let unit_values = [("name", json!("northwind"))];
    service.insert("businessunits", ids.business_unit, CREATED, &unit_values);
    let application = Value::String(id("registration", "client").to_string());
    service.insert(
        "systemusers",
        ids.application_user,
        CREATED,
        &[
            ("fullname", json!("# Tandem")),
            ("domainname", json!("tandem@northwind.example")),
            ("applicationid", application),
            ("azureactivedirectoryobjectid", json!(id("registration", "principal"))),
            ("accessmode", json!(4)),
            ("businessunitid", unit.clone()),
        ],
    );
    service.insert(
        "systemusers",
        ids.person,
        CREATED,
        &[
            ("fullname", json!("Nancy Davolio")),
            ("firstname", json!("Nancy")),
            ("lastname", json!("Davolio")),
            ("domainname", json!("nancy@northwind.example")),
            ("internalemailaddress", json!("nancy@northwind.example")),
            ("azureactivedirectoryobjectid", json!(id("registration", "person"))),
            ("accessmode", json!(0)),
            ("islicensed", json!(true)),
            ("businessunitid", unit.clone()),
        ],
    );
    let team = [
        ("name", json!("northwind")),
        ("teamtype", json!(0)),
        ("isdefault", json!(true)),
        ("businessunitid", unit.clone()),
        ("administratorid", json!(ids.person)),
    ];
    service.insert("teams", id("teams", "1"), CREATED, &team);
    let role = [("name", json!("Tandem Synchronization")), ("businessunitid", unit)];
    service.insert("roles", id("roles", "1"), CREATED, &role);
    service.pair("systemuserrolescollection", (ids.application_user, id("roles", "1")));
    for user in [ids.application_user, ids.person] {
        service.pair("teammemberships", (user, id("teams", "1")));
    }
}
