//! Projects: ordered one-way tasks between Dataverse and an ERP whose rows belong to companies.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tandem::agent::{Command, Desk, Reply};
use tandem::model::Timestamp;
use tandem::sim::{DataSet, Options};

use crate::command_line::tandem;
use crate::erp::Erp;
use crate::world::{At, World, look, text};

const CUSTOMERS: &str = "CustomersV3";
const CONTACTS: &str = "CDSContactsV2";
const PRODUCTS: &str = "CDSReleasedDistinctProducts";

struct Stage {
    world: World,
    erp: Erp,
}

impl Stage {
    async fn start() -> Self {
        let world = World::start(Options { data: DataSet::Empty, ..Options::default() }).await;
        let (erp, address) = Erp::start().await;
        let connection = format!(
            "[connections.erp]\nkind = \"odata\"\nurl = \"{address}\"\nsettle_secs = 0\n\
             sign_in = {{ kind = \"command\", command = \"echo token\" }}\n[connections.business-central]"
        );
        world.configure("tandem.toml", "[connections.business-central]", &connection);
        world.configure("tandem.toml", "poll_secs = 1\n", "# Only projects.\nmappings = []\npoll_secs = 1\n");
        // Sales gives contacts a number of their own.
        let number = json!({"@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", "SchemaName": "tnd_Number",
            "MaxLength": 40, "DisplayName": {"LocalizedLabels": [{"Label": "Number", "LanguageCode": 1033}]}});
        world.create(At::Dataverse, "EntityDefinitions(LogicalName='contact')/Attributes", number).await;
        Self { world, erp }
    }

    /// Makes the project P2C from a template.
    fn new_project(&self, template: &str, more: &[&str]) {
        let mut words = vec!["project", "new", "P2C", "--template", template, "--company", "USMF"];
        words.extend(more);
        let (code, out, err) = tandem(&self.world, &words);
        assert!(code == 0 && out.contains("P2C is in use from now on"), "{out}{err}");
        self.world.configure("projects/P2C.toml", "externaluseridentifier", "tnd_number");
    }

    /// Runs the project. Returns what it tells.
    fn run(&self) -> Value {
        let (code, out, err) = tandem(&self.world, &["project", "run", "P2C", "--json"]);
        assert_eq!(code, 0, "{out}{err}");
        serde_json::from_str(&out).unwrap()
    }

    async fn account(&self, number: &str) -> Value {
        self.world.find(At::Dataverse, "accounts", "accountnumber", number).await
    }

    async fn edit_account(&self, number: &str, change: Value) {
        let account = self.account(number).await;
        self.world.edit(At::Dataverse, "accounts", text(&account, "accountid"), change).await;
    }

    async fn create_account(&self, number: &str, name: &str) {
        let row = json!({"accountnumber": number, "name": name, "customertypecode": 3, "telephone1": "1",
            "address1_country": "Deutschland"});
        self.world.create(At::Dataverse, "accounts", row).await;
    }

    /// Returns the numbers of a Dataverse table, sorted.
    async fn numbers(&self, set: &str, column: &str) -> Vec<String> {
        let rows = self.world.list(At::Dataverse, set).await;
        let mut numbers: Vec<_> = rows.iter().map(|row| text(row, column).to_owned()).collect();
        numbers.sort();
        numbers
    }

    fn customer(&self, company: &str, number: &str, name: &str, phone: &str) {
        let row = json!({"CustomerAccount": number, "OrganizationName": name, "PartyType": "Organization",
            "PrimaryContactPhone": phone, "DeliveryAddressCountryRegionIsoCode": "DE"});
        self.erp.create(CUSTOMERS, company, row);
    }

    fn product(&self, item: &str, number: &str) {
        let row = json!({"ItemNumber": item, "ProductNumber": number, "ProductName": format!("Product {item}"),
            "ProductType": "Service", "SalesPrice": 12.5});
        self.erp.create(PRODUCTS, "USMF", row);
    }
}

