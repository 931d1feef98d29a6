//! Dataverse: what writes do beyond one row, and on whose behalf.

use serde_json::{Value, json};

use super::dataverse::{ACME, get, patch, send};
use super::{code, empty, northwind, switched, texts};
use crate::sim::data::World;

const OTHER: &str = "22222222-2222-4222-8222-222222222222";

fn post(world: &mut World, set: &str, body: &Value) -> u16 {
    let reply = send(world, "POST", set, &[], body);
    assert!(reply.status < 400, "{}", reply.to_json());
    reply.status
}

fn column(world: &mut World, path: &str) -> Value {
    get(world, path).to_json()["value"].clone()
}

#[test]
fn nested_rows_are_made_with_the_row_or_not_at_all() {
    let mut world = empty();
    let body = |city: Value| {
        json!({
            "accountid": ACME, "name": "Acme",
            "primarycontactid": {"firstname": "Ann", "lastname": "Lee"},
            "account_parent_account": [{"name": "Branch 1"}, {"name": "Branch 2", "address1_city": city}],
        })
    };
    let refused = send(&mut world, "POST", "accounts", &[], &body(json!(5)));
    assert_eq!(refused.status, 400);
    assert_eq!(
        (get(&mut world, "accounts/$count").body, get(&mut world, "contacts/$count").body),
        (b"0".to_vec(), b"0".to_vec())
    );
    post(&mut world, "accounts", &body(json!("Delft")));
    let path = format!(
        "accounts({ACME})?$expand=primarycontactid($select=fullname),account_parent_account($select=name;$orderby=name desc)"
    );
    let row = get(&mut world, &path).to_json();
    assert_eq!(row["primarycontactid"]["fullname"], "Ann Lee");
    let names: Vec<_> =
        row["account_parent_account"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["Branch 2", "Branch 1"]);
    let deep =
        patch(&mut world, &format!("accounts({ACME})"), &[], &json!({"primarycontactid": {"lastname": "x"}}));
    assert_eq!(deep.status, 400);
}

#[test]
fn collections_are_bound_on_create_and_changed_by_reference() {
    let mut world = empty();
    post(&mut world, "accounts", &json!({"accountid": OTHER, "name": "Child"}));
    let bound =
        json!({"accountid": ACME, "account_parent_account@odata.bind": [format!("/accounts({OTHER})")]});
    post(&mut world, "accounts", &bound);
    let children = format!("accounts({ACME})/account_parent_account");
    assert_eq!(texts(&get(&mut world, &children), "name"), ["Child"]);
    assert_eq!(
        send(&mut world, "DELETE", &format!("{children}({OTHER})/$ref"), &[], &Value::Null).status,
        204
    );
    assert_eq!(texts(&get(&mut world, &children), "name").len(), 0);
    let reference = json!({"@odata.id": format!("http://localhost:8000/api/data/v9.2/accounts({OTHER})")});
    assert_eq!(send(&mut world, "POST", &format!("{children}/$ref"), &[], &reference).status, 204);
    assert_eq!(get(&mut world, &format!("{children}/$count")).body, b"1");
    let links = get(&mut world, &format!("{children}/$ref")).to_json();
    assert!(links["value"][0]["@odata.id"].as_str().unwrap().ends_with(&format!("accounts({OTHER})")));
    let query = format!("{children}/$ref?$id=http://localhost:8000/api/data/v9.2/accounts({OTHER})");
    assert_eq!(send(&mut world, "DELETE", &query, &[], &Value::Null).status, 204);
    assert_eq!(get(&mut world, &format!("{children}/$count")).body, b"0");
}

#[test]
fn many_are_associated_with_many_once() {
    let mut world = empty();
    let team = get(&mut world, "teams").to_json()["value"][0]["teamid"].as_str().unwrap().to_owned();
    let members = format!("teams({team})/teammembership_association");
    assert_eq!(get(&mut world, &format!("{members}/$count")).body, b"2");
    let user = get(&mut world, "WhoAmI").to_json()["UserId"].as_str().unwrap().to_owned();
    let reference = json!({"@odata.id": format!("systemusers({user})")});
    let twice = send(&mut world, "POST", &format!("{members}/$ref"), &[], &reference);
    assert_eq!(code(&twice), (412, "0x80040237".to_owned()));
    assert_eq!(send(&mut world, "DELETE", &format!("{members}({user})/$ref"), &[], &Value::Null).status, 204);
    let teams = get(&mut world, &format!("systemusers({user})/teammembership_association"));
    assert_eq!(texts(&teams, "name").len(), 0);
    assert_eq!(send(&mut world, "POST", &format!("{members}/$ref"), &[], &reference).status, 204);
    assert_eq!(get(&mut world, &format!("{members}/$count")).body, b"2");
}

