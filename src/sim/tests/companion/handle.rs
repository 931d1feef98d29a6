//! The faults' handle over real sockets: what a test or demo does to a running companion.

use serde_json::Value;
use uuid::Uuid;

use crate::sim::{Addresses, Options, Reaction, Simulation};

struct Running {
    simulation: Simulation,
    addresses: Addresses,
    client: reqwest::Client,
}

impl Running {
    async fn start(companion: bool) -> Self {
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulation = Simulation::start(Options { companion, ..Options::default() }).await.unwrap();
        let addresses = simulation.addresses().clone();
        Self { simulation, addresses, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    fn url(&self, path: &str) -> String {
        let Addresses { business_central, company, .. } = &self.addresses;
        format!("{business_central}/api/tandem/sync/v1.0/companies({company})/{path}")
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(self.url(path)).bearer_auth(&self.addresses.access_token);
        let reply = request.send().await.unwrap();
        let status = reply.status().as_u16();
        (status, serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn state(&self, name: &str) -> Value {
        self.get("syncState").await.1["value"][0][name].clone()
    }

    async fn id(&self, number: &str) -> Uuid {
        let (_, body) = self.get(&format!("customers?$filter=number%20eq%20'{number}'")).await;
        body["value"][0]["id"].as_str().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn it_is_there_only_where_it_was_asked_for_and_while_it_is_installed() {
    let without = Running::start(false).await;
    assert_eq!(without.get("syncState").await.0, 404);
    without.simulation.stop().await;
    let with = Running::start(true).await;
    assert_eq!(with.get("customers").await.0, 200);
    with.simulation.faults().install_companion(false);
    assert_eq!(with.get("customers").await.0, 404);
    with.simulation.faults().install_companion(true);
    assert_eq!(with.get("customers").await.0, 200);
    with.simulation.stop().await;
}

#[tokio::test]
async fn the_handle_locks_holds_merges_and_restores() {
    let running = Running::start(true).await;
    let faults = running.simulation.faults();
    faults.lock_companion_reads(1);
    assert_eq!(running.get("customers").await.0, 409);
    faults.hold_row_versions(true);
    assert_eq!(running.state("minimumActiveRowVersion").await, running.state("lastUsedRowVersion").await);
    faults.hold_row_versions(false);
    faults.back_up();
    let before = running.state("lastUsedRowVersion").await.as_u64().unwrap();
    let lineage = running.state("lineageId").await;
    let (gone, stays) = (running.id("ALFKI").await, running.id("ANATR").await);
    assert!(faults.merge("customers", gone, stays));
    assert!(running.state("lastUsedRowVersion").await.as_u64().unwrap() > before);
    assert_eq!(running.get(&format!("customers({gone})")).await.0, 404);
    faults.restore(true);
    assert_eq!(running.state("lastUsedRowVersion").await, before);
    assert_ne!(running.state("lineageId").await, lineage);
    assert_eq!(running.get(&format!("customers({gone})")).await.0, 200);
    running.simulation.stop().await;
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_under_its_id() {
    let running = Running::start(true).await;
    let faults = running.simulation.faults();
    let id = Uuid::from_u128(7);
    let body = serde_json::json!({"id": id, "displayName": "Neu"}).to_string();
    let post = || {
        let request = running.client.post(running.url("customers"));
        request.bearer_auth(&running.addresses.access_token).body(body.clone()).send()
    };
    faults.on_request(|seen| if seen.method == "POST" { Reaction::DropAfter } else { Reaction::Proceed });
    assert!(post().await.is_err());
    faults.clear();
    assert_eq!(running.get(&format!("customers({id})")).await.1["displayName"], "Neu");
    assert_eq!(post().await.unwrap().status(), 400);
    running.simulation.stop().await;
}
