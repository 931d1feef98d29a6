//! Rows that wait, leave, come back or do not fit: each is its own affair.

use std::fs;

use serde_json::json;
use tandem::agent::{Command, LineAction, Reply};
use tandem::sim::Options;

use crate::world::{At, World, status, sync, text};

/// I8: a deletion in Business Central is found by a sweep and proved twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_without_a_feed_is_proved_before_it_is_passed_on() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    world.configure("tandem.toml", "deletion_confirm_secs = 1", "deletion_confirm_secs = 0");
    world.configure("tandem.toml", "sweep_secs = 1", "sweep_secs = 0");
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    world.delete(At::BusinessCentral, "vendors", text(&vendor, "id")).await;
    let first = sync(&desk).await;
    assert!(first.lines.is_empty(), "one look proves nothing: {:?}", first.lines);
    world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let second = sync(&desk).await;
    let actions: Vec<_> = second.lines.iter().map(|line| line.action).collect();
    assert_eq!(actions, [LineAction::Delete]);
    assert!(world.list(At::Dataverse, "accounts?$filter=accountnumber%20eq%20'V0001'").await.is_empty());
}

/// I10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_against_an_edit_is_asked() {
    let (world, desk, _, conflict) = World::with_deletion_against_edit().await;
    world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    world.answer(&desk, conflict, "restore").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    assert_eq!(text(&account, "telephone1"), "7");
    assert_eq!(sync(&desk).await.lines, []);
}

/// I19: what a person agreed to delete is the row they were shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_delete_does_not_delete_a_row_that_changed_since() {
    let (world, desk, vendor, conflict) = World::with_deletion_against_edit().await;
    world.edit(At::BusinessCentral, "vendors", &vendor, json!({"phoneNumber": "8"})).await;
    assert!(!world.give(&desk, conflict, "delete").await, "deleted a row nobody had seen");
    world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    world.answer(&desk, conflict, "delete").await;
    assert!(world.list(At::BusinessCentral, "vendors?$filter=number%20eq%20'V0001'").await.is_empty());
    assert_eq!(sync(&desk).await.lines, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uncoupled_rows_stay_uncoupled() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let (vendor, account) = (text(&vendor, "id"), text(&account, "accountid"));
    world.edit(At::BusinessCentral, "vendors", vendor, json!({"phoneNumber": "2"})).await;
    world.edit(At::Dataverse, "accounts", account, json!({"telephone1": "3"})).await;
    sync(&desk).await;
    let id = world.open_conflict(&desk, "VENDOR").await;
    world.answer(&desk, id, "uncouple").await;
    world.edit(At::BusinessCentral, "vendors", vendor, json!({"email": "new@a.example"})).await;
    assert_eq!(sync(&desk).await.lines, []);
    let seen = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!(text(&seen, "phoneNumber"), "2");
    let seen = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    assert_eq!((text(&seen, "telephone1"), text(&seen, "emailaddress1")), ("3", "charlotte@v0001.example"));
}

/// A conflict that people settle in the two systems themselves is closed without an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_whose_edits_are_taken_back_closes_by_itself() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let (old, vendor) = (text(&vendor, "phoneNumber"), text(&vendor, "id"));
    let account = text(&account, "accountid");
    world.edit(At::BusinessCentral, "vendors", vendor, json!({"phoneNumber": "2"})).await;
    world.edit(At::Dataverse, "accounts", account, json!({"telephone1": "3"})).await;
    sync(&desk).await;
    world.open_conflict(&desk, "VENDOR").await;
    world.edit(At::BusinessCentral, "vendors", vendor, json!({"phoneNumber": old})).await;
    world.edit(At::Dataverse, "accounts", account, json!({"telephone1": old})).await;
    sync(&desk).await;
    let open = status(&desk).await.mappings.into_iter().find(|mapping| mapping.mapping == "VENDOR");
    assert_eq!(open.unwrap().conflicts, 0);
    assert_eq!(sync(&desk).await.lines, []);
}

/// Rows left alone because several could be meant are looked at again when one of those is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguity_that_ends_is_noticed() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let twin = json!({"name": "Twin", "customertypecode": 3});
    world.create(At::Dataverse, "accounts", twin.clone()).await;
    world.create(At::Dataverse, "accounts", twin).await;
    world.create(At::BusinessCentral, "customers", json!({"displayName": "Twin"})).await;
    assert!(sync(&desk).await.lines.iter().all(|line| line.action == LineAction::Leave));
    let twins = world.list(At::Dataverse, "accounts?$filter=name%20eq%20'Twin'").await;
    world.delete(At::Dataverse, "accounts", text(&twins[0], "accountid")).await;
    let mut actions = Vec::new();
    for _ in 0..3 {
        actions.extend(sync(&desk).await.lines.into_iter().map(|line| line.action));
    }
    assert!(actions.contains(&LineAction::Couple), "{actions:?}");
    world.find(At::BusinessCentral, "customers", "displayName", "Twin").await;
    world.find(At::Dataverse, "accounts", "name", "Twin").await;
}

