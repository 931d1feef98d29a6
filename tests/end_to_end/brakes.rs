//! Brakes: more than the limits allow waits for a person, and is done exactly as approved.

use std::fs;

use serde_json::{Value, json};
use tandem::agent::{Command, Desk, ErrorKind, Health, LineAction, Reply, RunReport};
use tandem::sim::{Options, Service};

use crate::command_line::tandem;
use crate::world::{At, World, plan, status, sync, text};

const MOST_OF_A_TABLE: usize = 18;

/// A synced world in which deleted accounts delete their vendors.
async fn synced() -> (World, Desk) {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    world.configure("mappings/VENDOR.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let desk = world.desk();
    sync(&desk).await;
    (world, desk)
}

/// The accounts of vendors.
async fn vendor_accounts(world: &World) -> Vec<Value> {
    let accounts = world.list(At::Dataverse, "accounts").await;
    accounts.into_iter().filter(|account| is_vendor(text(account, "accountnumber"))).collect()
}

/// Customers' numbers are letters alone.
fn is_vendor(number: &str) -> bool {
    number.starts_with('V') && number.ends_with(|last: char| last.is_ascii_digit())
}

async fn delete(world: &World, accounts: &[Value]) {
    for account in accounts {
        world.delete(At::Dataverse, "accounts", text(account, "accountid")).await;
    }
}

async fn vendors(world: &World) -> usize {
    world.list(At::BusinessCentral, "vendors").await.len()
}

async fn waiting(desk: &Desk) -> String {
    let status = status(desk).await;
    assert_eq!(status.health, Health::Braked);
    assert_eq!(status.brakes.len(), 1);
    assert_eq!(status.brakes[0].mapping, "VENDOR");
    status.brakes[0].plan.clone()
}

async fn approve(desk: &Desk, plan: &str) -> RunReport {
    match desk.handle(&Command::Approve { plan: plan.to_owned(), by: "Ida".to_owned() }).await {
        Ok(Reply::Report(report)) => report,
        other => panic!("{other:?}"),
    }
}

async fn refused_approval(desk: &Desk, plan: &str) -> String {
    let error = desk.handle(&Command::Approve { plan: plan.to_owned(), by: "Ida".to_owned() }).await;
    let error = error.expect_err("no such plan waits");
    assert_eq!(error.kind, ErrorKind::Usage);
    format!("{error}; {}", error.remedy.clone().unwrap_or_default())
}

/// I15 and I17: a table that is emptied stops its mapping alone; nothing is written until a person approves that plan,
/// which is then done once. A row edited meanwhile drops out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mass_deletion_waits_for_exactly_its_approval() {
    let (world, desk) = synced().await;
    let accounts = vendor_accounts(&world).await;
    assert!(accounts.len() > MOST_OF_A_TABLE, "{}", accounts.len());
    let before = vendors(&world).await;
    delete(&world, &accounts[..MOST_OF_A_TABLE]).await;
    // Another mapping, and another row of this one.
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    world
        .edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"phoneNumber": "0921-99"}))
        .await;
    let rest = text(&accounts[MOST_OF_A_TABLE], "accountid").to_owned();
    world.edit(At::Dataverse, "accounts", &rest, json!({"telephone1": "7"})).await;

    let preview = plan(&desk).await;
    let report = sync(&desk).await;
    assert_eq!(preview.lines, report.lines);
    let plans = |report: &RunReport| report.brakes.iter().map(|brake| brake.plan.clone()).collect::<Vec<_>>();
    assert_eq!(plans(&preview), plans(&report), "I18");
    assert_eq!(report.failures, []);
    let lines: Vec<_> = report.lines.iter().map(|line| (line.action, line.mapping.as_str())).collect();
    assert_eq!(lines, [(LineAction::Update, "CUSTOMER")], "{:?}", report.lines);
    let brake = &report.brakes[0];
    assert_eq!(brake.rows, MOST_OF_A_TABLE as u64 + 1, "the edit of the mapping waits as well");
    assert!(brake.reasons[0].starts_with("18 rows are gone from dataverse"), "{:?}", brake.reasons);
    assert_eq!(vendors(&world).await, before);

    let first = waiting(&desk).await;
    let state = world.world_state().await;
    sync(&desk).await;
    assert_eq!(waiting(&desk).await, first, "the plan stays the same while nothing changes");
    assert_eq!(world.world_state().await, state);

    // A row of the plan is edited after it was shown: it is asked about, and no longer part of what waits.
    let number = text(&accounts[0], "accountnumber").to_owned();
    let vendor = world.find(At::BusinessCentral, "vendors", "number", &number).await;
    world.edit(At::BusinessCentral, "vendors", text(&vendor, "id"), json!({"phoneNumber": "8"})).await;
    sync(&desk).await;
    let second = waiting(&desk).await;
    assert_ne!(second, first);
    let error = refused_approval(&desk, &first).await;
    assert!(error.contains(&first) && error.contains(&second), "{error}");

    // One more is edited, and nobody has looked since.
    let number = text(&accounts[1], "accountnumber").to_owned();
    let late = world.find(At::BusinessCentral, "vendors", "number", &number).await;
    world.edit(At::BusinessCentral, "vendors", text(&late, "id"), json!({"phoneNumber": "9"})).await;
    let report = approve(&desk, &second).await;
    let deleted = report.lines.iter().filter(|line| line.action == LineAction::Delete).count();
    assert_eq!(deleted, MOST_OF_A_TABLE - 2, "{:?}", report.lines);
    assert_eq!(vendors(&world).await, before - deleted);
    world.find(At::BusinessCentral, "vendors", "number", text(&vendor, "number")).await;
    world.find(At::BusinessCentral, "vendors", "number", text(&late, "number")).await;
    let vendor = world
        .find(At::BusinessCentral, "vendors", "number", text(&accounts[MOST_OF_A_TABLE], "accountnumber"))
        .await;
    assert_eq!(text(&vendor, "phoneNumber"), "7");

    refused_approval(&desk, &second).await;
    let state = world.world_state().await;
    let report = sync(&desk).await;
    assert_eq!(report.brakes, []);
    assert_eq!(world.world_state().await, state, "what was approved is done once");
    let Ok(Reply::Runs(runs)) = desk.handle(&Command::History { limit: 9 }).await else { panic!() };
    let run = runs.iter().find(|run| run.trigger == "approve").unwrap().run;
    let Ok(Reply::Run(run)) = desk.handle(&Command::Run { run }).await else { panic!() };
    let causes = run.entries.iter().filter(|entry| entry.action == "deleted").map(|entry| &entry.cause);
    assert!(causes.into_iter().all(|cause| *cause == format!("plan {second}, approved by Ida")));
}

