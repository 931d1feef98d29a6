//! The agent process killed at seeded points, again and again, while people go on editing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64, Ordering::SeqCst};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tandem::model::Timestamp;
use tandem::sim::{Options, Profile, Reaction, SeenRequest, Service};

use crate::world::{At, World, sync, text};

/// What the services do by themselves meanwhile: what takes no waiting and leaves people's values alone.
const FAULTS: [Profile; 7] = [
    Profile::CutBefore,
    Profile::CutAfter,
    Profile::ExpiredTokens,
    Profile::ExpiredDeltaLinks,
    Profile::EqualStamps,
    Profile::PageDrift,
    Profile::LockConflicts,
];

/// More than any row waits for its next try.
const CALM_PAUSE_SECS: i64 = 600;

/// A kill that does not come by its own point comes with this request.
const LATEST_REQUEST: u64 = 150;

/// Where a kill strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    BeforeRequest(u64),
    /// The server has applied the request; its answer never arrives.
    AfterRequest(u64),
    /// The same, counting batches only: that is where the writes are.
    AfterBatch(u64),
    AfterCommit(u64),
}

/// Numbers from a seed.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        // A multiplicative congruential generator: plenty for choosing points.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn point(&mut self, is_first_sync: bool) -> Point {
        let reach = if is_first_sync { 90 } else { 40 };
        match self.below(4) {
            0 => Point::BeforeRequest(1 + self.below(reach)),
            1 => Point::AfterRequest(1 + self.below(reach)),
            2 => Point::AfterBatch(1 + self.below(3)),
            _ => Point::AfterCommit(1 + self.below(reach / 3)),
        }
    }
}

/// The agent as a process, to be killed from wherever the point is noticed.
#[derive(Clone, Default)]
struct Victim {
    pid: Arc<AtomicI32>,
    /// Whether the kill came at its own point.
    struck: Arc<AtomicBool>,
    /// Writes that the agent found to be without answer when it started.
    looked_up: Arc<AtomicU64>,
}

impl Victim {
    fn kill(&self) {
        let pid = loop {
            // The first request may come before the process id is noted.
            match self.pid.load(SeqCst) {
                0 => std::thread::yield_now(),
                pid => break pid,
            }
        };
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }

    fn strike(&self) {
        self.struck.store(true, SeqCst);
        self.kill();
    }

    fn start(&self, world: &World, point: Point) -> Child {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tandem"))
            .args(["run", "--dir"])
            .arg(world.folder.path())
            .env("RUST_LOG", "tandem::store=trace,tandem::agent=info")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        self.pid.store(i32::try_from(child.id()).unwrap(), SeqCst);
        let log = BufReader::new(child.stderr.take().unwrap());
        let victim = self.clone();
        std::thread::spawn(move || {
            let mut commits = 0;
            for line in log.lines().map_while(Result::ok) {
                commits += u64::from(line.contains("Committed"));
                if matches!(point, Point::AfterCommit(n) if n == commits) {
                    victim.strike();
                }
                victim.looked_up.fetch_add(u64::from(line.contains("Looking up a write")), SeqCst);
            }
        });
        child
    }
}

/// Lets a kill strike at that point.
fn arm(world: &World, victim: &Victim, point: Point) {
    let faults = world.simulation.faults();
    let seen = AtomicU64::new(0);
    let before = victim.clone();
    faults.on_request(move |request: &SeenRequest| {
        if request.service == Service::Token {
            return Reaction::Proceed;
        }
        let number = seen.fetch_add(1, SeqCst) + 1;
        if matches!(point, Point::BeforeRequest(n) if n == number) {
            before.strike();
            return Reaction::DropBefore;
        }
        if number == LATEST_REQUEST {
            before.kill();
            return Reaction::DropBefore;
        }
        Reaction::Proceed
    });
    let applied = AtomicU64::new(0);
    let after = victim.clone();
    faults.after_request(move |request: &SeenRequest, _status| {
        let counts = match point {
            Point::AfterBatch(_) => request.path_and_query.contains("$batch"),
            _ => request.service != Service::Token,
        };
        let number = applied.fetch_add(u64::from(counts), SeqCst) + u64::from(counts);
        if counts && matches!(point, Point::AfterRequest(n) | Point::AfterBatch(n) if n == number) {
            after.strike();
        }
    });
}

