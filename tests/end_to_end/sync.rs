//! The main job: first sync, edits merged, collisions asked.

use std::fs;

use serde_json::{Value, json};
use tandem::agent::{Command, Desk, LineAction, Reply};
use tandem::sim::Options;

use crate::world::{At, World, plan, status, sync, text};

/// I18
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_is_what_the_sync_then_does() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    let before = world.world_state().await;
    let preview = plan(&desk).await;
    assert_eq!(world.world_state().await, before, "a preview changes no remote byte");
    let report = sync(&desk).await;
    assert_eq!(preview.lines, report.lines);
    assert!(report.lines.len() > 150, "{}", report.lines.len());
    assert_eq!(report.failures, []);
}

/// I21 and I2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sync_writes_nothing_and_no_write_is_blind() {
    let world = World::start(Options { rows: 30, ..Options::default() }).await;
    let desk = world.desk();
    let first = sync(&desk).await;
    assert_eq!(first.failures, []);
    assert!(first.total(|mapping| mapping.created.left + mapping.created.right) > 100);
    let shown = first.total(|mapping| mapping.read.left + mapping.read.right);
    let accounts = first.mappings.iter().find(|mapping| mapping.mapping == "VENDOR").unwrap().read.right;
    assert_eq!(first.rows_read, shown - accounts, "two mappings share the accounts, which were read once");
    let state = world.world_state().await;
    let second = sync(&desk).await;
    assert_eq!(second.lines, []);
    assert_eq!(world.world_state().await, state);
    assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
}

/// I7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_to_different_fields_on_both_sides_merge() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    world
        .edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"phoneNumber": "0921-99"}))
        .await;
    world
        .edit(
            At::Dataverse,
            "accounts",
            text(&account, "accountid"),
            json!({"emailaddress1": "new@bergs.example"}),
        )
        .await;
    let report = sync(&desk).await;
    let updates: Vec<_> = report.lines.iter().map(|line| (line.action, line.on.as_deref())).collect();
    assert_eq!(
        updates,
        [(LineAction::Update, Some("dataverse")), (LineAction::Update, Some("business-central"))]
    );
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    assert_eq!(text(&customer, "email"), "new@bergs.example");
    assert_eq!(text(&account, "telephone1"), "0921-99");
    assert_eq!(sync(&desk).await.lines, []);
}

/// I6 and I19
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collision_is_asked_in_the_inbox_and_settled_by_the_answer() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    let (customer_id, account_id) = (text(&customer, "id"), text(&account, "accountid"));
    world
        .edit(At::BusinessCentral, "customers", customer_id, json!({"phoneNumber": "1", "city": "Luleå Ö"}))
        .await;
    world.edit(At::Dataverse, "accounts", account_id, json!({"telephone1": "2"})).await;
    let report = sync(&desk).await;
    assert_eq!(report.total(|mapping| mapping.conflicts_raised), 1);
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    assert_eq!((text(&account, "telephone1"), text(&account, "address1_city")), ("2", "Luleå Ö"));

    let inbox = world.folder.path().join("resolve-conflicts.toml");
    let page = fs::read_to_string(&inbox).unwrap();
    let position = page.rfind("answer = \"\"").unwrap();
    let answered = format!("{}answer = \"dataverse\"{}", &page[..position], &page[position + 11..]);
    fs::write(&inbox, answered.replace('\n', "\r\n")).unwrap();
    let report = sync(&desk).await;
    assert_eq!(report.total(|mapping| mapping.conflicts_settled), 1, "{page}");
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "2");
    assert_eq!(status(&desk).await.open_conflicts, 0);
    assert_eq!(sync(&desk).await.lines, []);
}

/// I19
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_for_other_values_is_asked_again() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    let (customer_id, account_id) = (text(&customer, "id"), text(&account, "accountid"));
    world.edit(At::BusinessCentral, "customers", customer_id, json!({"phoneNumber": "1"})).await;
    world.edit(At::Dataverse, "accounts", account_id, json!({"telephone1": "2"})).await;
    sync(&desk).await;
    world.edit(At::Dataverse, "accounts", account_id, json!({"telephone1": "3"})).await;
    let words = vec!["dataverse".to_owned()];
    let answered = desk.handle(&Command::Answer { conflict: 1, words: words.clone() }).await;
    let Ok(Reply::Answered(answered)) = answered else { panic!("{answered:?}") };
    assert!(!answered.settled);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "1");
    let Ok(Reply::Conflicts(conflicts)) = desk.handle(&Command::Conflicts).await else { panic!() };
    assert_eq!(conflicts[0].fields[0].values.right, "\"3\"");
    assert_eq!(conflicts[0].suggestion.as_deref(), Some("dataverse"));
    let answered = desk.handle(&Command::Answer { conflict: 1, words }).await;
    let Ok(Reply::Answered(answered)) = answered else { panic!("{answered:?}") };
    assert!(answered.settled);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "3");
}

/// I8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_arrives_only_where_the_mapping_allows_it() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    let desk = world.desk();
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let kept = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
    world.delete(At::Dataverse, "accounts", text(&kept, "accountid")).await;
    let report = sync(&desk).await;
    let lines: Vec<_> = report.lines.iter().map(|line| (line.action, line.mapping.as_str())).collect();
    assert_eq!(lines, [(LineAction::Leave, "CUSTOMER"), (LineAction::Delete, "VENDOR")]);
    let vendors = world.list(At::BusinessCentral, "vendors?$filter=number%20eq%20'V0001'").await;
    assert!(vendors.is_empty(), "{vendor}");
    world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(sync(&desk).await.lines, []);
}

