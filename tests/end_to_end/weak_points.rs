//! What the integration that comes with Business Central does wrong, and Tandem right. The numbers are those of the list of
//! its weak points.

mod rows;
mod values;

use serde_json::{Value, json};
use tandem::agent::Desk;
use tandem::sim::Options;

use crate::world::{At, World, status, sync, text};

/// Starts a world in which those mappings are used, with changes of their files, and syncs it.
async fn synced(options: Options, used: &[&str], changes: &[(&str, &str, &str)]) -> (World, Desk) {
    let world = World::start(options).await;
    world.configure("tandem.toml", "poll_secs = 1", &format!("mappings = {used:?}\npoll_secs = 1"));
    for (mapping, from, to) in changes {
        world.configure(&format!("mappings/{mapping}.toml"), from, to);
    }
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    (world, desk)
}

/// Adds fields to the file of a mapping.
fn add(world: &World, mapping: &str, fields: &str) {
    let file = world.folder.path().join(format!("mappings/{mapping}.toml"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, format!("{text}\n{fields}")).unwrap();
}

async fn customer(world: &World, number: &str) -> Value {
    world.find(At::BusinessCentral, "customers", "number", number).await
}

/// Returns the account that was matched with a customer by its name.
async fn account_of(world: &World, number: &str) -> Value {
    let customer = customer(world, number).await;
    world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await
}

/// Returns how many rows of a mapping wait for a reason.
async fn waiting(desk: &Desk, mapping: &str, reason: &str) -> Option<u64> {
    let mappings = status(desk).await.mappings;
    let mapping = mappings.into_iter().find(|status| status.mapping == mapping).unwrap();
    mapping.left_alone.get(reason).copied()
}

/// The first contact of customers with their accounts, without questions.
const LEFT_FIRST: (&str, &str, &str) = ("CUSTOMER", "first_contact = \"ask\"", "first_contact = \"left\"");

/// From here on edits are made by the user that Tandem writes as.
async fn under_tandems_name(world: &mut World) {
    world.addresses.access_token = crate::secrets::issued_token(world).await;
}

/// Weak point 9: the built-in integration takes every change of the user it writes as for its own echo and drops it. Here
/// only the content counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_under_tandems_own_name_is_passed_on() {
    let options = Options { companion: true, ..Options::default() };
    let (mut world, desk) = synced(options, &["CURRENCY", "CUSTOMER"], &[LEFT_FIRST]).await;
    let account_id = text(&account_of(&world, "BERGS").await, "accountid").to_owned();
    let customer_id = text(&customer(&world, "BERGS").await, "id").to_owned();
    let both = async |world: &World| {
        let customer = world.row(At::Companion, "customers", &customer_id).await;
        (customer, world.row(At::Dataverse, "accounts", &account_id).await)
    };
    // What Tandem wrote bears its name.
    world.edit(At::BusinessCentral, "customers", &customer_id, json!({"phoneNumber": "1"})).await;
    world.edit(At::Dataverse, "accounts", &account_id, json!({"emailaddress1": "a@bergs.example"})).await;
    sync(&desk).await;
    let (customer, account) = both(&world).await;
    let names = (customer["systemModifiedBy"].clone(), account["_modifiedby_value"].clone());

    under_tandems_name(&mut world).await;
    world.edit(At::Dataverse, "accounts", &account_id, json!({"telephone1": "2"})).await;
    world.edit(At::Companion, "customers", &customer_id, json!({"email": "b@bergs.example"})).await;
    let (customer, account) = both(&world).await;
    assert_eq!((&customer["systemModifiedBy"], &account["_modifiedby_value"]), (&names.0, &names.1));
    sync(&desk).await;
    let (customer, account) = both(&world).await;
    assert_eq!((text(&customer, "phoneNumber"), text(&account, "telephone1")), ("2", "2"));
    let mail = "b@bergs.example";
    assert_eq!((text(&customer, "email"), text(&account, "emailaddress1")), (mail, mail));
    assert_eq!(sync(&desk).await.lines, []);
}

/// Weak point 15: scheduled mappings of the built-in integration run in any order, and a row whose partner is missing is an
/// error, twice and it is skipped for good. Here they run in the order of their dependencies, and the row waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mappings_run_in_their_order_and_a_missing_row_is_waited_for() {
    let no_currency = ("CURRENCY", "create = true", "create = false");
    let (world, desk) =
        synced(Options::default(), &["CUSTOMER", "CURRENCY"], &[LEFT_FIRST, no_currency]).await;
    let report = sync(&desk).await;
    let order: Vec<_> = report.mappings.iter().map(|mapping| mapping.mapping.as_str()).collect();
    assert_eq!(order, ["CURRENCY", "CUSTOMER"]);
    // Three customers are in Canada, and Dataverse does not know its dollar.
    let waits = "waits until the row its currency points to is coupled in CURRENCY";
    let accounts = async || {
        let path = "accounts?$filter=address1_country%20eq%20'CA'&$select=name";
        world.list(At::Dataverse, path).await.len()
    };
    for _ in 0..3 {
        sync(&desk).await;
        assert_eq!((waiting(&desk, "CUSTOMER", waits).await, accounts().await), (Some(3), 0));
    }
    let dollar = json!({"isocurrencycode": "CAD", "currencyname": "Canadian Dollar", "currencysymbol": "C$",
        "currencyprecision": 2, "exchangerate": 1.37});
    world.create(At::Dataverse, "transactioncurrencies", dollar).await;
    sync(&desk).await;
    assert_eq!((waiting(&desk, "CUSTOMER", waits).await, accounts().await), (None, 3));
    assert_eq!(sync(&desk).await.lines, []);
}
