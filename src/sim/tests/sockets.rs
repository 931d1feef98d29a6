//! Over real sockets: sign-in, dropped connections, refused ports, hooks.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::sim::{Addresses, DataSet, Limits, Options, Profile, Reaction, Service, Simulation};

async fn started() -> (Simulation, Addresses, reqwest::Client) {
    started_with(Options::default()).await
}

async fn started_with(options: Options) -> (Simulation, Addresses, reqwest::Client) {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let simulation = Simulation::start(Options { data: DataSet::Empty, ..options }).await.unwrap();
    let addresses = simulation.addresses().clone();
    (simulation, addresses, reqwest::Client::builder().no_proxy().build().unwrap())
}

async fn token(client: &reqwest::Client, addresses: &Addresses, secret: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &addresses.client_id),
        ("client_secret", secret),
        ("scope", "https://anything/.default"),
        ("client_info", "1"),
    ];
    let reply = client.post(format!("{}?x=y", addresses.token_url)).form(&form).send().await.unwrap();
    let status = reply.status().as_u16();
    (status, serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap())
}

async fn create(client: &reqwest::Client, addresses: &Addresses) -> reqwest::Result<reqwest::Response> {
    let url = format!("{}/api/data/v9.2/accounts", addresses.dataverse);
    client.post(url).bearer_auth(&addresses.access_token).body(json!({"name": "x"}).to_string()).send().await
}

