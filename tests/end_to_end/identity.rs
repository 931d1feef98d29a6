//! Another company, a copied environment, a restored backup, an emptied table: nothing is written until a person decides, and
//! what they read says what happened.

use serde_json::{Value, json};
use tandem::agent::{Command, Desk, Health, RebaselineView, Reply, RunReport};
use tandem::sim::Options;

use crate::command_line::tandem;
use crate::world::{At, World, plan, status, sync, text};

/// Starts a synced world in which Business Central settles what differs at first contact, and deletions are passed on.
async fn synced(options: Options) -> (World, Desk) {
    let world = World::start(options).await;
    // What may be undone by its own transaction proves nothing; here nothing is.
    world.configure("tandem.toml", "overlap_secs = 10", "overlap_secs = 0");
    for mapping in ["CUSTOMER", "VENDOR", "ITEM-PRODUCT"] {
        let file = format!("mappings/{mapping}.toml");
        world.configure(&file, "first_contact = \"ask\"", "first_contact = \"left\"");
        world.configure(&file, "deletion = \"ignore\"", "deletion = \"delete\"");
    }
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    assert_eq!(sync(&desk).await.lines, []);
    (world, desk)
}

/// Edits the phone of a customer in Business Central.
async fn phone(world: &World, number: &str, phone: &str) {
    let customer = world.find(At::BusinessCentral, "customers", "number", number).await;
    let change = json!({"phoneNumber": phone});
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), change).await;
}

/// Returns the account of a customer in Dataverse.
async fn account(world: &World, number: &str) -> Value {
    let customer = world.find(At::BusinessCentral, "customers", "number", number).await;
    world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await
}

async fn phone_of_account(world: &World, number: &str) -> String {
    text(&account(world, number).await, "telephone1").to_owned()
}

/// Takes line breaks and alignment away.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn count(world: &World, at: At, set: &str) -> usize {
    world.list(at, set).await.len()
}

/// Expects that a run writes nothing and says why, that it says so again, and that a preview says the same.
async fn writes_nothing(world: &World, desk: &Desk, connection: &str, words: &[&str]) {
    let before = world.world_state().await;
    let preview = plan(desk).await;
    for report in [preview, sync(desk).await, sync(desk).await] {
        says(&report, connection, words);
        assert_eq!(report.lines, []);
        assert!(world.world_state().await == before, "something was written");
    }
    assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
}

fn says(report: &RunReport, connection: &str, words: &[&str]) {
    let [failure] = &report.failures[..] else { panic!("{:?}", report.failures) };
    for word in words.iter().chain(&["nothing was written", connection]) {
        assert!(failure.problem.contains(word), "{word} is not in: {}", failure.problem);
    }
    let remedy = failure.remedy.clone().unwrap_or_default();
    assert!(remedy.contains(&format!("tandem rebaseline {connection}")), "{remedy}");
    assert!(!failure.transient, "no time heals it");
}

async fn rebaseline(desk: &Desk, connection: &str, agreed_by: Option<&str>) -> RebaselineView {
    let command =
        Command::Rebaseline { connection: connection.to_owned(), agreed_by: agreed_by.map(str::to_owned) };
    match desk.handle(&command).await {
        Ok(Reply::Rebaseline(view)) => *view,
        other => panic!("{other:?}"),
    }
}

/// Runs until nothing is left to do; everything must be equal then, with no row more than before.
async fn settles(world: &World, desk: &Desk, counts: &[(At, &str, usize)]) {
    for _ in 0..4 {
        assert_eq!(sync(desk).await.failures, []);
    }
    let state = world.world_state().await;
    assert_eq!(sync(desk).await.lines, []);
    assert!(world.world_state().await == state, "a quiet run wrote");
    for (at, set, expected) in counts {
        assert_eq!(count(world, *at, set).await, *expected, "{set}");
    }
    assert_eq!(status(desk).await.health, Health::Ok);
}

