//! The companion API: its feed, its sets, its writes, and what can happen to it.

mod documents;
mod feed;
mod figures;
mod handle;
mod mirror;
mod transactions;
mod writes;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{code, request, texts};
use crate::sim::data::{World, world};
use crate::sim::http::Reply;
use crate::sim::options::Options;

const ZERO: &str = "00000000-0000-0000-0000-000000000000";

/// Northwind with the companion installed.
fn installed() -> World {
    world(&Options { companion: true, ..Options::default() })
}

fn root(world: &World) -> String {
    format!(
        "{}/api/tandem/sync/v1.0/companies({})",
        world.business_central.environment_path(),
        world.business_central.company()
    )
}

fn send(world: &mut World, method: &str, path: &str, headers: &[&str], body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let target = format!("{}/{path}", root(world));
    world.business_central.answer(&request(method, &target, headers, &body), &mut Vec::new())
}

fn get(world: &mut World, path: &str) -> Reply {
    send(world, "GET", path, &[], &Value::Null)
}

fn post(world: &mut World, set: &str, body: &Value) -> Reply {
    send(world, "POST", set, &[], body)
}

/// Updates a row under its tag.
fn patch(world: &mut World, set: &str, row: &Value, body: &Value) -> Reply {
    let tag = format!("If-Match: {}", row["@odata.etag"].as_str().unwrap());
    send(world, "PATCH", &format!("{set}({})", row["id"].as_str().unwrap()), &[&tag], body)
}

fn delete(world: &mut World, set: &str, row: &Value) -> Reply {
    let tag = format!("If-Match: {}", row["@odata.etag"].as_str().unwrap());
    send(world, "DELETE", &format!("{set}({})", row["id"].as_str().unwrap()), &[&tag], &Value::Null)
}

/// Sends a request as the person with the fixed token.
fn person(world: &mut World, method: &str, path: &str, body: &Value) -> Reply {
    let target = format!("{}/{path}", root(world));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut request = request(method, &target, &["If-Match: *"], &body);
    request.person = true;
    world.business_central.answer(&request, &mut Vec::new())
}

fn rows(reply: &Reply) -> Vec<Value> {
    reply.to_json()["value"].as_array().unwrap_or_else(|| panic!("{}", reply.to_json())).clone()
}

/// Returns the row of a set with this number or code.
fn row(world: &mut World, set: &str, filter: &str) -> Value {
    let found = rows(&get(world, &format!("{set}?$filter={filter}")));
    assert_eq!(found.len(), 1, "{set} {filter}");
    found[0].clone()
}

fn state(world: &mut World) -> Value {
    rows(&get(world, "syncState"))[0].clone()
}

fn version(state: &Value, name: &str) -> u64 {
    state[name].as_u64().unwrap_or_else(|| panic!("{name} in {state}"))
}

/// Reads what changed since a watermark as the contract says, and returns the rows and the next watermark.
fn feed(world: &mut World, set: &str, since: u64) -> (Vec<Value>, u64) {
    let minimum = version(&state(world), "minimumActiveRowVersion");
    let filter = format!("rowVersion gt {since} and rowVersion lt {minimum}");
    let found = rows(&get(world, &format!("{set}?$filter={filter}&$orderby=rowVersion")));
    (found, minimum - 1)
}

fn a_guid(number: u128) -> String {
    Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0000 + number).to_string()
}