/// I8: rows that a sweep misses count before anything is read to prove that they are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_that_a_sweep_does_not_find_stop_before_keyed_reads() {
    let (world, desk) = synced().await;
    drop(desk);
    world.configure(
        "tandem.toml",
        "[connections.dataverse]",
        "[brakes]\ndeletes = 5\n\n[connections.dataverse]",
    );
    let desk = world.desk();
    let before = vendor_accounts(&world).await.len();
    for vendor in world.list(At::BusinessCentral, "vendors").await.iter().take(8) {
        world.delete(At::BusinessCentral, "vendors", text(vendor, "id")).await;
    }
    let sweep = Command::Sync { approve_as: None, sweep: true, mappings: Vec::new() };
    let mut plans = Vec::new();
    for _ in 0..2 {
        let Ok(Reply::Report(report)) = desk.handle(&sweep).await else { panic!() };
        assert_eq!(report.lines, []);
        plans.push(waiting(&desk).await);
    }
    assert_eq!(plans[0], plans[1]);
    let status = status(&desk).await;
    let vendor = status.mappings.iter().find(|mapping| mapping.mapping == "VENDOR").unwrap();
    assert_eq!(vendor.left_alone.values().sum::<u64>(), 0, "{:?}", vendor.left_alone);
    let snapshot = desk.engine().store().snapshot().unwrap();
    let mut first_reads = 0;
    for side in tandem::model::Side::BOTH {
        snapshot
            .visit_observations(&"VENDOR".into(), side, |seen| {
                use tandem::model::Content;
                first_reads +=
                    u64::from(matches!(seen.content, Content::Missing { first_confirmed: Some(_) }));
                Ok(())
            })
            .unwrap();
    }
    assert_eq!(first_reads, 0, "nothing was read to prove anything");
    assert_eq!(vendor_accounts(&world).await.len(), before);
}

/// I16: what stays within the limits pass by pass stops where it adds up to more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mass_deletion_in_portions_stops_as_well() {
    let (world, desk) = synced().await;
    let accounts = vendor_accounts(&world).await;
    let before = vendors(&world).await;
    let mut stopped = false;
    for portion in accounts.chunks(3) {
        delete(&world, portion).await;
        stopped |= !sync(&desk).await.brakes.is_empty();
    }
    assert!(stopped);
    let gone = before - vendors(&world).await;
    assert!(gone <= accounts.len() / 2, "{gone} of {}", accounts.len());
}

/// I36
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_turns_blank_everywhere_stops_its_mapping() {
    let world = World::start(Options { rows: 30, ..Options::default() }).await;
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let desk = world.desk();
    sync(&desk).await;
    let customers = world.list(At::BusinessCentral, "customers").await;
    let with_phone = customers.iter().filter(|customer| !text(customer, "phoneNumber").is_empty());
    for customer in with_phone.take(25) {
        world.edit(At::BusinessCentral, "customers", text(customer, "id"), json!({"phoneNumber": ""})).await;
    }
    let accounts = world.list(At::Dataverse, "accounts").await;
    let report = sync(&desk).await;
    let reason = &report.brakes[0].reasons[0];
    assert!(
        reason.starts_with("phone would be emptied in 2") && reason.contains("rows of dataverse"),
        "{reason}"
    );
    assert_eq!(world.list(At::Dataverse, "accounts").await, accounts);
}

