//! Mappings with a time of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;
use tandem::agent::{Command, Desk, Reply, RunReport};
use tandem::model::Timestamp;
use tandem::sim::Options;

use crate::command_line::tandem;
use crate::world::{At, World, look, status, sync, text};

/// A world with a clock that can be put forward, and customers that have a time of their own.
struct Timed {
    world: World,
    minutes: Arc<AtomicI64>,
}

impl Timed {
    async fn start(every: &str) -> Self {
        let world = World::start(Options::default()).await;
        world.configure("mappings/CUSTOMER.toml", "every = \"look\" ", &format!("{every}\n#"));
        Self { world, minutes: Arc::default() }
    }

    /// A desk as after a restart: what it has to know of time is stored.
    fn desk_at(&self, minutes: i64) -> Desk {
        self.minutes.store(minutes, Ordering::SeqCst);
        let (mut desk, minutes) = (self.world.desk(), Arc::clone(&self.minutes));
        desk.set_clock(move || {
            Timestamp::from_second(1_800_000_000 + 60 * minutes.load(Ordering::SeqCst)).unwrap()
        });
        desk
    }

    async fn look_at(&self, minutes: i64) -> RunReport {
        let report = look(&self.desk_at(minutes)).await;
        assert_eq!(report.failures, []);
        report
    }

    /// A customer gets that phone number.
    async fn call(&self, number: &str, phone: &str) {
        let customer = self.world.find(At::BusinessCentral, "customers", "number", number).await;
        let id = text(&customer, "id").to_owned();
        self.world.edit(At::BusinessCentral, "customers", &id, json!({"phoneNumber": phone})).await;
    }
}

fn passed(report: &RunReport) -> Vec<&str> {
    report.mappings.iter().map(|mapping| mapping.mapping.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_is_passed_when_its_time_has_come_and_sleeps_while_nothing_happens() {
    let timed = Timed::start("every = \"30 min\"\nsleep = \"12 h\"").await;
    assert!(passed(&timed.look_at(0).await).contains(&"CUSTOMER"));
    timed.call("BERGS", "1").await;
    let early = timed.look_at(29).await;
    assert!(early.is_partial && !passed(&early).contains(&"CUSTOMER") && passed(&early).contains(&"VENDOR"));
    assert_ne!(timed.world.phone_of_account("BERGS").await, "1");
    timed.look_at(30).await;
    assert_eq!(timed.world.phone_of_account("BERGS").await, "1");
    // The echo is no work: from here on it sleeps.
    timed.look_at(60).await;
    assert!(!passed(&timed.look_at(100).await).contains(&"CUSTOMER"));
    let schedule = async |minutes| {
        let mappings = status(&timed.desk_at(minutes)).await.mappings;
        mappings.into_iter().find(|mapping| mapping.mapping == "CUSTOMER").unwrap().schedule.unwrap()
    };
    let told = schedule(100).await;
    assert!(
        told.starts_with("every 30m; passed at ") && told.ends_with("asleep until something is seen"),
        "{told}"
    );
    // An account is seen with the vendors' and wakes it; a customer nobody else reads does not.
    timed.call("BERGS", "2").await;
    timed.look_at(110).await;
    assert_eq!(timed.world.phone_of_account("BERGS").await, "1");
    let account = timed.world.find(At::Dataverse, "accounts", "accountnumber", "ALFKI").await;
    let id = text(&account, "accountid").to_owned();
    timed.world.edit(At::Dataverse, "accounts", &id, json!({"telephone1": "3"})).await;
    timed.look_at(120).await;
    assert!(passed(&timed.look_at(121).await).contains(&"CUSTOMER"));
    let customer = timed.world.find(At::BusinessCentral, "customers", "number", "ALFKI").await;
    assert_eq!(text(&customer, "phoneNumber"), "3");
    assert_eq!(timed.world.phone_of_account("BERGS").await, "2");
    assert!(!schedule(121).await.contains("asleep"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_on_demand_is_passed_when_it_is_asked_for_and_when_a_person_answered() {
    let timed = Timed::start("every = \"on demand\"").await;
    let report = timed.look_at(0).await;
    assert!(!passed(&report).contains(&"CUSTOMER"));
    assert_eq!(sync(&timed.desk_at(1)).await.failures, [], "a run of all");
    timed.call("BERGS", "1").await;
    timed.look_at(10_000).await;
    assert_ne!(timed.world.phone_of_account("BERGS").await, "1");
    let stalls = status(&timed.desk_at(10_000)).await.stalls;
    assert!(stalls.iter().all(|stall| stall.rows > 0), "it stands still as a whole: {stalls:?}");
    let (code, shown, error) = tandem(&timed.world, &["sync", "customer"]);
    assert!(code == 0 && shown.contains("CUSTOMER") && !shown.contains("VENDOR"), "{shown}{error}");
    assert_eq!(timed.world.phone_of_account("BERGS").await, "1");
    let (code, _, error) = tandem(&timed.world, &["sync", "CUSTOMERS"]);
    assert!(code == 2 && error.contains("there is no mapping CUSTOMERS in use"), "{error}");

    timed.call("BERGS", "left").await;
    let account = timed.world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let id = text(&account, "accountid").to_owned();
    timed.world.edit(At::Dataverse, "accounts", &id, json!({"telephone1": "right"})).await;
    let desk = timed.desk_at(10_001);
    sync(&desk).await;
    let Ok(Reply::Conflicts(open)) = desk.handle(&Command::Conflicts).await else { panic!() };
    let conflict = open.iter().map(|conflict| conflict.id).max().unwrap();
    timed.world.answer(&desk, conflict, "dataverse").await;
    let customer = timed.world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "right");
}
