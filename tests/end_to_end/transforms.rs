//! What a mapping makes of values on their way: country names and codes, telephone numbers, constants.

use serde_json::{Value, json};
use tandem::agent::Desk;
use tandem::sim::Options;

use crate::world::{At, World, plan, sync, text};

const COUNTRY: &str = "right = \"address1_country\"\ndirection = \"<->\"";
const PHONE: &str = "right = \"telephone1\"\ndirection = \"<->\"";

/// Starts a synced world with countries by name and telephone numbers in one form. Returns the ids of BERGS' two rows as well.
async fn synced() -> (World, Desk, String, String) {
    let world = World::start(Options::default()).await;
    let change = |from: &str, to: &str| world.configure("mappings/CUSTOMER.toml", from, to);
    change("first_contact = \"ask\"", "first_contact = \"left\"");
    change(COUNTRY, &format!("{COUNTRY}\nright_transform = [\"country_name\"]"));
    change(PHONE, &format!("{PHONE}\ntransform = [\"trim\", {{ phone = \"+46\" }}]"));
    let constant = "[[field]]\nid = \"kind\"\nleft_value = true\nright = \"creditonhold\"\ndirection = \"->\"\ntype = \"flag\"\n";
    let file = world.folder.path().join("mappings/CUSTOMER.toml");
    let mapping = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{mapping}\n{constant}")).unwrap();
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    (world, desk, text(&customer, "id").to_owned(), text(&account, "accountid").to_owned())
}

async fn rows(world: &World, account: &str) -> (Value, Value) {
    let accounts = world.list(At::Dataverse, &format!("accounts?$filter=accountid%20eq%20{account}")).await;
    (world.find(At::BusinessCentral, "customers", "number", "BERGS").await, accounts[0].clone())
}

/// I31: each side keeps its own spelling, and an edit of either arrives on the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_keeps_its_own_spelling() {
    let (world, desk, customer, account) = synced().await;
    let (left, right) = rows(&world, &account).await;
    assert_eq!(
        (text(&left, "country"), text(&right, "address1_country")),
        ("SE", "SE"),
        "a code is read, too"
    );
    assert_eq!(right["creditonhold"], json!(true));
    assert_eq!(plan(&desk).await.lines, []);

    world.edit(At::Dataverse, "accounts", &account, json!({"address1_country": "Deutschland"})).await;
    world.edit(At::BusinessCentral, "customers", &customer, json!({"phoneNumber": "0046 (0) 921-12"})).await;
    sync(&desk).await;
    let (left, right) = rows(&world, &account).await;
    assert_eq!((text(&left, "country"), text(&right, "address1_country")), ("DE", "Deutschland"));
    assert_eq!((text(&left, "phoneNumber"), text(&right, "telephone1")), ("0046 (0) 921-12", "+4692112"));

    world.edit(At::BusinessCentral, "customers", &customer, json!({"country": "NO"})).await;
    sync(&desk).await;
    assert_eq!(text(&rows(&world, &account).await.1, "address1_country"), "Norway");

    // The same number otherwise, and another value where the constant is kept.
    world.edit(At::BusinessCentral, "customers", &customer, json!({"phoneNumber": "0921 12"})).await;
    world.edit(At::Dataverse, "accounts", &account, json!({"creditonhold": false})).await;
    let report = sync(&desk).await;
    let fields: Vec<_> =
        report.lines.iter().flat_map(|line| &line.fields).map(|field| &field.field).collect();
    assert_eq!(fields, ["kind"]);
    let (left, right) = rows(&world, &account).await;
    assert_eq!((text(&left, "phoneNumber"), right["creditonhold"].as_bool()), ("0921 12", Some(true)));
    assert_eq!(sync(&desk).await.lines, []);
}
