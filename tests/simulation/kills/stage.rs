//! Where scenarios are played: two machines, a Tandem between them that may be killed at a given step, and people who do
//! again what they see undone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use tandem::agent::{Choice, Desk, Engine, RunOptions, RunReport};
use tandem::config::{Config, Places};
use tandem::model::{ColumnName, ConnectionName, Pair, RowId, Side, TableName, Value};
use tandem::store::{Present, Restorable, Store};
use tandem::systems::System;
use tempfile::TempDir;
use tokio::sync::Notify;
use uuid::Uuid;

use super::files::GatedFiles;
use super::portrait::Portrait;
use super::scenario::{Act, Books, Deed, Meets};
use crate::simulation::ambush::{Ambush, Surprise};
use crate::simulation::circumstances::Circumstances;
use crate::simulation::clock::Clock;
use crate::simulation::disk::Disk;
use crate::simulation::gate::Gate;
use crate::simulation::machine::Machine;
use crate::simulation::memory_system::{MemorySystem, connection, moment};
use crate::simulation::people::People;
use crate::simulation::server::{Applied, Effect, Server};
use crate::simulation::tables::{currencies, customers};
use crate::simulation::trouble::Rates;

/// More than anything waits for: the settling of creates, the second look at a deletion, rows put off.
const PAUSE_SECS: i64 = 1000;
/// As many runs find the last of what is to be done; one more shows that nothing is.
const RUNS_TO_QUIET: usize = 8;

/// What kills left behind: a kill that leaves the same as one before it, between the same acts, is lived through the same.
#[derive(Debug, Default)]
pub struct Known {
    left: Mutex<BTreeSet<u64>>,
    /// Told when a play ends for that reason.
    pub met: Notify,
}

/// Copies people made: of systems, and of Tandem's store.
#[derive(Clone, Debug, Default)]
struct Shelf {
    servers: Pair<Option<Server>>,
    store: Option<Vec<u8>>,
}

pub struct Stage {
    machines: Pair<Arc<Mutex<Machine>>>,
    clock: Clock,
    gate: Gate,
    disk: Disk,
    /// The store was opened once, so the disk holds a whole one.
    is_made: bool,
    config: Arc<Config>,
    folder: TempDir,
    desk: Option<Desk>,
    random: Rng,
    /// Steps after which the next lives end.
    fates: Vec<u64>,
    /// Steps of all lives before this one.
    past: u64,
    /// How many acts were begun.
    begun: usize,
    /// Rows that people deleted, as they were.
    removed: BTreeMap<(Side, String), Effect>,
    /// Copies people made.
    shelf: Shelf,
    /// What was left by kills that were lived through already.
    known: Option<Arc<Known>>,
    pub kills: usize,
    /// What went otherwise than a scenario can go.
    pub wrong: Vec<String>,
}