/// What people wrote: row and property at one place, and the value that has to be on both sides in the end.
type History = BTreeMap<(String, &'static str), String>;

/// Rows that people edit: the account's and the customer's id by name.
struct People {
    rows: Vec<(String, String, String)>,
    history: History,
    new_customers: Vec<String>,
    new_accounts: Vec<String>,
}

impl People {
    /// Edits while the agent runs. A request that a kill swallowed is repeated: people do that too.
    async fn edit(&mut self, world: &World, seeded: &mut Seeded, round: u64) {
        for edit in 0..3 {
            let value = format!("{round}-{edit}");
            if self.rows.is_empty() || seeded.below(4) == 0 {
                let name = format!("New & Söhne {value}");
                if seeded.below(2) == 0 {
                    let row = json!({"displayName": name, "phoneNumber": value});
                    world.retry_create(At::BusinessCentral, "customers", row).await;
                    self.new_customers.push(name);
                } else {
                    let row = json!({"name": name, "telephone1": value, "customertypecode": 3});
                    world.retry_create(At::Dataverse, "accounts", row).await;
                    self.new_accounts.push(name);
                }
                continue;
            }
            let place = usize::try_from(seeded.below(self.rows.len() as u64)).unwrap();
            let (name, customer, account) = self.rows[place].clone();
            if seeded.below(2) == 0 {
                world
                    .retry_edit(At::BusinessCentral, "customers", &customer, json!({"phoneNumber": value}))
                    .await;
                self.history.insert((name, "phone"), value);
            } else {
                let mail = format!("{value}@people.example");
                world.retry_edit(At::Dataverse, "accounts", &account, json!({"emailaddress1": mail})).await;
                self.history.insert((name, "email"), mail);
            }
        }
    }
}

/// Syncs until a sync does nothing. Time goes by between them.
async fn quiet(world: &World) {
    let mut desk = world.desk();
    let later = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&later);
    desk.set_clock(move || {
        Timestamp::from_second(Timestamp::now().as_second() + clock.load(SeqCst)).unwrap()
    });
    for _ in 0..20 {
        let report = sync(&desk).await;
        if report.lines.is_empty() && report.failures.is_empty() {
            return;
        }
        later.fetch_add(CALM_PAUSE_SECS, SeqCst);
    }
    panic!("the two systems do not come to rest");
}

/// A number from the environment, or the usual one.
fn chosen(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |number| number.parse().unwrap())
}

/// How often the agent is killed, and how often of that while the first sync is under way.
struct Siege {
    kills: u64,
    in_first_sync: u64,
    /// How many writes have to be looked up afterwards.
    looked_up: u64,
    faults: Vec<Profile>,
}

impl Siege {
    /// Kills the agent again and again while people go on editing, and compares what is left. Returns what was struck.
    async fn lay(self, seed: u64) -> String {
        let options = Options { faults: self.faults.clone(), ..Options::default() };
        let world = World::start(options).await;
        world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
        let mut seeded = Seeded(seed);
        let mut people =
            People { rows: vec![], history: History::new(), new_customers: vec![], new_accounts: vec![] };
        let mut struck: BTreeMap<&str, u64> = BTreeMap::new();
        let mut looked_up = 0;
        for round in 0..self.kills {
            if round == self.in_first_sync {
                quiet(&world).await;
                people.rows = coupled_customers(&world).await;
                assert!(people.rows.len() > 80, "{}", people.rows.len());
            }
            let point = seeded.point(round < self.in_first_sync);
            let victim = Victim::default();
            arm(&world, &victim, point);
            let mut child = victim.start(&world, point);
            people.edit(&world, &mut seeded, round).await;
            let status = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
            assert_eq!(status.code(), None, "round {round}, {point:?}: the agent ended by itself: {status}");
            world.simulation.faults().clear();
            let kind = match point {
                Point::BeforeRequest(_) => "before a request",
                Point::AfterRequest(_) => "after a request",
                Point::AfterBatch(_) => "after a batch",
                Point::AfterCommit(_) => "after a commit",
            };
            *struck.entry(kind).or_default() += u64::from(victim.struck.load(SeqCst));
            looked_up += victim.looked_up.load(SeqCst);
        }
        let enough = self.kills / 20;
        assert!(struck.len() == 4 && struck.values().all(|times| *times >= enough), "{struck:?}");
        assert!(looked_up >= self.looked_up, "{looked_up}: the kills hardly hit a write");
        let faults = world.simulation.faults();
        let unseen: Vec<_> = self.faults.iter().filter(|kind| !faults.struck().contains_key(kind)).collect();
        assert_eq!(unseen, [] as [&Profile; 0], "these never struck");
        faults.calm();
        quiet(&world).await;
        check(&world, &people).await;
        assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
        format!("killed {struck:?}; {looked_up} writes looked up afterwards")
    }
}

