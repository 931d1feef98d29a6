//! What no feed tells of: `tandem verify` names it, and `--repair` lets the next run heal it.

use std::fs;

use serde_json::{Value, json};
use tandem::agent::{Command, Desk, FindingClass, LineAction, MappingVerdict, Reply, VerifyReport};
use tandem::sim::Options;

use crate::command_line::tandem;
use crate::world::{At, World, status, sync, text};

async fn synced() -> (World, Desk) {
    synced_with(Options::default()).await
}

async fn synced_with(options: Options) -> (World, Desk) {
    let world = World::start(options).await;
    let desk = world.desk();
    assert_eq!(sync(&desk).await.failures, []);
    assert_eq!(sync(&desk).await.lines, []);
    (world, desk)
}

async fn verify(desk: &Desk, mapping: Option<&str>, repair: bool) -> VerifyReport {
    let mapping = mapping.map(str::to_owned);
    match desk.handle(&Command::Verify { mapping, repair, most_findings: 20 }).await {
        Ok(Reply::Verified(report)) => {
            assert_eq!(report.failures, []);
            *report
        }
        other => panic!("{other:?}"),
    }
}

/// Verifies customers, changing nothing.
async fn customers(desk: &Desk) -> MappingVerdict {
    verify(desk, Some("customer"), false).await.mappings.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_systems_in_step_are_verified_and_nothing_is_changed() {
    let world = World::start(Options::default()).await;
    let (code, out, err) = tandem(&world, &["verify"]);
    assert_eq!(code, 0, "before the first sync everything is about to be seen: {out} {err}");
    assert!(!world.places().store().exists(), "verify made a store");
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    let before = (fs::read(world.places().store()).unwrap(), world.world_state().await);
    let (code, out, err) = tandem(&world, &["verify", "--json"]);
    assert_eq!(code, 0, "{out} {err}");
    let report: VerifyReport = serde_json::from_str(&out).unwrap();
    assert_eq!(report.strange(), 0, "{report:#?}");
    let after = (fs::read(world.places().store()).unwrap(), world.world_state().await);
    assert!(after == before, "verify changed something");
    let state = status(&world.desk()).await;
    for verdict in &report.mappings {
        let mapping = state.mappings.iter().find(|mapping| mapping.mapping == verdict.mapping).unwrap();
        let not_compared = verdict.not_compared.values().sum::<u64>();
        let couplings = verdict.equal + verdict.pending + verdict.waits() + not_compared;
        assert_eq!(couplings, mapping.couplings, "{verdict:#?}");
        assert!(verdict.equal > 0, "{verdict:#?}");
    }
    let (code, _, err) = tandem(&world, &["verify", "CUSTOMERS"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("CUSTOMER, "), "{err}");
}

/// I25, I22: neither row changed by the books, and they differ all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_feed_missed_is_named_and_a_repair_heals_it() {
    let (world, desk) = synced().await;
    world.edit_unnoticed("customers", "BERGS", json!({"phoneNumber": "unheard"}));
    assert_eq!(sync(&desk).await.lines, [], "the feed tells of it");
    let before = world.world_state().await;
    drop(desk);
    let (code, out, err) = tandem(&world, &["verify", "CUSTOMER"]);
    assert_eq!(code, 1, "{out} {err}");
    let line = out.lines().find(|line| line.starts_with("different  ")).unwrap();
    assert!(line.contains("phone \"unheard\" in business-central"), "{line}");
    assert!(out.contains("tandem verify --repair"), "{out}");
    let (code, out, err) = tandem(&world, &["verify", "CUSTOMER", "--repair"]);
    assert_eq!(code, 1, "{out} {err}");
    assert_eq!(world.world_state().await, before, "a repair writes to no system");
    let desk = world.desk();
    assert_eq!(customers(&desk).await.pending, 1);
    let report = sync(&desk).await;
    let actions: Vec<_> = report.lines.iter().map(|line| (line.action, line.mapping.as_str())).collect();
    assert_eq!(actions, [(LineAction::Update, "CUSTOMER")]);
    assert_eq!(world.phone_of_account("BERGS").await, "unheard");
    assert_eq!(verify(&desk, None, false).await.strange(), 0);
    assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
}

/// Edits that the next run sees by itself, deletions and conflicts are explained.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_is_no_finding() {
    let (world, desk) = synced().await;
    let quiet = customers(&desk).await;
    let of_account = async |number: &str| {
        let account = world.find(At::Dataverse, "accounts", "accountnumber", number).await;
        text(&account, "accountid").to_owned()
    };
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let id = text(&customer, "id").to_owned();
    world.edit(At::BusinessCentral, "customers", &id, json!({"phoneNumber": "one"})).await;
    let row = json!({"name": "New one", "customertypecode": 3});
    world.create(At::Dataverse, "accounts", row).await;
    world.delete(At::Dataverse, "accounts", &of_account("WARTH").await).await;
    let verdict = customers(&desk).await;
    assert_eq!((verdict.strange(), verdict.pending), (0, 3 + quiet.pending), "{verdict:#?}");
    world.edit(At::Dataverse, "accounts", &of_account("BERGS").await, json!({"telephone1": "two"})).await;
    sync(&desk).await;
    let verdict = customers(&desk).await;
    assert_eq!((verdict.strange(), verdict.conflicts), (0, 1 + quiet.conflicts), "{verdict:#?}");
}

