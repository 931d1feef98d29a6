//! Finding out what there is: the organisations and environments a caller may use.

use super::{BASE, northwind, request};

#[test]
fn organisations_and_environments_are_listed_with_their_addresses() {
    let mut world = northwind();
    let asked = request("GET", "/api/discovery/v2.0/Instances", &[], "");
    let found = world.dataverse.answer(&asked, &mut Vec::new()).to_json();
    assert_eq!(found["value"][0]["Url"], BASE);
    assert_eq!(found["value"][0]["State"], 0);
    let asked = request("GET", "/environments/v1.2", &[], "");
    let found = world.business_central.answer(&asked, &mut Vec::new()).to_json();
    assert_eq!(found["value"][0]["webServiceUrl"], BASE);
    let path = world.business_central.environment_path();
    assert!(path.ends_with(found["value"][0]["name"].as_str().unwrap()), "{path}");
}
