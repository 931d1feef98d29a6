//! Business Central: tags, stamps, currencies, bodies, batches.

use serde_json::{Value, json};

use super::{code, northwind, request, texts};
use crate::sim::data::World;
use crate::sim::http::Reply;

const ZERO: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn root(world: &World) -> String {
    format!(
        "{}/api/v2.0/companies({})",
        world.business_central.environment_path(),
        world.business_central.company()
    )
}

pub(super) fn send(world: &mut World, method: &str, path: &str, headers: &[&str], body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let target = format!("{}/{path}", root(world));
    world.business_central.answer(&request(method, &target, headers, &body), &mut Vec::new())
}

/// Stops the time so many seconds after a moment.
pub(super) fn tick(world: &mut World, seconds: i64) {
    world.business_central.stop_at(1_790_000_000_000 + seconds * 1000);
}

pub(super) fn get(world: &mut World, path: &str) -> Reply {
    send(world, "GET", path, &[], &Value::Null)
}

pub(super) fn post(world: &mut World, path: &str, body: &Value) -> Reply {
    send(world, "POST", path, &[], body)
}

pub(super) fn customer(world: &mut World, number: &str) -> Value {
    get(world, &format!("customers?$filter=number eq '{number}'")).to_json()["value"][0].clone()
}

/// Updates a row under its tag.
pub(super) fn patch(world: &mut World, set: &str, row: &Value, body: &Value) -> Reply {
    let tag = format!("If-Match: {}", row["@odata.etag"].as_str().unwrap());
    send(world, "PATCH", &format!("{set}({})", row["id"].as_str().unwrap()), &[&tag], body)
}

#[test]
fn an_update_needs_a_present_tag() {
    let mut world = northwind();
    let row = customer(&mut world, "ALFKI");
    let path = format!("customers({})", row["id"].as_str().unwrap());
    let body = json!({"city": "Köln"});
    assert_eq!(
        code(&send(&mut world, "PATCH", &path, &[], &body)),
        (400, "BadRequest_InvalidToken".to_owned())
    );
    assert_eq!(
        code(&send(&mut world, "PATCH", &path, &["If-Match: x"], &body)),
        (400, "BadRequest_InvalidToken".to_owned())
    );
    let changed = patch(&mut world, "customers", &row, &body);
    assert_eq!((changed.status, changed.to_json()["city"].as_str()), (200, Some("Köln")));
    assert_eq!(code(&patch(&mut world, "customers", &row, &body)), (409, "Request_EntityChanged".to_owned()));
    assert_eq!(send(&mut world, "PATCH", &path, &["If-Match: *"], &body).status, 200);
    assert_eq!(send(&mut world, "DELETE", &path, &[], &Value::Null).status, 204);
    assert_eq!(code(&get(&mut world, &path)), (404, "BadRequest_ResourceNotFound".to_owned()));
}

#[test]
fn only_a_real_change_moves_tag_and_stamp() {
    let mut world = northwind();
    tick(&mut world, 0);
    let row = customer(&mut world, "ALFKI");
    let same = patch(&mut world, "customers", &row, &json!({"city": "Berlin", "number": "alfki"})).to_json();
    assert_eq!(
        (&same["@odata.etag"], &same["lastModifiedDateTime"]),
        (&row["@odata.etag"], &row["lastModifiedDateTime"])
    );
    let moved = patch(&mut world, "customers", &row, &json!({"city": "Bonn"})).to_json();
    assert_ne!(moved["@odata.etag"], row["@odata.etag"]);
    assert_ne!(moved["lastModifiedDateTime"], row["lastModifiedDateTime"]);
}

#[test]
fn stock_moves_the_tag_and_posts_an_entry_but_leaves_the_stamp() {
    let mut world = northwind();
    let item = get(&mut world, "items?$filter=number eq '1001'").to_json()["value"][0].clone();
    let changed = patch(&mut world, "items", &item, &json!({"inventory": 30})).to_json();
    assert_eq!(
        (&changed["inventory"], &changed["lastModifiedDateTime"]),
        (&json!(30), &item["lastModifiedDateTime"])
    );
    assert_ne!(changed["@odata.etag"], item["@odata.etag"]);
    let entries = get(&mut world, "itemLedgerEntries").to_json();
    assert_eq!(
        (&entries["value"][0]["itemNumber"], &entries["value"][0]["quantity"]),
        (&json!("1001"), &json!(-9))
    );
    assert_eq!(send(&mut world, "POST", "items", &[], &json!({"inventory": 1})).status, 400);
}

