//! Business Central: subscriptions, what they are told and when, on a clock the test moves.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::business_central::{customer, get, patch, post, tick};
use super::business_central_documents::order;
use super::{code, northwind, request};
use crate::sim::business_central::Outcome;
use crate::sim::data::{World, world};
use crate::sim::http::Reply;
use crate::sim::{DataSet, Options, Simulation};

fn ask(world: &mut World, method: &str, path: &str, headers: &[&str], body: &Value, shook: bool) -> Reply {
    let target = format!("{}/api/v2.0/{path}", world.business_central.environment_path());
    let mut asked = request(method, &target, headers, &body.to_string());
    asked.shook_hands = shook;
    world.business_central.answer(&asked, &mut Vec::new())
}

fn subscription(set: &str) -> Value {
    json!({"notificationUrl": "http://localhost:1/bc", "resource": format!("/api/v2.0/companies(x)/{set}"), "clientState": "s"})
}

fn subscribe(world: &mut World, set: &str) -> Value {
    let reply = ask(world, "POST", "subscriptions", &[], &subscription(set), true);
    assert_eq!(reply.status, 201, "{}", reply.to_json());
    reply.to_json()
}

/// Returns kind and resource, without the company, of all that is due.
fn told(world: &mut World) -> Vec<(String, String)> {
    let due = world.business_central.due_deliveries();
    let notifications = due.iter().flat_map(|delivery| delivery.body["value"].as_array().unwrap().clone());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    notifications
        .map(|told| {
            let resource = text(&told["resource"]);
            (text(&told["changeType"]), resource.rsplit_once(")/").unwrap().1.to_owned())
        })
        .collect()
}

#[test]
fn a_subscription_is_made_renewed_and_deleted() {
    let mut world = northwind();
    tick(&mut world, 0);
    let unshaken = ask(&mut world, "POST", "subscriptions", &[], &subscription("customers"), false);
    assert_eq!(code(&unshaken), (400, "BadRequest".to_owned()));
    for set in ["salesOrderLines", "itemVariants", "companies", "deletedRows", "nme"] {
        let reply = ask(&mut world, "POST", "subscriptions", &[], &subscription(set), true);
        assert_eq!(code(&reply).1, "Application_DialogException", "{set}");
    }
    let made = subscribe(&mut world, "customers");
    let path = format!("subscriptions('{}')", made["subscriptionId"].as_str().unwrap());
    tick(&mut world, 3600);
    let renew = |world: &mut World, tag: &str, shook| {
        ask(world, "PATCH", &path, &[&format!("If-Match: {tag}")], &subscription("customers"), shook)
    };
    let tag = made["@odata.etag"].as_str().unwrap();
    assert_eq!(renew(&mut world, tag, false).status, 400);
    let renewed = renew(&mut world, tag, true);
    assert_eq!(renewed.status, 200);
    assert!(renewed.to_json()["expirationDateTime"].as_str() > made["expirationDateTime"].as_str());
    assert_eq!(code(&renew(&mut world, tag, true)), (409, "Request_EntityChanged".to_owned()));
    let bare = ask(&mut world, "PATCH", &path, &[], &subscription("customers"), true);
    assert_eq!(code(&bare).1, "BadRequest_InvalidToken");
    let listed = ask(&mut world, "GET", "subscriptions", &[], &Value::Null, false).to_json();
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    assert_eq!(ask(&mut world, "DELETE", &path, &["If-Match: *"], &Value::Null, false).status, 204);
    assert_eq!(ask(&mut world, "GET", &path, &[], &Value::Null, false).status, 404);
}

