//! Over https: the authority's certificate is all a client needs, and nothing goes without it.

use serde_json::{Value, json};

use crate::sim::{DataSet, Options, Service, Simulation};

fn client(authority: Option<&str>) -> reqwest::Client {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    let certificates = authority.map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
    builder.tls_certs_only(certificates).build().unwrap()
}

async fn started() -> Simulation {
    let options = Options { data: DataSet::Empty, tls: true, ..Options::default() };
    Simulation::start(options).await.unwrap()
}

#[tokio::test]
async fn every_server_is_known_by_the_authority_and_speaks_of_itself_as_https() {
    let simulation = started().await;
    let addresses = simulation.addresses().clone();
    let client = client(simulation.authority_certificate());
    let root = addresses.token_url.trim_end_matches("/oauth2/v2.0/token").to_owned();
    let found = client.get(format!("{root}/v2.0/.well-known/openid-configuration")).send().await.unwrap();
    let found: Value = serde_json::from_slice(&found.bytes().await.unwrap()).unwrap();
    assert_eq!(found["token_endpoint"], json!(addresses.token_url));
    assert_eq!(found["issuer"], json!(format!("{root}/v2.0")));
    let urls = [
        format!("{}/api/data/v9.2/", addresses.dataverse),
        format!("{}/api/v2.0/", addresses.business_central).replace("127.0.0.1", "localhost"),
    ];
    for url in urls {
        assert!(url.starts_with("https://"), "{url}");
        let reply = client.get(&url).bearer_auth(&addresses.access_token).send().await.unwrap();
        let body: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
        assert_eq!(body["@odata.context"], json!(format!("{url}$metadata")));
    }
    simulation.stop().await;
}

#[tokio::test]
async fn a_client_without_the_authority_does_not_trust_the_servers() {
    let simulation = started().await;
    let error = client(None).get(&simulation.addresses().dataverse).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    simulation.stop().await;
}

#[tokio::test]
async fn a_port_that_listens_again_still_speaks_https() {
    let simulation = started().await;
    let client = client(simulation.authority_certificate());
    for refuse in [true, false] {
        simulation.faults().refuse_connections(Service::Dataverse, refuse).await;
        let reply = client.get(&simulation.addresses().dataverse).send().await;
        assert_eq!(reply.is_err(), refuse);
    }
    simulation.stop().await;
}

#[tokio::test]
async fn a_certificate_that_is_none_is_refused_at_the_start() {
    let options = Options { certificates: vec!["nothing".to_owned()], ..Options::default() };
    assert!(Simulation::start(options).await.is_err());
}