/// I18: a saved plan holds what is then done, and tells what is different by now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_plan_is_what_is_done_and_what_it_is_held_against() {
    let world = World::start(Options::default()).await;
    let desk = world.desk();
    let in_full = async || match desk.handle(&Command::PlanInFull).await {
        Ok(Reply::Plan { plan, .. }) => plan,
        other => panic!("{other:?}"),
    };
    let state = world.world_state().await;
    let (first, second) = (in_full().await, in_full().await);
    assert_eq!(world.world_state().await, state, "a plan changes no remote byte");
    assert_eq!(first.mappings, second.mappings, "equal plans have equal hashes");
    let report = sync(&desk).await;
    let done = |action| report.lines.iter().filter(|line| line.action == action).count();
    let planned = |word| {
        let rows = first.mappings.iter().flat_map(|mapping| &mapping.rows);
        rows.filter(|row| row.action == word).count()
    };
    assert_eq!(planned("create"), done(LineAction::Create));
    assert_eq!(planned("update"), done(LineAction::Update));
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    world
        .edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"phoneNumber": "0921-99"}))
        .await;
    let now = in_full().await;
    let diff = first.diff(&now);
    assert_eq!(diff.vanished.len(), planned("create") + planned("update"));
    assert_eq!(diff.appeared.len(), 1);
    assert_eq!(diff.appeared[0].row.row, text(&customer, "displayName"));
    let file = world.folder.path().join("plan.json");
    fs::write(&file, serde_json::to_string_pretty(&now).unwrap()).unwrap();
    let read: tandem::agent::PlanFile = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(read.diff(&in_full().await), tandem::agent::PlanDiff::default());
}

/// I17 and I20: an approval is stored before anything is done, and goes on after whatever came between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_outlives_what_interrupts_it() {
    let (world, desk) = synced().await;
    let accounts = vendor_accounts(&world).await;
    delete(&world, &accounts[..MOST_OF_A_TABLE]).await;
    let before = vendors(&world).await;
    sync(&desk).await;
    let plan = waiting(&desk).await;
    world.simulation.faults().refuse_connections(Service::BusinessCentral, true).await;
    assert!(!approve(&desk, &plan).await.failures.is_empty());
    drop(desk);
    world.simulation.faults().refuse_connections(Service::BusinessCentral, false).await;
    assert_eq!(vendors(&world).await, before);
    let desk = world.desk();
    let report = sync(&desk).await;
    assert_eq!((report.failures.len(), report.brakes.len()), (0, 0));
    assert_eq!(vendors(&world).await, before - MOST_OF_A_TABLE);
    // None of it counts against what may be deleted from here on.
    delete(&world, &accounts[MOST_OF_A_TABLE..MOST_OF_A_TABLE + 2]).await;
    let report = sync(&desk).await;
    assert_eq!(report.brakes, []);
    assert_eq!(vendors(&world).await, before - MOST_OF_A_TABLE - 2, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_say_what_waits_and_end_with_5() {
    let world = World::start(Options::default()).await;
    let (code, _, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 0, "{err}");
    world.configure("tandem.toml", "[consent]", "[brakes.mappings.CUSTOMER]\nupdates = 0\n[consent]");
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    world
        .edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"phoneNumber": "0921-99"}))
        .await;
    let (code, _, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 5, "{err}");
    assert!(
        err.contains("stopped: CUSTOMER waits for a person") && err.contains("1 row would be changed"),
        "{err}"
    );
    let (code, out, _) = tandem(&world, &["status"]);
    assert_eq!(code, 5, "{out}");
    let hash = out.split("tandem approve ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let file = world.folder.path().join("plan.json").display().to_string();
    assert_eq!(tandem(&world, &["plan", "--save", &file]).0, 5);
    assert!(fs::read_to_string(&file).unwrap().contains(&hash));
    let (code, _, err) = tandem(&world, &["approve", "000000000000"]);
    assert!(code == 2 && err.contains(&hash), "{code} {err}");
    let (code, out, err) = tandem(&world, &["approve", &hash, "--as", "Ida"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("update   CUSTOMER"), "{out}");
    let (code, out, _) = tandem(&world, &["plan", "--diff", &file]);
    assert!(code == 0 && out.contains("vanished update CUSTOMER"), "{out}");
    assert_eq!(tandem(&world, &["status"]).0, 0);
    let (code, _, err) = tandem(&world, &["plan", "--diff", "nowhere.json"]);
    assert!(code == 2 && err.contains("--save"), "{err}");
}
