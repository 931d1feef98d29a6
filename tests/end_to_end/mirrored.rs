//! A mapping file with its sides exchanged does the same the other way round.

use std::fs;

use serde_json::json;
use tandem::sim::{DataverseSwitch, Options};

use crate::world::{At, World, sync, text};

/// Exchanges the two sides of a mapping file.
fn mirrored(text: &str) -> String {
    let exchange = |line: &str| {
        let line = line.replace("\"->\"", "\"<<\"").replace("\"<-\"", "\"->\"").replace("\"<<\"", "\"<-\"");
        line.replace("left", "\u{1}").replace("right", "left").replace('\u{1}', "right")
    };
    let lines = text.lines().map(|line| if line.starts_with('#') { line.to_owned() } else { exchange(line) });
    lines.collect::<Vec<_>>().join("\n")
}

/// Starts a synced world with that base currency, as shipped or with all mapping files mirrored.
async fn synced(is_mirrored: bool, base_currency: &str) -> World {
    let dataverse = vec![DataverseSwitch::BaseCurrency(base_currency.to_owned())];
    let world = World::start(Options { dataverse, ..Options::default() }).await;
    let convert = "other_base_currency = \"convert\"\npoll_secs = 1";
    world.configure("tandem.toml", "poll_secs = 1", convert);
    if is_mirrored {
        let sides = "left = \"dataverse\"\nright = \"business-central\"\npoll_secs = 1";
        world.configure("tandem.toml", "poll_secs = 1", sides);
        for file in fs::read_dir(world.folder.path().join("mappings")).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, mirrored(&text)).unwrap();
        }
    }
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    // An edit of each side, and one of a field that Business Central owns.
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let change = json!({"phoneNumber": "1", "creditLimit": 700});
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), change).await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BLONP").await;
    let change = json!({"websiteurl": "blonp.example", "creditlimit": 7});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    sync(&desk).await;
    assert_eq!(sync(&desk).await.lines, []);
    world
}

/// Returns the values of both systems, but for ids, versions, times and numbers given by series.
async fn values(world: &World) -> Vec<String> {
    let mut values = Vec::new();
    for (at, set, columns) in [
        (
            At::BusinessCentral,
            "customers",
            &["displayName", "city", "phoneNumber", "website", "creditLimit"][..],
        ),
        (At::BusinessCentral, "vendors", &["displayName", "city", "phoneNumber"]),
        (At::BusinessCentral, "items", &["displayName", "unitPrice"]),
        (At::Dataverse, "accounts", &["name", "address1_city", "telephone1", "websiteurl", "creditlimit"]),
        (At::Dataverse, "products", &["name", "price", "producttypecode"]),
        (At::Dataverse, "transactioncurrencies", &["isocurrencycode", "exchangerate"]),
    ] {
        for row in world.list(at, set).await {
            let columns: Vec<_> = columns.iter().map(|column| row[*column].to_string()).collect();
            values.push(format!("{set}: {}", columns.join(", ")));
        }
    }
    values.sort();
    values
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanged_sides_give_the_same_rows() {
    are_the_same("USD").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanged_sides_convert_the_same_rates() {
    let rows = are_the_same("EUR").await;
    // A euro is 1.08 dollars, a pound 1.27.
    assert!(rows.iter().any(|row| row.starts_with("transactioncurrencies: \"GBP\", 0.85039")), "{rows:?}");
}

/// Returns the rows that come of mapping files either way.
async fn are_the_same(base_currency: &str) -> Vec<String> {
    let (straight, exchanged) = (synced(false, base_currency).await, synced(true, base_currency).await);
    let (straight, exchanged) = (values(&straight).await, values(&exchanged).await);
    assert!(straight.iter().any(|row| row.contains("\"blonp.example\"")), "{straight:?}");
    assert_eq!(straight, exchanged);
    straight
}
