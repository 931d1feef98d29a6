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

#[test]
fn the_administrators_list_says_whether_an_environment_is_up() {
    let mut world = northwind();
    let asked = request("GET", "/admin/v2.29/applications/BusinessCentral/environments", &[], "");
    let found = world.business_central.answer(&asked, &mut Vec::new()).to_json();
    assert_eq!(
        (&found["value"][0]["status"], &found["value"][0]["name"]),
        (&"Active".into(), &"Production".into())
    );
    assert_eq!(found["value"][0]["versionDetails"]["version"], "29.0");
}

#[test]
fn sets_one_can_subscribe_to_are_listed() {
    let mut world = northwind();
    let root = format!("{}/api/microsoft/runtime/beta", world.business_central.environment_path());
    let path = format!("{root}/companies(x)/webhookSupportedResources?$filter=resource eq 'v2.0*'");
    let reply = world.business_central.answer(&request("GET", &path, &[], ""), &mut Vec::new());
    let found = super::texts(&reply, "resource");
    for (resource, supported) in [
        ("v2.0/customers", true),
        ("v2.0/salesOrders", true),
        ("v2.0/salesOrderLines", false),
        ("v2.0/customerFinancialDetails", false),
        ("v2.0/companies", false),
    ] {
        assert_eq!(found.iter().any(|other| other == resource), supported, "{resource}");
    }
}

#[test]
fn a_server_on_premises_has_its_instance_in_the_address_and_the_tenant_in_the_query() {
    let mut world = northwind();
    for (target, status) in [
        ("/BC/api/v2.0/companies", 200),
        ("/BC/api/v2.0/companies?tenant=default", 200),
        ("/BC/api/v2.0/companies?tenant=other", 404),
        ("/XY/api/v2.0/companies", 404),
    ] {
        let reply = world.business_central.answer(&request("GET", target, &[], ""), &mut Vec::new());
        assert_eq!(reply.status, status, "{target}");
    }
    let page = request(
        "GET",
        "/BC/api/v2.0/items?company=Northwind%20Traders",
        &["Prefer: odata.maxpagesize=1"],
        "",
    );
    let first = world.business_central.answer(&page, &mut Vec::new()).to_json();
    let next = super::link(&first, "@odata.nextLink").unwrap();
    assert!(next.starts_with("/BC/api/v2.0/items?"), "{next}");
    assert_eq!(world.business_central.answer(&request("GET", &next, &[], ""), &mut Vec::new()).status, 200);
}
