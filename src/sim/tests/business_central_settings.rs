//! Business Central: what companies set up differently, what bodies are refused, and reads of what is not committed.

use std::sync::Arc;

use serde_json::json;

use super::business_central::{customer, get, patch, post, root, send, tick};
use super::{code, northwind, request, texts};
use crate::sim::disturbance::Disturbance;
use crate::sim::{Profile, Setting};

#[test]
fn numbers_of_ones_own_are_refused_where_the_series_says_so() {
    let mut world = northwind();
    world.business_central.set_up(&[Setting::NoManualNumbers]);
    let refused = post(&mut world, "customers", &json!({"displayName": "x", "number": "X1"}));
    assert_eq!(code(&refused), (400, "Application_DialogException".to_owned()));
    let message = refused.to_json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("You may not enter numbers manually."), "{message}");
    assert_eq!(post(&mut world, "customers", &json!({"displayName": "x"})).to_json()["number"], "C00010");
    // A table without a series takes codes as ever.
    assert_eq!(post(&mut world, "paymentMethods", &json!({"code": "x"})).status, 201);
}

#[test]
fn in_is_ignored_or_refused() {
    let mut world = northwind();
    let filter = "customers?$filter=number in ('ALFKI','BONAP')";
    assert_eq!(texts(&get(&mut world, filter), "number").len(), 91);
    world.business_central.set_up(&[Setting::RefuseIn]);
    assert_eq!(code(&get(&mut world, filter)), (501, "BadRequest_MethodNotImplemented".to_owned()));
}

#[test]
fn enums_are_filtered_by_member_and_by_caption() {
    let mut world = northwind();
    let blocked = customer(&mut world, "ALFKI");
    patch(&mut world, "customers", &blocked, &json!({"blocked": "Invoice"}));
    for literal in ["'Invoice'", "'invoice'", "Microsoft.NAV.customerBlocked'Invoice'"] {
        let found = get(&mut world, &format!("customers?$filter=blocked eq {literal}"));
        assert_eq!(texts(&found, "number"), ["ALFKI"], "{literal}");
    }
    for literal in ["'_x0020_'", "' '"] {
        let found = get(&mut world, &format!("customers?$filter=blocked eq {literal}"));
        assert_eq!(texts(&found, "number").len(), 90, "{literal}");
    }
}

#[test]
fn codes_are_trimmed_and_upper_case() {
    let mut world = northwind();
    let made = post(&mut world, "currencies", &json!({"code": " chf ", "displayName": " Franc "})).to_json();
    assert_eq!((&made["code"], &made["displayName"]), (&json!("CHF"), &json!(" Franc ")));
}

#[test]
fn a_body_must_be_json() {
    let mut world = northwind();
    let body = json!({"displayName": "x"});
    for (kind, status) in [
        ("text/plain", 415),
        ("application/json; charset=utf-8", 201),
        ("application/json;odata.metadata=none", 201),
    ] {
        let header = format!("Content-Type: {kind}");
        assert_eq!(send(&mut world, "POST", "customers", &[&header], &body).status, status, "{kind}");
    }
    let target = format!("{}/customers", root(&world));
    let get = request("GET", &target, &["Content-Type: text/plain"], "");
    assert_eq!(world.business_central.answer(&get, &mut Vec::new()).status, 200);
}

#[test]
fn a_body_has_a_limit() {
    let mut world = northwind();
    world.business_central.limit_bodies(10);
    assert_eq!(post(&mut world, "customers", &json!({"displayName": "x"})).status, 413);
    assert_eq!(get(&mut world, "customers").status, 200);
}

#[test]
fn what_is_rolled_back_was_seen_and_never_was() {
    let mut world = northwind();
    tick(&mut world, 0);
    let before = customer(&mut world, "ALFKI");
    let change = json!({"city": "Bonn"}).as_object().unwrap().clone();
    world.business_central.edit_uncommitted("customers", "ALFKI", &change).unwrap();
    world.business_central.edit_uncommitted("customers", "NEVER", &change).unwrap();
    let dirty = customer(&mut world, "ALFKI");
    assert_eq!(dirty["city"], "Bonn");
    assert_ne!(dirty["@odata.etag"], before["@odata.etag"]);
    assert_eq!(get(&mut world, "customers/$count").body, b"92");
    world.business_central.roll_back();
    assert_eq!(customer(&mut world, "ALFKI"), before);
    assert_eq!(get(&mut world, "customers/$count").body, b"91");
    assert_eq!(
        world.business_central.edit_uncommitted(
            "customers",
            "ALFKI",
            &json!({"x": 1}).as_object().unwrap().clone()
        ),
        None
    );
}

#[test]
fn a_late_commit_surfaces_with_an_old_stamp() {
    let mut world = northwind();
    tick(&mut world, 0);
    let change = json!({"city": "Bonn"}).as_object().unwrap().clone();
    world.business_central.edit_uncommitted("customers", "ALFKI", &change).unwrap();
    tick(&mut world, 60);
    let other = customer(&mut world, "BONAP");
    let newer = patch(&mut world, "customers", &other, &json!({"city": "Lyon"})).to_json();
    world.business_central.commit();
    let late = customer(&mut world, "ALFKI");
    assert_eq!(late["city"], "Bonn");
    assert!(late["lastModifiedDateTime"].as_str() < newer["lastModifiedDateTime"].as_str());
}

#[test]
fn chance_shows_rows_that_were_never_stored() {
    let mut world = northwind();
    world.business_central.disturb(Arc::new(Disturbance::new(&[Profile::RolledBackRows], 1)));
    let mut seen = 0;
    for _ in 0..40 {
        let numbers = texts(&get(&mut world, "customers?$select=number"), "number");
        seen += numbers.iter().filter(|number| *number == "UNSTORED").count();
    }
    assert!((1..20).contains(&seen), "{seen}");
    world.business_central.disturb(Arc::default());
    assert_eq!(get(&mut world, "customers/$count").body, b"91");
}