/// I20, I1 and I3: always the same seed, unless another one is asked for with `TANDEM_TEST_SEED`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_and_double_nothing() {
    let siege = Siege { kills: 50, in_first_sync: 18, looked_up: 5, faults: vec![] };
    println!("{}", siege.lay(chosen("TANDEM_TEST_SEED", 2026)).await);
}

/// I20, I1, I3 and I24: the same where the services misbehave by themselves; `TANDEM_TEST_KILLS` makes it longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_amid_faults_lose_and_double_nothing() {
    let kills = chosen("TANDEM_TEST_KILLS", 20);
    let siege = Siege { kills, in_first_sync: kills / 3, looked_up: 0, faults: FAULTS.to_vec() };
    println!("{}", siege.lay(chosen("TANDEM_TEST_SEED", 2027)).await);
}

/// Pairs customers and accounts by name, where the name is the only one of its kind on both sides.
async fn coupled_customers(world: &World) -> Vec<(String, String, String)> {
    let customers = world.list(At::BusinessCentral, "customers").await;
    let accounts = world.list(At::Dataverse, "accounts").await;
    customers
        .iter()
        .filter_map(|customer| {
            let name = text(customer, "displayName");
            let mut twins = accounts.iter().filter(|account| text(account, "name") == name);
            let account = twins.next()?;
            let row =
                (name.to_owned(), text(customer, "id").to_owned(), text(account, "accountid").to_owned());
            twins.next().is_none().then_some(row)
        })
        .collect()
}

async fn check(world: &World, people: &People) {
    let customers = world.list(At::BusinessCentral, "customers").await;
    let accounts = world.list(At::Dataverse, "accounts").await;
    let named = |rows: &[serde_json::Value], property: &str, name: &str| {
        rows.iter().filter(|row| text(row, property) == name).count()
    };
    // Nothing doubled, and every new row arrived.
    for name in people.new_customers.iter().chain(&people.new_accounts) {
        assert_eq!(named(&customers, "displayName", name), 1, "{name} in Business Central");
        assert_eq!(named(&accounts, "name", name), 1, "{name} in Dataverse");
    }
    let northwind = 91 + 4;
    let all = northwind + people.new_customers.len() + people.new_accounts.len();
    assert_eq!(customers.len(), all, "customers");
    // No edit lost: the last value of each stands on both sides.
    assert!(people.history.len() > 10, "{}", people.history.len());
    for ((name, property), value) in &people.history {
        let customer = customers.iter().find(|row| text(row, "displayName") == name).unwrap();
        let account = accounts.iter().find(|row| text(row, "name") == name).unwrap();
        let (left, right) = match *property {
            "phone" => (text(customer, "phoneNumber"), text(account, "telephone1")),
            _ => (text(customer, "email"), text(account, "emailaddress1")),
        };
        assert_eq!((left, right), (value.as_str(), value.as_str()), "{name} {property}");
    }
    // And both systems agree in everything else.
    for customer in &customers {
        let name = text(customer, "displayName");
        let twins: Vec<_> = accounts.iter().filter(|account| text(account, "name") == name).collect();
        let [account] = twins[..] else { continue };
        for (left, right) in [
            ("phoneNumber", "telephone1"),
            ("email", "emailaddress1"),
            ("addressLine1", "address1_line1"),
            ("city", "address1_city"),
            ("postalCode", "address1_postalcode"),
            ("country", "address1_country"),
        ] {
            assert_eq!(text(customer, left), text(account, right), "{name}: {left}");
        }
    }
}
