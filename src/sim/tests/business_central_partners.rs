//! Business Central: contacts, salespeople, opportunities, variants, and what permissions take away.

use serde_json::json;

use super::business_central::{customer, get, patch, post, send};
use super::{code, northwind, texts};

#[test]
fn a_contact_takes_a_number_and_the_name_of_its_company() {
    let mut world = northwind();
    let company = post(&mut world, "contacts", &json!({"displayName": "Alfreds Futterkiste"})).to_json();
    assert_eq!((&company["number"], &company["type"]), (&json!("CT00010"), &json!("Company")));
    assert_eq!(
        (&company["companyNumber"], &company["searchName"]),
        (&json!("CT00010"), &json!("ALFREDS FUTTERKISTE"))
    );
    let person = json!({"displayName": "Maria Anders", "type": "Person", "companyNumber": "ct00010", "jobTitle": "Sales"});
    let person = post(&mut world, "contacts", &person).to_json();
    assert_eq!(
        (&person["companyName"], &person["contactBusinessRelation"]),
        (&json!("Alfreds Futterkiste"), &json!("_x0020_"))
    );
    let of_nobody = json!({"displayName": "x", "type": "Person", "companyNumber": "CT99999"});
    assert_eq!(code(&post(&mut world, "contacts", &of_nobody)).1, "Internal_InvalidTableRelation");
    let of_a_person = json!({"displayName": "x", "type": "Person", "companyNumber": person["number"]});
    assert_eq!(code(&post(&mut world, "contacts", &of_a_person)).1, "Application_DialogException");
    let renamed = patch(&mut world, "contacts", &person, &json!({"displayName": "Maria Berg"})).to_json();
    assert_eq!(renamed["searchName"], "MARIA BERG");
    let read_only = json!({"displayName": "x", "lastInteractionDate": "2025-01-01"});
    assert_eq!(code(&post(&mut world, "contacts", &read_only)).1, "BadRequest_InvalidOperation");
}

#[test]
fn a_salesperson_is_named_by_a_code_that_exists() {
    let mut world = northwind();
    let row = customer(&mut world, "ALFKI");
    let nobody = patch(&mut world, "customers", &row, &json!({"salespersonCode": "nobody"}));
    assert_eq!(code(&nobody), (400, "Internal_InvalidTableRelation".to_owned()));
    let nancy = patch(&mut world, "customers", &row, &json!({"salespersonCode": "nancy"})).to_json();
    assert_eq!(nancy["salespersonCode"], "NANCY");
    let new = json!({"code": "jo", "displayName": "Jo", "commisionPercent": 2.5});
    assert_eq!(post(&mut world, "salespeoplePurchasers", &new).status, 201);
    assert_eq!(texts(&get(&mut world, "salespeoplePurchasers"), "code"), ["ANDREW", "JO", "NANCY"]);
}

#[test]
fn an_opportunity_shows_whom_it_is_with() {
    let mut world = northwind();
    let company = post(&mut world, "contacts", &json!({"displayName": "Alfreds"})).to_json();
    let body = json!({"description": "Tea", "contactNumber": company["number"], "salespersonCode": "NANCY"});
    let row = post(&mut world, "opportunities", &body).to_json();
    assert_eq!(
        (&row["contactName"], &row["status"], &row["number"]),
        (&json!("Alfreds"), &json!("Not_x0020_Started"), &json!("OP00010"))
    );
    patch(&mut world, "contacts", &company, &json!({"displayName": "Alfreds Futterkiste"}));
    let filter = "opportunities?$filter=contactName eq 'alfreds futterkiste'";
    assert_eq!(texts(&get(&mut world, filter), "number"), ["OP00010"]);
    assert_eq!(
        code(&patch(&mut world, "opportunities", &row, &json!({"estimatedValue": 1}))).1,
        "BadRequest_InvalidOperation"
    );
}

#[test]
fn a_variant_is_known_by_item_and_code_and_goes_with_its_item() {
    let mut world = northwind();
    let mut numbers = ["1001", "1002"].into_iter();
    for (number, status) in [("1001", 201), ("1002", 201), ("1001", 400)] {
        let body = json!({"itemNumber": number, "code": "red", "description": "Red"});
        assert_eq!(post(&mut world, "itemVariants", &body).status, status, "{number}");
    }
    let shown = get(&mut world, "itemVariants").to_json()["value"][0].as_object().unwrap().clone();
    assert!(!shown.contains_key("key"), "{shown:?}");
    assert_eq!(code(&get(&mut world, "itemVariants?$select=key")), (400, "BadRequest".to_owned()));
    let number = numbers.next().unwrap();
    let item = get(&mut world, &format!("items?$filter=number eq '{number}'")).to_json()["value"][0].clone();
    let path = format!("items({})", item["id"].as_str().unwrap());
    assert_eq!(send(&mut world, "DELETE", &path, &["If-Match: *"], &json!(null)).status, 204);
    assert_eq!(texts(&get(&mut world, "itemVariants"), "itemNumber"), numbers.collect::<Vec<_>>());
}

#[test]
fn a_missing_permission_names_table_and_right() {
    let mut world = northwind();
    world.business_central.deny("contacts", true);
    for (method, right) in [("GET", "Read"), ("POST", "Insert")] {
        let reply = send(&mut world, method, "contacts", &[], &json!({"displayName": "x"}));
        assert_eq!(reply.status, 403);
        let message = reply.to_json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains(&format!("(TableData 5050 Contact {right}: Base Application)")),
            "{message}"
        );
    }
    assert_eq!(get(&mut world, "customers").status, 200);
    world.business_central.deny("contacts", false);
    assert_eq!(get(&mut world, "contacts").status, 200);
}

#[test]
fn services_that_are_switched_off_answer_405_to_everything() {
    let mut world = northwind();
    world.business_central.switch_services(false);
    for path in ["customers", "nme"] {
        assert_eq!(get(&mut world, path).status, 405);
    }
    world.business_central.switch_services(true);
    assert_eq!(get(&mut world, "customers").status, 200);
}

#[test]
fn the_contacts_behind_a_customer_are_told_both_ways() {
    let mut world = northwind();
    let party = customer(&mut world, "ALFKI");
    let path = format!("customers({})/contactsInformation", party["id"].as_str().unwrap());
    let reply = get(&mut world, &format!("{path}?$orderby=contactType"));
    assert_eq!(texts(&reply, "contactType"), ["Company", "Person"]);
    assert_eq!(texts(&reply, "contactName"), ["Alfreds Futterkiste", "Maria Anders"]);
    let of_person = reply.to_json()["value"][1].clone();
    assert_eq!((&of_person["relatedId"], &of_person["relatedType"]), (&party["id"], &json!("Customer")));
    let contact = of_person["contactId"].as_str().unwrap();
    let back = get(&mut world, &format!("contacts({contact})/contactsInformation")).to_json();
    assert_eq!(back["value"], json!([of_person]));
    let people = get(&mut world, &format!("{path}?$filter=contactType eq 'Person'&$select=contactNumber"));
    assert_eq!(texts(&people, "contactNumber"), [of_person["contactNumber"].as_str().unwrap()]);
    assert_eq!(post(&mut world, &path, &json!({})).status, 405);
    assert_eq!(get(&mut world, "contactsInformation").status, 404);
    assert_eq!(get(&mut world, "items(x)/contactsInformation").status, 400);
}
