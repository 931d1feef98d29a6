//! Dataverse change tracking: first reads, changes, deletions, paging, expiry.

use serde_json::{Value, json};

use super::{code, link, northwind, request};
use crate::sim::data::World;
use crate::sim::http::Reply;

const START: &str = "/api/data/v9.2/accounts?$select=name,accountnumber";

fn send(world: &mut World, method: &str, target: &str, headers: &[&str], body: &Value) -> Reply {
    world.dataverse.answer(&request(method, target, headers, &body.to_string()), &mut Vec::new())
}

/// Follows the pages of a tracked read and returns its entries and delta link.
fn read(world: &mut World, start: &str, size: usize) -> (Vec<Value>, String) {
    let prefer = format!("Prefer: odata.track-changes,odata.maxpagesize={size}");
    let (mut entries, mut target) = (Vec::new(), start.to_owned());
    loop {
        let body = send(world, "GET", &target, &[&prefer], &Value::Null).to_json();
        entries.extend(body["value"].as_array().unwrap_or_else(|| panic!("{body}")).clone());
        match (link(&body, "@odata.nextLink"), link(&body, "@odata.deltaLink")) {
            (Some(next), None) => target = next,
            (None, Some(delta)) => return (entries, delta),
            both => panic!("exactly one link: {both:?}"),
        }
    }
}

fn id(entry: &Value) -> String {
    entry["accountid"].as_str().unwrap().to_owned()
}

#[test]
fn changes_and_deletions_surface_once_in_pages() {
    let mut world = northwind();
    let (entries, delta) = read(&mut world, START, 10);
    assert!(entries.len() > 40);
    let (changed, again, deleted) = (id(&entries[0]), id(&entries[1]), id(&entries[2]));
    for (row, name) in [(&changed, "a"), (&again, "b"), (&changed, "c")] {
        send(&mut world, "PATCH", &format!("/api/data/v9.2/accounts({row})"), &[], &json!({"name": name}));
    }
    send(&mut world, "DELETE", &format!("/api/data/v9.2/accounts({deleted})"), &[], &Value::Null);
    let created = "/api/data/v9.2/accounts(33333333-3333-4333-8333-333333333333)";
    send(&mut world, "PATCH", created, &[], &json!({"name": "short-lived"}));
    send(&mut world, "DELETE", created, &[], &Value::Null);
    for size in [1, 2, 100] {
        let (entries, next) = read(&mut world, &delta, size);
        let names: Vec<_> = entries.iter().filter_map(|entry| entry["name"].as_str()).collect();
        assert_eq!(names, ["b", "c"]);
        let gone: Vec<_> = entries
            .iter()
            .filter(|entry| entry["reason"] == "deleted")
            .map(|entry| entry["id"].clone())
            .collect();
        assert_eq!(gone, [json!(deleted), json!("33333333-3333-4333-8333-333333333333")]);
        assert!(entries[2]["@odata.context"].as_str().unwrap().ends_with("#accounts/$deletedEntity"));
        assert!(read(&mut world, &next, size).0.is_empty());
    }
}

#[test]
fn a_row_changed_while_the_first_read_is_paging_is_not_lost() {
    let mut world = northwind();
    let prefer = ["Prefer: odata.track-changes,odata.maxpagesize=5"];
    let first = send(&mut world, "GET", START, &prefer, &Value::Null).to_json();
    let row = id(&first["value"][0]);
    send(&mut world, "PATCH", &format!("/api/data/v9.2/accounts({row})"), &[], &json!({"name": "meanwhile"}));
    let next = link(&first, "@odata.nextLink").unwrap();
    let (_, delta) = read(&mut world, &next, 5);
    let (entries, _) = read(&mut world, &delta, 5);
    assert_eq!(entries.iter().map(id).collect::<Vec<_>>(), [row]);
}

#[test]
fn an_expired_token_is_an_error() {
    let mut world = northwind();
    let (_, delta) = read(&mut world, START, 100);
    world.dataverse.expire_delta_tokens();
    assert_eq!(code(&send(&mut world, "GET", &delta, &[], &Value::Null)), (400, "0x80044352".to_owned()));
    let (_, fresh) = read(&mut world, START, 100);
    assert!(read(&mut world, &fresh, 100).0.is_empty());
}

#[test]
fn tracking_does_not_combine_and_is_not_everywhere() {
    let mut world = northwind();
    let prefer = ["Prefer: odata.track-changes"];
    for option in ["$filter=name eq 'x'", "$orderby=name", "$top=1"] {
        let reply =
            send(&mut world, "GET", &format!("/api/data/v9.2/accounts?{option}"), &prefer, &Value::Null);
        assert_eq!(reply.status, 400, "{option}");
    }
    let reply = send(&mut world, "GET", "/api/data/v9.2/organizations", &prefer, &Value::Null);
    assert_eq!(code(&reply), (400, "0x80072491".to_owned()));
}
