//! What a mapping decides by itself: who owns a field, drift, whose edit is newer, deleted rows restored.

use serde_json::json;
use tandem::agent::{Desk, LineAction};
use tandem::sim::Options;

use crate::world::{At, World, status, sync, text};

/// Starts a synced world in which that was changed in the mapping of customers. Returns the ids of BERGS' two rows as well.
async fn synced(changes: &[(&str, &str)]) -> (World, Desk, String, String) {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    for (from, to) in changes {
        world.configure("mappings/CUSTOMER.toml", from, to);
    }
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    (world, desk, text(&customer, "id").to_owned(), text(&account, "accountid").to_owned())
}

async fn customer(world: &World) -> serde_json::Value {
    world.find(At::BusinessCentral, "customers", "number", "BERGS").await
}

async fn account(world: &World, id: &str) -> serde_json::Value {
    world.list(At::Dataverse, &format!("accounts?$filter=accountid%20eq%20{id}")).await.remove(0)
}

/// I11 and I22: what is changed where another side owns it is listed and stays until the owner's next edit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reported_drift_stays_until_the_owner_edits() {
    let drift = ("zero_is_blank = true", "zero_is_blank = true\ndrift = \"report\"");
    let (world, desk, customer_id, account_id) = synced(&[drift]).await;
    world.edit(At::Dataverse, "accounts", &account_id, json!({"creditlimit": 9999})).await;
    let report = sync(&desk).await;
    let told: Vec<_> = report.lines.iter().map(|line| (line.action, line.note.as_deref())).collect();
    let note = "credit_limit changed in dataverse, owned by business-central";
    assert_eq!(told, [(LineAction::Leave, Some(note))]);
    let listed = async || {
        let mappings = status(&desk).await.mappings;
        let customers = mappings.into_iter().find(|mapping| mapping.mapping == "CUSTOMER").unwrap();
        customers.left_alone.get(note).copied()
    };
    assert_eq!(listed().await, Some(1));
    assert_eq!(sync(&desk).await.lines, []);
    let owned = customer(&world).await["creditLimit"].as_f64().unwrap();
    // Another field of the same row flows meanwhile, in both directions.
    world.edit(At::BusinessCentral, "customers", &customer_id, json!({"phoneNumber": "1"})).await;
    world.edit(At::Dataverse, "accounts", &account_id, json!({"emailaddress1": "a@bergs.example"})).await;
    sync(&desk).await;
    let row = account(&world, &account_id).await;
    assert_eq!((text(&row, "telephone1"), row["creditlimit"].as_f64()), ("1", Some(9999.0)));
    let row = customer(&world).await;
    assert_eq!((text(&row, "email"), row["creditLimit"].as_f64()), ("a@bergs.example", Some(owned)));
    assert_eq!(listed().await, Some(1));

    world.edit(At::BusinessCentral, "customers", &customer_id, json!({"creditLimit": 750})).await;
    let report = sync(&desk).await;
    let before: Vec<_> =
        report.lines.iter().flat_map(|line| &line.fields).map(|f| f.before.clone()).collect();
    assert_eq!(before, [Some("9999".to_owned())], "the journal knows what was written over");
    assert_eq!(account(&world, &account_id).await["creditlimit"].as_f64(), Some(750.0));
    assert_eq!(listed().await, None);
    assert_eq!(sync(&desk).await.lines, []);
}

/// I11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_owns_a_field_while_it_has_a_value() {
    let owned = (
        "right = \"telephone1\"\ndirection = \"<->\"",
        "right = \"telephone1\"\ndirection = \"left unless blank\"",
    );
    let once = (
        "right = \"websiteurl\"\ndirection = \"<->\"",
        "right = \"websiteurl\"\ndirection = \"create only\"",
    );
    let (world, desk, customer_id, account_id) = synced(&[owned, once]).await;
    world.edit(At::BusinessCentral, "customers", &customer_id, json!({"phoneNumber": "1"})).await;
    sync(&desk).await;
    world.edit(At::Dataverse, "accounts", &account_id, json!({"telephone1": "2"})).await;
    sync(&desk).await;
    assert_eq!(text(&account(&world, &account_id).await, "telephone1"), "1");
    assert_eq!(text(&customer(&world).await, "phoneNumber"), "1");

    world.edit(At::BusinessCentral, "customers", &customer_id, json!({"phoneNumber": ""})).await;
    sync(&desk).await;
    assert_eq!(text(&customer(&world).await, "phoneNumber"), "1");

    world.edit(At::BusinessCentral, "customers", &customer_id, json!({"website": "bergs.example"})).await;
    assert_eq!(sync(&desk).await.lines, []);
    world
        .create(At::BusinessCentral, "customers", json!({"displayName": "Other", "website": "o.example"}))
        .await;
    sync(&desk).await;
    let created = world.find(At::Dataverse, "accounts", "name", "Other").await;
    assert_eq!(text(&created, "websiteurl"), "o.example");
    assert_eq!(sync(&desk).await.lines, []);
}