/// A deletion outside the filter is remembered, passed on to nobody, and no open work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_outside_the_filter_deletes_nothing() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    world.edit(At::BusinessCentral, "vendors", text(&vendor, "id"), json!({"blocked": "All"})).await;
    sync(&desk).await;
    world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
    sync(&desk).await;
    sync(&desk).await;
    let vendors = status(&desk).await.mappings.into_iter().find(|mapping| mapping.mapping == "VENDOR");
    assert_eq!(vendors.map(|mapping| (mapping.pending, mapping.conflicts)), Some((0, 0)));
    world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
}

/// A row that was put to sleep, lost its partner and is woken again is nobody's deletion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waking_up_after_the_partner_was_deleted_deletes_nothing() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    world.edit(At::BusinessCentral, "vendors", text(&vendor, "id"), json!({"blocked": "All"})).await;
    sync(&desk).await;
    world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
    sync(&desk).await;
    world.edit(At::BusinessCentral, "vendors", text(&vendor, "id"), json!({"blocked": "_x0020_"})).await;
    sync(&desk).await;
    world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!(sync(&desk).await.lines, []);
}

fn without_pauses(world: &World) {
    world.configure("tandem.toml", "deletion_confirm_secs = 1", "deletion_confirm_secs = 0");
    world.configure("tandem.toml", "sweep_secs = 1", "sweep_secs = 0");
}

/// A row without partner that was deleted unseen is no partner for a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_gone_is_coupled_to_nothing() {
    for sweeps in [false, true] {
        let world = World::start(Options::default()).await;
        world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
        world.configure("mappings/VENDOR.toml", "create = true", "create = false");
        if sweeps {
            without_pauses(&world);
        } else {
            world.configure("tandem.toml", "sweep_secs = 1", "sweep_secs = 86400");
        }
        let desk = world.desk();
        sync(&desk).await;
        let ghost = json!({"number": "GHOST", "displayName": "Ghost"});
        world.create(At::BusinessCentral, "vendors", ghost).await;
        sync(&desk).await;
        let vendor = world.find(At::BusinessCentral, "vendors", "number", "GHOST").await;
        world.delete(At::BusinessCentral, "vendors", text(&vendor, "id")).await;
        let account = json!({"accountnumber": "GHOST", "name": "Ghost", "customertypecode": 11});
        world.create(At::Dataverse, "accounts", account).await;
        for _ in 0..4 {
            let lines = sync(&desk).await.lines;
            assert!(lines.iter().all(|line| line.action == LineAction::Leave), "{lines:?}");
        }
        world.find(At::Dataverse, "accounts", "accountnumber", "GHOST").await;
    }
}

/// The rows that prove readability are chosen among those that are there. More than half at once would be a wiped table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_deletions_at_once_are_proved() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    without_pauses(&world);
    let desk = world.desk();
    sync(&desk).await;
    let vendors = world.list(At::BusinessCentral, "vendors").await;
    let gone: Vec<_> = vendors.iter().filter(|vendor| text(vendor, "number") <= "V0014").collect();
    for vendor in &gone {
        world.delete(At::BusinessCentral, "vendors", text(vendor, "id")).await;
    }
    let mut deleted = 0;
    for _ in 0..3 {
        deleted += sync(&desk).await.total(|mapping| mapping.deleted.right);
    }
    assert_eq!((gone.len(), deleted), (14, 14));
}

/// The survivor was not edited, and so leaves nothing but the base to restore from: also what the deleted side owned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_row_is_restored_from_a_partner_that_nobody_edited() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", "deletion = \"ignore\"", "deletion = \"ask\"");
    world.configure("tandem.toml", "deletion_confirm_secs = 1", "deletion_confirm_secs = 0");
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "ANTON").await;
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"creditLimit": 750})).await;
    sync(&desk).await;
    world.delete(At::BusinessCentral, "customers", text(&customer, "id")).await;
    let asked = |reply| match reply {
        Ok(Reply::Conflicts(conflicts)) => conflicts.into_iter().find(|asked| asked.deleted_in.is_some()),
        other => panic!("{other:?}"),
    };
    for _ in 0..2 {
        desk.handle(&Command::Sync { approve_as: None, sweep: true, mappings: Vec::new() }).await.unwrap();
    }
    let conflict = asked(desk.handle(&Command::Conflicts).await).expect("the deletion is asked");
    world.answer(&desk, conflict.id, "restore").await;
    let restored =
        world.find(At::BusinessCentral, "customers", "displayName", text(&customer, "displayName")).await;
    assert_eq!(restored["creditLimit"], json!(750));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_does_not_fit_waits_with_the_reason() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"ask\"");
    without_pauses(&world);
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    world.delete(At::BusinessCentral, "vendors", text(&vendor, "id")).await;
    let long = json!({"telephone1": "1".repeat(45)});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), long).await;
    for _ in 0..3 {
        sync(&desk).await;
    }
    let id = world.open_conflict(&desk, "VENDOR").await;
    assert!(!world.give(&desk, id, "restore").await);
    for _ in 0..2 {
        let report = sync(&desk).await;
        assert_eq!((report.total(|mapping| mapping.refused), report.lines), (0, vec![]));
    }
    let fits = json!({"telephone1": "030"});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), fits).await;
    sync(&desk).await;
    world.answer(&desk, id, "restore").await;
    // Business Central numbers new rows itself.
    let restored =
        world.find(At::BusinessCentral, "vendors", "displayName", text(&vendor, "displayName")).await;
    assert_eq!(text(&restored, "phoneNumber"), "030");
}

