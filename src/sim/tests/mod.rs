//! Tests of the simulators: most call the services as functions, a few go over real sockets.

mod business_central;
mod business_central_reads;
mod change_tracking;
mod dataverse;
mod dataverse_batches;
mod independence;
mod northwind;
mod robustness;
mod sockets;

use serde_json::Value;

use super::data::{World, world};
use super::http::{Reply, Request};
use super::options::{DataSet, Options};

const BASE: &str = "http://localhost:8000";

fn northwind() -> World {
    world(&Options::default())
}

fn empty() -> World {
    world(&Options {
        data: DataSet::Empty,
        ..Options::default()
    })
}

/// Makes a request; headers as `Name: value`.
fn request(method: &str, target: &str, headers: &[&str], body: &str) -> Request {
    let headers = headers.iter().map(|line| {
        let (name, value) = line.split_once(": ").expect("a header line");
        (name.to_ascii_lowercase(), value.to_owned())
    });
    let mut request = Request {
        method: method.to_owned(),
        headers: headers.collect(),
        body: body.as_bytes().to_vec(),
        base: BASE.to_owned(),
        ..Request::default()
    };
    request.set_target(target);
    request
}

fn code(reply: &Reply) -> (u16, String) {
    (
        reply.status,
        reply.to_json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

fn texts(reply: &Reply, property: &str) -> Vec<String> {
    let body = reply.to_json();
    let rows = body["value"].as_array().cloned().unwrap_or_default();
    rows.iter()
        .map(|row| row[property].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Returns a link of a reply as a request target.
fn link(body: &Value, name: &str) -> Option<String> {
    Some(
        body[name]
            .as_str()?
            .strip_prefix(BASE)
            .expect("links begin with the host asked")
            .to_owned(),
    )
}
