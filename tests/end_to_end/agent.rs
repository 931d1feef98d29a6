//! The agent as a process: edits arrive by themselves, answers are taken, other commands reach it, Ctrl-C stops it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tandem::sim::{Options, Reaction, Service};

use crate::command_line::tandem;
use crate::world::{At, World, text};

/// How long an event may take before the test gives up. Nothing waits this long where all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running agent and its log.
pub struct Agent {
    child: Child,
    log: Receiver<String>,
}

impl Agent {
    pub fn start(world: &World) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tandem"))
            .args(["run", "--dir"])
            .arg(world.folder.path())
            .env("RUST_LOG", "tandem=info")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, log }
    }

    /// Reads the log on until a line holds all these words.
    pub fn wait_for(&self, words: &[&str]) -> String {
        loop {
            let line =
                self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the log never said {words:?}"));
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
    }

    pub fn stop(mut self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGINT).unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{status}");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn quiet_world() -> World {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_and_deletions_arrive_while_the_agent_runs() {
    let world = quiet_world().await;
    let agent = Agent::start(&world);
    agent.wait_for(&["Run finished", "written=1"]);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;

    world
        .edit(
            At::BusinessCentral,
            "customers",
            text(&customer, "id"),
            json!({"phoneNumber": "from the left"}),
        )
        .await;
    agent.wait_for(&["Run finished", "written=1 "]);
    let seen = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    assert_eq!(text(&seen, "telephone1"), "from the left");

    world
        .edit(
            At::Dataverse,
            "accounts",
            text(&account, "accountid"),
            json!({"emailaddress1": "right@x.example"}),
        )
        .await;
    agent.wait_for(&["Run finished", "written=1 "]);
    let seen = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&seen, "email"), "right@x.example");

    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0002").await;
    world.delete(At::BusinessCentral, "vendors", text(&vendor, "id")).await;
    agent.wait_for(&["Deletion confirmed"]);
    agent.wait_for(&["Run finished"]);
    assert!(world.list(At::Dataverse, "accounts?$filter=accountnumber%20eq%20'V0002'").await.is_empty());

    world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
    agent.wait_for(&["Run finished"]);
    agent.wait_for(&["Run finished"]);
    world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let (code, out, _) = tandem(&world, &["status", "--json"]);
    assert_eq!(code, 0, "{out}");
    let status: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(status["agent"]["pid"].is_number(), "{status}");
    let left_alone = &status["mappings"][1]["left_alone"];
    assert_eq!(left_alone["deleted; the mapping leaves deletions alone"], 1, "{status}");
    agent.stop();
    assert!(!world.places().control().exists());
}

/// I19
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_saved_by_an_editor_is_taken_while_the_agent_runs() {
    let world = quiet_world().await;
    let agent = Agent::start(&world);
    agent.wait_for(&["Run finished", "written=1"]);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    // Both edits before the agent can look in between: it waits for its answers.
    let faults = world.simulation.faults();
    faults.refuse_connections(Service::Dataverse, true).await;
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"phoneNumber": "left"})).await;
    faults.refuse_connections(Service::Dataverse, false).await;
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"telephone1": "right"})).await;
    agent.wait_for(&["Conflict raised"]);
    agent.wait_for(&["Inbox written"]);

    let inbox = world.folder.path().join("resolve-conflicts.toml");
    let page = fs::read_to_string(&inbox).unwrap();
    let place = page.rfind("answer = \"\"").unwrap();
    let wrong = format!("{}answer = \"bizness\"{}", &page[..place], &page[place + 11..]);
    let saved = world.folder.path().join("saved.tmp");
    fs::write(&saved, wrong.replace('\n', "\r\n")).unwrap();
    fs::rename(&saved, &inbox).unwrap();
    agent.wait_for(&["Inbox written"]);
    let page = fs::read_to_string(&inbox).unwrap();
    assert!(page.contains("bizness"), "{page}");
    assert!(page.contains("#!"), "{page}");

    let place = page.rfind("\"bizness\"").unwrap();
    let right = format!("\u{feff}{}\"dataverse\"{}", &page[..place], &page[place + 9..]);
    fs::write(&saved, right).unwrap();
    fs::rename(&saved, &inbox).unwrap();
    agent.wait_for(&["Conflict settled"]);
    agent.wait_for(&["Run finished"]);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "right");
    agent.stop();
}

/// An answer saved while a run is under way does not wait for the next look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_saved_during_a_run_is_taken_when_it_ends() {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "poll_secs = 1", "poll_secs = 3600");
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    let inbox = world.folder.path().join("resolve-conflicts.toml");
    let page = fs::read_to_string(&inbox).unwrap();
    let place = page.find("answer = \"\"").unwrap();
    let answered = format!("{}answer = \"dataverse\"{}", &page[..place], &page[place + 11..]);
    world.simulation.faults().on_request(move |request| {
        if request.path_and_query.contains("/vendors?") {
            fs::write(&inbox, &answered).unwrap();
        }
        Reaction::Proceed
    });
    let agent = Agent::start(&world);
    agent.wait_for(&["Conflict settled"]);
    agent.stop();
}

/// I27
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_goes_away_is_named_and_survived_without_a_restart() {
    let world = quiet_world().await;
    let agent = Agent::start(&world);
    agent.wait_for(&["Run finished", "written=1"]);
    let faults = world.simulation.faults();
    faults.refuse_connections(Service::BusinessCentral, true).await;
    agent.wait_for(&["Part of the run failed"]);
    agent.wait_for(&["Run finished"]);
    let (code, out, _) = tandem(&world, &["status"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("cannot reach business-central"), "{out}");
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    world
        .edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"telephone1": "meanwhile"}))
        .await;
    faults.refuse_connections(Service::BusinessCentral, false).await;
    agent.wait_for(&["Run finished", "written=1 "]);
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "meanwhile");
    assert_eq!(tandem(&world, &["status"]).0, 0);
    agent.stop();
}

/// I30
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_agent_holds_the_store_and_other_commands_go_through_it() {
    let world = quiet_world().await;
    let agent = Agent::start(&world);
    agent.wait_for(&["Run finished"]);
    let (code, _, err) = tandem(&world, &["run"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains(&agent.child.id().to_string()), "{err}");
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"telephone1": "now"})).await;
    let (code, out, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 0, "{out}{err}");
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    assert_eq!(text(&customer, "phoneNumber"), "now");
    agent.stop();
}