impl Stage {
    pub fn new(books: &Books) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = configure(books, &folder);
        let machine = |side, seed| {
            let sizes = Circumstances::plain(books.deletion).sizes;
            let machine = Machine::new(side, Rng::with_seed(seed), Rates::CALM, sizes, 0);
            Arc::new(Mutex::new(machine))
        };
        let gate = Gate::default();
        Self {
            machines: Pair::new(machine(Side::Left, 1), machine(Side::Right, 2)),
            clock: Clock::new(),
            disk: Disk::new(gate.clone()),
            gate,
            is_made: false,
            config,
            folder,
            desk: None,
            random: Rng::with_seed(3),
            fates: Vec::new(),
            past: 0,
            begun: 0,
            removed: BTreeMap::new(),
            shelf: Shelf::default(),
            known: None,
            kills: 0,
            wrong: Vec::new(),
        }
    }

    /// Goes no further where a kill leaves what a kill before it left.
    pub fn skip_what_is_known(&mut self, known: &Arc<Known>) {
        self.known = Some(Arc::clone(known));
    }

    /// Digests everything that a kill left behind. Of the store it is enough to know which commit is its last.
    fn remains(&mut self) -> u64 {
        let mut digest = DefaultHasher::new();
        self.begun.hash(&mut digest);
        self.is_made.then(|| self.calm_store().snapshot().unwrap().commits().unwrap()).hash(&mut digest);
        for side in Side::BOTH {
            let machine = self.machine(side);
            format!("{:?} {:?}", machine.server, machine.ambushes).hash(&mut digest);
        }
        for file in fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap().path();
            // Temporary names are given by chance.
            let is_temporary = file.extension().is_some_and(|extension| extension == "tmp");
            (!is_temporary).then(|| file.file_name().map(std::ffi::OsStr::to_owned)).hash(&mut digest);
            fs::read(file).unwrap_or_default().hash(&mut digest);
        }
        digest.finish()
    }

    /// Returns a stage of its own that is as this one is, where the process has not been started. Its lives end after so
    /// many steps each, and those behind them do not end.
    pub fn copy(&mut self, fates: &[u64]) -> Self {
        self.desk = None;
        let copied = |machine: &Arc<Mutex<Machine>>| {
            let machine = machine.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Arc::new(Mutex::new(machine))
        };
        let (gate, clock, folder) = (Gate::default(), Clock::new(), tempfile::tempdir().unwrap());
        clock.advance(self.clock.now() - clock.now());
        let config = inbox_in(&self.config, &folder);
        if let Ok(page) = fs::read(self.config.inbox_file()) {
            fs::write(config.inbox_file(), page).unwrap();
        }
        let mut copy = Self {
            machines: Pair::new(copied(&self.machines.left), copied(&self.machines.right)),
            clock,
            disk: self.disk.copy(gate.clone()),
            gate,
            is_made: self.is_made,
            config,
            folder,
            desk: None,
            random: Rng::with_seed(fates.iter().fold(5, |seed, fate| seed * 1000 + fate)),
            fates: fates.iter().rev().copied().collect(),
            past: 0,
            begun: 0,
            removed: self.removed.clone(),
            shelf: self.shelf.clone(),
            known: None,
            kills: 0,
            wrong: Vec::new(),
        };
        copy.be_fated();
        copy
    }

    fn be_fated(&mut self) {
        if let Some(steps) = self.fates.pop() {
            self.gate.strike_at(steps);
        }
    }

    /// Returns how many steps were taken in all lives.
    pub fn steps(&self) -> u64 {
        self.past + self.gate.passed()
    }

    pub fn machine(&self, side: Side) -> MutexGuard<'_, Machine> {
        self.machines[side].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the names of files beside the inbox.
    pub fn beside_the_inbox(&self) -> Vec<String> {
        let inbox = self.config.inbox_file();
        let paths = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let others = paths.filter(|path| path.is_file() && *path != inbox);
        others.map(|path| path.file_name().unwrap().display().to_string()).collect()
    }

    pub fn inbox(&self) -> PathBuf {
        self.config.inbox_file()
    }

    fn desk(&mut self) -> Option<&Desk> {
        if self.desk.is_none() {
            let system = |side| {
                let name = connection(side);
                let (machine, gate) = (Arc::clone(&self.machines[side]), self.gate.clone());
                // Nobody works in a calm system but those of the scenario.
                let people = People::new(0, false);
                let system: Arc<dyn System> =
                    Arc::new(MemorySystem::new(name, machine, gate, self.clock.clone(), people));
                (ConnectionName::new(name), system)
            };
            let systems: BTreeMap<_, _> = Side::BOTH.map(system).into();
            let store = Store::on(self.disk.clone()).ok()?;
            self.is_made = true;
            let mut engine = Engine::new(Arc::clone(&self.config), Arc::new(store), systems);
            let clock = self.clock.clone();
            engine.set_clock(move || moment(clock.now()));
            let mut desk = Desk::over(engine);
            desk.set_files(Arc::new(GatedFiles(self.gate.clone())));
            desk.tidy_inbox();
            self.desk = Some(desk);
        }
        self.desk.as_ref()
    }

    /// Lets the process work. Returns nothing where it was killed over it; it is alive again afterwards.
    pub(super) async fn work<T>(&mut self, work: impl AsyncFnOnce(&Desk) -> T) -> Option<T> {
        let gate = self.gate.clone();
        let outcome = match self.desk() {
            None => None,
            Some(desk) => tokio::select! {
                biased;
                () = gate.died() => None,
                outcome = work(desk) => Some(outcome),
            },
        };
        if gate.is_dead() {
            self.die();
            if let Some(known) = self.known.take()
                && !known.left.lock().unwrap().insert(self.remains())
            {
                known.met.notify_one();
                std::future::pending::<()>().await;
            }
            return None;
        }
        Some(outcome.expect("a store that nobody disturbs opens"))
    }

    fn die(&mut self) {
        self.desk = None;
        self.kills += 1;
        self.past += self.gate.passed();
        self.disk.lose_power(&mut self.random);
        self.gate = Gate::default();
        self.disk =
            if self.is_made { self.disk.copy(self.gate.clone()) } else { Disk::new(self.gate.clone()) };
        self.be_fated();
    }

    /// Plays a scenario's acts.
    pub async fn play(&mut self, acts: &[Act]) {
        for act in acts {
            self.begun += 1;
            self.act(act).await;
        }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Person(side, deed) => {
                if let Some(effect) = self.effect_of(*side, deed).await {
                    let now = self.clock.tick();
                    let applied = self.machine(*side).server.apply(&effect, now);
                    assert_eq!(applied, Applied::Done, "a person's {effect:?}");
                }
            }
            Act::Run => self.run(false).await,
            Act::Sweep => self.run(true).await,
            Act::Order(order) => self.order(order).await,
            Act::Restart => self.desk = None,
            Act::Wait(secs) => self.clock.advance(*secs),
            Act::Write { row, nth, line, becomes } => self.write(row, *nth, line, becomes).await,
            Act::Trouble(side, rates) => self.machine(*side).rates = *rates,
            Act::Ambush { side, on, after, meets } => {
                let surprise = match meets {
                    Meets::SignedOut => Some(Surprise::SignedOut),
                    Meets::Throttled => Some(Surprise::Throttled),
                    Meets::Forgotten => Some(Surprise::Forgotten),
                    Meets::Person(deed) => self.effect_of(*side, deed).await.map(Surprise::Person),
                };
                let ambush = surprise.map(|surprise| Ambush { on: *on, after: *after, surprise });
                self.machine(*side).ambushes.extend(ambush);
            }
            Act::Hide(side, row, secs) => {
                if let Some(id) = self.known_row(*side, row).await {
                    let until = self.clock.now() + secs;
                    self.machine(*side).server.hide(&customers(*side), &id, until);
                }
            }
            Act::Shows(line) => {
                let seen = Portrait::of(self).seen;
                if !seen.iter().any(|other| other == line) {
                    self.wrong.push(format!("not seen before the world is quiet: {line}; but {seen:#?}"));
                }
            }
            Act::Forget(side) => {
                let mut machine = self.machine(*side);
                machine.server.oldest_token = machine.server.version;
            }
            Act::Remap(books) => {
                self.desk = None;
                self.config = inbox_in(&configure(books, &tempfile::tempdir().unwrap()), &self.folder);
            }
            Act::Smuggle(side, row, values) => {
                if let Some(id) = self.known_row(*side, row).await {
                    let values = self.values(*side, values);
                    self.machine(*side).server.smuggle(&customers(*side), &id, values);
                }
            }
            Act::Keep(side) => {
                let server = self.machine(*side).server.clone();
                self.shelf.servers[*side] = Some(server);
            }
            Act::SetBack(side) => {
                let server = self.shelf.servers[*side].clone().expect("it was kept before");
                self.machine(*side).server = server;
            }
            Act::BackUp => self.back_up(),
            Act::Restore => self.restore(),
        }
    }

    /// Runs until a run comes to its end.
    pub(super) async fn run(&mut self, sweep: bool) {
        self.run_through(sweep).await;
    }

    async fn run_through(&mut self, sweep: bool) -> RunReport {
        let options = RunOptions { sweep, choice: Choice::Due, ..RunOptions::of("schedule") };
        loop {
            if let Some(outcome) = self.work(async |desk| desk.run(&options).await).await {
                return outcome.expect("the store and the inbox work");
            }
        }
    }

    /// Looks at the store without giving a kill a chance.
    pub fn calm_store(&mut self) -> Arc<Store> {
        match &self.desk {
            Some(desk) => Arc::clone(desk.engine().store()),
            None => {
                let copy = self.disk.copy(Gate::default());
                Arc::new(Store::on(copy).expect("a store that nobody disturbs opens"))
            }
        }
    }

    /// Copies the store.
    fn back_up(&mut self) {
        self.desk = None;
        self.shelf.store = Some(self.disk.bytes());
    }

    /// Puts the copy in place of the store. No kill comes over it: it takes place in files.
    fn restore(&mut self) {
        self.desk = None;
        let folder = tempfile::tempdir().unwrap();
        let [present, backup] = ["tandem.redb", "backup.redb"].map(|name| folder.path().join(name));
        fs::write(&present, self.disk.bytes()).unwrap();
        fs::write(&backup, self.shelf.store.as_ref().expect("a copy was made before")).unwrap();
        let held = Present::hold(&present).unwrap();
        Restorable::read(&backup, &held).unwrap().put(&held).unwrap();
        drop(held);
        self.disk = Disk::holding(fs::read(&present).unwrap(), self.gate.clone());
    }

    /// Returns the row with a tag.
    pub fn find(&self, side: Side, tag: &str) -> Option<RowId> {
        self.find_in(&customers(side), side, "tag", tag)
    }

    fn find_in(&self, table: &TableName, side: Side, column: &str, text: &str) -> Option<RowId> {
        let machine = self.machine(side);
        let rows = &machine.server.table(table).rows;
        let found = rows.iter().find(|(_, row)| *row.value(column) == Value::text(text));
        found.map(|(id, _)| id.clone())
    }

    async fn effect_of(&mut self, side: Side, deed: &Deed) -> Option<Effect> {
        let table = customers(side);
        let minted = || RowId::from(Uuid::from_u128(self.machine(side).random.u128(..)));
        Some(match deed {
            Deed::Currency(code) => {
                let values = [("code", (*code).to_owned()), ("name", code.to_lowercase())];
                let values = values.map(|(column, text)| (ColumnName::new(column), Value::text(text)));
                Effect::Create { table: currencies(side), id: minted(), values: values.into() }
            }
            Deed::Create(tag, values) => {
                let mut all = vec![(ColumnName::new("tag"), Value::text(*tag))];
                all.extend(self.values(side, values));
                Effect::Create { table, id: minted(), values: all }
            }
            Deed::Edit(tag, values) => {
                let id = self.known_row(side, tag).await?;
                Effect::Update { table, id, version: None, values: self.values(side, values) }
            }
            Deed::Delete(tag) => {
                let id = self.known_row(side, tag).await?;
                let values = self.machine(side).server.table(&table).rows[&id].values.clone();
                let values = values.into_iter().collect();
                let undone = Effect::Create { table: table.clone(), id: id.clone(), values };
                self.removed.insert((side, (*tag).to_owned()), undone);
                Effect::Delete { table, id, version: None }
            }
            Deed::Revive(tag) => self.removed[&(side, (*tag).to_owned())].clone(),
        })
    }

    /// Returns the row with a tag; where it is not there yet, people wait until all is quiet.
    async fn known_row(&mut self, side: Side, tag: &str) -> Option<RowId> {
        if self.find(side, tag).is_none() {
            self.go_quiet().await;
        }
        let found = self.find(side, tag);
        if found.is_none() {
            self.wrong.push(format!("there is no {tag} on the {side:?}"));
        }
        found
    }

    fn values(&self, side: Side, values: &[(&str, &str)]) -> Vec<(ColumnName, Value)> {
        let value = |(column, text): &(&str, &str)| {
            let value = match *column {
                "currency" => {
                    let row = self.find_in(&currencies(side), side, "code", text);
                    row.map(Value::Reference).unwrap_or_default()
                }
                _ => Value::text(*text),
            };
            (ColumnName::new(*column), value)
        };
        values.iter().map(value).collect()
    }

    /// Lets time pass and runs until nothing changes any more.
    pub async fn go_quiet(&mut self) -> Portrait {
        let mut last = Some(Portrait::of(self)).filter(|portrait| portrait.wrong.is_empty());
        for _ in 0..RUNS_TO_QUIET {
            self.clock.advance(PAUSE_SECS);
            let report = self.run_through(true).await;
            let portrait = Portrait::of(self);
            if last.as_ref() == Some(&portrait) {
                let failures =
                    report.failures.iter().map(|failure| format!("I27: fails: {}", failure.problem));
                self.wrong.extend(failures);
                return portrait;
            }
            last = Some(portrait);
        }
        self.wrong.push("I22: there is no end to it".to_owned());
        last.unwrap()
    }
}