/// I13: the id of another company in `tandem.toml`, also where both have the same name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swapped_company_is_not_written() {
    let (world, desk) = synced(Options::default()).await;
    drop(desk);
    phone(&world, "BERGS", "must not arrive").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let change = json!({"telephone1": "nor this"});
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    let company = format!("company = \"{}\"", world.addresses.company);
    for (name, words) in [
        ("Northwind Traders", "a company of the same name but another id, perhaps a copy"),
        ("Southwind Ltd", "leads to the company \"Southwind Ltd\""),
    ] {
        let copy = world.simulation.operator().copy_company(name).to_string();
        let swapped = format!("company = \"{copy}\"");
        world.configure("tandem.toml", &company, &swapped);
        let desk = world.desk();
        let words = [words, &copy, "about the company \"Northwind Traders\"", &world.addresses.company];
        writes_nothing(&world, &desk, "business-central", &words).await;
        assert_eq!(status(&desk).await.health, Health::Stopped);
        drop(desk);
        let (code, _, err) = tandem(&world, &["sync"]);
        assert_eq!(code, 5, "{err}");
        assert!(
            err.contains("if `company` of [connections.business-central] was changed by mistake"),
            "{err}"
        );
        let (code, out, _) = tandem(&world, &["connection", "test", "business-central"]);
        assert_ne!(code, 0);
        assert!(flat(&out).contains("leads to the company"), "{out}");
        world.configure("tandem.toml", &swapped, &company);
    }
    // Put back, all goes on as if nothing had been.
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    assert_eq!(phone_of_account(&world, "BERGS").await, "must not arrive");
}

/// I13: a copy of the environment answers under the same address. A person may say that it is the successor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_environment_is_not_written_until_a_person_says_that_it_is_the_successor() {
    let (world, desk) = synced(Options::default()).await;
    let accounts = count(&world, At::Dataverse, "accounts").await;
    let customers = count(&world, At::BusinessCentral, "customers").await;
    world.simulation.operator().put_copy_of_dataverse_in_place("Northwind (copy)");
    phone(&world, "BERGS", "030-7").await;
    let words = ["leads to the organisation \"Northwind (copy)\"", "\"Northwind Traders\"", "perhaps a copy"];
    writes_nothing(&world, &desk, "dataverse", &words).await;
    drop(desk);
    let (code, out, err) = tandem(&world, &["rebaseline", "dataverse"]);
    assert_eq!(code, 5, "{err}");
    assert!(out.contains("was:  Northwind Traders (") && out.contains("is:   Northwind (copy) ("), "{out}");
    assert!(
        err.contains("Nothing was changed. To go on with this state: tandem rebaseline dataverse --yes"),
        "{err}"
    );
    writes_nothing(&world, &world.desk(), "dataverse", &words).await;
    let (code, out, err) = tandem(&world, &["rebaseline", "dataverse", "--yes"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("dataverse was rebaselined"), "{out}");
    let (_, history, _) = tandem(&world, &["history", "--json"]);
    assert!(history.contains("rebaseline of dataverse by "), "{history}");
    let desk = world.desk();
    let counts = [(At::Dataverse, "accounts", accounts), (At::BusinessCentral, "customers", customers)];
    settles(&world, &desk, &counts).await;
    assert_eq!(phone_of_account(&world, "BERGS").await, "030-7");
}