async fn count(client: &reqwest::Client, addresses: &Addresses) -> String {
    let url = format!("{}/api/data/v9.2/accounts/$count", addresses.dataverse);
    client.get(url).bearer_auth(&addresses.access_token).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn tokens_open_both_services_until_they_expire() {
    let (simulation, addresses, client) = started().await;
    let (status, body) = token(&client, &addresses, "wrong").await;
    assert_eq!((status, &body["error_codes"]), (401, &json!([7_000_215])));
    let (status, body) = token(&client, &addresses, &addresses.client_secret).await;
    assert_eq!(status, 200);
    let token = body["access_token"].as_str().unwrap().to_owned();
    let urls = [
        (format!("{}/api/data/v9.2/WhoAmI", addresses.dataverse), "0x8005F101"),
        (format!("{}/api/v2.0/companies", addresses.business_central), "Authentication_InvalidCredentials"),
    ];
    for (url, _) in &urls {
        let reply = client.get(url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert!(reply.headers().contains_key("date"));
    }
    simulation.faults().expire_tokens();
    for (url, expected) in &urls {
        let reply = client.get(url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(reply.status(), 401);
        let body: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
        assert_eq!(body["error"]["code"], *expected);
        assert_eq!(client.get(url).bearer_auth(&addresses.access_token).send().await.unwrap().status(), 200);
    }
    simulation.stop().await;
}

#[tokio::test]
async fn a_dropped_connection_looks_closed_before_the_answer() {
    let (simulation, addresses, client) = started().await;
    let faults = simulation.faults();
    faults.on_request(|_| Reaction::DropBefore);
    assert!(create(&client, &addresses).await.is_err());
    faults.on_request(|_| Reaction::DropAfter);
    assert!(create(&client, &addresses).await.is_err());
    faults.on_request(|_| Reaction::Answer(429, Some(7)));
    let reply = create(&client, &addresses).await.unwrap();
    assert_eq!((reply.status().as_u16(), reply.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    faults.clear();
    assert_eq!(count(&client, &addresses).await, "1");
    assert_eq!(faults.requests_seen(), 4);
    simulation.stop().await;
}

#[tokio::test]
async fn a_dropped_connection_ends_without_a_byte() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (simulation, addresses, _) = started().await;
    simulation.faults().on_request(|_| Reaction::DropBefore);
    let host = addresses.dataverse.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let text = format!("GET /api/data/v9.2/WhoAmI HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // Whether the end is orderly or a reset is the system's choice.
    let _ = stream.read_to_end(&mut received).await;
    assert!(received.is_empty());
    simulation.stop().await;
}

#[tokio::test]
async fn a_port_can_refuse_and_listen_again() {
    let (simulation, addresses, client) = started().await;
    let faults = simulation.faults();
    assert_eq!(count(&client, &addresses).await, "0");
    faults.refuse_connections(Service::Dataverse, true).await;
    assert!(create(&client, &addresses).await.unwrap_err().is_connect());
    let url = format!("{}/api/v2.0/companies", addresses.business_central);
    assert_eq!(client.get(url).bearer_auth(&addresses.access_token).send().await.unwrap().status(), 200);
    faults.refuse_connections(Service::Dataverse, false).await;
    assert_eq!(create(&client, &addresses).await.unwrap().status(), 204);
    simulation.stop().await;
}

#[tokio::test]
async fn hooks_see_requests_in_order_and_unguarded_writes_are_kept() {
    let (simulation, addresses, client) = started().await;
    let faults = simulation.faults();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    faults.after_request(move |request, status| {
        record.lock().unwrap().push((request.number, request.service, status));
    });
    let (_, body) = token(&client, &addresses, &addresses.client_secret).await;
    let token = body["access_token"].as_str().unwrap();
    let path = "/api/data/v9.2/accounts(11111111-1111-4111-8111-111111111111)";
    let url = format!("{}{path}", addresses.dataverse);
    for bearer in [token, &addresses.access_token] {
        client.patch(&url).bearer_auth(bearer).header("If-Match", "*").body("{}").send().await.unwrap();
    }
    client
        .get(format!("{}/api/v2.0/companies", addresses.business_central))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(faults.unguarded_writes(), [format!("PATCH {path}")]);
    let expected = [
        (0, Service::Token, 200),
        (1, Service::Dataverse, 404),
        (2, Service::Dataverse, 404),
        (3, Service::BusinessCentral, 200),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    simulation.stop().await;
}

#[tokio::test]
async fn dataverse_tells_what_is_left_and_which_limit_is_exceeded() {
    let usual = Limits { service_time: std::time::Duration::ZERO, ..Limits::default() };
    let no_time = Limits { execution: std::time::Duration::ZERO, ..usual };
    let cases = [
        (Limits { requests: 1, ..usual }, "0x80072322", "the limit of 1 over time window of 300 seconds."),
        (no_time, "0x80072321", "exceeded limit of 0 milliseconds over time window of 300 seconds."),
    ];
    for (limits, expected, text) in cases {
        let options = Options { faults: vec![Profile::Limits], limits, ..Options::default() };
        let (simulation, addresses, client) = started_with(options).await;
        let (_, body) = token(&client, &addresses, &addresses.client_secret).await;
        let token = body["access_token"].as_str().unwrap();
        let ask =
            || client.get(format!("{}/api/data/v9.2/WhoAmI", addresses.dataverse)).bearer_auth(token).send();
        let first = ask().await.unwrap();
        assert_eq!(first.status(), 200);
        let left = first.headers()["x-ms-ratelimit-burst-remaining-xrm-requests"].to_str().unwrap();
        assert_eq!(left, (limits.requests - 1).to_string());
        let time = first.headers()["x-ms-ratelimit-time-remaining-xrm-requests"].to_str().unwrap();
        assert!(time.starts_with(if limits.execution.is_zero() { "0.0" } else { "1," }), "{time}");
        let second = ask().await.unwrap();
        assert_eq!(second.status(), 429);
        assert!(second.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 200);
        let refused = ask().await.unwrap().bytes().await.unwrap();
        let refused: Value = serde_json::from_slice(&refused).unwrap();
        assert_eq!(refused["error"]["code"], expected);
        assert!(refused["error"]["message"].as_str().unwrap().contains(text), "{refused}");
        simulation.stop().await;
    }
}