#[test]
fn changes_are_gathered_merged_and_told_after_the_delay() {
    let mut world = northwind();
    tick(&mut world, 0);
    subscribe(&mut world, "customers");
    let row = customer(&mut world, "ALFKI");
    let id = row["id"].as_str().unwrap().to_owned();
    let moved = patch(&mut world, "customers", &row, &json!({"city": "Bonn"})).to_json();
    patch(&mut world, "customers", &moved, &json!({"city": "Ulm"}));
    let refused = post(&mut world, "customers", &json!({"displayName": "x", "number": "ALFKI"}));
    assert_eq!(refused.status, 400);
    post(&mut world, "vendors", &json!({"displayName": "x"}));
    tick(&mut world, 29);
    assert_eq!(told(&mut world), []);
    tick(&mut world, 30);
    assert_eq!(told(&mut world), [("updated".to_owned(), format!("customers({id})"))]);
    assert_eq!(told(&mut world), []);
}

#[test]
fn posting_an_order_tells_that_it_is_deleted() {
    let mut world = northwind();
    tick(&mut world, 0);
    let made = order(&mut world, "GREAL", [1, 1]);
    subscribe(&mut world, "salesOrders");
    subscribe(&mut world, "items");
    let action = format!("salesOrders({})/Microsoft.NAV.shipAndInvoice", made["id"].as_str().unwrap());
    assert_eq!(post(&mut world, &action, &Value::Null).status, 204);
    tick(&mut world, 30);
    // Stock is calculated: the items have not changed.
    let gone = format!("salesOrders({})", made["id"].as_str().unwrap());
    assert_eq!(told(&mut world), [("deleted".to_owned(), gone)]);
}

#[test]
fn what_nobody_takes_is_tried_again_and_then_nobody_is_told() {
    let mut world = northwind();
    tick(&mut world, 0);
    let made = subscribe(&mut world, "customers");
    let id = made["subscriptionId"].as_str().unwrap();
    post(&mut world, "customers", &json!({"displayName": "x"}));
    let mut minutes = 1;
    for step in [1, 1, 10, 100, 1000] {
        tick(&mut world, minutes * 60);
        assert_eq!(told(&mut world).len(), 1, "{minutes}");
        world.business_central.delivered(id, Outcome::NoAnswer);
        tick(&mut world, minutes * 60 + step * 60 - 1);
        assert_eq!(told(&mut world), [], "{minutes}");
        minutes += step;
    }
    tick(&mut world, minutes * 60);
    assert_eq!(told(&mut world).len(), 1);
    world.business_central.delivered(id, Outcome::NoAnswer);
    let listed = ask(&mut world, "GET", "subscriptions", &[], &Value::Null, false).to_json();
    assert_eq!(listed["value"], json!([]));
}

#[test]
fn a_subscription_nobody_renews_ends_after_three_days() {
    let mut world = northwind();
    tick(&mut world, 0);
    subscribe(&mut world, "customers");
    let count = |world: &mut World| {
        let listed = ask(world, "GET", "subscriptions", &[], &Value::Null, false).to_json();
        listed["value"].as_array().unwrap().len()
    };
    tick(&mut world, 3 * 24 * 3600 - 1);
    assert_eq!(count(&mut world), 1);
    tick(&mut world, 3 * 24 * 3600);
    assert_eq!(count(&mut world), 0);
}

#[test]
fn what_is_not_committed_is_not_told() {
    let mut world = northwind();
    tick(&mut world, 0);
    subscribe(&mut world, "customers");
    let change = json!({"city": "Bonn"}).as_object().unwrap().clone();
    world.business_central.edit_uncommitted("customers", "ALFKI", &change).unwrap();
    assert_eq!(get(&mut world, "customers").status, 200);
    tick(&mut world, 60);
    assert_eq!(told(&mut world), []);
    world.business_central.commit();
    tick(&mut world, 60);
    tick(&mut world, 120);
    assert_eq!(told(&mut world).len(), 1);
}