#[test]
fn one_column_is_put_read_raw_and_deleted() {
    let mut world = northwind();
    let path = "accounts(accountnumber='ALFKI')/fax";
    assert_eq!(send(&mut world, "PUT", path, &[], &json!({"value": "+49 1"})).status, 204);
    assert_eq!(column(&mut world, path), "+49 1");
    let raw = get(&mut world, &format!("{path}/$value"));
    assert_eq!((raw.header("Content-Type"), raw.body.as_slice()), (Some("text/plain"), b"+49 1".as_slice()));
    assert_eq!(send(&mut world, "DELETE", path, &[], &Value::Null).status, 204);
    assert_eq!(get(&mut world, path).status, 204);
    let lookup = "accounts(accountnumber='ALFKI')/transactioncurrencyid";
    assert_eq!(send(&mut world, "DELETE", lookup, &[], &Value::Null).status, 405);
}

#[test]
fn an_inactive_row_takes_only_another_state() {
    let mut world = northwind();
    let path = "accounts(accountnumber='ALFKI')";
    let set = |world: &mut World, body: Value| code(&patch(world, path, &[], &body));
    assert_eq!(set(&mut world, json!({"statecode": 1, "fax": "1"})).0, 204);
    assert_eq!(column(&mut world, &format!("{path}/statuscode")), 2);
    assert_eq!(set(&mut world, json!({"fax": "2"})), (400, "0x80040230".to_owned()));
    assert_eq!(set(&mut world, json!({"statecode": 1, "statuscode": 2})).0, 204);
    assert_eq!(set(&mut world, json!({"statecode": 0, "fax": "3"})).0, 204);
    assert_eq!(column(&mut world, &format!("{path}/fax")), "3");
}

#[test]
fn writes_for_somebody_else_name_both() {
    let mut world = empty();
    let me = get(&mut world, "WhoAmI").to_json()["UserId"].clone();
    let users = get(&mut world, "systemusers?$filter=firstname eq 'Nancy'").to_json();
    let nancy = users["value"][0].clone();
    let directory = format!("CallerObjectId: {}", nancy["azureactivedirectoryobjectid"].as_str().unwrap());
    let legacy = format!("MSCRMCallerID: {}", nancy["systemuserid"].as_str().unwrap());
    for header in [directory.as_str(), legacy.as_str()] {
        let headers = [header, "Prefer: return=representation"];
        let row = send(&mut world, "POST", "accounts", &headers, &json!({"name": "x"})).to_json();
        assert_eq!(row["_createdby_value"], nancy["systemuserid"]);
        assert_eq!((&row["_createdonbehalfby_value"], &row["_modifiedonbehalfby_value"]), (&me, &me));
        assert_eq!(row["_ownerid_value"], nancy["systemuserid"]);
        let path = format!("accounts({})", row["accountid"].as_str().unwrap());
        let own =
            patch(&mut world, &path, &["Prefer: return=representation"], &json!({"name": "y"})).to_json();
        assert_eq!((&own["_modifiedby_value"], &own["_modifiedonbehalfby_value"]), (&me, &Value::Null));
    }
    let unknown = send(&mut world, "GET", "WhoAmI", &[&format!("CallerObjectId: {ACME}")], &Value::Null);
    assert_eq!(code(&unknown), (403, "0x80072560".to_owned()));
}

