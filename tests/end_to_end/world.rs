//! Two simulated systems, a configuration for them, and people who edit rows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tandem::agent::{Choice, Command, Desk, LineAction, Reply, RunOptions, RunReport, StatusView};
use tandem::config::Places;
use tandem::http::{HttpError, Loopback, Method, Repeat, Request};
use tandem::mapping::StandardSet;
use tandem::sim::{Addresses, Options, Simulation};
use tempfile::TempDir;

/// Two systems and a folder with a configuration for them.
pub struct World {
    pub simulation: Simulation,
    pub addresses: Addresses,
    pub folder: TempDir,
}

/// One of the two systems, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    BusinessCentral,
    /// Business Central, at its companion API.
    Companion,
    Dataverse,
}

impl World {
    pub async fn start(options: Options) -> Self {
        let simulation = Simulation::start(options).await.unwrap();
        let addresses = simulation.addresses().clone();
        let folder = tempfile::tempdir().unwrap();
        write_config(folder.path(), &addresses);
        Self { simulation, addresses, folder }
    }

    pub fn places(&self) -> Places {
        Places::in_folder(self.folder.path())
    }

    pub fn desk(&self) -> Desk {
        Desk::open(&self.places()).unwrap()
    }

    /// Changes a text in the configuration.
    pub fn configure(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Uses the mappings of a standard set.
    pub fn use_mappings(&self, set: StandardSet) {
        let names = format!("mappings = {:?}\npoll_secs = 1", set.mappings());
        self.configure("tandem.toml", "poll_secs = 1", &names);
    }

    fn base(&self, at: At) -> String {
        match at {
            At::BusinessCentral => {
                format!("{}/api/v2.0/companies({})", self.addresses.business_central, self.addresses.company)
            }
            At::Companion => {
                let address = &self.addresses.business_central;
                format!("{address}/api/tandem/sync/v1.0/companies({})", self.addresses.company)
            }
            At::Dataverse => format!("{}/api/data/v9.2", self.addresses.dataverse),
        }
    }

    /// Edits a row, again if the request was swallowed before it was applied.
    pub async fn retry_edit(&self, at: At, set: &str, id: &str, change: Value) {
        self.retry(at, Method::Patch, &format!("{set}({id})"), change).await;
    }

    /// Creates a row, again if the request was swallowed before it was applied.
    pub async fn retry_create(&self, at: At, set: &str, row: Value) {
        self.retry(at, Method::Post, set, row).await;
    }

    async fn retry(&self, at: At, method: Method, path: &str, body: Value) {
        for _ in 0..5 {
            match self.try_send(at, method, path, Some(body.clone())).await {
                Ok((status, answer)) => {
                    assert!((200..300).contains(&status), "{status} {answer}");
                    return;
                }
                Err(_) => continue,
            }
        }
        panic!("{path} was swallowed five times");
    }

    pub async fn send(&self, at: At, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        self.try_send(at, method, path, body).await.unwrap()
    }

    async fn try_send(
        &self,
        at: At,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), HttpError> {
        let base = self.base(at);
        let loopback = Loopback::new(&base, &self.addresses.access_token, Duration::from_secs(30)).unwrap();
        let mut request = Request {
            method,
            url: format!("{base}/{path}"),
            headers: vec![("Accept".into(), "application/json".into())],
            body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default().into(),
            repeat: Repeat::IfNotApplied,
        };
        if method != Method::Get {
            request = request.with_header("Content-Type", "application/json");
        }
        if matches!(method, Method::Patch | Method::Delete) {
            request = request.with_header("If-Match", "*");
        }
        let response = loopback.send(&request).await?;
        Ok((response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null)))
    }

    /// Lists rows, all of them.
    pub async fn list(&self, at: At, set_and_query: &str) -> Vec<Value> {
        let (status, body) = self.send(at, Method::Get, set_and_query, None).await;
        assert_eq!(status, 200, "{body}");
        body["value"].as_array().unwrap().clone()
    }