#[test]
fn what_the_companion_writes_removes_and_merges_is_told() {
    let mut world = world(&Options { companion: true, ..Options::default() });
    tick(&mut world, 0);
    subscribe(&mut world, "customers");
    subscribe(&mut world, "contacts");
    let ids = ["ALFKI", "ANATR", "ANTON"].map(|number| customer(&mut world, number)["id"].clone());
    let ids = ids.map(|id| Uuid::parse_str(id.as_str().unwrap()).unwrap());
    let company = world.business_central.company();
    let root = format!("{}/api/tandem/sync/v1.0", world.business_central.environment_path());
    let target = format!("{root}/companies({company})/customers({})", ids[0]);
    let delete = request("DELETE", &target, &["If-Match: *"], "");
    assert_eq!(world.business_central.answer(&delete, &mut Vec::new()).status, 204);
    assert!(world.business_central.merge("customers", ids[1], ids[2]));
    assert_eq!(get(&mut world, "customers").status, 200);
    tick(&mut world, 60);
    let told = told(&mut world);
    for id in &ids[..2] {
        assert!(told.contains(&("deleted".to_owned(), format!("customers({id})"))), "{told:?}");
    }
    let survivor = format!("customers({})", ids[2]);
    assert!(told.iter().any(|(kind, resource)| *resource == survivor && kind != "deleted"), "{told:?}");
    // The company contact of a customer that went is no customer's any more.
    assert!(
        told.iter().any(|(kind, resource)| kind == "updated" && resource.starts_with("contacts(")),
        "{told:?}"
    );
}

/// Answers requests on a port of its own, each with the token it carries or else 200, and hands on their bodies.
async fn receiver(hands_on: tokio::sync::mpsc::UnboundedSender<String>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = String::new();
            let mut buffer = [0; 4096];
            let wanted = |text: &str| {
                let (head, body) = text.split_once("\r\n\r\n")?;
                let length =
                    head.split("Content-Length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
                (body.len() >= length).then(|| body.to_owned())
            };
            while wanted(&text).is_none() {
                let count = stream.read(&mut buffer).await.unwrap();
                assert!(count > 0, "a request was cut");
                text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
            }
            let token = text.split("validationToken=").nth(1).and_then(|rest| rest.split(' ').next());
            let answer = token.unwrap_or_default().to_owned();
            let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
            stream.write_all(reply.as_bytes()).await.unwrap();
            if token.is_none() {
                hands_on.send(wanted(&text).unwrap()).unwrap();
            }
        }
    });
    format!("http://{address}/bc")
}

#[tokio::test]
async fn a_receiver_shakes_hands_and_is_told() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (hands_on, mut received) = tokio::sync::mpsc::unbounded_channel();
    let url = receiver(hands_on).await;
    let options =
        Options { data: DataSet::Empty, webhook_delay: std::time::Duration::ZERO, ..Options::default() };
    let simulation = Simulation::start(options).await.unwrap();
    let addresses = simulation.addresses().clone();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = |path: String, body: Value| {
        let url = format!("{}/api/v2.0/{path}", addresses.business_central);
        client.post(url).bearer_auth(&addresses.access_token).body(body.to_string()).send()
    };
    let subscription = json!({"notificationUrl": url, "resource": "api/v2.0/companies(x)/customers", "clientState": "s3cret"});
    assert_eq!(send("subscriptions".to_owned(), subscription).await.unwrap().status(), 201);
    let deaf =
        json!({"notificationUrl": "http://192.0.2.1/bc", "resource": "api/v2.0/companies(x)/customers"});
    assert_eq!(send("subscriptions".to_owned(), deaf).await.unwrap().status(), 400);
    let set = format!("companies({})/customers", addresses.company);
    assert_eq!(send(set, json!({"displayName": "x"})).await.unwrap().status(), 201);
    let told: Value = serde_json::from_str(&received.recv().await.unwrap()).unwrap();
    assert_eq!(
        (&told["value"][0]["changeType"], &told["value"][0]["clientState"]),
        (&json!("created"), &json!("s3cret"))
    );
    simulation.stop().await;
}