/// What is asked about one field hides nothing in another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_in_conflict_is_compared_as_well() {
    // Its feed reaches back behind nothing: with it an unnoticed edit of a young row stays unnoticed.
    let (world, desk) = synced_with(Options { companion: true, ..Options::default() }).await;
    let quiet = customers(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let (customer, account) = (text(&customer, "id"), text(&account, "accountid"));
    world.edit(At::BusinessCentral, "customers", customer, json!({"phoneNumber": "one"})).await;
    world.edit(At::Dataverse, "accounts", account, json!({"telephone1": "two"})).await;
    sync(&desk).await;
    let verdict = customers(&desk).await;
    assert_eq!((verdict.strange(), verdict.conflicts), (0, 1 + quiet.conflicts), "{verdict:#?}");
    world.edit_unnoticed("customers", "BERGS", json!({"email": "unheard@bergs.example"}));
    let verdict = customers(&desk).await;
    assert_eq!((verdict.different, verdict.strange()), (1, 1), "{verdict:#?}");
    verify(&desk, None, true).await;
    sync(&desk).await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    assert_eq!(text(&account, "emailaddress1"), "unheard@bergs.example");
    assert_eq!(text(&account, "telephone1"), "two");
    assert_eq!(customers(&desk).await.conflicts, 1 + quiet.conflicts);
}

/// I8: a row that is not there is a suspect and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_gone_unheard_is_missing() {
    let (world, desk) = synced().await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    world.delete(At::BusinessCentral, "customers", text(&customer, "id")).await;
    let verdict = customers(&desk).await;
    assert_eq!((verdict.missing, verdict.strange()), (1, 1), "{verdict:#?}");
    let finding = &verdict.findings[0];
    assert_eq!(finding.class, FindingClass::Missing);
    assert_eq!(finding.on.as_deref(), Some("business-central"));
    assert_eq!(finding.ids.left.as_deref(), Some(text(&customer, "id")));
    assert_eq!(verify(&desk, None, true).await.strange(), 1);
    let verdict = customers(&desk).await;
    assert_eq!(verdict.strange(), 0);
    let reasons: Vec<_> = verdict.parked.keys().map(String::as_str).collect();
    assert!(reasons.contains(&"not found; whether it is deleted is being checked"), "{reasons:?}");
}

/// Rows that match and that nobody was shown as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_are_named_and_a_repair_has_them_coupled() {
    let world = World::start(Options { companion: true, ..Options::default() }).await;
    world.configure("mappings/CUSTOMER.toml", "create = true", "create = false");
    let desk = world.desk();
    let customer = json!({"number": "T1", "displayName": "Nobody's"});
    world.create(At::BusinessCentral, "customers", customer).await;
    let account = json!({"name": "Twin", "customertypecode": 3});
    world.create(At::Dataverse, "accounts", account).await;
    sync(&desk).await;
    let verdict = customers(&desk).await;
    assert_eq!(verdict.strange(), 0, "{verdict:#?}");
    assert!(verdict.alone.left.values().sum::<u64>() > 0, "{verdict:#?}");
    world.edit_unnoticed("customers", "T1", json!({"displayName": "Twin"}));
    assert_eq!(sync(&desk).await.lines, []);
    let verdict = customers(&desk).await;
    assert_eq!((verdict.twins, verdict.strange()), (1, 1), "{verdict:#?}");
    assert_eq!((verdict.findings[0].class, verdict.findings[0].row.as_str()), (FindingClass::Twins, "Twin"));
    verify(&desk, None, true).await;
    let report = sync(&desk).await;
    let actions: Vec<_> = report.lines.iter().map(|line| (line.action, line.row.as_str())).collect();
    assert!(actions.contains(&(LineAction::Couple, "Twin")), "{actions:?}");
    assert_eq!(customers(&desk).await.strange(), 0);
    // A row alone that changed unheard is unseen.
    let accounts = world.list(At::Dataverse, "accounts").await;
    let lonely = |row: &&Value| {
        let same = |account: &Value| {
            text(account, "accountnumber") == text(row, "number")
                || text(account, "name") == text(row, "displayName")
        };
        text(row, "blocked") == "_x0020_" && !accounts.iter().any(same)
    };
    let customers_there = world.list(At::BusinessCentral, "customers").await;
    let number = text(customers_there.iter().find(lonely).unwrap(), "number");
    world.edit_unnoticed("customers", number, json!({"displayName": "Renamed unheard"}));
    let verdict = customers(&desk).await;
    assert_eq!((verdict.unseen, verdict.strange()), (1, 1), "{verdict:#?}");
}