/// I21: a row that waits is listed once, also where another mapping reads other columns of its table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_waits_in_a_shared_table_is_listed_once() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CURRENCY.toml", "create = true", "create = false");
    let settings = world.folder.path().join("tandem.toml");
    let old = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("mappings = [\"CURRENCY\", \"CUSTOMER\", \"OTHER\"]\n{old}")).unwrap();
    let other = r#"
        name = "OTHER"
        label = "a"
        left = { table = "customers", filter = "displayName eq 'nobody'" }
        right = { table = "accounts", filter = "name eq 'nobody'" }
        field = [{ id = "a", left = "taxRegistrationNumber", right = "telephone2", direction = "->" }]
    "#;
    fs::write(world.folder.path().join("mappings/OTHER.toml"), other).unwrap();
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    let currency = world.find(At::BusinessCentral, "currencies", "code", "CAD").await;
    let waits = json!({"displayName": "Waits", "currencyId": text(&currency, "id")});
    world.create(At::BusinessCentral, "customers", waits).await;
    assert_eq!(sync(&desk).await.lines.len(), 1);
    assert_eq!(sync(&desk).await.lines, []);
}

/// I12
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_wait_for_their_reference_and_wake_by_themselves() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CURRENCY.toml", "create = true", "create = false");
    let desk = world.desk();
    sync(&desk).await;
    let waiting = "waits until the row its currency points to is coupled in CURRENCY";
    let left_alone = |status: tandem::agent::StatusView| {
        status
            .mappings
            .iter()
            .map(|mapping| mapping.left_alone.get(waiting).copied().unwrap_or(0))
            .sum::<u64>()
    };
    assert!(left_alone(status(&desk).await) > 0);
    world
        .create(
            At::Dataverse,
            "transactioncurrencies",
            json!({"isocurrencycode": "CAD", "currencyname": "Canadian dollar", "currencysymbol": "$", "currencyprecision": 2, "exchangerate": 1.3}),
        )
        .await;
    let report = sync(&desk).await;
    assert!(report.lines.iter().any(|line| line.action == LineAction::Create), "{:?}", report.lines);
    assert_eq!(left_alone(status(&desk).await), 0);
    assert_eq!(sync(&desk).await.lines, []);
}

/// I9
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_the_filter_is_not_deletion_and_returning_is_no_create() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let name = text(&customer, "displayName");
    let account = world.find(At::Dataverse, "accounts", "name", name).await;
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"blocked": "All"})).await;
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"telephone1": "away"})).await;
    let report = sync(&desk).await;
    assert!(report.lines.iter().all(|line| line.action == LineAction::Leave), "{:?}", report.lines);
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"blocked": "_x0020_"})).await;
    let report = sync(&desk).await;
    assert_eq!(report.lines.len(), 1, "{:?}", report.lines);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "away");
}

/// I26
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_does_not_fit_holds_up_no_other() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let desk = world.desk();
    sync(&desk).await;
    let bad = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let good = world.find(At::Dataverse, "accounts", "accountnumber", "BLONP").await;
    let long = "x".repeat(120);
    world.edit(At::Dataverse, "accounts", text(&bad, "accountid"), json!({"name": long})).await;
    world.edit(At::Dataverse, "accounts", text(&good, "accountid"), json!({"telephone1": "fits"})).await;
    let report = sync(&desk).await;
    assert_eq!(report.total(|mapping| mapping.updated.left), 1);
    let note = report.lines.iter().find_map(|line| line.note.clone()).unwrap();
    assert_eq!(note, "name has 120 characters; displayName holds at most 100");
    let customer = world.find(At::BusinessCentral, "customers", "number", "BLONP").await;
    assert_eq!(text(&customer, "phoneNumber"), "fits");
    world.edit(At::Dataverse, "accounts", text(&bad, "accountid"), json!({"name": "short"})).await;
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "displayName"), "short");
}

/// I11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_of_an_owned_field_on_the_other_side_is_reverted() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let product = world.find(At::Dataverse, "products", "productnumber", "1003").await;
    world.edit(At::Dataverse, "products", text(&product, "productid"), json!({"price": 999})).await;
    sync(&desk).await;
    let after = world.find(At::Dataverse, "products", "productnumber", "1003").await;
    assert_eq!(after["price"], product["price"]);
    assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
}