    /// Returns a row by its id.
    pub async fn row(&self, at: At, set: &str, id: &str) -> Value {
        let (status, body) = self.send(at, Method::Get, &format!("{set}({id})"), None).await;
        assert_eq!(status, 200, "{set} {id}: {body}");
        body
    }

    /// Returns the one row with that text in that column.
    pub async fn find(&self, at: At, set: &str, column: &str, text: &str) -> Value {
        let text = text.replace('\'', "''").replace('&', "%26").replace(' ', "%20");
        let rows = self.list(at, &format!("{set}?$filter={column}%20eq%20'{text}'")).await;
        assert_eq!(rows.len(), 1, "{set} with {column} {text}: {rows:?}");
        rows[0].clone()
    }

    /// Returns both systems' rows with their versions, to see whether anything was written.
    pub async fn world_state(&self) -> Vec<(String, String)> {
        let mut state = Vec::new();
        for (at, set, key) in [
            (At::BusinessCentral, "customers", "id"),
            (At::BusinessCentral, "vendors", "id"),
            (At::BusinessCentral, "items", "id"),
            (At::BusinessCentral, "currencies", "id"),
            (At::Dataverse, "accounts", "accountid"),
            (At::Dataverse, "products", "productid"),
            (At::Dataverse, "transactioncurrencies", "transactioncurrencyid"),
        ] {
            let rows = self.list(at, set).await;
            state.extend(
                rows.iter().map(|row| (text(row, key).to_owned(), text(row, "@odata.etag").to_owned())),
            );
        }
        state
    }

    /// Returns what Business Central calls its users.
    pub async fn names_of_users(&self) -> Vec<String> {
        let users = self.list(At::Companion, "users").await;
        users.iter().map(|user| text(user, "displayName").to_owned()).collect()
    }

    pub async fn edit(&self, at: At, set: &str, id: &str, change: Value) {
        let (status, body) = self.send(at, Method::Patch, &format!("{set}({id})"), Some(change)).await;
        assert!((200..300).contains(&status), "{status} {body}");
    }

    pub async fn create(&self, at: At, set: &str, row: Value) {
        let (status, body) = self.send(at, Method::Post, set, Some(row)).await;
        assert!((200..300).contains(&status), "{status} {body}");
    }

    pub async fn delete(&self, at: At, set: &str, id: &str) {
        let (status, body) = self.send(at, Method::Delete, &format!("{set}({id})"), None).await;
        assert!((200..300).contains(&status), "{status} {body}");
    }
}

impl World {
    /// Edits a row of Business Central behind the back of every feed.
    pub fn edit_unnoticed(&self, set: &str, number: &str, change: Value) {
        let Value::Object(change) = change else { panic!("{change}") };
        assert!(self.simulation.office().edit_unnoticed(set, number, &change), "{set} {number}");
    }

    /// Edits a row of Business Central in its web client, which takes what the API only shows.
    pub fn edit_by_hand(&self, set: &str, id: &str, change: Value) {
        let Value::Object(change) = change else { panic!("{change}") };
        assert!(self.simulation.office().edit(set, id.parse().unwrap(), &change), "{set} {id}: {change:?}");
    }

    /// Returns the phone of the account with a customer's name.
    pub async fn phone_of_account(&self, number: &str) -> String {
        let customer = self.find(At::BusinessCentral, "customers", "number", number).await;
        let account = self.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
        text(&account, "telephone1").to_owned()
    }

    /// Returns the one open conflict of a mapping.
    pub async fn open_conflict(&self, desk: &Desk, mapping: &str) -> u64 {
        let Ok(Reply::Conflicts(conflicts)) = desk.handle(&Command::Conflicts).await else { panic!() };
        let ids: Vec<_> = conflicts
            .iter()
            .filter(|conflict| conflict.mapping == mapping)
            .map(|conflict| conflict.id)
            .collect();
        assert_eq!(ids.len(), 1);
        ids[0]
    }

