//! The commands as people type them: what they print, how they end, and what they say to mistakes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use redb::{Database, TableDefinition};
use tandem::sim::Options;

use crate::world::World;

/// Runs a command in the world's folder; returns its exit code and what it printed.
pub fn tandem(world: &World, arguments: &[&str]) -> (i32, String, String) {
    run(Command::new(env!("CARGO_BIN_EXE_tandem")).args(arguments).arg("--dir").arg(world.folder.path()))
}

pub fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.env_remove("RUST_LOG").stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Returns every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The lines that say what is done to which row.
fn row_lines(out: &str) -> Vec<&str> {
    let verbs = ["couple", "create", "update", "delete", "uncouple", "conflict", "leave"];
    out.lines().filter(|line| verbs.contains(&line.split(' ').next().unwrap_or_default())).collect()
}

/// I18
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plan_prints_what_sync_then_does_and_writes_nothing() {
    let world = World::start(Options::default()).await;
    let before = (files(world.folder.path()), world.world_state().await);
    let (code, planned, err) = tandem(&world, &["plan"]);
    assert_eq!(code, 0, "{err}");
    assert!((files(world.folder.path()), world.world_state().await) == before, "plan wrote something");
    let (code, done, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 0, "{err}");
    assert!(row_lines(&planned).len() > 150);
    assert_eq!(row_lines(&planned), row_lines(&done));
    // Also beside a store that is there.
    let before = (files(world.folder.path()), world.world_state().await);
    let (code, planned, _) = tandem(&world, &["plan"]);
    assert_eq!((code, row_lines(&planned).len()), (0, 0));
    assert!((files(world.folder.path()), world.world_state().await) == before, "plan wrote something");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_before_a_person_agreed() {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "first_sync_approved = true", "first_sync_approved = false");
    let before = world.world_state().await;
    let (code, _, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 5, "{err}");
    assert!(err.contains("tandem plan") && err.contains("sync --yes"), "{err}");
    let flow = "CURRENCY moves: 4 columns from currencies of business-central (Business Central at 127.0.0.1) to \
                transactioncurrencies of dataverse (Dataverse at 127.0.0.1); nothing was written";
    assert!(err.contains(flow), "{err}");
    assert!(err.contains(" to accounts of dataverse (Dataverse at 127.0.0.1), and "), "{err}");
    assert_eq!(world.world_state().await, before);
    assert_eq!(tandem(&world, &["sync", "--yes"]).0, 0);
    assert_ne!(world.world_state().await, before);
    assert_eq!(tandem(&world, &["sync"]).0, 0);
}

/// What is typed where no terminal is answers nothing: nothing was asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_nobody_is_asked() {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "first_sync_approved = true", "first_sync_approved = false");
    let before = world.world_state().await;
    for arguments in [vec!["sync"], vec!["sync", "--json"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
        command.args(&arguments).arg("--dir").arg(world.folder.path()).env_remove("RUST_LOG");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended by then.
        let _ = child.stdin.take().unwrap().write_all(b"y\n");
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(!said.contains("[y/N]") && said.contains("tandem sync --yes"), "{said}");
    }
    assert_eq!(world.world_state().await, before);
}

/// Runs a command at a terminal of its own where that is typed. Returns its exit code and all that was shown.
fn at_a_terminal(world: &World, arguments: &[&str], typed: &[u8]) -> (i32, String) {
    let terminal = openpty(None, None).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
    command.args(arguments).arg("--dir").arg(world.folder.path()).env_remove("RUST_LOG").env("USER", "ida");
    command.stdin(terminal.slave.try_clone().unwrap()).stdout(terminal.slave.try_clone().unwrap());
    let mut child = command.stderr(terminal.slave).spawn().unwrap();
    // It holds the terminal open until then.
    drop(command);
    let mut screen = fs::File::from(terminal.master);
    screen.write_all(typed).unwrap();
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    // Once the command has let go of its terminal, reading is an error on Linux and the end elsewhere.
    while let Ok(read @ 1..) = screen.read(&mut part) {
        shown.extend_from_slice(&part[..read]);
    }
    (child.wait().unwrap().code().unwrap(), String::from_utf8_lossy(&shown).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_terminal_a_person_is_asked_once() {
    let world = World::start(Options::default()).await;
    let consent =
        "[consent]\nagreed_by = \"test\"\nagreed_at = \"2026-01-01T00:00:00Z\"\nfirst_sync_approved = true\n";
    world.configure("tandem.toml", consent, "");
    let before = world.world_state().await;
    let (code, shown) = at_a_terminal(&world, &["sync"], b"\n");
    assert_eq!(code, 5, "{shown}");
    let flow = "CURRENCY: 4 columns from currencies of business-central (Business Central at 127.0.0.1) to \
                transactioncurrencies of dataverse (Dataverse at 127.0.0.1)";
    assert!(shown.contains(flow) && shown.contains("Agree? [y/N]"), "{shown}");
    assert_eq!(world.world_state().await, before);
    let (code, shown) = at_a_terminal(&world, &["sync"], b"y\n");
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("Agree? [y/N]"), "{shown}");
    assert_ne!(world.world_state().await, before);
    let kept = world.desk().engine().store().snapshot().unwrap().consent().unwrap().unwrap();
    assert_eq!(kept.by, "ida");
    // It is kept for all that come, also where nobody can be asked.
    let (code, shown) = at_a_terminal(&world, &["sync"], b"");
    assert_eq!((code, shown.contains("[y/N]")), (0, false), "{shown}");
    assert_eq!(tandem(&world, &["sync"]).0, 0);
}

/// A service begins with nobody to ask: without consent it says so and ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_without_consent_does_not_begin() {
    let world = World::start(Options::default()).await;
    let consent =
        "[consent]\nagreed_by = \"test\"\nagreed_at = \"2026-01-01T00:00:00Z\"\nfirst_sync_approved = true\n";
    world.configure("tandem.toml", consent, "");
    let before = world.world_state().await;
    let (code, _, err) = tandem(&world, &["run"]);
    assert_eq!(code, 5, "{err}");
    assert!(
        err.contains("nobody has agreed yet to what CURRENCY moves") && err.contains("sync --yes"),
        "{err}"
    );
    assert_eq!(world.world_state().await, before);
}

