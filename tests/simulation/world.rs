//! Two machines, people, and a Tandem between them that may die at any step.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use tandem::agent::{Command, Desk, Engine, Reply, RunOptions, RunReport};
use tandem::config::{Config, Places};
use tandem::model::{ColumnName, ConnectionName, Pair, RowId, Side, Value};
use tandem::store::Store;
use tandem::systems::System;
use tempfile::TempDir;
use uuid::Uuid;

use super::clock::Clock;
use super::disk::Disk;
use super::gate::Gate;
use super::machine::Machine;
use super::memory_system::{MemorySystem, connection, moment};
use super::people::History;
use super::server::{Effect, Server};
use super::tables::{currencies, customers, mappings};
use super::trouble::{Rates, strikes};

/// The most steps a run is given before it is killed, where it is killed.
const KILL_WITHIN: u64 = 60;

pub struct World {
    pub machines: Pair<Arc<Mutex<Machine>>>,
    pub history: History,
    pub clock: Clock,
    pub random: Rng,
    pub deletion: &'static str,
    gate: Gate,
    disk: Disk,
    /// The store was opened once, so the disk holds a whole one.
    is_made: bool,
    config: Arc<Config>,
    _folder: TempDir,
    desk: Option<Desk>,
    pub answered: u64,
    pub kills: u64,
    /// Tells everything as it happens.
    is_loud: bool,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let clock = Clock::new();
        let gate = Gate::default();
        let rates = Rates::draw(&mut random);
        let deletion = ["ignore", "ask", "delete"][random.usize(..3)];
        let machine = |side, seed| {
            let mut server = Server::new(side);
            for table in [customers(side), currencies(side)] {
                server.tables.insert(table, super::server::Table::default());
            }
            let random = Rng::with_seed(seed);
            let machine = Machine {
                server,
                rates,
                ambushes: Vec::new(),
                random,
                is_away: false,
                writes: 0,
                deleted: Vec::new(),
            };
            Arc::new(Mutex::new(machine))
        };
        let machines = Pair::new(machine(Side::Left, seed ^ 1), machine(Side::Right, seed ^ 2));
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(configure(&folder, deletion));
        let disk = Disk::new(gate.clone());
        let (history, desk) = (History::default(), None);
        let mut world = Self {
            machines,
            history,
            clock,
            random,
            deletion,
            gate,
            disk,
            is_made: false,
            config,
            _folder: folder,
            desk,
            answered: 0,
            kills: 0,
            is_loud: std::env::var_os("TANDEM_TEST_LOUD").is_some(),
        };
        world.populate();
        world
    }

    /// Puts currencies into the left system.
    fn populate(&mut self) {
        let now = self.clock.now();
        for code in ["EUR", "SEK", "JPY"] {
            let id = RowId::from(Uuid::from_u128(self.random.u128(..)));
            let values = vec![
                (ColumnName::new("code"), Value::text(code)),
                (ColumnName::new("name"), Value::text(code.to_lowercase())),
            ];
            self.machine(Side::Left)
                .server
                .apply(&Effect::Create { table: currencies(Side::Left), id, values }, now);
        }
    }

    pub fn machine(&self, side: Side) -> MutexGuard<'_, Machine> {
        self.machines[side].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one step.
    pub async fn step(&mut self) {
        let side = if self.random.bool() { Side::Left } else { Side::Right };
        match self.random.u32(..100) {
            0..=54 => {
                let now = self.clock.tick();
                let mut machine = self.machines[side].lock().unwrap_or_else(PoisonError::into_inner);
                machine.server.pass_time(now);
                self.history.act(&mut machine, &mut self.random, now);
                drop(machine);
                let last = self.history.last.take();
                self.say(|| format!("{side:?} person: {last:?}"));
            }
            55..=74 => {
                self.run().await;
            }
            75..=79 => self.run_and_die().await,
            80..=86 => self.answer().await,
            87..=93 => self.clock.advance(self.random.i64(1..400)),
            94..=95 => self.clock.advance(4000),
            96 => self.machine(side).is_away ^= true,
            97 => self.desk = None,
            _ => {
                let mut machine = self.machine(Side::Right);
                machine.server.oldest_token = machine.server.version;
            }
        }
    }

    /// Ends all trouble.
    pub fn heal(&mut self) {
        for side in Side::BOTH {
            let mut machine = self.machine(side);
            machine.rates = Rates::CALM;
            machine.is_away = false;
        }
    }

    fn desk(&mut self) -> Option<&Desk> {
        if self.desk.is_none() {
            let system = |side| {
                let name = connection(side);
                let (machine, gate) = (Arc::clone(&self.machines[side]), self.gate.clone());
                let system: Arc<dyn System> =
                    Arc::new(MemorySystem::new(name, machine, gate, self.clock.clone()));
                (ConnectionName::new(name), system)
            };
            let systems: BTreeMap<_, _> = Side::BOTH.map(system).into();
            let store = Store::on(self.disk.clone()).ok()?;
            self.is_made = true;
            let mut engine = Engine::new(Arc::clone(&self.config), Arc::new(store), systems);
            let clock = self.clock.clone();
            engine.set_clock(move || moment(clock.now()));
            self.desk = Some(Desk::over(engine));
        }
        self.desk.as_ref()
    }

    /// Looks at the store.
    pub fn store(&mut self) -> Arc<Store> {
        Arc::clone(self.desk().expect("the store opens").engine().store())
    }

    /// Runs every mapping once.
    pub async fn run(&mut self) -> RunReport {
        let sweep = strikes(&mut self.random, 300);
        self.run_sweeping(sweep).await
    }

    pub async fn run_sweeping(&mut self, sweep: bool) -> RunReport {
        let desk = self.desk().expect("the store opens");
        let report =
            desk.run(&RunOptions { trigger: "schedule".to_owned(), sweep }).await.expect("the store works");
        if desk.engine().store().snapshot().unwrap().intents().unwrap().is_empty() {
            for side in Side::BOTH {
                self.machine(side).server.unheard.clear();
            }
        }
        self.say(|| {
            let lines = report.lines.iter().map(ToString::to_string);
            let failures = report.failures.iter().map(|failure| format!("fails: {}", failure.problem));
            format!("run: {:#?}", lines.chain(failures).collect::<Vec<_>>())
        });
        report
    }

    #[expect(clippy::print_stderr, reason = "told to whoever replays a seed")]
    fn say(&self, what: impl FnOnce() -> String) {
        if self.is_loud {
            eprintln!("{} {}", self.clock.now() - 1_800_000_000, what());
        }
    }

    /// Runs and dies on the way, perhaps while it opens the store.
    async fn run_and_die(&mut self) {
        let fatal = self.random.u64(1..KILL_WITHIN);
        self.gate.strike_at(fatal);
        let gate = self.gate.clone();
        if let Some(desk) = self.desk() {
            let options = RunOptions { trigger: "schedule".to_owned(), sweep: false };
            tokio::select! {
                biased;
                () = gate.died() => {}
                _ = desk.run(&options) => {}
            }
        }
        self.desk = None;
        if self.gate.is_dead() {
            self.say(|| "killed".to_owned());
            self.kills += 1;
            self.disk.lose_power(&mut self.random);
            if !self.is_made {
                self.disk = Disk::new(self.gate.clone());
            }
        }
        self.gate.spare();
    }

    /// Somebody answers an open conflict.
    async fn answer(&mut self) {
        let choice = self.random.usize(..4);
        let desk = self.desk().expect("the store opens");
        let Ok(Reply::Conflicts(conflicts)) = desk.handle(&Command::Conflicts).await else { return };
        let Some(conflict) = conflicts.first() else { return };
        let words = match (conflict.fields.is_empty(), choice) {
            (false, 0 | 1) => connection(Side::Left),
            (false, _) => connection(Side::Right),
            (true, 0 | 1) => "restore",
            (true, _) => "delete",
        };
        let command = Command::Answer { conflict: conflict.id, words: vec![words.to_owned()] };
        let asked = format!("answers {words} to {conflict:?}");
        if desk.handle(&command).await.is_ok() {
            self.answered += 1;
            self.say(|| asked);
        }
    }
}

fn configure(folder: &TempDir, deletion: &str) -> Config {
    let sign_in = "sign_in = { kind = \"command\", command = \"true\" }";
    let text = format!(
        "mappings = [\"CURRENCY\", \"CUSTOMER\"]\nfull_sweep_secs = 1000\n\
         [brakes]\ndeletes_percent = 100\n\
         [consent]\nagreed_by = \"test\"\nagreed_at = \"2026-01-01T00:00:00Z\"\nfirst_sync_approved = true\n\
         [connections.business-central]\nkind = \"business-central\"\nurl = \"http://127.0.0.1:1\"\ncompany = \"x\"\n{sign_in}\n\
         [connections.dataverse]\nkind = \"dataverse\"\nurl = \"http://127.0.0.1:1\"\n{sign_in}\n",
    );
    fs::write(folder.path().join("tandem.toml"), text).unwrap();
    fs::create_dir(folder.path().join("mappings")).unwrap();
    for (name, text) in mappings(deletion) {
        fs::write(folder.path().join(format!("mappings/{name}.toml")), text).unwrap();
    }
    Config::load(&Places::in_folder(folder.path())).unwrap()
}