/// I29
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losing_the_store_doubles_and_deletes_nothing() {
    let world = World::start(Options::default()).await;
    sync(&world.desk()).await;
    let state = world.world_state().await;
    fs::remove_file(world.places().store()).unwrap();
    let report = sync(&world.desk()).await;
    assert_eq!(
        report.total(|mapping| mapping.created.left + mapping.created.right),
        0,
        "{:#?}",
        report.lines
    );
    assert_eq!(report.total(|mapping| mapping.deleted.left + mapping.deleted.right), 0);
    assert_eq!(world.world_state().await, state);
}

/// I38: a field that means another column by now is at first contact, and a blank erases nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_moves_to_another_column_erases_nothing() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    drop(desk);
    let before = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    world.configure("mappings/VENDOR.toml", "right = \"telephone1\"", "right = \"telephone2\"");
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    let after = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!(text(&after, "phoneNumber"), text(&before, "phoneNumber"));
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    assert_eq!(text(&account, "telephone2"), text(&before, "phoneNumber"));
}

/// The couplings of a mapping are about its tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_cannot_move_to_another_table() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    drop(desk);
    world.configure("mappings/VENDOR.toml", "table = \"vendors\"", "table = \"customers\"");
    let state = world.world_state().await;
    let report = sync(&world.desk()).await;
    let [failure] = &report.failures[..] else { panic!("{:?}", report.failures) };
    assert!(failure.problem.contains("was about vendors of business-central"), "{}", failure.problem);
    assert_eq!(world.world_state().await, state);
}

/// I19: what a kill left beside the inbox goes, unless somebody's words are in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_of_the_inbox_are_removed_but_never_an_edit() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let folder = world.folder.path();
    let page = fs::read_to_string(folder.join("resolve-conflicts.toml")).unwrap();
    assert!(page.contains("answer = \"\""), "{page}");
    drop(desk);
    let edited = page.replacen("answer = \"\"", "answer = \"dataverse\"", 1);
    let orphans = [("a", page.as_str()), ("b", &page[..page.len() / 2]), ("c", ""), ("d", edited.as_str())];
    for (name, text) in orphans {
        fs::write(folder.join(format!(".resolve-conflicts-{name}.toml.tmp")), text).unwrap();
    }
    let _desk = world.desk();
    let names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("resolve-conflicts"))
        .collect();
    assert!(names.iter().all(|name| !name.ends_with(".tmp")) && names.len() == 2, "{names:?}");
    assert_eq!(fs::read_to_string(folder.join("resolve-conflicts-kept-1.toml")).unwrap(), edited);
    assert_eq!(fs::read_to_string(folder.join("resolve-conflicts.toml")).unwrap(), page);
}

/// Makes the same edits in both systems at a vendor, and returns the conflict.
async fn collide(world: &World, desk: &Desk, left: Value, right: Value) -> u64 {
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    world.edit(At::BusinessCentral, "vendors", text(&vendor, "id"), left).await;
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), right).await;
    sync(desk).await;
    world.open_conflict(desk, "VENDOR").await
}

/// Writes an answer below that line of the inbox.
fn write_answer(world: &World, line: &str, answer: &str) {
    let inbox = world.folder.path().join("resolve-conflicts.toml");
    let page = fs::read_to_string(&inbox).unwrap();
    let place = page.find(line).unwrap();
    let place = place + page[place..].find("answer = \"\"").unwrap();
    fs::write(&inbox, format!("{}answer = \"{answer}\"{}", &page[..place], &page[place + 11..])).unwrap();
}

/// Street and city are one: an answer for the street is one for the city.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_one_field_of_a_group_settles_the_group() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let left = json!({"addressLine1": "L1", "city": "L2"});
    collide(&world, &desk, left, json!({"address1_line1": "R1", "address1_city": "R2"})).await;
    write_answer(&world, "dataverse = \"R1\"", "dataverse");
    sync(&desk).await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!((text(&vendor, "addressLine1"), text(&vendor, "city")), ("R1", "R2"));
    assert_eq!(sync(&desk).await.lines, []);
}

/// Where a value was typed for one field of a group, the rest is asked, and nothing is raised again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_answered_group_is_asked_once() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let left = json!({"addressLine1": "L1", "city": "L2"});
    let id = collide(&world, &desk, left, json!({"address1_line1": "R1", "address1_city": "R2"})).await;
    assert!(!world.give(&desk, id, "street=T1").await);
    for _ in 0..3 {
        assert_eq!(sync(&desk).await.lines, []);
    }
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!((text(&vendor, "addressLine1"), text(&vendor, "city")), ("L1", "L2"));
}

/// The later word counts, wherever it was said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_by_command_overrules_what_stands_in_the_file() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    sync(&desk).await;
    let id = collide(&world, &desk, json!({"phoneNumber": "1"}), json!({"telephone1": "2"})).await;
    write_answer(&world, &format!("id = \"C{id}\""), "later");
    sync(&desk).await;
    world.answer(&desk, id, "dataverse").await;
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!(text(&vendor, "phoneNumber"), "2");
}
