//! Connections, tables and rows by command: `tandem connection`, `tandem tables`, `tandem rows`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tandem::sim::Options;

use crate::command_line::tandem;
use crate::world::{At, World, text};

/// Runs a command with `--json`; it must end well.
fn json(world: &World, arguments: &[&str]) -> Value {
    let (code, out, err) = tandem(world, &[arguments, &["--json"]].concat());
    assert_eq!(code, 0, "{arguments:?}: {err}");
    serde_json::from_str(&out).unwrap()
}

fn rows<'a>(connection: &'a str, table: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    [&["rows", connection, table], words].concat()
}

fn config(world: &World) -> String {
    fs::read_to_string(world.folder.path().join("tandem.toml")).unwrap()
}

fn finding<'a>(report: &'a Value, connection: &str, check: &str) -> &'a Value {
    let connections = report["connections"].as_array().unwrap();
    let tested = connections.iter().find(|tested| tested["connection"] == connection).unwrap();
    let findings = tested["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_come_change_and_go_by_command() {
    let world = World::start(Options::default()).await;
    world.configure("tandem.toml", "poll_secs = 1\n", "# Ours.\npoll_secs = 1\n");
    let url = world.addresses.business_central.clone();
    let set = format!("sign_in.token_url={}", world.addresses.token_url);
    let add = ["connection", "add", "erp", "--kind", "business-central", "--url", &url, "--tenant"];
    let sign_in = [&world.addresses.tenant, "--client-id", &world.addresses.client_id, "--set", &set];
    let add = [&add[..], &sign_in[..]].concat();

    let (code, _, err) = tandem(&world, &[&add[..], &["--client-secret", "hunter2"]].concat());
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("never the secret itself") && !err.contains("hunter2"), "{err}");
    assert!(!config(&world).contains("erp"));
    let add = [&add[..], &["--client-secret", "file:client-secret"]].concat();
    assert_eq!(json(&world, &add)["done"], "added");
    assert_eq!(tandem(&world, &add).0, 2, "a second one of that name");

    // What to name as company is found with the connection itself.
    let companies = json(&world, &["connection", "companies", "erp"]);
    assert_eq!(companies[0]["id"], world.addresses.company.as_str());
    let (code, _, err) = tandem(&world, &["connection", "companies", "dataverse"]);
    assert!(code == 2 && err.contains("has no companies"), "{err}");
    json(&world, &["connection", "edit", "erp", "--company", &world.addresses.company]);
    assert_eq!(tandem(&world, &["connection", "test", "erp"]).0, 0);

    let listed = json(&world, &["connection", "list"]);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|row| text(row, "connection")).collect();
    assert_eq!(names, ["business-central", "dataverse", "erp"]);
    assert_eq!(listed[1]["mappings"].as_array().unwrap().len(), 4);

    let (code, _, err) = tandem(&world, &["connection", "remove", "dataverse"]);
    assert!(code == 3 && err.contains("CUSTOMER") && err.contains("--force"), "{err}");
    assert_eq!(json(&world, &["connection", "remove", "erp"])["done"], "removed");
    let (code, _, err) = tandem(&world, &["connection", "enable", "erp"]);
    assert!(code == 2 && err.contains("there are business-central, dataverse"), "{err}");
    assert!(config(&world).starts_with("# Ours.\npoll_secs = 1\n"));
}