/// Returns a task's counts: created, updated, unchanged, held back, failed.
fn counts(ran: &Value, task: &str) -> [u64; 5] {
    let of_task = |row: &&Value| row["task"] == task;
    let row = ran["tasks"].as_array().unwrap().iter().find(of_task).unwrap();
    ["created", "updated", "unchanged", "held_back", "failed"].map(|count| row[count].as_u64().unwrap())
}

/// Returns mapping, row and reason of each row that is not sent.
fn not_sent(ran: &Value) -> Vec<String> {
    let row = |row: &Value| format!("{} {}: {}", text(row, "mapping"), text(row, "row"), text(row, "reason"));
    ran["not_sent"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_brings_a_companys_rows_to_dataverse_by_their_business_keys() {
    let stage = Stage::start().await;
    stage.new_project("prospect-to-cash-erp-to-sales", &[]);
    stage.customer("USMF", "C-1", "Alpha", "1");
    stage.customer("USMF", "C-2", "Beta", "");
    stage.customer("DEMF", "C-3", "Gamma", "3");
    stage.erp.create(
        CONTACTS,
        "USMF",
        json!({"ContactPersonId": "P-1", "LastName": "Ada", "AssociatedContactType": "Customer"}),
    );
    for (item, number) in [("I-1", "N-1"), ("I-2", "N-2"), ("I-3", "N-2"), ("I-4", "")] {
        stage.product(item, number);
    }
    // Beta is there already, under another name and with a phone that the source does not know.
    stage.create_account("C-2", "Old name").await;
    let (code, out, err) = tandem(&stage.world, &["project", "run", "P2C"]);
    assert_eq!(code, 0, "{out}{err}");
    let (listed, counted) = out.split_once("\n\n").unwrap();
    assert!(listed.starts_with("not sent, 3 rows:\nmapping"), "{out}");
    assert!(listed.contains("Product I-4  has no business key (number)"), "{out}");
    assert!(listed.contains("Product I-2  shares its business key n-2 with another row"), "{out}");
    assert!(counted.contains("task") && counted.contains("held back"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");

    assert_eq!(stage.numbers("accounts", "accountnumber").await, ["C-1", "C-2"]);
    let beta = stage.account("C-2").await;
    assert_eq!((text(&beta, "name"), text(&beta, "telephone1")), ("Beta", ""), "the source overwrites");
    assert_eq!(text(&stage.account("C-1").await, "address1_country"), "Germany");
    assert_eq!(stage.numbers("contacts", "tnd_number").await, ["P-1"]);
    assert_eq!(stage.numbers("products", "productnumber").await, ["N-1"]);
    let product = &stage.world.list(At::Dataverse, "products").await[0];
    assert_eq!((&product["producttypecode"], product["price"].as_f64()), (&json!(3), Some(12.5)));

    let state = stage.world.world_state().await;
    let again = stage.run();
    assert_eq!(counts(&again, "accounts"), [0, 0, 2, 0, 0]);
    assert_eq!(counts(&again, "products"), [0, 0, 1, 3, 0]);
    assert_eq!(stage.world.world_state().await, state, "a second run writes nothing");
    assert_eq!(stage.erp.writes(), Vec::<String>::new(), "nothing ever goes to the source");

    // All there is for mappings is there for tasks.
    let (code, out, err) = tandem(&stage.world, &["verify"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = tandem(&stage.world, &["why", "P2C/accounts", "C-1"]);
    assert!(code == 0 && out.contains("Alpha"), "{out}{err}");
    let (code, out, err) = tandem(&stage.world, &["mapping", "check", "P2C/accounts"]);
    assert!(code == 0 && out.contains("P2C/accounts: "), "{out}{err}");

    // What somebody changes at the target is written back, although the source did not change.
    stage.edit_account("C-1", json!({"name": "Typed over", "accountnumber": "C-9"})).await;
    assert_eq!(counts(&stage.run(), "accounts"), [0, 1, 1, 0, 0]);
    assert_eq!(text(&stage.account("C-1").await, "name"), "Alpha");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_goes_on_when_its_key_is_its_own_and_a_coupled_one_always() {
    let stage = Stage::start().await;
    stage.new_project("prospect-to-cash-erp-to-sales", &[]);
    stage.product("I-1", "N-1");
    stage.product("I-2", "N-2");
    stage.product("I-3", "N-2");
    assert_eq!(counts(&stage.run(), "products"), [1, 0, 0, 2, 0]);
    // A new row takes the number of a coupled one: that one goes on, the new one waits.
    stage.product("I-4", "N-1");
    stage.erp.edit(PRODUCTS, "ItemNumber", "I-1", &json!({"ProductName": "Changed"}));
    let ran = stage.run();
    assert_eq!(counts(&ran, "products"), [0, 1, 0, 3, 0]);
    let told = not_sent(&ran);
    let told_of =
        |item: &str| told.iter().any(|told| told.contains(&format!("P2C/products Product {item}: shares")));
    assert!(["I-2", "I-3", "I-4"].into_iter().all(told_of), "{told:?}");
    assert_eq!(text(&stage.world.list(At::Dataverse, "products").await[0], "name"), "Changed");
    // One of two gets another number: both are free. The coupled one gets another number: what waited beside it is free, too.
    stage.erp.edit(PRODUCTS, "ItemNumber", "I-3", &json!({"ProductNumber": "N-3"}));
    assert_eq!(counts(&stage.run(), "products"), [2, 0, 1, 1, 0]);
    stage.erp.edit(PRODUCTS, "ItemNumber", "I-1", &json!({"ProductNumber": "N-7"}));
    stage.run();
    stage.run();
    assert_eq!(stage.numbers("products", "productnumber").await, ["N-1", "N-2", "N-3", "N-7"]);
    assert_eq!(not_sent(&stage.run()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_and_contacts_of_sales_become_rows_of_the_company_in_the_erp() {
    let stage = Stage::start().await;
    stage.new_project("prospect-to-cash-sales-to-erp", &[]);
    stage.create_account("C-1", "Alpha").await;
    stage.create_account("", "No number").await;
    for (number, name) in [("P-1", "Ada"), ("P-2", "Ben"), ("P-2", "Cid"), ("", "Dan")] {
        stage.world.create(At::Dataverse, "contacts", json!({"tnd_number": number, "lastname": name})).await;
    }
    // Another company has a customer of that number; theirs is none of this project's.
    stage.customer("DEMF", "C-1", "Another one", "9");
    stage.product("I-1", "N-1");
    let (code, plan, err) = tandem(&stage.world, &["plan"]);
    assert!(code == 0 && plan.starts_with("not sent, 4 rows:\n"), "{plan}{err}");
    let ran = stage.run();
    let expected = [
        "P2C/accounts/out No number: has no business key (number)",
        "P2C/contacts/out Ben: shares its business key p-2 with another row",
        "P2C/contacts/out Cid: shares its business key p-2 with another row",
        "P2C/contacts/out Dan: has no business key (number)",
    ];
    let mut told = not_sent(&ran);
    told.sort();
    assert_eq!(told, expected);
    assert_eq!(counts(&ran, "accounts"), [1, 0, 0, 1, 0]);
    let customers = stage.erp.list(CUSTOMERS);
    let made = customers.iter().find(|row| row["dataAreaId"] == "USMF").unwrap();
    assert_eq!((text(made, "CustomerAccount"), text(made, "OrganizationName")), ("C-1", "Alpha"));
    assert_eq!(
        (text(made, "CustomerGroupId"), text(made, "DeliveryAddressCountryRegionIsoCode")),
        ("30", "DE")
    );
    assert_eq!(customers.len(), 2);
    assert_eq!(stage.erp.find(CUSTOMERS, "dataAreaId", "DEMF").unwrap()["OrganizationName"], "Another one");
    assert_eq!(stage.erp.find(CONTACTS, "ContactPersonId", "P-1").unwrap()["LastName"], "Ada");
    assert_eq!(stage.erp.list(CONTACTS).len(), 1);
    assert_eq!(stage.numbers("products", "productnumber").await, ["N-1"], "these come from the ERP");

    stage.erp.writes();
    stage.run();
    assert_eq!(stage.erp.writes(), Vec::<String>::new());
    stage.erp.edit(CUSTOMERS, "dataAreaId", "USMF", &json!({"OrganizationName": "Typed over"}));
    assert_eq!(counts(&stage.run(), "accounts"), [0, 1, 0, 1, 0]);
    assert_eq!(stage.erp.find(CUSTOMERS, "dataAreaId", "USMF").unwrap()["OrganizationName"], "Alpha");
    // The number is how the ERP addresses the row: it stays, and the row says so.
    stage.edit_account("C-1", json!({"accountnumber": "C-5"})).await;
    stage.erp.writes();
    let ran = stage.run();
    assert_eq!(
        (counts(&ran, "accounts")[1], counts(&ran, "accounts")[4], stage.erp.writes().len()),
        (0, 1, 0)
    );
}

const THROUGH: &str = include_str!("../../fixtures/projects/THROUGH.toml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_go_through_dataverse_to_the_destination_in_one_run() {
    let stage = Stage::start().await;
    fs::create_dir(stage.world.folder.path().join("projects")).unwrap();
    fs::write(stage.world.folder.path().join("projects/THROUGH.toml"), THROUGH).unwrap();
    stage.world.configure("tandem.toml", "mappings = []\n", "mappings = []\nprojects = [\"THROUGH\"]\n");
    // The company is another one than that of the user: rows are asked for across companies.
    stage.customer("DEMF", "C-1", "Alpha", "");
    stage.customer("USMF", "C-2", "Beta", "2");
    let run = || {
        let (code, out, err) = tandem(&stage.world, &["project", "run", "through", "--json"]);
        assert_eq!(code, 0, "{out}{err}");
    };
    run();
    assert_eq!(text(&stage.account("C-1").await, "telephone1"), "none");
    let shop = |number: &str| stage.erp.find("WebShopCustomers", "Number", number);
    let made = shop("C-1").unwrap();
    assert_eq!(
        (text(&made, "dataAreaId"), text(&made, "Name"), text(&made, "Phone")),
        ("DEMF", "Alpha", "none")
    );
    assert_eq!(shop("C-2"), None);
    stage.erp.edit(CUSTOMERS, "CustomerAccount", "C-1", &json!({"OrganizationName": "Omega"}));
    run();
    assert_eq!(text(&shop("C-1").unwrap(), "Name"), "Omega", "an update arrives in the same run, too");
    stage.erp.writes();
    run();
    assert_eq!(stage.erp.writes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_with_a_time_is_run_by_the_agent_and_one_on_demand_is_not() {
    for (every, runs) in [("30 min", true), ("on demand", false)] {
        let stage = Stage::start().await;
        stage.new_project("prospect-to-cash-erp-to-sales", &["--every", every]);
        stage.customer("USMF", "C-1", "Alpha", "1");
        let minutes = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&minutes);
        let mut desk: Desk = stage.world.desk();
        desk.set_clock(move || {
            Timestamp::from_second(1_800_000_000 + 60 * clock.load(Ordering::SeqCst)).unwrap()
        });
        assert_eq!(look(&desk).await.failures, []);
        assert_eq!(stage.numbers("accounts", "accountnumber").await.len(), usize::from(runs), "{every}");
        stage.customer("USMF", "C-2", "Beta", "2");
        minutes.store(31, Ordering::SeqCst);
        look(&desk).await;
        assert_eq!(
            stage.numbers("accounts", "accountnumber").await.len(),
            if runs { 2 } else { 0 },
            "{every}"
        );
        let Ok(Reply::Status(status)) = desk.handle(&Command::Status).await else { panic!() };
        assert!(status.mappings.iter().all(|mapping| mapping.passed_at.is_some() == runs), "{every}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projects_are_made_listed_and_shown_and_nothing_is_overwritten() {
    let stage = Stage::start().await;
    let tandem = |words: &[&str]| tandem(&stage.world, words);
    let template = "prospect-to-cash-erp-to-sales";
    let (code, out, _) = tandem(&["project", "show", template]);
    assert_eq!((code, out.trim_end()), (0, ::tandem::mapping::template(template).unwrap().text.trim_end()));
    for (words, expected) in [
        (vec!["project", "new", "P2C", "--template", "prospect"], "there is no template prospect"),
        (
            vec!["project", "new", "P2C", "--template", template, "--source", "epr"],
            "there is no [connections.epr]",
        ),
        (vec!["project", "new", "P2C", "--template", template, "--destination", "erp"], "has no destination"),
        (vec!["project", "run", "P2C"], "there is no project P2C in use"),
        (vec!["project", "show", "P2C"], "there is no project or template P2C"),
    ] {
        let (code, out, err) = tandem(&words);
        assert!(code == 2 && err.contains(expected), "{out}{err}");
    }
    for wrong in ["../P2C", "a/b"] {
        let (code, _, err) = tandem(&["project", "new", wrong, "--template", template]);
        assert!(code == 3 && err.contains("is no name for a project"), "{err}");
    }
    let (code, _, err) = tandem(&["project", "new", "P2C", "--template", template, "--every", "often"]);
    assert!(code == 3 && err.contains("`every` is no time"), "{err}");
    assert!(!stage.world.folder.path().join("projects").exists(), "what is wrong is not written");
    stage.new_project(template, &["--every", "12 h"]);
    let file = stage.world.folder.path().join("projects/P2C.toml");
    let written = fs::read_to_string(&file).unwrap();
    let settings = fs::read_to_string(stage.world.folder.path().join("tandem.toml")).unwrap();
    assert!(
        settings.contains("# Only projects.") && settings.contains("projects = [\n    \"P2C\",\n]"),
        "{settings}"
    );
    let (code, _, err) = tandem(&["project", "new", "P2C", "--template", template]);
    assert!(code == 3 && err.contains("is there already"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), written);

    stage.run();
    let (code, out, err) = tandem(&["project", "list", "--json"]);
    assert_eq!(code, 0, "{err}");
    let listed: Vec<Value> = serde_json::from_str(&out).unwrap();
    let own = listed.iter().find(|listed| listed["project"] == "P2C").unwrap();
    assert_eq!((&own["in_use"], &own["runs"]), (&json!(true), &json!("every 12h")));
    assert_eq!(own["tasks"], json!(["accounts", "contacts", "products"]));
    assert!(
        own["last_run_at"].is_string()
            && listed.iter().filter(|listed| listed["is_template"] == true).count() == 2
    );
    stage.world.configure("projects/P2C.toml", "[task.source]", "[task.sourec]");
    let (code, _, err) = tandem(&["project", "run", "P2C"]);
    assert!(code == 3 && err.contains("P2C.toml, line ") && err.contains("did you mean source?"), "{err}");
    let (code, out, _) = tandem(&["project", "list"]);
    assert!(code == 0 && out.contains("did you mean source?"), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_needs_consent_as_any_run_does() {
    let stage = Stage::start().await;
    stage.new_project("prospect-to-cash-erp-to-sales", &[]);
    stage.world.configure("tandem.toml", "first_sync_approved = true", "first_sync_approved = false");
    stage.customer("USMF", "C-1", "Alpha", "1");
    let (code, _, err) = tandem(&stage.world, &["project", "run", "P2C"]);
    assert!(code == 5 && err.contains("P2C/accounts moves: 8 columns from CustomersV3 of erp"), "{err}");
    assert_eq!(stage.numbers("accounts", "accountnumber").await, Vec::<String>::new());
    let (code, out, err) = tandem(&stage.world, &["project", "run", "P2C", "--yes"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(stage.numbers("accounts", "accountnumber").await, ["C-1"]);
}
