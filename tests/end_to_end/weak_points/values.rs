//! What becomes of values: too long ones, unreadable ones, those of fields that are switched off or on, and given ones.

use serde_json::json;
use tandem::agent::{Command, LineAction, Reply};
use tandem::sim::Options;

use super::{LEFT_FIRST, account_of, add, customer, synced, waiting};
use crate::world::{At, World, sync, text};

const COUNTRY: &str = "right = \"address1_country\"\ndirection = \"<->\"";

/// Weak point 10: the built-in integration cuts what is too long, and says nothing. Here the row waits, with the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_is_too_long_is_never_cut() {
    let (world, desk) = synced(Options::default(), &["CURRENCY", "CUSTOMER"], &[LEFT_FIRST]).await;
    let account = text(&account_of(&world, "BERGS").await, "accountid").to_owned();
    let before = customer(&world, "BERGS").await;
    let change = json!({"name": "x".repeat(120), "telephone1": "1"});
    world.edit(At::Dataverse, "accounts", &account, change).await;
    sync(&desk).await;
    let row = customer(&world, "BERGS").await;
    assert_eq!(text(&row, "displayName"), text(&before, "displayName"));
    let why = Command::Why { mapping: "CUSTOMER".to_owned(), row: account.clone() };
    let Ok(Reply::Why(told)) = desk.handle(&why).await else { panic!("the row is known") };
    let reason = "name has 120 characters; displayName holds at most 100";
    assert!(told.waits.iter().any(|waits| waits.contains(reason)), "{told:?}");

    let change = json!({"name": "x".repeat(100)});
    world.edit(At::Dataverse, "accounts", &account, change).await;
    sync(&desk).await;
    let row = customer(&world, "BERGS").await;
    assert_eq!((text(&row, "displayName"), text(&row, "phoneNumber")), (&*"x".repeat(100), "1"));
    assert_eq!(sync(&desk).await.lines, []);
}

/// Weak point 10: the built-in integration leaves what it cannot convert as it was, and says nothing. Here a value that nobody
/// can read keeps its own row waiting, with the reason, and nothing of it is cut or left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_cannot_be_read_is_told() {
    let named = format!("{COUNTRY}\nright_transform = [\"country_name\"]");
    let changes = [LEFT_FIRST, ("CUSTOMER", COUNTRY, &named)];
    let (world, desk) = synced(Options::default(), &["CURRENCY", "CUSTOMER"], &changes).await;
    let account = text(&account_of(&world, "BERGS").await, "accountid").to_owned();
    let change = json!({"address1_country": "Atlantis", "telephone1": "+1"});
    world.edit(At::Dataverse, "accounts", &account, change).await;
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(waiting(&desk, "CUSTOMER", "field country cannot be read").await, Some(1));
    let why = Command::Why { mapping: "CUSTOMER".to_owned(), row: account.clone() };
    let Ok(Reply::Why(told)) = desk.handle(&why).await else { panic!("the row is known") };
    let reason = "field country: \"Atlantis\" is no country's name";
    assert!(told.waits.iter().any(|waits| waits.contains(reason)), "{told:?}");
    let left = customer(&world, "BERGS").await;
    let right = world.row(At::Dataverse, "accounts", &account).await;
    assert_eq!((text(&left, "country"), text(&right, "address1_country")), ("SE", "Atlantis"));
    assert_ne!(text(&left, "phoneNumber"), "+1", "the row waits as a whole");
    let change = json!({"email": "a@bergs.example"});
    world.edit(At::BusinessCentral, "customers", text(&left, "id"), change).await;
    sync(&desk).await;

    world.edit(At::Dataverse, "accounts", &account, json!({"address1_country": "Norway"})).await;
    sync(&desk).await;
    let left = customer(&world, "BERGS").await;
    let right = world.row(At::Dataverse, "accounts", &account).await;
    assert_eq!((text(&left, "country"), text(&left, "phoneNumber")), ("NO", "+1"));
    assert_eq!(text(&right, "emailaddress1"), "a@bergs.example");
    assert_eq!(sync(&desk).await.lines, []);
}

