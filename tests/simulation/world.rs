//! Two machines, people, and a Tandem between them that may die at any step.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use tandem::agent::{Choice, Desk, Engine, RunOptions, RunReport};
use tandem::config::{Config, Places};
use tandem::model::{ColumnName, ConnectionName, Pair, RowId, Side, Value};
use tandem::store::Store;
use tandem::systems::System;
use tempfile::TempDir;
use uuid::Uuid;

use super::circumstances::Circumstances;
use super::clock::Clock;
use super::disk::Disk;
use super::gate::Gate;
use super::history::History;
use super::machine::Machine;
use super::memory_system::{MemorySystem, connection, moment};
use super::people::People;
use super::server::Effect;
use super::tables::{currencies, mappings};
use super::trouble::{Rates, strikes};
use super::voice;

/// The most steps a run is given before it is killed, where it is killed.
const KILL_WITHIN: u64 = 60;

pub struct World {
    pub machines: Pair<Arc<Mutex<Machine>>>,
    pub people: People,
    pub clock: Clock,
    pub random: Rng,
    pub circumstances: Circumstances,
    pub kills: u64,
    /// What was seen to be wrong on the way.
    pub wrong: Vec<String>,
    gate: Gate,
    disk: Disk,
    /// The store was opened once, so the disk holds a whole one.
    is_made: bool,
    pub config: Arc<Config>,
    _folder: TempDir,
    desk: Option<Desk>,
}

impl World {
    /// Makes the world of a seed.
    pub fn new(seed: u64) -> Self {
        let (rates, circumstances) = Self::draw(seed);
        Self::under(seed, rates, circumstances)
    }

    /// Draws how much trouble a seed brings, and under which circumstances.
    pub fn draw(seed: u64) -> (Rates, Circumstances) {
        let mut random = Rng::with_seed(seed);
        (Rates::draw(&mut random), Circumstances::draw(&mut random))
    }

    /// Makes a world with that much trouble, under these circumstances; the seed decides the rest.
    pub fn under(seed: u64, rates: Rates, circumstances: Circumstances) -> Self {
        let clock = Clock::new();
        let gate = Gate::default();
        let machine = |side: Side, seed| {
            let (sizes, skew) = (circumstances.sizes, circumstances.skews[side]);
            Arc::new(Mutex::new(Machine::new(side, Rng::with_seed(seed), rates, sizes, skew)))
        };
        let machines = Pair::new(machine(Side::Left, seed ^ 1), machine(Side::Right, seed ^ 2));
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(configure(&folder, &circumstances));
        let mut world = Self {
            machines,
            people: People::new(seed ^ 4, circumstances.has_filter),
            clock,
            random: Rng::with_seed(seed ^ 8),
            circumstances,
            kills: 0,
            wrong: Vec::new(),
            disk: Disk::new(gate.clone()),
            gate,
            is_made: false,
            config,
            _folder: folder,
            desk: None,
        };
        let (rates, circumstances) = (world.machine(Side::Left).rates, world.circumstances.clone());
        world.say(|| format!("{rates:?} {circumstances:?}"));
        world.populate();
        world
    }

    /// Puts currencies and customers into the left system.
    fn populate(&mut self) {
        let now = self.now(Side::Left);
        for code in ["EUR", "SEK", "JPY"] {
            let id = RowId::from(Uuid::from_u128(self.random.u128(..)));
            let values = vec![
                (ColumnName::new("code"), Value::text(code)),
                (ColumnName::new("name"), Value::text(code.to_lowercase())),
            ];
            let effect = Effect::Create { table: currencies(Side::Left), id, values };
            self.machine(Side::Left).server.apply(&effect, now);
        }
        for _ in 0..self.circumstances.rows {
            self.people.create(&mut self.machine(Side::Left), now);
        }
    }

    pub fn machine(&self, side: Side) -> MutexGuard<'_, Machine> {
        self.machines[side].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the clock of a server shows.
    pub fn now(&self, side: Side) -> i64 {
        self.clock.now() + self.circumstances.skews[side]
    }

    /// Returns what people did so far.
    pub fn history(&self) -> History {
        self.people.history()
    }

    /// Ends all trouble.
    pub fn heal(&mut self) {
        self.calm();
        for side in Side::BOTH {
            self.machine(side).lasting = None;
        }
    }