/// I28: the later edit wins where a mapping says so and the stamps leave no doubt; else a person is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newer_edit_wins_only_without_doubt() {
    let newer = |more: &str| format!("conflict = \"newer\"\n{more}first_contact");
    for (policy, expected) in [(newer(""), "ask"), (newer("newer_by_secs = 0\n"), "dataverse")] {
        let (world, desk, customer_id, account_id) =
            synced(&[("conflict = \"ask\"\nfirst_contact", &policy)]).await;
        world.edit(At::BusinessCentral, "customers", &customer_id, json!({"phoneNumber": "1"})).await;
        let stamp = text(&customer(&world).await, "lastModifiedDateTime")[..19].to_owned();
        // Until the second has passed: stamps of Dataverse have no parts of one.
        loop {
            world.edit(At::Dataverse, "accounts", &account_id, json!({"telephone1": "2"})).await;
            if text(&account(&world, &account_id).await, "modifiedon")[..19] > *stamp {
                break;
            }
        }
        let report = sync(&desk).await;
        let is_asked = report.total(|mapping| mapping.conflicts_raised) == 1;
        assert_eq!(is_asked, expected == "ask");
        let phone = text(&customer(&world).await, "phoneNumber").to_owned();
        assert_eq!(phone, if is_asked { "1" } else { "2" });
        assert_eq!(sync(&desk).await.lines, []);
    }
}

/// A row is created again from all that its partner holds, edited or not, and that is the end of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_row_is_restored_where_the_mapping_says_so() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"restore\"");
    let desk = world.desk();
    sync(&desk).await;
    for phone in [None, Some("7")] {
        let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
        world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
        if let Some(phone) = phone {
            let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
            world
                .edit(At::BusinessCentral, "vendors", text(&vendor, "id"), json!({"phoneNumber": phone}))
                .await;
        }
        let report = sync(&desk).await;
        let done: Vec<_> = report.lines.iter().map(|line| (line.action, line.on.as_deref())).collect();
        assert_eq!(done, [(LineAction::Create, Some("dataverse"))]);
        // The number is only matched by, and no base knew it.
        let restored = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
        assert_eq!(text(&restored, "name"), text(&account, "name"));
        assert_eq!(phone.unwrap_or(text(&account, "telephone1")), text(&restored, "telephone1"));
        assert_eq!(sync(&desk).await.lines, []);
    }
    let mappings = status(&desk).await.mappings;
    let vendors = mappings.iter().find(|mapping| mapping.mapping == "VENDOR").unwrap();
    assert_eq!((vendors.conflicts, vendors.pending), (0, 0));
}

/// New rows get what the first template that takes their source says, and never in place of a mapped value.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_rows_get_what_their_source_calls_for() {
    let world = World::start(Options::default()).await;
    let templates = "new_row = { customertypecode = 3, description = \"new\" }\n\
        [[right.template]]\nwhen = \"city eq 'London'\"\n\
        set = { description = \"from London\", telephone1 = \"0\" }\n\
        [[right.template]]\nwhen = \"country eq 'GB' or city eq 'Berlin'\"\nset = { description = \"from elsewhere\" }";
    world.configure("mappings/CUSTOMER.toml", "new_row = { customertypecode = 3 }", templates);
    for (number, city) in [("T1", "London"), ("T2", "Berlin"), ("T3", "Ulm")] {
        let customer = json!({"number": number, "displayName": format!("Test {number}"), "city": city,
            "phoneNumber": "555"});
        world.create(At::BusinessCentral, "customers", customer).await;
    }
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    for (number, description) in [("T1", "from London"), ("T2", "from elsewhere"), ("T3", "new")] {
        let account = world.find(At::Dataverse, "accounts", "accountnumber", number).await;
        let found = (text(&account, "description"), text(&account, "telephone1"));
        assert_eq!((found, &account["customertypecode"]), ((description, "555"), &json!(3)));
    }
    assert_eq!(sync(&desk).await.lines, []);
}