/// Weak point 11: transformations of the built-in integration run for fields that are switched off, and change what a sibling
/// with the same source gets. Here a field that is off is not there, and one that is on has its value to itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transform_touches_its_own_field_only() {
    let world = World::start(Options::default()).await;
    let (mapping, from, to) = LEFT_FIRST;
    world.configure(&format!("mappings/{mapping}.toml"), from, to);
    let off = "[[field]]\nid = \"loud\"\nleft = \"website\"\nright = \"description\"\ndirection = \"->\"\n\
               left_transform = [\"upper\"]\n";
    add(&world, "CUSTOMER", &format!("{off}enabled = false\n"));
    let desk = world.desk();
    sync(&desk).await;
    let id = text(&customer(&world, "BERGS").await, "id").to_owned();
    world.edit(At::BusinessCentral, "customers", &id, json!({"website": "quiet.example"})).await;
    sync(&desk).await;
    let account = account_of(&world, "BERGS").await;
    assert_eq!((text(&account, "websiteurl"), &account["description"]), ("quiet.example", &json!(null)));
    drop(desk);

    world.configure("mappings/CUSTOMER.toml", &format!("{off}enabled = false\n"), off);
    let desk = world.desk();
    sync(&desk).await;
    for site in ["quiet.example", "still.example"] {
        let account = account_of(&world, "BERGS").await;
        let shown = (text(&account, "websiteurl"), text(&account, "description"));
        assert_eq!(shown, (site, &*site.to_uppercase()));
        assert_eq!(text(&customer(&world, "BERGS").await, "website"), site);
        assert_eq!(sync(&desk).await.lines, []);
        world.edit(At::BusinessCentral, "customers", &id, json!({"website": "still.example"})).await;
        sync(&desk).await;
    }
}

/// Weak point 12: templates of the built-in integration are applied after the insert, over the values that were mapped. Here
/// what new rows are given stands beside the mapped values, and is given once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_new_rows_are_given_overwrites_nothing() {
    let given = "new_row = { customertypecode = 3, telephone1 = \"none\", description = \"new\" }";
    let changes = [LEFT_FIRST, ("CUSTOMER", "new_row = { customertypecode = 3 }", given)];
    let (world, desk) = synced(Options::default(), &["CURRENCY", "CUSTOMER"], &changes).await;
    for (name, phone) in [("Olsen AS", "1"), ("Hansen AS", "")] {
        let row = json!({"displayName": name, "phoneNumber": phone});
        world.create(At::BusinessCentral, "customers", row).await;
    }
    sync(&desk).await;
    let olsen = world.find(At::Dataverse, "accounts", "name", "Olsen AS").await;
    assert_eq!((text(&olsen, "telephone1"), text(&olsen, "description")), ("1", "new"));
    // What the customer leaves blank may be given.
    let hansen = world.find(At::Dataverse, "accounts", "name", "Hansen AS").await;
    assert_eq!((text(&hansen, "telephone1"), text(&hansen, "description")), ("none", "new"));

    let change = json!({"description": "old by now"});
    world.edit(At::Dataverse, "accounts", text(&olsen, "accountid"), change).await;
    let row = world.find(At::BusinessCentral, "customers", "displayName", "Olsen AS").await;
    world.edit(At::BusinessCentral, "customers", text(&row, "id"), json!({"phoneNumber": "2"})).await;
    sync(&desk).await;
    let olsen = world.find(At::Dataverse, "accounts", "name", "Olsen AS").await;
    assert_eq!((text(&olsen, "telephone1"), text(&olsen, "description")), ("2", "old by now"));
    assert_eq!(sync(&desk).await.lines, []);
}

/// D9, weak point 18: the built-in integration fills a field that is added later by forcing one side on all rows. Here it is
/// filled on all coupled rows, and neither side is forced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_is_switched_on_is_filled_without_forcing_a_side() {
    let website = "right = \"websiteurl\"\ndirection = \"<->\"";
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", website, &format!("{website}\nenabled = false"));
    let desk = world.desk();
    sync(&desk).await;
    let sites = [
        ("BERGS", "l.example", ""),
        ("BLONP", "", "r.example"),
        ("BOLID", "b.example", "b.example"),
        ("BONAP", "l.example", "r.example"),
    ];
    for (number, left, right) in sites {
        let customer = world.find(At::BusinessCentral, "customers", "number", number).await;
        world.edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"website": left})).await;
        let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
        world
            .edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"websiteurl": right}))
            .await;
    }
    let report = sync(&desk).await;
    assert!(
        report.lines.iter().all(|line| line.fields.iter().all(|field| field.field != "website")),
        "{:?}",
        report.lines
    );
    drop(desk);

    world.configure("mappings/CUSTOMER.toml", "enabled = false\n", "");
    let desk = world.desk();
    let report = sync(&desk).await;
    let mut found = Vec::new();
    for (number, ..) in sites {
        let customer = world.find(At::BusinessCentral, "customers", "number", number).await;
        let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
        let asked = report
            .lines
            .iter()
            .any(|line| line.action == LineAction::Conflict && line.row == text(&customer, "displayName"));
        found.push((text(&customer, "website").to_owned(), text(&account, "websiteurl").to_owned(), asked));
    }
    let expected = [
        ("l.example", "l.example", false),
        ("r.example", "r.example", false),
        ("b.example", "b.example", false),
        ("l.example", "r.example", true),
    ];
    assert_eq!(found, expected.map(|(left, right, asked)| (left.to_owned(), right.to_owned(), asked)));
}
