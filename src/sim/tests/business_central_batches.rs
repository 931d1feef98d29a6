//! Business Central: batches as JSON and as multipart.

use serde_json::{Value, json};

use super::business_central::get;
use super::business_central_documents::order;
use super::{code, northwind, request};
use crate::sim::data::World;
use crate::sim::http::Reply;

const ZERO: &str = "00000000-0000-0000-0000-000000000000";

fn send(world: &mut World, headers: &[&str], body: &str) -> Reply {
    let target = format!("{}/api/v2.0/$batch", world.business_central.environment_path());
    world.business_central.answer(&request("POST", &target, headers, body), &mut Vec::new())
}

fn statuses(reply: &Reply) -> Vec<u64> {
    let body = reply.to_json();
    let parts = body["responses"].as_array().unwrap();
    parts.iter().map(|part| part["status"].as_u64().unwrap()).collect()
}

/// Sends creates of customers, of which those numbered so fail.
fn creates(world: &mut World, headers: &[&str], failing: usize) -> Vec<u64> {
    let set = format!("companies({})/customers", world.business_central.company());
    let parts = (0..3).map(|part| {
        if part == failing {
            json!({"id": part.to_string(), "method": "PATCH", "url": format!("{set}({ZERO})"), "headers": {"If-Match": "*"}, "body": {}})
        } else {
            json!({"id": part.to_string(), "method": "POST", "url": set, "body": {"displayName": "Neu"}})
        }
    });
    let body = json!({"requests": parts.collect::<Vec<_>>()}).to_string();
    let headers = [headers, &["Accept: application/json"]].concat();
    statuses(&send(world, &headers, &body))
}

#[test]
fn batches_stop_go_on_or_roll_back() {
    for (headers, failing, expected, rows) in [
        (&[][..], 1, &[201, 404][..], 92),
        (&["Prefer: odata.continue-on-error"], 1, &[201, 404, 201], 93),
        (&["Isolation: snapshot"], 0, &[404], 91),
        (&["Isolation: snapshot"], 1, &[201, 404, 201], 91),
        (&["Isolation: snapshot"], 9, &[201, 201, 201], 94),
    ] {
        let mut world = northwind();
        assert_eq!(creates(&mut world, headers, failing), expected, "{headers:?}");
        assert_eq!(get(&mut world, "customers/$count").body, rows.to_string().as_bytes(), "{headers:?}");
    }
}

#[test]
fn posting_commits_even_in_a_batch_that_fails() {
    let mut world = northwind();
    let made = order(&mut world, "GREAL", [1, 1]);
    let company = format!("companies({})", world.business_central.company());
    let action =
        format!("{company}/salesOrders({})/Microsoft.NAV.shipAndInvoice", made["id"].as_str().unwrap());
    let set = format!("{company}/customers");
    let create = json!({"method": "POST", "url": set, "body": {"displayName": "Neu"}});
    let requests =
        json!([create, {"method": "POST", "url": action}, create, {"method": "GET", "url": "nme"}]);
    let headers = ["Isolation: snapshot", "Accept: application/json"];
    let reply = send(&mut world, &headers, &json!({"requests": requests}).to_string());
    assert_eq!(statuses(&reply), [201, 204, 201, 404]);
    assert_eq!(get(&mut world, "customers/$count").body, b"92");
    assert_eq!(get(&mut world, "salesInvoices/$count").body, b"1");
}

#[test]
fn a_batch_holds_at_most_a_hundred() {
    let mut world = northwind();
    for (count, expected) in [(100, 200), (101, 500)] {
        let requests: Vec<_> =
            (0..count).map(|id| json!({"id": id, "method": "GET", "url": "companies"})).collect();
        let reply =
            send(&mut world, &["Accept: application/json"], &json!({"requests": requests}).to_string());
        assert_eq!(reply.status, expected);
        if expected == 500 {
            assert_eq!(code(&reply).1, "Unknown");
        }
    }
}

#[test]
fn an_answer_nobody_asked_to_be_json_is_multipart() {
    let mut world = northwind();
    let body = json!({"requests": [{"id": "7", "method": "GET", "url": "companies"}]}).to_string();
    let kind = |reply: &Reply| reply.header("content-type").unwrap().to_owned();
    let plain = send(&mut world, &["Content-Type: application/json"], &body);
    assert!(kind(&plain).starts_with("multipart/mixed; boundary=batchresponse_"), "{}", kind(&plain));
    let text = String::from_utf8(plain.body).unwrap();
    assert!(text.contains("HTTP/1.1 200 OK") && text.contains("Northwind Traders"), "{text}");
    for accept in ["Accept: application/json", "Accept: */*"] {
        assert!(kind(&send(&mut world, &[accept], &body)).starts_with("application/json"), "{accept}");
    }
}

#[test]
fn a_multipart_batch_with_a_change_set_is_understood() {
    let set = |world: &World| format!("companies({})/customers", world.business_central.company());
    for (number, rows) in [("N2", "93"), ("alfki", "91")] {
        let mut world = northwind();
        let set = set(&world);
        let create = |number: &str| {
            format!(
                "--c\r\nContent-Type: application/http\r\n\r\nPOST {set} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{{\"displayName\":\"x\",\"number\":\"{number}\"}}\r\n"
            )
        };
        let body = format!(
            "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{}{}--c--\r\n--b\r\nContent-Type: application/http\r\n\r\nGET {set}/$count HTTP/1.1\r\n\r\n--b--\r\n",
            create("N1"),
            create(number)
        );
        let headers = ["Content-Type: multipart/mixed; boundary=b", "Prefer: odata.continue-on-error"];
        let reply = send(&mut world, &headers, &body);
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(text.contains("changesetresponse_"), number == "N2", "{text}");
        assert!(text.contains(&format!("\r\n\r\n{rows}\r\n")), "{text}");
    }
    let mut world = northwind();
    let reply = send(&mut world, &["Content-Type: multipart/mixed; boundary=b"], "--b\r\n\r\nx\r\n--b--");
    assert_eq!((reply.status, reply.to_json()["error"]["code"].clone()), (400, Value::from("BadRequest")));
}