/// The secret of a string of another tool goes to a private file, and nowhere else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_string_becomes_a_connection() {
    let world = World::start(Options::default()).await;
    let file = world.folder.path().join("string.txt");
    let file = file.to_str().unwrap();
    let add = ["connection", "add", "sales", "--kind", "dataverse", "--tenant", "contoso.example"];
    let add = [&add[..], &["--connection-string", file]].concat();
    let before = config(&world);
    fs::write(file, "AuthType=Office365;Url=https://contoso.crm4.dynamics.com;Password=hunter2").unwrap();
    let (code, out, err) = tandem(&world, &add);
    assert!(code == 2 && err.contains("retired") && !format!("{out}{err}").contains("hunter2"), "{out}{err}");
    assert_eq!(config(&world), before);

    let string =
        "AuthType=ClientSecret;Url=https://contoso.crm4.dynamics.com;ClientId=app;ClientSecret=hunter2";
    fs::write(file, string).unwrap();
    let (code, out, err) = tandem(&world, &add);
    assert_eq!(code, 0, "{err}");
    assert!(!format!("{out}{err}{}", config(&world)).contains("hunter2"), "{out}{err}");
    let list = json(&world, &["connection", "list"]);
    assert!(list.to_string().contains("https://contoso.crm4.dynamics.com"), "{list}");
    let settings: toml::Table = config(&world).parse().unwrap();
    let sign_in = &settings["connections"]["sales"]["sign_in"];
    assert_eq!(sign_in["tenant"].as_str(), Some("contoso.example"));
    let reference = sign_in["client_secret"].as_str().unwrap().strip_prefix("file:").unwrap();
    let secret = world.folder.path().join(reference);
    assert_eq!(fs::read_to_string(&secret).unwrap(), "hunter2");
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Nothing learned is lost by disabling: no row is created twice, and what changed meanwhile arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_connection_makes_its_mappings_stand_still() {
    let world = World::start(Options::default()).await;
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    json(&world, &["connection", "disable", "dataverse"]);
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    world.edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"telephone1": "99"})).await;
    let before = world.world_state().await;
    let (code, out, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(world.world_state().await, before);
    let (_, out, _) = tandem(&world, &["status"]);
    assert!(out.contains("CUSTOMER stands still: dataverse is disabled"), "{out}");
    assert!(out.starts_with("In step but for mappings that stand still"), "{out}");
    json(&world, &["connection", "enable", "dataverse"]);
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
    assert_eq!(vendor["phoneNumber"], "99");
    let vendors = world.list(At::BusinessCentral, "vendors").await.len();
    let listed = json(&world, &["rows", "business-central", "vendors", "list", "--limit", "10000"]);
    assert_eq!(listed.as_array().unwrap().len(), vendors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_says_what_is_amiss_and_who_has_to_act() {
    let world = World::start(Options::default()).await;
    let report = json(&world, &["connection", "test", "--all"]);
    for connection in ["business-central", "dataverse"] {
        for check in ["reach", "sign-in", "identity", "read", "change-tracking", "clock"] {
            let found = finding(&report, connection, check);
            assert_eq!(found["verdict"], "good", "{found}");
        }
    }
    assert!(text(finding(&report, "dataverse", "user"), "found").contains("application user"));
    assert_eq!(finding(&report, "dataverse", "other-engine")["verdict"], "good");
    assert!(
        text(finding(&report, "business-central", "user"), "found").contains("signed in as the application")
    );
    assert!(text(finding(&report, "dataverse", "limits"), "found").contains("4 requests at once"));
    assert!(text(&report["between"][0], "found").contains("base currency is"));

    world.configure("mappings/VENDOR.toml", "table = \"accounts\"", "table = \"acounts\"");
    let (code, out, _) = tandem(&world, &["connection", "test", "dataverse"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("acounts") && out.contains("what to do: "), "{out}");
    let (code, out, _) =
        tandem(&world, &["connection", "edit", "dataverse", "--set", "sign_in.secret_expires=2020-01-31"]);
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = tandem(&world, &["connection", "test", "dataverse"]);
    assert!(code == 3 && out.contains("the client secret ran out on 2020-01-31"), "{out}");
    let (_, out, _) = tandem(&world, &["status"]);
    assert!(out.contains("soon: dataverse: the client secret ran out on 2020-01-31"), "{out}");
    json(&world, &["connection", "edit", "dataverse", "--unset", "sign_in.secret_expires"]);
    fs::write(world.folder.path().join("client-secret"), "wrong").unwrap();
    let (code, out, _) = tandem(&world, &["connection", "test", "dataverse"]);
    assert_eq!(code, 6, "{out}");
    assert!(out.contains("sign-in") && !out.contains("reached"), "{out}");
    fs::remove_file(world.folder.path().join("client-secret")).unwrap();
    let (code, out, _) = tandem(&world, &["connection", "test", "dataverse"]);
    assert!(code == 3 && out.contains("client-secret") && out.contains("what to do: "), "{out}");
}

/// Another Tandem shows by the rows it made with another sign-in; beside it nothing is written both ways unasked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_another_tandem_both_ways_needs_a_word_from_people() {
    let world = World::start(Options::default()).await;
    let derived = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, b"made by another");
    let account = json!({"accountid": derived.to_string(), "name": "Elsewhere", "accountnumber": "E-1",
        "customertypecode": 3});
    world.create(At::Dataverse, "accounts", account).await;
    world
        .create(At::BusinessCentral, "customers", json!({"number": "E-1", "displayName": "Elsewhere"}))
        .await;
    let report = json(&world, &["connection", "test", "dataverse"]);
    let engines: Vec<&Value> = report["connections"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["check"] == "other-engine")
        .collect();
    assert!(text(engines[1], "found").contains("another sign-in: 1 in accounts"), "{engines:?}");

    let before =
        (world.list(At::Dataverse, "accounts").await, world.list(At::BusinessCentral, "customers").await);
    let (code, out, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("another Tandem (rows of accounts it made: 1"), "{err}");
    let after =
        (world.list(At::Dataverse, "accounts").await, world.list(At::BusinessCentral, "customers").await);
    assert_eq!(before, after);

    json(&world, &["connection", "edit", "dataverse", "--set", "other_engine=known"]);
    assert_eq!(tandem(&world, &["sync"]).0, 0);
    // The row is coupled by now; what this store knows is no trace of another.
    json(&world, &["connection", "edit", "dataverse", "--unset", "other_engine"]);
    let (code, out, err) = tandem(&world, &["sync"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_and_their_columns_are_listed() {
    let world = World::start(Options::default()).await;
    for (connection, table, column) in
        [("dataverse", "accounts", "telephone1"), ("business-central", "customers", "phoneNumber")]
    {
        let tables = json(&world, &["tables", connection]);
        assert!(tables.as_array().unwrap().contains(&json!(table)), "{tables}");
        let described = json(&world, &["tables", connection, table]);
        let columns = described["columns"].as_array().unwrap();
        let phone = columns.iter().find(|found| found["column"] == column).unwrap();
        assert_eq!((text(phone, "kind"), &phone["updatable"]), ("text", &json!(true)));
        let (code, out, _) = tandem(&world, &["tables", connection, table]);
        assert!(code == 0 && out.lines().all(|line| line.chars().count() <= 100), "{out}");
    }
    let described = json(&world, &["tables", "dataverse", "accounts"]);
    let columns = described["columns"].as_array().unwrap();
    let kind = columns.iter().find(|found| found["column"] == "customertypecode").unwrap();
    assert!(
        kind["choices"].as_array().unwrap().contains(&json!({"value": "3", "label": "Customer"})),
        "{kind}"
    );
    assert!(described["alternate_keys"].as_array().is_some_and(|keys| !keys.is_empty()), "{described}");
    let (code, _, err) = tandem(&world, &["tables", "dataverse", "acounts"]);
    assert!(code == 6 && err.contains("acounts"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_read_and_written_by_hand() {
    let world = World::start(Options::default()).await;
    for (connection, table, name, number) in [
        ("dataverse", "accounts", "name", "accountnumber"),
        ("business-central", "customers", "displayName", "number"),
    ] {
        let pairs = [format!("{name}=O'Brien & Søn"), format!("{number}=X-1")];
        let created = json(&world, &rows(connection, table, &["create", &pairs[0], &pairs[1]]));
        let id = text(&created["row"], "id").to_owned();
        let filter = format!("{name} eq 'o''brien & søn' and not ({number} eq null) or {number} eq 'none'");
        let found =
            json(&world, &rows(connection, table, &["list", "--filter", &filter, "--select", number]));
        assert_eq!(found[0]["values"], json!({ number: "X-1" }));
        assert_eq!((text(&found[0], "id"), found.as_array().unwrap().len()), (id.as_str(), 1));
        let renamed = format!("{name}=Brien");
        assert_eq!(
            json(&world, &rows(connection, table, &["update", &id, &renamed]))["row"]["values"][name],
            "Brien"
        );
        assert_eq!(
            json(&world, &rows(connection, table, &["get", &id, "--select", name]))["values"],
            json!({ name: "Brien" })
        );
        let (code, out, _) = tandem(&world, &rows(connection, table, &["list", "--limit", "3"]));
        assert!(code == 0 && out.contains("3 rows; there may be more"), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
        assert_eq!(json(&world, &rows(connection, table, &["delete", &id]))["done"], "deleted");
        let (code, _, err) = tandem(&world, &rows(connection, table, &["get", &id]));
        assert!(code == 6 && err.contains("has no row"), "{err}");
        let (code, _, err) = tandem(&world, &rows(connection, table, &["list", "--filter", "nmae eq 'x'"]));
        assert!(code == 2 && err.contains("no column nmae"), "{err}");
    }
    assert!(world.simulation.faults().unguarded_writes().is_empty());
}
