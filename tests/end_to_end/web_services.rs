//! Business Central through pages published as web services: their names, their keys, their tags.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tandem::sim::{Options, Reaction, Service};

use crate::world::{At, World, sync, text};

const MAPPING: &str = r#"
name = "VENDOR"
label = "name"
match_by = [["number"], ["name"]]
conflict = "ask"
first_contact = "ask"
deletion = "ignore"

[left]
table = "Vendor"
create = true

[right]
table = "accounts"
filter = "statecode eq 0 and customertypecode eq 11"
create = true
new_row = { customertypecode = 11 }

[[field]]
id = "number"
left = "No"
right = "accountnumber"
direction = "match"
type = "code"
on_create = "right"

[[field]]
id = "name"
left = "Name"
right = "name"
direction = "<->"

[[field]]
id = "phone"
left = "Phone_No"
right = "telephone1"
direction = "<->"

[[field]]
id = "email"
left = "E_Mail"
right = "emailaddress1"
direction = "<->"
"#;

/// I21 and I2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_kept_in_step_under_their_own_names_and_keys() {
    let world = World::start(Options::default()).await;
    let kind = "kind = \"business-central\"\n";
    world.configure("tandem.toml", kind, &format!("{kind}api = \"odata-v4\"\n"));
    world.configure("tandem.toml", "poll_secs = 1\n", "poll_secs = 1\nmappings = [\"VENDOR\"]\n");
    fs::write(world.folder.path().join("mappings/VENDOR.toml"), MAPPING).unwrap();
    let desk = world.desk();
    let first = sync(&desk).await;
    assert_eq!(first.failures, []);
    assert!(first.lines.len() > 20 && first.total(|mapping| mapping.created.right) > 5, "{:?}", first.lines);
    let state = world.world_state().await;
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(world.world_state().await, state);

    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    world.edit(At::BusinessCentral, "vendors", text(&vendor, "id"), json!({"phoneNumber": "7-7"})).await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let change = json!({"emailaddress1": "new@v.example"});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    let row = json!({"name": "Brand New", "customertypecode": 11, "telephone1": "55"});
    world.create(At::Dataverse, "accounts", row).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    world.simulation.faults().on_request(move |request| {
        if request.service == Service::BusinessCentral {
            seen.lock().unwrap().push(format!("{} {}", request.method, request.path_and_query));
        }
        Reaction::Proceed
    });
    assert_eq!(sync(&desk).await.failures, []);
    world.simulation.faults().clear();
    let asked = asked.lock().unwrap().clone();
    // The standard API alone says what the company's base currency is.
    let is_service = |line: &String| line.contains("/ODataV4/") || line.contains("/generalLedgerSetup?");
    assert!(asked.iter().all(is_service), "{asked:?}");
    let writes: Vec<_> = asked.iter().filter(|line| !line.starts_with("GET ")).collect();
    assert!(!writes.is_empty() && writes.iter().all(|line| line.contains("/ODataV4/")), "{asked:?}");

    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!((text(&vendor, "phoneNumber"), text(&vendor, "email")), ("7-7", "new@v.example"));
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    assert_eq!(text(&account, "telephone1"), "7-7");
    let made = world.find(At::BusinessCentral, "vendors", "displayName", "Brand New").await;
    assert_eq!(text(&made, "phoneNumber"), "55");
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
}
