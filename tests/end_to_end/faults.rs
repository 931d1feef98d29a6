//! Whatever the services do wrong: in the end both systems agree, nothing is lost and nothing doubled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tandem::model::Timestamp;
use tandem::sim::{DataSet, Options, Profile};

use crate::world::{At, World, sync, text};

/// How many runs the faults last, and how many a calm system may need to become quiet.
const RUNS_UNDER_FAULTS: usize = 4;
const RUNS_TO_QUIET: usize = 6;

/// How much later a calm run is: more than any row waits for its next try.
const CALM_PAUSE_SECS: i64 = 600;

/// How many customers there are.
const ROWS: usize = 2000;

/// How many accounts people make.
const OWN_ACCOUNTS: usize = 5;

/// The fields of a customer that an account must share, each with its column.
const FIELDS: [(&str, &str); 5] = [
    ("displayName", "name"),
    ("phoneNumber", "telephone1"),
    ("email", "emailaddress1"),
    ("city", "address1_city"),
    ("addressLine1", "address1_line1"),
];

/// Runs a first sync and a sync of people's edits under faults, then compares both systems through plain reads.
async fn check(profile: Profile, rows: usize) -> World {
    let options = Options { data: DataSet::Empty, rows, faults: vec![profile], ..Options::default() };
    let world = World::start(options).await;
    if matches!(profile, Profile::LateRows | Profile::All) {
        // As shipped. How late rows come is counted in lists, and how long those take depends on the machine.
        world.configure("tandem.toml", "overlap_secs = 10", "overlap_secs = 300");
    }
    let mut desk = world.desk();
    let later = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&later);
    desk.set_clock(move || {
        Timestamp::from_second(Timestamp::now().as_second() + clock.load(Ordering::SeqCst)).unwrap()
    });
    for _ in 0..RUNS_UNDER_FAULTS / 2 {
        sync(&desk).await;
    }
    edit(&world, rows).await;
    for _ in 0..RUNS_UNDER_FAULTS / 2 {
        sync(&desk).await;
    }
    let faults = world.simulation.faults();
    let struck = faults.struck();
    assert!(!struck.is_empty() || profile == Profile::Limits, "{profile:?} never struck");
    faults.calm();
    let mut last = Vec::new();
    for _ in 0..RUNS_TO_QUIET {
        later.fetch_add(CALM_PAUSE_SECS, Ordering::SeqCst);
        let report = sync(&desk).await;
        last = report.lines.iter().map(|line| format!("{line:?}")).collect();
        last.extend(report.failures.iter().map(|failure| format!("{failure:?}")));
        if last.is_empty() {
            break;
        }
    }
    assert_eq!(last, [] as [String; 0], "{profile:?} does not become quiet");
    compare(&world, profile, rows).await;
    world
}

/// People edit synthetic customers, a phone at one end, a street at the other, and make accounts.
async fn edit(world: &World, rows: usize) {
    let customers = by("number", world.list(At::BusinessCentral, "customers").await);
    let accounts = by("accountnumber", world.list(At::Dataverse, "accounts").await);
    for row in 1..=OWN_ACCOUNTS {
        let account = json!({"name": format!("Own {row} "), "customertypecode": 3});
        world.create(At::Dataverse, "accounts", account).await;
    }
    for row in (1..=rows).step_by(rows / 20) {
        let number = format!("S{row:06}");
        let change = json!({"phoneNumber": format!("0.{row}"), "email": format!("Info@{row}.example")});
        let id = text(&customers[&number][0], "id");
        world.edit(At::BusinessCentral, "customers", id, change).await;
        if let Some(account) = accounts.get(&number) {
            let change = json!({"address1_line1": format!("Street {row} "), "address1_city": "Genève"});
            world.edit(At::Dataverse, "accounts", text(&account[0], "accountid"), change).await;
        }
    }
}

fn by(column: &str, rows: Vec<Value>) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows {
        found.entry(text(&row, column).to_owned()).or_default().push(row);
    }
    found
}

/// Every customer has exactly one account and the other way round, with equal fields.
async fn compare(world: &World, profile: Profile, rows: usize) {
    let customers = by("displayName", world.list(At::BusinessCentral, "customers").await);
    let filter = "accounts?$filter=customertypecode%20eq%203";
    let accounts = by("name", world.list(At::Dataverse, filter).await);
    let lost: Vec<_> = customers.keys().filter(|name| !accounts.contains_key(*name)).collect();
    let alone: Vec<_> = accounts.keys().filter(|name| !customers.contains_key(*name)).collect();
    let everyone = customers.len() + alone.len();
    assert_eq!(everyone, rows + OWN_ACCOUNTS, "{profile:?}");
    let mut unsettled: Vec<_> =
        lost.into_iter().chain(alone).map(|name| format!("{name} is alone")).collect();
    for (name, customers) in &customers {
        let Some(accounts) = accounts.get(name) else { continue };
        assert_eq!((customers.len(), accounts.len()), (1, 1), "{profile:?}: {name}");
        for (property, column) in FIELDS {
            let values = (text(&customers[0], property), text(&accounts[0], column));
            if values.0 != values.1 {
                unsettled.push(format!("{property} of {name}: {values:?}"));
            }
        }
    }
    assert_eq!(unsettled, [] as [String; 0], "{profile:?}");
    let first = world.find(At::BusinessCentral, "customers", "number", "S000001").await;
    let edited = text(&first, "phoneNumber").replace('.', "-");
    assert_eq!(edited, "0-1", "{profile:?}: an edit is lost");
    let unguarded = world.simulation.faults().unguarded_writes();
    assert_eq!(unguarded, Vec::<String>::new(), "{profile:?}");
}

macro_rules! profiles {
    ($($name:ident: $profile:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            check(Profile::$profile, ROWS).await;
        }
    )*};
}

profiles! {
    throttling_loses_nothing: Throttling;
    unannounced_throttling_loses_nothing: ThrottlingUnannounced;
    server_errors_lose_nothing: ServerErrors;
    slow_answers_lose_nothing: SlowAnswers;
    connections_cut_before_lose_nothing: CutBefore;
    connections_cut_after_double_nothing: CutAfter;
    expired_tokens_lose_nothing: ExpiredTokens;
    expired_delta_links_lose_nothing: ExpiredDeltaLinks;
    late_rows_are_not_lost: LateRows;
    equal_stamps_hide_nothing: EqualStamps;
    rows_that_move_while_paging_are_not_lost: PageDrift;
    lock_conflicts_lose_nothing: LockConflicts;
    values_rewritten_by_validation_settle: Rewriting;
    plug_ins_after_our_write_settle: PlugIns;
    rows_that_are_rolled_back_never_were: RolledBackRows;
    everything_at_once_loses_nothing: All;
}

/// Under 2 % of the requests may be refused where only the announced limits are guarded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_announced_limits_are_kept() {
    let world = check(Profile::Limits, ROWS).await;
    let faults = world.simulation.faults();
    let refused = faults.struck().get(&Profile::Limits).copied().unwrap_or_default();
    assert!(refused * 50 < faults.requests_seen(), "{refused} of {}", faults.requests_seen());
}
