//! Signing in as people set it up: certificates instead of secrets, proxies, and nothing secret in anything written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use tandem::sim::Options;

use crate::command_line::{run, tandem};
use crate::world::World;

fn settings(world: &World) -> String {
    fs::read_to_string(world.folder.path().join("tandem.toml")).unwrap()
}

/// What the administrator does with the letter.
fn register(world: &World) {
    let certificate = fs::read_to_string(world.folder.path().join("tandem.cert.pem")).unwrap();
    world.simulation.register_certificate(&certificate).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_gives_way_to_a_certificate_without_a_gap() {
    let world = World::start(Options::default()).await;
    let before = settings(&world);
    let upgrade = ["connection", "upgrade", "dataverse", "--certificate"];
    let (code, _, err) = tandem(&world, &upgrade);
    assert!(code == 6 && err.contains("nothing was changed"), "{err}");
    assert_eq!(settings(&world), before);

    let (code, out, err) = tandem(&world, &["certificate", "new", "--to", "admin@contoso.com", "--json"]);
    assert_eq!(code, 0, "{err}");
    let made: serde_json::Value = serde_json::from_str(&out).unwrap();
    let key = fs::metadata(made["private_key"].as_str().unwrap()).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let letter = fs::read_to_string(made["letter"].as_str().unwrap()).unwrap();
    for words in ["API.ReadWrite.All", "Application users", "accounts", made["thumbprint"].as_str().unwrap()]
    {
        assert!(letter.contains(words), "{words} is not in: {letter}");
    }
    let (code, _, err) = tandem(&world, &["certificate", "new"]);
    assert!(code == 2 && err.contains("is there already"), "{err}");

    // Made, but not registered yet.
    let (code, _, err) = tandem(&world, &upgrade);
    assert!(code == 6 && err.contains("AADSTS700027"), "{err}");
    assert_eq!(settings(&world), before);
    register(&world);
    let (code, _, err) = tandem(&world, &upgrade);
    assert_eq!(code, 0, "{err}");
    let (tenant, client_id) = (&world.addresses.tenant, &world.addresses.client_id);
    let accept = ["certificate", "accept", "business-central", "--tenant", tenant, "--client-id", client_id];
    let (code, _, err) = tandem(&world, &accept);
    assert_eq!(code, 0, "{err}");
    assert_eq!(settings(&world).matches("kind = \"certificate\"").count(), 2);
    fs::remove_file(world.folder.path().join("client-secret")).unwrap();
    let (code, _, err) = tandem(&world, &["plan"]);
    assert_eq!(code, 0, "{err}");

    // A sign-in that is refused changes nothing either.
    let upgraded = settings(&world);
    world.configure("tandem.toml", client_id, "00000000-0000-0000-0000-000000000001");
    let refused = settings(&world);
    let (code, _, err) = tandem(&world, &upgrade);
    assert!(code == 6 && err.contains("AADSTS700016"), "{err}");
    assert!(settings(&world) == refused && refused != upgraded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_and_no_token_is_in_anything_written() {
    let world = World::start(Options::default()).await;
    let secret = fs::read_to_string(world.folder.path().join("client-secret")).unwrap();
    assert_eq!(tandem(&world, &["certificate", "new"]).0, 0);
    register(&world);
    let key = fs::read_to_string(world.folder.path().join("tandem.key.pem")).unwrap();
    let traced = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
        let output = command.args(arguments).arg("--dir").arg(world.folder.path()).env("RUST_LOG", "trace");
        let output = output.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), format!("{out}{err}"))
    };
    let check = |arguments: &[&str], code: i32| {
        let (found, written) = traced(arguments);
        assert_eq!(found, Some(code), "{written}");
        assert!(!written.contains(&secret) && !written.contains("Bearer "), "{arguments:?}");
        assert!(!written.contains(key.lines().nth(1).unwrap()), "{arguments:?}");
        // Issued tokens and assertions, by how they begin.
        assert!(!written.contains("sim.") && !written.contains("eyJ"), "{arguments:?}");
        written
    };
    let written = check(&["sync", "--json"], 0);
    assert!(written.contains("Answer received"), "every step is logged");
    check(&["connection", "upgrade", "dataverse", "--certificate", "--json"], 0);
    check(&["plan", "--json"], 0);
    // Neither in what is said of a refused sign-in, nor of a secret that stands where a reference should.
    fs::write(world.folder.path().join("client-secret"), "hunter2").unwrap();
    let (_, written) = traced(&["sync", "--json"]);
    assert!(written.contains("AADSTS7000215") && !written.contains("hunter2"), "{written}");
    world.configure("tandem.toml", "file:client-secret", &secret);
    let written = check(&["status", "--json"], 3);
    assert!(written.contains("file:PATH"), "{written}");
}

/// How long an accepted connection may take to be told of.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells the first line of each connection, and closes it.
fn record() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut bytes = Vec::new();
            BufReader::new(stream.unwrap()).read_until(b'\n', &mut bytes).unwrap();
            if sender.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                return;
            }
        }
    });
    (port, receiver)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_is_used_unless_the_host_is_excepted() {
    let world = World::start(Options::default()).await;
    let (server, reached) = record();
    // This address reaches this machine, and is none of those that never take a proxy.
    let address = format!("https://0.0.0.0:{server}");
    let dataverse =
        settings(&world).lines().filter(|line| line.starts_with("url")).nth(1).unwrap().to_owned();
    world.configure("tandem.toml", &dataverse, &format!("url = \"{address}\""));
    world.configure("tandem.toml", "deletion_confirm_secs = 1\n", "deletion_confirm_secs = 900\n");
    let plan = |proxy: u16, no_proxy: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
        command.arg("plan").arg("--dir").arg(world.folder.path());
        for inherited in ["https_proxy", "no_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(inherited);
        }
        command.env("HTTPS_PROXY", format!("http://127.0.0.1:{proxy}")).env("NO_PROXY", no_proxy);
        let (code, _, err) = run(&mut command);
        assert_ne!(code, 0, "{err}");
    };
    let (proxy, asked) = record();
    plan(proxy, "");
    let line = asked.recv_timeout(PATIENCE).unwrap();
    assert!(line.starts_with(&format!("CONNECT 0.0.0.0:{server} HTTP/1.1")), "{line}");
    assert_eq!(reached.try_iter().count(), 0);
    let (proxy, asked) = record();
    plan(proxy, "0.0.0.0");
    reached.recv_timeout(PATIENCE).unwrap();
    assert_eq!(asked.try_iter().next(), None);
}