#[test]
fn the_local_currency_is_stored_blank_and_read_as_its_code() {
    let mut world = northwind();
    let local = customer(&mut world, "GREAL");
    assert_eq!((&local["currencyCode"], &local["currencyId"]), (&json!("USD"), &json!(ZERO)));
    let euro = customer(&mut world, "ALFKI");
    assert_eq!(euro["currencyCode"], "EUR");
    let cleared = patch(&mut world, "customers", &euro, &json!({"currencyCode": "usd"})).to_json();
    assert_eq!((&cleared["currencyCode"], &cleared["currencyId"]), (&json!("USD"), &json!(ZERO)));
    let again = patch(
        &mut world,
        "customers",
        &cleared,
        &json!({"currencyId": euro["currencyId"], "currencyCode": "EUR"}),
    )
    .to_json();
    assert_eq!(again["currencyCode"], "EUR");
    let blank = patch(&mut world, "customers", &again, &json!({"currencyId": ZERO})).to_json();
    assert_eq!(blank["currencyCode"], "USD");
    assert_eq!(
        code(&patch(&mut world, "customers", &blank, &json!({"currencyCode": "XXX"}))),
        (400, "Internal_InvalidTableRelation".to_owned())
    );
    let torn = json!({"currencyId": euro["currencyId"], "currencyCode": "GBP"});
    assert_eq!(
        code(&patch(&mut world, "customers", &blank, &torn)),
        (400, "Application_DialogException".to_owned())
    );
    assert_eq!(
        texts(&get(&mut world, "customers?$filter=currencyCode eq 'CAD'"), "number"),
        ["BOTTM", "LAUGB", "MEREP"]
    );
}

#[test]
fn wrong_bodies_are_refused() {
    let mut world = northwind();
    let cases = [
        (
            json!({"displayName": "x", "lastModifiedDateTime": "2025-01-01T00:00:00Z"}),
            "BadRequest_InvalidOperation",
        ),
        (json!({"displayName": "x", "id": ZERO}), "BadRequest_InvalidOperation"),
        (json!({"displayName": "x", "nme": 1}), "BadRequest"),
        (json!({"displayName": "x", "creditLimit": "much"}), "BadRequest"),
        (json!({"displayName": "x", "city": "x".repeat(31)}), "Application_StringExceededLength"),
        (json!({"displayName": "x", "blocked": "Maybe"}), "Application_EvaluateException"),
        (json!({"displayName": "x", "city": null}), "BadRequest_RequiredParamNotProvided"),
        (
            json!({"displayName": "x", "paymentTermsId": "11111111-1111-4111-8111-111111111111"}),
            "Application_DialogException",
        ),
        (json!({"city": "x"}), "Application_DialogException"),
        (json!({"displayName": "x", "number": "alfki"}), "Internal_EntityWithSameKeyExists"),
    ];
    for (body, expected) in cases {
        assert_eq!(
            code(&send(&mut world, "POST", "customers", &[], &body)),
            (400, expected.to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        code(&send(&mut world, "POST", "generalLedgerSetup", &[], &json!({}))),
        (405, "BadRequest_MethodNotAllowed".to_owned())
    );
}

#[test]
fn a_new_row_takes_a_number_and_blank_forms() {
    let mut world = northwind();
    let reply = send(
        &mut world,
        "POST",
        "customers",
        &[],
        &json!({"displayName": "Neu", "number": "", "country": " de "}),
    );
    assert_eq!(reply.status, 201);
    let row = reply.to_json();
    assert_eq!(
        (&row["number"], &row["country"], &row["phoneNumber"]),
        (&json!("C00010"), &json!("DE"), &json!(""))
    );
    assert_eq!((&row["blocked"], &row["paymentTermsId"]), (&json!("_x0020_"), &json!(ZERO)));
    let chosen =
        send(&mut world, "POST", "customers", &[], &json!({"displayName": "Neu", "number": "t-1"})).to_json();
    assert_eq!(chosen["number"], "T-1");
}
