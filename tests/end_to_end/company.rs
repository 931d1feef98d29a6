//! Tables that several companies share: each takes its own rows and nobody's.

use std::fs;

use serde_json::{Value, json};
use tandem::sim::Options;

use crate::command_line::tandem;
use crate::world::{At, World, sync, text};

/// A world whose accounts have a company column, with a row for Business Central's company. Returns that row's id.
async fn start(switch: &str) -> (World, Option<String>) {
    let world =
        World::start(Options { dataverse: vec![switch.parse().unwrap()], ..Options::default() }).await;
    world.configure("tandem.toml", "kind = \"dataverse\"", "kind = \"dataverse\"\nother_engine = \"known\"");
    let companies = world.list(At::Dataverse, "bcbi_companies").await;
    let ours = companies.first().map(|row| text(row, "bcbi_companyid").to_owned());
    (world, ours)
}

/// Adds a company that is somebody else's. Returns its row's id.
async fn add_theirs(world: &World) -> String {
    let theirs = json!({"bcbi_name": "Theirs", "bcbi_externalid": "99999999-0000-0000-0000-000000000009"});
    world.create(At::Dataverse, "bcbi_companies", theirs).await;
    text(&world.find(At::Dataverse, "bcbi_companies", "bcbi_name", "Theirs").await, "bcbi_companyid")
        .to_owned()
}

async fn accounts(world: &World, name: &str) -> Vec<Value> {
    let name = name.replace(' ', "%20");
    world.list(At::Dataverse, &format!("accounts?$filter=name%20eq%20'{name}'")).await
}

fn company(account: &Value) -> Option<&str> {
    account["_bcbi_companyid_value"].as_str()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_takes_its_own_rows_and_nobodys() {
    let (world, ours) = start("other-engine").await;
    let ours = ours.unwrap();
    let theirs = add_theirs(&world).await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let id = text(&account, "accountid");
    // Sales has a key on the number of an account.
    let bind = json!({"bcbi_companyid@odata.bind": format!("/bcbi_companies({theirs})"), "accountnumber": "T-1",
        "telephone1": "of theirs"});
    world.edit(At::Dataverse, "accounts", id, bind).await;
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    // Theirs stays theirs, and the customer gets an account of its own company.
    let own = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let other = world.find(At::Dataverse, "accounts", "accountnumber", "T-1").await;
    assert_eq!((company(&own), company(&other)), (Some(&*ours), Some(&*theirs)));
    assert_eq!(text(&other, "telephone1"), "of theirs");
    let team =
        world.list(At::Dataverse, &format!("bcbi_companies?$filter=bcbi_companyid%20eq%20{ours}")).await;
    assert_eq!(own["_ownerid_value"], team[0]["_bcbi_defaultowningteamid_value"]);
    // What was nobody's is the company's from the moment it is coupled; who owned it still does.
    let alfki = accounts(&world, "Alfreds Futterkiste").await.remove(0);
    assert_eq!(company(&alfki), Some(&*ours));
    assert_ne!(alfki["_ownerid_value"], team[0]["_bcbi_defaultowningteamid_value"]);
    assert_eq!(sync(&desk).await.lines, []);
    // Somebody takes the company out: the row is the company's again.
    let blank = json!({"bcbi_companyid": null});
    world.edit(At::Dataverse, "accounts", text(&alfki, "accountid"), blank).await;
    sync(&desk).await;
    assert_eq!(company(&accounts(&world, "Alfreds Futterkiste").await[0]), Some(&*ours));
    // An account that is made there for no company comes, and is taken; one of another company does not.
    for (name, row) in [("Nobody's", None), ("Theirs too", Some(&theirs))] {
        let mut account = json!({"name": name, "customertypecode": 3});
        if let Some(row) = row {
            account["bcbi_companyid@odata.bind"] = json!(format!("/bcbi_companies({row})"));
        }
        world.create(At::Dataverse, "accounts", account).await;
    }
    sync(&desk).await;
    sync(&desk).await;
    let taken = world.find(At::Dataverse, "accounts", "name", "Nobody's").await;
    assert_eq!(company(&taken), Some(&*ours));
    let customers = world.list(At::BusinessCentral, "customers").await;
    let named = |name: &str| customers.iter().filter(|row| text(row, "displayName") == name).count();
    assert_eq!((named("Nobody's"), named("Theirs too")), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_nobodys_is_taken_by_one_of_two_companies() {
    let (world, ours) = start("other-engine").await;
    let (ours, theirs) = (ours.unwrap(), add_theirs(&world).await);
    // The other company: another connection to the same rows does for one.
    let path = world.folder.path().join("tandem.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let start = settings.find("[connections.business-central]").unwrap();
    let end = settings.find("[connections.dataverse]").unwrap();
    let second = settings[start..end].replace("[connections.business-central]", "[connections.second]");
    let settings = format!(
        "mappings = [\"CURRENCY\", \"CUSTOMER\", \"SECOND\"]\n{settings}{second}company_row = \"{theirs}\"\n"
    );
    fs::write(path, settings).unwrap();
    let mappings = world.folder.path().join("mappings");
    let customer = fs::read_to_string(mappings.join("CUSTOMER.toml")).unwrap();
    let second = customer.replace("name = \"CUSTOMER\"", "name = \"SECOND\"");
    let second = second
        .replace("[left]", "[left]\nconnection = \"second\"")
        // Only the first company's accounts may have the numbers: Sales has a key on them.
        .replace("on_create = \"right\"\n", "");
    fs::write(mappings.join("SECOND.toml"), second).unwrap();
    let (code, out, error) = tandem(&world, &["mapping", "check"]);
    assert!(!format!("{out}{error}").contains("writes the same columns"), "{code} {out}{error}");
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    let before = accounts(&world, "Alfreds Futterkiste").await;
    let mut companies: Vec<_> = before.iter().map(company).collect();
    companies.sort_by_key(|row| *row != Some(&ours));
    assert_eq!(companies, [Some(&*ours), Some(&*theirs)]);
    sync(&desk).await;
    assert_eq!(accounts(&world, "Alfreds Futterkiste").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_company_is_set_up_all_rows_are_everybodys_and_a_missing_one_is_named() {
    let (world, ours) = start("other-engine-installed").await;
    assert_eq!(ours, None);
    assert_eq!(sync(&world.desk()).await.failures, []);
    assert_eq!(company(&accounts(&world, "Alfreds Futterkiste").await[0]), None);
    add_theirs(&world).await;
    let (code, _, error) = tandem(&world, &["sync"]);
    assert_eq!(code, 3, "{error}");
    assert!(
        error.contains("no row of bcbi_companies in dataverse stands for the company of business-central")
            && error.contains("company_row"),
        "{error}"
    );
}