/// Breaks the configuration, expects an error that says what and where, and that nothing was overwritten.
async fn mistake(break_it: impl FnOnce(&World), code: i32, words: &[&str]) {
    let world = World::start(Options::default()).await;
    break_it(&world);
    let before = (files(world.folder.path()), world.world_state().await);
    let (found, _, err) = tandem(&world, &["sync"]);
    assert_eq!(found, code, "{err}");
    for word in words {
        assert!(err.contains(word), "{word} is not in: {err}");
    }
    assert!(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "{err}");
    let mut after = (files(world.folder.path()), world.world_state().await);
    after.0.retain(|file, _| before.0.contains_key(file));
    assert!(after == before, "something was overwritten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_column_is_named_with_place_and_remedy() {
    let world = World::start(Options::default()).await;
    // What the other mappings have to do is done before: they go on beside a broken one.
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    world.configure("mappings/CUSTOMER.toml", "\"phoneNumber\"", "\"phoneNumer\"");
    let before = world.world_state().await;
    let (code, _, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 3, "{err}");
    for word in ["CUSTOMER.toml, line ", "phoneNumer", "did you mean phoneNumber?"] {
        assert!(err.contains(word), "{word} is not in: {err}");
    }
    assert_eq!(world.world_state().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_lookup_target_is_named() {
    let break_it = |world: &World| {
        world.configure("tandem.toml", "poll_secs = 1", "poll_secs = 1\nmappings = [\"CUSTOMER\"]");
    };
    mistake(break_it, 3, &["mapping CUSTOMER needs CURRENCY", "add CURRENCY"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_does_not_parse_is_named() {
    let break_it = |world: &World| world.configure("mappings/CUSTOMER.toml", "blocked eq ''", "blocked = ''");
    mistake(break_it, 3, &["CUSTOMER.toml, line ", "left filter does not parse", "expected eq, ne"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_inbox_is_reported_and_left_as_it_is() {
    let break_it = |world: &World| {
        fs::write(world.folder.path().join("resolve-conflicts.toml"), [0, 159, 146, 150, 0, 1]).unwrap();
    };
    let world = World::start(Options::default()).await;
    break_it(&world);
    let (code, _, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("resolve-conflicts.toml is not text") && err.contains("rename or remove"), "{err}");
    let inbox = fs::read(world.folder.path().join("resolve-conflicts.toml")).unwrap();
    assert_eq!(inbox, [0, 159, 146, 150, 0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_a_future_version_is_refused() {
    let break_it = |world: &World| {
        drop(tandem::store::Store::open(&world.places().store()).unwrap());
        let database = Database::open(world.places().store()).unwrap();
        let transaction = database.begin_write().unwrap();
        let meta: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
        transaction.open_table(meta).unwrap().insert("format", 99).unwrap();
        transaction.commit().unwrap();
    };
    mistake(break_it, 4, &["tandem.redb", "newer Tandem", "99"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_store_is_refused() {
    let break_it = |world: &World| fs::write(world.places().store(), b"this is no store").unwrap();
    mistake(break_it, 4, &["tandem.redb"]).await;
}

#[test]
fn a_folder_without_configuration_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) =
        run(Command::new(env!("CARGO_BIN_EXE_tandem")).args(["status", "--dir"]).arg(folder.path()));
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("tandem.toml") && err.contains("simulate --write-config"), "{err}");
}

#[test]
fn the_demo_tells_its_story_and_ends_well() {
    let (code, out, err) = run(Command::new(env!("CARGO_BIN_EXE_tandem")).arg("demo"));
    assert_eq!(code, 0, "{out}{err}");
    for words in ["resolve-conflicts.toml", "answer = \"dataverse\"", "is settled", " 0 differ, 0 doubled"] {
        assert!(out.contains(words), "{words} is not in: {out}");
    }
    assert!(!out.contains("\n0 coupled rows"), "{out}");
}

#[test]
fn simulate_prints_one_line_and_a_configuration_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let trial = folder.path().join("trial");
    let mut child = Command::new(env!("CARGO_BIN_EXE_tandem"))
        .args(["simulate", "--rows", "25", "--seed", "7", "--write-config"])
        .arg(&trial)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let addresses: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
    let keys: Vec<_> = addresses.keys().map(String::as_str).collect();
    let expected = [
        "dataverse",
        "business_central",
        "company",
        "token_url",
        "tenant",
        "client_id",
        "client_secret",
        "access_token",
    ];
    assert_eq!(keys, expected);
    let (code, synced, err) =
        run(Command::new(env!("CARGO_BIN_EXE_tandem")).args(["sync", "--json", "--dir"]).arg(&trial));
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&synced).unwrap();
    let customers =
        &report["mappings"].as_array().unwrap().iter().find(|m| m["mapping"] == "CUSTOMER").unwrap();
    assert_eq!(customers["read"]["left"], 91 + 25);
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "exactly one line");
}