    /// Ends all trouble but what lasts.
    pub fn calm(&mut self) {
        for side in Side::BOTH {
            let mut machine = self.machine(side);
            machine.rates = Rates::default();
            machine.is_away = false;
        }
    }

    pub fn desk(&mut self) -> Option<&Desk> {
        if self.desk.is_none() {
            let system = |side| {
                let name = connection(side);
                let (machine, gate) = (Arc::clone(&self.machines[side]), self.gate.clone());
                let (clock, people) = (self.clock.clone(), self.people.clone());
                let system: Arc<dyn System> = Arc::new(MemorySystem::new(name, machine, gate, clock, people));
                (ConnectionName::new(name), system)
            };
            let systems: BTreeMap<_, _> = Side::BOTH.map(system).into();
            let store = Store::on(self.disk.clone()).ok()?;
            self.is_made = true;
            let mut engine = Engine::new(Arc::clone(&self.config), Arc::new(store), systems);
            let (clock, skew) = (self.clock.clone(), self.circumstances.own_skew);
            engine.set_clock(move || moment(clock.now() + skew));
            self.desk = Some(Desk::over(engine));
        }
        self.desk.as_ref()
    }

    /// Looks at the store.
    pub fn store(&mut self) -> Arc<Store> {
        Arc::clone(self.desk().expect("the store opens").engine().store())
    }

    /// Ends the process in good order.
    pub fn close(&mut self) {
        self.desk = None;
    }

    /// Takes the store away, as if somebody had deleted the file.
    pub fn lose_store(&mut self) {
        self.close();
        self.disk = Disk::new(self.gate.clone());
        self.is_made = false;
    }

    /// Runs every mapping once.
    pub async fn run(&mut self) -> RunReport {
        let sweep = strikes(&mut self.random, 300);
        self.run_sweeping(sweep).await
    }

    pub async fn run_sweeping(&mut self, sweep: bool) -> RunReport {
        let desk = self.desk().expect("the store opens");
        let report = desk
            .run(&RunOptions { sweep, choice: Choice::Due, ..RunOptions::of("schedule") })
            .await
            .expect("the store works");
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

    /// Runs and dies on the way, perhaps while it opens the store.
    pub async fn run_and_die(&mut self) {
        let fatal = self.random.u64(1..KILL_WITHIN);
        self.gate.strike_at(fatal);
        let gate = self.gate.clone();
        if let Some(desk) = self.desk() {
            let options = RunOptions { choice: Choice::Due, ..RunOptions::of("schedule") };
            tokio::select! {
                biased;
                () = gate.died() => {}
                _ = desk.run(&options) => {}
            }
        }
        self.close();
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

    pub fn say(&self, what: impl FnOnce() -> String) {
        voice::say(self.clock.now(), what);
    }
}

fn configure(folder: &TempDir, circumstances: &Circumstances) -> Config {
    let mappings = mappings(circumstances);
    let names: Vec<_> = mappings.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let sign_in = "sign_in = { kind = \"command\", command = \"true\" }";
    let text = format!(
        "mappings = [{}]\nfull_sweep_secs = 1000\n\
         [brakes]\ncreates = 100000\nupdates = 100000\ndeletes = 100000\nblanks = 100000\n\
         creates_percent = 100000\nupdates_percent = 100000\ndeletes_percent = 100000\n\
         [consent]\nagreed_by = \"test\"\nagreed_at = \"2026-01-01T00:00:00Z\"\nfirst_sync_approved = true\n\
         [connections.business-central]\nkind = \"business-central\"\nurl = \"http://127.0.0.1:1\"\ncompany = \"x\"\n{sign_in}\n\
         [connections.dataverse]\nkind = \"dataverse\"\nurl = \"http://127.0.0.1:1\"\n{sign_in}\n",
        names.join(", ")
    );
    fs::write(folder.path().join("tandem.toml"), text).unwrap();
    fs::create_dir(folder.path().join("mappings")).unwrap();
    for (name, text) in mappings {
        fs::write(folder.path().join(format!("mappings/{name}.toml")), text).unwrap();
    }
    Config::load(&Places::in_folder(folder.path())).unwrap()
}
