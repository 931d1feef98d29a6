//! Filters that services are asked: what comes back, judged here, is what a whole listing gives.

mod generated;
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::json;
use tandem::config::Config;
use tandem::mapping::{Filter, TablesUsed};
use tandem::model::{ColumnName, Row, RowId};
use tandem::sim::Options;
use tandem::systems::{ChangeQuery, Cursor, Examine, Next, open};

use crate::world::{At, World};

/// The connections that the tests read through, beside `dataverse`.
const STANDARD: &str = "standard";
const COMPANION: &str = "companion";
const WEB_SERVICES: &str = "web-services";
const DATAVERSE: &str = "dataverse";
/// Dataverse's Web API, taken for a service that nothing is known of.
const ODATA: &str = "odata";

/// Texts that services and filters may stumble over.
const AWKWARD: [&str; 9] = [
    "O'Brien & Söhne",
    "o'brien & SÖHNE",
    "Ähre",
    "100% [x]_y",
    "A*B",
    "trailing ",
    "10-30",
    "10-30 ",
    "(1 eq 1) or ''",
];

/// Both systems with some awkward rows, small pages, and a log of what is asked.
struct Questioned {
    world: World,
    log: Arc<Mutex<Vec<String>>>,
    /// What was asked that was not answered with 200.
    refused: Arc<Mutex<Vec<String>>>,
}

impl Questioned {
    async fn start() -> Self {
        let world = World::start(Options { companion: true, ..Options::default() }).await;
        connections(&world);
        for (at, text) in AWKWARD.iter().enumerate() {
            let (number, blocked) = (format!("Z{at}"), at % 2 == 0);
            let customer = json!({"number": number, "displayName": text, "addressLine1": text,
                "creditLimit": 0.25 * at as f64, "taxLiable": blocked});
            world.create(At::BusinessCentral, "customers", customer).await;
            let item = json!({"number": number, "displayName": text, "blocked": blocked, "unitPrice": 1.5});
            world.create(At::BusinessCentral, "items", item).await;
            let account = json!({"name": text, "address1_line1": text, "creditlimit": 0.25 * at as f64});
            world.create(At::Dataverse, "accounts", account).await;
            let contact = json!({"lastname": text, "birthdate": format!("1990-01-0{}", at + 1)});
            world.create(At::Dataverse, "contacts", contact).await;
        }
        let (log, refused) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (seen, denied) = (Arc::clone(&log), Arc::clone(&refused));
        world.simulation.faults().after_request(move |request, status| {
            seen.lock().unwrap().push(request.path_and_query.clone());
            if status != 200 {
                denied.lock().unwrap().push(format!("{status} {}", request.path_and_query));
            }
        });
        Self { world, log, refused }
    }

    fn open(&self, connection: &str) -> Arc<dyn Examine> {
        let places = self.world.places();
        let config = Config::load(&places).unwrap();
        let settings = &config.settings.connections[connection];
        open(&connection.into(), settings, &places.config, TablesUsed::default()).unwrap()
    }

    fn log(&self) -> MutexGuard<'_, Vec<String>> {
        self.log.lock().unwrap()
    }

    /// Returns the `$filter` of the first request for rows of a table since the log was cleared.
    fn asked(&self, table: &str) -> Option<String> {
        let log = self.log();
        let first = log.iter().find(|line| line.contains(&format!("/{table}?"))).unwrap();
        let url = url::Url::parse(&format!("http://localhost{first}")).unwrap();
        let filter = url.query_pairs().find(|(name, _)| name == "$filter")?;
        Some(filter.1.into_owned())
    }
}

fn connections(world: &World) {
    let path = world.folder.path().join("tandem.toml");
    let mut text = fs::read_to_string(&path).unwrap();
    let sign_in = text.lines().find(|line| line.starts_with("sign_in")).unwrap().to_owned();
    let addresses = &world.addresses;
    let common = format!("page_size = 25\nsettle_secs = 0\n{sign_in}\n");
    let company = format!("company = \"{}\"\nurl = \"{}\"", addresses.company, addresses.business_central);
    for (name, kind) in [
        (STANDARD, format!("kind = \"business-central\"\ncompanion = \"off\"\n{company}")),
        (COMPANION, format!("kind = \"business-central\"\ncompanion = \"required\"\n{company}")),
        (WEB_SERVICES, format!("kind = \"business-central\"\napi = \"odata-v4\"\n{company}")),
        (
            ODATA,
            format!(
                "kind = \"odata\"\nmodified = \"modifiedon\"\nurl = \"{}/api/data/v9.2\"",
                addresses.dataverse
            ),
        ),
    ] {
        text.push_str(&format!("[connections.{name}]\n{kind}\n{common}"));
    }
    fs::write(path, text).unwrap();
}

/// Reads a table from its start to its end.
async fn listing(
    system: &dyn Examine,
    table: &str,
    columns: &[ColumnName],
    filter: Option<Filter>,
) -> BTreeMap<RowId, Row> {
    let columns = columns.iter().cloned().collect();
    let mut query = ChangeQuery { table: table.into(), columns, cursor: Cursor::Start, filter };
    let mut rows = BTreeMap::new();
    loop {
        let page = system.changes(&query).await.unwrap();
        rows.extend(page.rows.into_iter().map(|row| row.unwrap()).map(|row| (row.id.clone(), row)));
        match page.next {
            Next::Page(link) => query.cursor = Cursor::Page(link),
            Next::Done(_) => return rows,
        }
    }
}
