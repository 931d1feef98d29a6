//! Rows that point to other rows: through several mappings, in a circle, and to rows that are not there yet.

use serde_json::json;
use tandem::agent::{Desk, LineAction};
use tandem::sim::Options;

use crate::world::{At, World, plan, status, sync, text};

/// Starts a synced world with the companion in which contacts are kept in step, too.
async fn with_contacts() -> (World, Desk) {
    let world = World::start(Options { companion: true, ..Options::default() }).await;
    let names =
        "mappings = [\"CURRENCY\", \"CUSTOMER\", \"VENDOR\", \"CONTACT\", \"ITEM-PRODUCT\"]\npoll_secs = 1";
    world.configure("tandem.toml", "poll_secs = 1", names);
    for name in ["CUSTOMER", "VENDOR", "CONTACT"] {
        let file = format!("mappings/{name}.toml");
        world.configure(&file, "first_contact = \"ask\"", "first_contact = \"left\"");
    }
    let desk = world.desk();
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);
    (world, desk)
}

async fn person(world: &World, number: &str) -> serde_json::Value {
    let person = world.find(At::Companion, "contacts", "number", &format!("CT-{number}-1")).await;
    world.find(At::Dataverse, "contacts", "fullname", text(&person, "displayName")).await
}

async fn account(world: &World, number: &str) -> serde_json::Value {
    world.find(At::Dataverse, "accounts", "accountnumber", number).await
}

/// I12: a contact points to its account, and that to its contact: both arrive in one sync. A contact of a vendor points to the
/// vendor's account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_point_to_each_other_arrive_in_two_steps() {
    let (world, desk) = with_contacts().await;
    for number in ["BERGS", "V0001"] {
        let (account, person) = (account(&world, number).await, person(&world, number).await);
        assert_eq!(person["_parentcustomerid_value"], account["accountid"], "{number}");
        assert_eq!(account["_primarycontactid_value"], person["contactid"], "{number}");
    }
    assert_eq!(plan(&desk).await.lines, []);
    assert_eq!(sync(&desk).await.lines, []);

    // Another contact of the same account, made in Dataverse the account's first one: it is not coupled yet.
    let row = account(&world, "BERGS").await;
    let (id, name) = (text(&row, "accountid").to_owned(), text(&row, "name").to_owned());
    let made = json!({"lastname": "Lindqvist", "emailaddress1": "lindqvist@bergs.example"});
    world.create(At::Dataverse, "contacts", made).await;
    let lindqvist = world.find(At::Dataverse, "contacts", "lastname", "Lindqvist").await;
    let bind = format!("/contacts({})", text(&lindqvist, "contactid"));
    let change = json!({"primarycontactid@odata.bind": bind, "telephone1": "1"});
    world.edit(At::Dataverse, "accounts", &id, change).await;
    let report = sync(&desk).await;
    let of_row: Vec<_> = report.lines.iter().filter(|line| line.row == name).collect();
    assert!(
        of_row.iter().any(|line| line.action == LineAction::Update),
        "the rest of the row flows: {of_row:?}"
    );
    let waits = "waits until the row its primary_contact points to is coupled in CONTACT";
    assert!(of_row.iter().any(|line| line.note.as_deref() == Some(waits)), "{of_row:?}");
    let customers = status(&desk).await.mappings.into_iter().find(|mapping| mapping.mapping == "CUSTOMER");
    assert_eq!(customers.unwrap().left_alone.get(waits), Some(&1));
    let customer = world.find(At::Companion, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "1");
    assert_eq!(text(&customer, "primaryContactNumber"), "CT-BERGS-1");

    // It becomes a contact of the customer in Business Central, is matched by its address there, and the wait is over.
    let company = json!({"type": "Person", "companyNumber": "CT-BERGS", "lastName": "Lindqvist",
        "email": "lindqvist@bergs.example"});
    world.create(At::Companion, "contacts", company).await;
    let parent = json!({"parentcustomerid_account@odata.bind": format!("/accounts({id})")});
    world.edit(At::Dataverse, "contacts", text(&lindqvist, "contactid"), parent).await;
    sync(&desk).await;
    let customer = world.find(At::Companion, "customers", "number", "BERGS").await;
    let contact = world.find(At::Companion, "contacts", "email", "lindqvist@bergs.example").await;
    assert_eq!(customer["primaryContactId"], contact["id"]);
    assert_eq!(sync(&desk).await.lines, []);
}