/// I14: Dataverse is set back to a backup. Old values flow nowhere, and nothing is written to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_dataverse_is_frozen_until_it_is_rebaselined() {
    for are_links_refused in [false, true] {
        let (world, desk) = synced(Options::default()).await;
        let accounts = count(&world, At::Dataverse, "accounts").await;
        world.simulation.operator().back_up_dataverse();
        for number in ["ALFKI", "BERGS", "BLONP"] {
            phone(&world, number, "after the backup").await;
        }
        assert_eq!(sync(&desk).await.lines.len(), 3);
        world.simulation.operator().restore_dataverse();
        if are_links_refused {
            world.simulation.faults().expire_delta_tokens();
        }
        phone(&world, "BERGS", "must wait").await;
        let words = ["was set back to an earlier state, as from a backup", "\"after the backup\""];
        writes_nothing(&world, &desk, "dataverse", &words).await;
        let stands = status(&desk).await;
        assert_eq!(stands.health, Health::Stopped);
        assert!(stands.connections.iter().any(|connection| connection.frozen.is_some()));
        drop(desk);
        // Another process knows it as well.
        let (code, out, _) = tandem(&world, &["status"]);
        assert_eq!(code, 5, "{out}");
        assert!(out.contains("was set back") && out.contains("tandem rebaseline dataverse"), "{out}");
        assert_eq!(tandem(&world, &["sync"]).0, 5);
        let (_, out, _) = tandem(&world, &["connection", "test", "dataverse"]);
        assert!(flat(&out).contains("was set back"), "{out}");
        let desk = world.desk();
        let before = world.world_state().await;
        let found = rebaseline(&desk, "dataverse", None).await;
        let customers = found.mappings.iter().find(|mapping| mapping.mapping == "CUSTOMER").unwrap();
        assert_eq!((customers.different, customers.gone), (3, 0), "{found:?}");
        assert_eq!(customers.as_agreed + 3, customers.coupled);
        assert!(found.different.iter().all(|row| row.fields.len() == 1 && row.fields[0].field == "phone"));
        writes_nothing(&world, &desk, "dataverse", &words).await;
        let done = rebaseline(&desk, "dataverse", Some("Ida")).await;
        assert!(done.run.is_some() && world.world_state().await == before, "{done:?}");
        settles(&world, &desk, &[(At::Dataverse, "accounts", accounts)]).await;
        assert_eq!(phone_of_account(&world, "BERGS").await, "must wait");
        assert_eq!(phone_of_account(&world, "ALFKI").await, "after the backup");
    }
}

/// I14: Business Central is set back, and has no companion that would tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_business_central_is_frozen_and_its_old_values_flow_nowhere() {
    let (world, desk) = synced(Options::default()).await;
    world.simulation.operator().back_up_business_central();
    for number in ["ALFKI", "BERGS", "BLONP"] {
        phone(&world, number, "after the backup").await;
    }
    let new = json!({"number": "NEW", "displayName": "New after the backup"});
    world.create(At::BusinessCentral, "customers", new).await;
    assert_eq!(sync(&desk).await.failures, []);
    let accounts = count(&world, At::Dataverse, "accounts").await;
    world.simulation.operator().restore_business_central();
    let change = json!({"emailaddress1": "must@wait.example"});
    world.edit(At::Dataverse, "accounts", text(&account(&world, "ALFKI").await, "accountid"), change).await;
    let words = ["was set back to an earlier state, as from a backup"];
    writes_nothing(&world, &desk, "business-central", &words).await;
    assert_eq!(phone_of_account(&world, "BERGS").await, "after the backup");
    let done = rebaseline(&desk, "business-central", Some("Ida")).await;
    let customers = done.mappings.iter().find(|mapping| mapping.mapping == "CUSTOMER").unwrap();
    assert_eq!((customers.different, customers.gone), (3, 1), "{done:?}");
    // The row that the backup lacks is asked about, although the mapping passes deletions on.
    assert_eq!(sync(&desk).await.failures, []);
    assert_eq!(count(&world, At::Dataverse, "accounts").await, accounts);
    let conflict = world.open_conflict(&desk, "CUSTOMER").await;
    world.answer(&desk, conflict, "restore").await;
    settles(&world, &desk, &[(At::Dataverse, "accounts", accounts)]).await;
    world.find(At::BusinessCentral, "customers", "displayName", "New after the backup").await;
}

/// I14 with I8: an emptied table is no pile of deletions, on whichever side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_table_deletes_nothing_on_the_other_side() {
    for (connection, set, at, other) in [
        ("dataverse", "accounts", At::Dataverse, (At::BusinessCentral, "customers")),
        ("business-central", "customers", At::BusinessCentral, (At::Dataverse, "accounts")),
    ] {
        let (world, desk) = synced(Options::default()).await;
        let survivors = count(&world, other.0, other.1).await;
        let operator = world.simulation.operator();
        match at {
            At::Dataverse => operator.wipe_dataverse(set).unwrap(),
            At::BusinessCentral | At::Companion => operator.wipe_business_central(set).unwrap(),
        }
        let words = [set, "told of no deletion", "the table was emptied, or the database exchanged"];
        writes_nothing(&world, &desk, connection, &words).await;
        assert_eq!(count(&world, other.0, other.1).await, survivors);
        let done = rebaseline(&desk, connection, Some("Ida")).await;
        let customers = done.mappings.iter().find(|mapping| mapping.mapping == "CUSTOMER").unwrap();
        assert!(customers.gone > 20 && customers.gone == customers.coupled, "{customers:?}");
        for _ in 0..3 {
            assert_eq!(sync(&desk).await.failures, []);
        }
        assert_eq!(count(&world, other.0, other.1).await, survivors, "each is asked about");
        let open = status(&desk).await.open_conflicts;
        let gone: u64 = done.mappings.iter().map(|mapping| mapping.gone).sum();
        assert_eq!(open, gone);
        assert_eq!(sync(&desk).await.lines, []);
    }
}

