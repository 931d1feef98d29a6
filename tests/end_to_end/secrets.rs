//! Secrets and tokens show nowhere: in no log at any level, in no output, in no error.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tandem::http::{Loopback, Repeat, Request};
use tandem::sim::{Options, Reaction, Service};
use url::form_urlencoded;

use crate::world::{At, World, text};

/// What must not show, and what it is called when it does.
struct Secrets {
    texts: Vec<(&'static str, String)>,
    /// The start of every token that the simulated service issues, and their length.
    token: (String, usize),
}

impl Secrets {
    async fn of(world: &World) -> Self {
        let addresses = &world.addresses;
        let token = issued_token(world).await;
        let secret = addresses.client_secret.clone();
        let encoded = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let texts = vec![
            ("the secret", secret),
            ("the secret, encoded", encoded),
            ("the fixed token", addresses.access_token.clone()),
            ("a header with a token", "Bearer ".to_owned()),
        ];
        Self { texts, token: (token[..4].to_owned(), token.len()) }
    }

    fn check(&self, place: &str, output: &str) {
        for (name, text) in &self.texts {
            assert!(!output.to_lowercase().contains(&text.to_lowercase()), "{place} shows {name}");
        }
        assert!(!self.finds_token(output), "{place} shows a token");
    }

    fn finds_token(&self, output: &str) -> bool {
        let (start, length) = &self.token;
        let is_between = |c: char| c.is_whitespace() || "\"'=,;:()[]{}&".contains(c);
        output.split(is_between).any(|word| word.starts_with(start) && word.len() + 8 > *length)
    }
}

/// Asks for a token as the agent does.
pub async fn issued_token(world: &World) -> String {
    let addresses = &world.addresses;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &addresses.client_id)
        .append_pair("client_secret", &addresses.client_secret)
        .append_pair("scope", &format!("{}/.default", addresses.dataverse))
        .finish();
    let form_type = "application/x-www-form-urlencoded";
    let request = Request::post(&addresses.token_url, form_type, form.into_bytes(), Repeat::Freely);
    let loopback = Loopback::new(&addresses.token_url, "none", Duration::from_secs(30)).unwrap();
    let answer: Value = serde_json::from_slice(&loopback.send(&request).await.unwrap().body).unwrap();
    assert!(answer["access_token"].is_string(), "{answer}");
    text(&answer, "access_token").to_owned()
}

fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
    command.args(arguments).arg("--dir").arg(world.folder.path()).env("RUST_LOG", "trace");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command with everything logged; returns its exit code, and all it printed.
fn run(world: &World, arguments: &[&str]) -> (i32, String) {
    let output = command(world, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), format!("{}\n{}", text(output.stdout), text(output.stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_log_and_no_output_shows_a_secret_or_a_token() {
    let world = World::start(Options::default()).await;
    let secrets = Secrets::of(&world).await;
    assert!(secrets.finds_token(&format!("token={}", issued_token(&world).await)), "a token would be found");
    for arguments in [
        &["plan", "--json"][..],
        &["sync", "--json"],
        &["status", "--json"],
        &["conflicts", "--json"],
        &["history", "--json"],
    ] {
        let (code, output) = run(&world, arguments);
        assert!(code == 0 || code == 5, "{arguments:?} ended with {code}");
        secrets.check(&format!("{arguments:?}"), &output);
        if arguments[0] == "sync" {
            assert!(output.contains("Answer received") && output.contains("TRACE"), "everything is logged");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_error_shows_a_secret_or_a_token() {
    let world = World::start(Options::default()).await;
    let secrets = Secrets::of(&world).await;
    let faults = world.simulation.faults();
    for (service, reaction) in [
        (Service::Token, Reaction::Answer(400, None)),
        (Service::Token, Reaction::DropBefore),
        (Service::Dataverse, Reaction::Answer(401, None)),
        (Service::BusinessCentral, Reaction::Answer(403, None)),
        (Service::Dataverse, Reaction::DropBefore),
        (Service::BusinessCentral, Reaction::Answer(500, None)),
    ] {
        faults.on_request(move |request| match request.service == service {
            true => reaction,
            false => Reaction::Proceed,
        });
        for arguments in [&["sync"][..], &["sync", "--json"]] {
            let (code, output) = run(&world, arguments);
            assert_eq!(code, 6, "{service:?} {reaction:?}: {output}");
            secrets.check(&format!("{service:?} {reaction:?}"), &output);
        }
    }
    faults.clear();
    fs::write(world.folder.path().join("client-secret"), "another-S3cret").unwrap();
    let (code, output) = run(&world, &["sync", "--json"]);
    assert_eq!(code, 6, "{output}");
    secrets.check("a wrong secret", &output);
    assert!(!output.contains("another-S3cret"));
    let name = format!("client_secret = \"{}\"", world.addresses.client_secret);
    world.configure("tandem.toml", "client_secret = \"file:client-secret\"", &name);
    let (code, output) = run(&world, &["sync"]);
    assert_eq!(code, 3, "{output}");
    secrets.check("a literal secret", &output);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agents_log_shows_no_secret_and_no_token_of_either_kind() {
    let world = World::start(Options::default()).await;
    let secrets = Secrets::of(&world).await;
    let mut agent = command(&world, &["run"]).spawn().unwrap();
    let mut log = BufReader::new(agent.stderr.take().unwrap());
    let mut said = read_until(&mut log, "Run finished");
    let control: Value = serde_json::from_slice(&fs::read(world.places().control()).unwrap()).unwrap();
    let control_token = text(&control, "token").to_owned();
    assert!(control_token.len() > 20, "{control}");
    // A token dies, a row is edited, and another command asks the agent.
    world.simulation.faults().expire_tokens();
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"phoneNumber": "7"})).await;
    let asked = std::thread::spawn(move || {
        let mut rest = String::new();
        log.read_to_string(&mut rest).unwrap();
        rest
    });
    let (code, output) = run(&world, &["sync", "--json"]);
    assert!(code == 0 || code == 5, "{output}");
    kill(Pid::from_raw(i32::try_from(agent.id()).unwrap()), Signal::SIGINT).unwrap();
    agent.wait().unwrap();
    said.push_str(&asked.join().unwrap());
    let file = fs::read_to_string(world.folder.path().join("logs/tandem.jsonl")).unwrap();
    for (place, text) in [("the agent", &said), ("the log file", &file), ("the command", &output)] {
        secrets.check(place, text);
        assert!(!text.contains(&control_token), "{place} shows the control token");
    }
    assert!(file.contains("Answer received") && file.contains("TRACE"), "everything is logged");
}

fn read_until(log: &mut impl BufRead, words: &str) -> String {
    let mut said = String::new();
    while !said.contains(words) {
        assert_ne!(log.read_line(&mut said).unwrap(), 0, "the agent ended: {said}");
    }
    said
}