    /// Starts a synced world in which a vendor's account was deleted while the vendor was edited, so that a person has
    /// to be asked. Returns the vendor's id and the conflict's.
    pub async fn with_deletion_against_edit() -> (Self, Desk, String, u64) {
        let world = Self::start(Options::default()).await;
        world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
        let desk = world.desk();
        sync(&desk).await;
        let vendor = world.find(At::BusinessCentral, "vendors", "number", "V0001").await;
        let vendor = text(&vendor, "id").to_owned();
        let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
        world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
        world.edit(At::BusinessCentral, "vendors", &vendor, json!({"phoneNumber": "7"})).await;
        let report = sync(&desk).await;
        assert_eq!(report.lines[0].action, LineAction::Conflict);
        let conflict = world.open_conflict(&desk, "VENDOR").await;
        (world, desk, vendor, conflict)
    }

    /// Answers a conflict by command; it must be settled by that.
    pub async fn answer(&self, desk: &Desk, conflict: u64, words: &str) {
        assert!(self.give(desk, conflict, words).await, "{words} does not settle {conflict}");
    }

    /// Answers a conflict by command. Returns whether that settled it.
    pub async fn give(&self, desk: &Desk, conflict: u64, words: &str) -> bool {
        let words = words.split(' ').map(str::to_owned).collect();
        match desk.handle(&Command::Answer { conflict, words }).await {
            Ok(Reply::Answered(answered)) => answered.settled,
            other => panic!("{other:?}"),
        }
    }
}

/// Returns the text of a property.
pub fn text<'a>(row: &'a Value, property: &str) -> &'a str {
    row[property].as_str().unwrap_or_default()
}

pub async fn sync(desk: &Desk) -> RunReport {
    match desk.handle(&Command::Sync { approve_as: None, sweep: false, mappings: Vec::new() }).await {
        Ok(Reply::Report(report)) => report,
        other => panic!("{other:?}"),
    }
}

/// Runs what is due, as the agent does.
pub async fn look(desk: &Desk) -> RunReport {
    let options = RunOptions { choice: Choice::Due, ..RunOptions::of("schedule") };
    desk.run(&options).await.unwrap()
}

pub async fn plan(desk: &Desk) -> RunReport {
    match desk.handle(&Command::Plan).await {
        Ok(Reply::Report(report)) => report,
        other => panic!("{other:?}"),
    }
}

pub async fn status(desk: &Desk) -> StatusView {
    match desk.handle(&Command::Status).await {
        Ok(Reply::Status(status)) => *status,
        other => panic!("{other:?}"),
    }
}

fn write_config(folder: &Path, addresses: &Addresses) {
    let secret = folder.join("client-secret");
    fs::write(&secret, &addresses.client_secret).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let sign_in = format!(
        "{{ kind = \"client-secret\", tenant = \"{}\", client_id = \"{}\", token_url = \"{}\", client_secret = \"file:client-secret\" }}",
        addresses.tenant, addresses.client_id, addresses.token_url
    );
    let text = format!(
        "poll_secs = 1\nsweep_secs = 1\ndeletion_confirm_secs = 1\n\
         [consent]\nagreed_by = \"test\"\nagreed_at = \"2026-01-01T00:00:00Z\"\nfirst_sync_approved = true\n\
         [connections.business-central]\nkind = \"business-central\"\nurl = \"{}\"\ncompany = \"{}\"\nsettle_secs = 0\noverlap_secs = 10\nsign_in = {sign_in}\n\
         [connections.dataverse]\nkind = \"dataverse\"\nurl = \"{}\"\nsettle_secs = 0\nsign_in = {sign_in}\n",
        addresses.business_central, addresses.company, addresses.dataverse
    );
    fs::write(folder.join("tandem.toml"), text).unwrap();
    let mappings = folder.join("mappings");
    fs::create_dir(&mappings).unwrap();
    for (name, text) in tandem::mapping::STANDARD {
        let text = match tandem::mapping::TWO_WAY.contains(&name) {
            true => text.replace("create = false", "create = true"),
            false => text.to_owned(),
        };
        fs::write(mappings.join(format!("{name}.toml")), text).unwrap();
    }
}