/// I14: what cannot be reached or may not be read says nothing about the past.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_offline_or_refused_is_never_taken_for_set_back() {
    let (world, desk) = synced(Options::default()).await;
    let faults = world.simulation.faults();
    faults.deny("customers", true);
    phone(&world, "BERGS", "later").await;
    let report = sync(&desk).await;
    assert!(report.failures.iter().all(|failure| failure.problem.contains("does not permit")), "{report:?}");
    faults.deny("customers", false);
    faults.refuse_connections(tandem::sim::Service::Dataverse, true).await;
    assert!(sync(&desk).await.failures.iter().all(|failure| failure.transient));
    faults.refuse_connections(tandem::sim::Service::Dataverse, false).await;
    assert_eq!(sync(&desk).await.failures, []);
    assert!(status(&desk).await.connections.iter().all(|connection| connection.frozen.is_none()));
    assert_eq!(phone_of_account(&world, "BERGS").await, "later");
}

/// I14: people who type old values again, delete what they just made, and are away for a month set nothing back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_take_back_is_an_edit_like_any_other() {
    let (world, desk) = synced(Options::default()).await;
    let numbers = ["ALFKI", "BERGS", "BLONP"];
    let mut before = Vec::new();
    for number in numbers {
        before.push(phone_of_account(&world, number).await);
        phone(&world, number, "for a while").await;
    }
    let new = json!({"number": "NEW", "displayName": "New for a while"});
    world.create(At::BusinessCentral, "customers", new).await;
    assert_eq!(sync(&desk).await.failures, []);
    for (number, before) in numbers.into_iter().zip(&before) {
        let change = json!({"telephone1": before});
        world
            .edit(At::Dataverse, "accounts", text(&account(&world, number).await, "accountid"), change)
            .await;
    }
    let new = account(&world, "NEW").await;
    world.delete(At::Dataverse, "accounts", text(&new, "accountid")).await;
    world.simulation.faults().expire_delta_tokens();
    let accounts = count(&world, At::Dataverse, "accounts").await;
    for _ in 0..4 {
        assert_eq!(sync(&desk).await.failures, []);
    }
    for (number, before) in numbers.into_iter().zip(&before) {
        let customer = world.find(At::BusinessCentral, "customers", "number", number).await;
        assert_eq!(text(&customer, "phoneNumber"), before);
    }
    assert_eq!(count(&world, At::Dataverse, "accounts").await, accounts);
}

/// A name that is mistyped, or a system that is away, changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_rebaselined_is_said() {
    let (world, desk) = synced(Options::default()).await;
    drop(desk);
    let (code, _, err) = tandem(&world, &["rebaseline", "dataserve", "--yes"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("there is no connection dataserve"), "{err}");
    world.simulation.faults().refuse_connections(tandem::sim::Service::Dataverse, true).await;
    let (code, _, err) = tandem(&world, &["rebaseline", "dataverse", "--yes"]);
    assert_eq!(code, 6, "{err}");
    world.simulation.faults().refuse_connections(tandem::sim::Service::Dataverse, false).await;
    let desk = world.desk();
    assert_eq!(sync(&desk).await.lines, []);
    let (found, again) =
        (rebaseline(&desk, "dataverse", None).await, rebaseline(&desk, "business-central", None).await);
    for mapping in found.mappings.iter().chain(&again.mappings) {
        assert_eq!((mapping.different, mapping.gone), (0, 0), "{mapping:?}");
    }
}