fn configure(books: &Books, folder: &TempDir) -> Arc<Config> {
    let sign_in = "sign_in = { kind = \"command\", command = \"true\" }";
    let mappings = books.mappings();
    let names: Vec<_> = mappings.iter().map(|(name, _)| format!("{name:?}")).collect();
    let consent = match books.approved {
        true => {
            "[consent]\nagreed_by = \"test\"\nagreed_at = \"2026-01-01T00:00:00Z\"\nfirst_sync_approved = true\n"
        }
        false => "",
    };
    let brakes = books.limits;
    let text = format!(
        "mappings = [{}]\n[brakes]\n{brakes}\n{consent}\
         [connections.business-central]\nkind = \"business-central\"\nurl = \"http://127.0.0.1:1\"\ncompany = \"x\"\n{sign_in}\n\
         [connections.dataverse]\nkind = \"dataverse\"\nurl = \"http://127.0.0.1:1\"\n{sign_in}\n",
        names.join(", ")
    );
    let config = folder.path().join("config");
    fs::create_dir_all(config.join("mappings")).unwrap();
    fs::write(config.join("tandem.toml"), text).unwrap();
    for (name, text) in mappings {
        fs::write(config.join(format!("mappings/{name}.toml")), text).unwrap();
    }
    inbox_in(&Config::load(&Places::in_folder(&config)).unwrap(), folder)
}

/// The same configuration with its inbox in another folder.
fn inbox_in(config: &Config, folder: &TempDir) -> Arc<Config> {
    let mut config = config.clone();
    config.settings.inbox = Some(folder.path().to_owned());
    Arc::new(config)
}