#[test]
fn rows_are_deleted_in_bulk_by_a_query() {
    let mut world = northwind();
    let ids: Vec<_> = texts(&get(&mut world, "accounts?$select=accountid&$top=3"), "accountid");
    let values: Vec<_> = ids.iter().map(|id| json!({"Value": id, "Type": "System.Guid"})).collect();
    let body = json!({"JobName": "x", "QuerySet": [{
        "@odata.type": "Microsoft.Dynamics.CRM.QueryExpression", "EntityName": "account",
        "Criteria": {"FilterOperator": "And", "Conditions": [{"AttributeName": "accountid", "Operator": "In", "Values": values}]},
    }]});
    let reply = send(&mut world, "POST", "BulkDelete", &[], &body);
    assert!(reply.to_json()["JobId"].is_string(), "{}", reply.to_json());
    for id in ids {
        assert_eq!(get(&mut world, &format!("accounts({id})")).status, 404);
    }
    let none = json!({"QuerySet": [{"EntityName": "account", "Criteria": {"Conditions": [{"AttributeName": "nme", "Operator": "Null"}]}}]});
    assert_eq!(code(&send(&mut world, "POST", "BulkDelete", &[], &none)), (400, "0x80041103".to_owned()));
}

#[test]
fn money_is_rounded_as_its_currency_is() {
    let mut world = northwind();
    let path = "accounts(accountnumber='ALFKI')";
    assert_eq!(patch(&mut world, path, &[], &json!({"creditlimit": 10.126})).status, 204);
    let text = String::from_utf8(get(&mut world, &format!("{path}/creditlimit")).body).unwrap();
    assert!(text.contains("10.1300"), "{text}");
    let precise = json!({"currencyprecision": 0});
    assert_eq!(patch(&mut world, "transactioncurrencies(isocurrencycode='EUR')", &[], &precise).status, 204);
    assert_eq!(patch(&mut world, path, &[], &json!({"creditlimit": 10.126})).status, 204);
    assert_eq!(column(&mut world, &format!("{path}/creditlimit")).to_string(), "10.0000");
}

#[test]
fn a_row_can_be_made_as_if_earlier_and_ignores_what_it_cannot_take() {
    let mut world = empty();
    let body = json!({"accountid": ACME, "overriddencreatedon": "2001-02-03T04:05:06Z", "createdon": "1999-01-01T00:00:00Z"});
    post(&mut world, "accounts", &body);
    let row = get(&mut world, &format!("accounts({ACME})")).to_json();
    assert_eq!(row["createdon"], "2001-02-03T04:05:06Z");
    assert_ne!(row["overriddencreatedon"], Value::Null);
    let body = json!({"overriddencreatedon": "1990-01-01T00:00:00Z", "exchangerate": 7});
    let reply = patch(&mut world, &format!("accounts({ACME})"), &["Prefer: return=representation"], &body);
    assert_eq!(reply.to_json()["@odata.etag"], row["@odata.etag"]);
}

#[test]
fn lines_go_with_their_document_and_units_come_with_their_group() {
    let mut world = northwind();
    let order = json!({
        "salesorderid": ACME, "name": "O-1", "customerid_account@odata.bind": "/accounts(accountnumber='ALFKI')",
        "order_details": [{"productdescription": "Tea", "quantity": 2, "priceperunit": 3.5}],
    });
    post(&mut world, "salesorders", &order);
    let row = get(&mut world, &format!("salesorders({ACME})?$select=_customerid_value&$expand=customerid_account($select=accountnumber),customerid_contact($select=fullname)")).to_json();
    assert_eq!(row["customerid_account"]["accountnumber"], "ALFKI");
    assert_eq!(row["customerid_contact"], Value::Null);
    assert_eq!(get(&mut world, "salesorderdetails/$count").body, b"1");
    assert_eq!(send(&mut world, "DELETE", &format!("salesorders({ACME})"), &[], &Value::Null).status, 204);
    assert_eq!(get(&mut world, "salesorderdetails/$count").body, b"0");
    post(
        &mut world,
        "uomschedules",
        &json!({"uomscheduleid": ACME, "name": "NAV PCS", "baseuomname": "PCS"}),
    );
    let units = get(&mut world, &format!("uoms?$filter=_uomscheduleid_value eq {ACME}")).to_json();
    assert_eq!(
        (&units["value"][0]["name"], &units["value"][0]["isschedulebaseuom"]),
        (&json!("PCS"), &json!(true))
    );
    assert_eq!(units["value"].as_array().unwrap().len(), 1);
}

#[test]
fn every_answer_names_its_request() {
    let mut world = switched(&[]);
    for path in ["WhoAmI", "accounts(1)", "nothing"] {
        assert_eq!(get(&mut world, path).header("REQ_ID").map(str::len), Some(36), "{path}");
    }
}
