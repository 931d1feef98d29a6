//! Worlds to ask, requests to ask them with, and what to read from the replies.

use serde_json::Value;

use crate::sim::data::{World, world};
use crate::sim::http::{Reply, Request};
use crate::sim::options::{DataSet, Options};

pub(super) const BASE: &str = "http://localhost:8000";

pub(super) fn northwind() -> World {
    world(&Options::default())
}

pub(super) fn empty() -> World {
    world(&Options { data: DataSet::Empty, ..Options::default() })
}

/// Northwind in a Dataverse with switches, as they are written on the command line.
pub(super) fn switched(switches: &[&str]) -> World {
    let dataverse = switches.iter().map(|switch| switch.parse().expect("a switch")).collect();
    world(&Options { dataverse, ..Options::default() })
}

/// Makes a request; headers as `Name: value`.
pub(super) fn request(method: &str, target: &str, headers: &[&str], body: &str) -> Request {
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

pub(super) fn code(reply: &Reply) -> (u16, String) {
    (reply.status, reply.to_json()["error"]["code"].as_str().unwrap_or_default().to_owned())
}

pub(super) fn texts(reply: &Reply, property: &str) -> Vec<String> {
    let body = reply.to_json();
    let rows = body["value"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row[property].as_str().unwrap_or_default().to_owned()).collect()
}

/// Returns a link of a reply as a request target.
pub(super) fn link(body: &Value, name: &str) -> Option<String> {
    Some(body[name].as_str()?.strip_prefix(BASE).expect("links begin with the host asked").to_owned())
}
