//! Every shipped mapping with Northwind in it, in the sets that go together.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tandem::agent::{Command, Desk, LineAction, Reply, RunReport};
use tandem::mapping::StandardSet;
use tandem::sim::Options;

use crate::world::{At, World, status, sync, text};

async fn start(set: StandardSet, companion: bool) -> (World, Desk, RunReport) {
    let world = World::start(Options { companion, ..Options::default() }).await;
    world.use_mappings(set);
    let desk = world.desk();
    let report = sync(&desk).await;
    (world, desk, report)
}

/// Returns how many rows of each mapping are coupled.
async fn coupled(desk: &Desk) -> BTreeMap<String, u64> {
    let mappings = status(desk).await.mappings.into_iter();
    mappings.map(|mapping| (mapping.mapping, mapping.couplings)).collect()
}

fn written(report: &RunReport) -> Vec<(&str, &str)> {
    let writes = [LineAction::Create, LineAction::Update, LineAction::Delete];
    let lines = report.lines.iter().filter(|line| writes.contains(&line.action));
    lines.map(|line| (line.mapping.as_str(), line.row.as_str())).collect()
}

async fn one(world: &World, at: At, path: &str) -> Value {
    let rows = world.list(at, path).await;
    assert_eq!(rows.len(), 1, "{path}: {rows:?}");
    rows[0].clone()
}

const SHARED: [(&str, u64); 13] = [
    ("CONTACT", 119),
    ("CURRENCY", 3),
    ("CUSTOMER", 94),
    ("DEFAULT PRICE LIST", 1),
    ("ITEM-DEFAULTPRICE", 69),
    ("ITEM-PRODUCT", 69),
    ("PAYMENT TERMS", 3),
    ("RESOURCE-DEFAULTPRICE", 2),
    ("RESOURCE-PRODUCT", 2),
    ("SALESPEOPLE", 1),
    ("SHIPMENT METHOD", 2),
    ("SHIPPING AGENT", 6),
    ("VENDOR", 29),
];

fn expected(own: &[(&str, u64)]) -> BTreeMap<String, u64> {
    SHARED.iter().chain(own).map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

/// Groups that Sales makes units in are no second ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_with_the_new_prices() {
    let (world, desk, report) = start(StandardSet::NewPrices, true).await;
    assert_eq!(report.failures, []);
    let own = [
        ("OPPORTUNITY", 5),
        ("POSTEDSALESINV-INV", 8),
        ("POSTEDSALESLINE-INV", 15),
        ("SALESORDER-ORDER", 2),
        ("SOLINE-ORDERDETAIL", 4),
        ("UNIT GROUP", 81),
        ("ITEM UOM", 154),
        ("RESOURCE UOM", 2),
        ("PLHEADER-PRICE", 2),
        ("PLLINE-PRODPRICE", 32),
    ];
    assert_eq!(coupled(&desk).await, expected(&own));
    assert_eq!(written(&sync(&desk).await), []);

    let product = one(&world, At::Dataverse, "products?$filter=productnumber%20eq%20'1004'").await;
    assert_eq!(product["quantitydecimal"], json!(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_with_the_old_prices() {
    let (world, desk, report) = start(StandardSet::OldPrices, true).await;
    assert_eq!(report.failures, []);
    let own = [
        ("OPPORTUNITY", 5),
        ("POSTEDSALESINV-INV", 8),
        ("POSTEDSALESLINE-INV", 15),
        ("SALESORDER-ORDER LEGACY", 2),
        ("UNIT OF MEASURE", 2),
        ("SINGLE UNIT", 2),
        ("CUSTPRCGRP-PRICE", 1),
        ("SALESPRC-PRODPRICE", 15),
    ];
    assert_eq!(coupled(&desk).await, expected(&own));
    assert_eq!(written(&sync(&desk).await), []);

    let group = one(&world, At::Dataverse, "uomschedules?$filter=name%20eq%20'NAV%20BOX'").await;
    let units = format!("uoms?$filter=_uomscheduleid_value%20eq%20{}", text(&group, "uomscheduleid"));
    assert_eq!(text(&one(&world, At::Dataverse, &units).await, "name"), "BOX");
}

/// Codes of Business Central are choices of accounts, under the labels of the codes; documents get the same options.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_and_choices_say_the_same() {
    let (world, desk, _) = start(StandardSet::NewPrices, true).await;
    let numbers = async |table: &str, column: &str| -> BTreeMap<String, i64> {
        let path = format!(
            "EntityDefinitions(LogicalName='{table}')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata\
             ?$select=LogicalName&$filter=LogicalName%20eq%20'{column}'&$expand=OptionSet($select=Options)"
        );
        let attribute = one(&world, At::Dataverse, &path).await;
        let options = attribute["OptionSet"]["Options"].as_array().unwrap().clone();
        let option = |option: Value| {
            (
                text(&option["Label"]["UserLocalizedLabel"], "Label").to_owned(),
                option["Value"].as_i64().unwrap(),
            )
        };
        options.into_iter().map(option).collect()
    };
    let terms = numbers("account", "paymenttermscode").await;
    let of_orders = numbers("salesorder", "paymenttermscode").await;
    for code in ["14 DAYS", "30 DAYS", "COD"] {
        assert_eq!(terms.get(code), of_orders.get(code), "{code}");
        assert!(terms.contains_key(code), "{code}");
    }
    assert!(terms.contains_key("Net 60"), "what was there stays");

    let customer = world.find(At::Companion, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let (customer, account) = (text(&customer, "id").to_owned(), text(&account, "accountid").to_owned());
    let change =
        json!({"paymentTermsCode": "14 DAYS", "shippingAgentCode": "FEDERAL", "salespersonCode": "NANCY"});
    world.edit(At::Companion, "customers", &customer, change).await;
    assert_eq!(written(&sync(&desk).await).len(), 1);
    let row = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    assert_eq!(row["paymenttermscode"], json!(terms["14 DAYS"]));
    let agents = numbers("account", "address1_shippingmethodcode").await;
    assert_eq!(row["address1_shippingmethodcode"], json!(agents["FEDERAL"]));
    let nancy = world.find(At::Dataverse, "systemusers", "firstname", "Nancy").await;
    assert_eq!(row["_ownerid_value"], nancy["systemuserid"]);

    // A choice made in Dataverse is the code in Business Central; one without a code waits alone, and is said.
    let change = json!({"paymenttermscode": terms["COD"], "telephone1": "1"});
    world.edit(At::Dataverse, "accounts", &account, change).await;
    sync(&desk).await;
    let row = world.find(At::Companion, "customers", "number", "BERGS").await;
    assert_eq!((text(&row, "paymentTermsCode"), text(&row, "phoneNumber")), ("COD", "1"));
    let change = json!({"paymenttermscode": terms["Net 60"], "telephone1": "2"});
    world.edit(At::Dataverse, "accounts", &account, change).await;
    let report = sync(&desk).await;
    let row = world.find(At::Companion, "customers", "number", "BERGS").await;
    assert_eq!((text(&row, "paymentTermsCode"), text(&row, "phoneNumber")), ("COD", "2"));
    let waits = "waits until the row its payment_terms points to is coupled in PAYMENT TERMS";
    assert!(report.lines.iter().any(|line| line.note.as_deref() == Some(waits)), "{:?}", report.lines);

    // A new code becomes an option, and what waited for its label goes on; a person without a salesperson keeps the owner.
    world.create(At::Companion, "paymentTerms", json!({"code": "NET 60"})).await;
    world.edit(At::Companion, "customers", &customer, json!({"salespersonCode": ""})).await;
    sync(&desk).await;
    let row = world.find(At::Companion, "customers", "number", "BERGS").await;
    assert_eq!(text(&row, "paymentTermsCode"), "NET 60");
    let row = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    assert_eq!(row["_ownerid_value"], nancy["systemuserid"]);
    assert_eq!(written(&sync(&desk).await), []);
}

/// Without the companion what can run runs, and the rest is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_without_the_companion() {
    for (set, own) in [
        (StandardSet::NewPrices, vec![]),
        (StandardSet::OldPrices, vec![("UNIT OF MEASURE", 2), ("SINGLE UNIT", 2)]),
    ] {
        let (_world, desk, report) = start(set, false).await;
        let mut said = Vec::new();
        for failure in &report.failures {
            let mapping = failure.mapping.as_deref().unwrap();
            let problem = format!(
                "{mapping} needs Tandem's companion in business-central, and it is not installed there"
            );
            assert_eq!(failure.problem, problem);
            said.push(mapping);
        }
        let runs = [
            "CURRENCY",
            "CUSTOMER",
            "DEFAULT PRICE LIST",
            "ITEM-PRODUCT",
            "PAYMENT TERMS",
            "SALESPEOPLE",
            "SHIPMENT METHOD",
            "VENDOR",
        ];
        let own = own.iter().map(|(name, count): &(&str, u64)| (*name, *count));
        let shared = SHARED.into_iter().filter(|(name, _)| runs.contains(name));
        let mut expected: BTreeMap<&str, u64> = shared.chain(own).collect();
        expected.extend(said.into_iter().map(|mapping| (mapping, 0)));
        let coupled = coupled(&desk).await;
        assert_eq!(
            coupled.iter().map(|(name, count)| (name.as_str(), *count)).collect::<BTreeMap<_, _>>(),
            expected
        );
        assert_eq!(written(&sync(&desk).await), []);
    }
}

/// Business Central as it comes knows the salesperson of a customer by the code alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_points_to_its_salesperson_by_code() {
    let (world, desk, _) = start(StandardSet::NewPrices, false).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let owner = async || {
        let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
        let owner = text(&account, "_ownerid_value").to_owned();
        text(&world.row(At::Dataverse, "systemusers", &owner).await, "firstname").to_owned()
    };
    let sold_by = async |code: &str| {
        let change = json!({"salespersonCode": code});
        world.edit(At::BusinessCentral, "customers", text(&customer, "id"), change).await;
        sync(&desk).await
    };
    // Nobody in Dataverse is that salesperson yet.
    let report = sold_by("ANDREW").await;
    let waits = "waits until the row its owner points to is coupled in SALESPEOPLE";
    assert!(report.lines.iter().any(|line| line.note.as_deref() == Some(waits)), "{:?}", report.lines);
    assert_eq!(owner().await, "Nancy");
    let user = json!({"firstname": "Andrew", "fullname": "Andrew Fuller", "islicensed": true, "isdisabled": false,
        "internalemailaddress": "andrew@northwind.example"});
    world.create(At::Dataverse, "systemusers", user).await;
    sync(&desk).await;
    assert_eq!(owner().await, "Andrew");
    // A code in small letters is the same one.
    assert_eq!(written(&sold_by("nancy").await).len(), 1);
    assert_eq!(owner().await, "Nancy");
    assert_eq!(written(&sync(&desk).await), []);
}

/// Where Dynamics 365 Sales makes products as drafts, those that Tandem makes are published.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_that_tandem_makes_are_published() {
    let dataverse = vec!["draft-products".parse().unwrap()];
    let world = World::start(Options { companion: true, dataverse, ..Options::default() }).await;
    world.use_mappings(StandardSet::NewPrices);
    let desk = world.desk();
    let made = sync(&desk).await;
    let made =
        made.lines.iter().filter(|line| line.mapping == "ITEM-PRODUCT" && line.action == LineAction::Create);
    assert!(made.count() > 30);
    sync(&desk).await;
    let products = world.list(At::Dataverse, "products").await;
    assert_eq!(products.iter().filter(|product| product["statecode"] != json!(0)).count(), 0);
    assert_eq!(written(&sync(&desk).await), []);
}

/// Blocked items are retired products, and an inactive account blocks its customer, where people switch that on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_blocked_here_is_retired_there() {
    let world = World::start(Options { companion: true, ..Options::default() }).await;
    world.use_mappings(StandardSet::NewPrices);
    for file in ["mappings/ITEM-PRODUCT.toml", "mappings/CUSTOMER.toml"] {
        let text = std::fs::read_to_string(world.folder.path().join(file)).unwrap();
        let (before, field) = text.split_once("id = \"blocked\"").unwrap();
        world.configure(
            file,
            &text,
            &format!("{before}id = \"blocked\"{}", field.replace("enabled = false", "")),
        );
    }
    world.configure("mappings/CUSTOMER.toml", "filter = \"statecode eq 0 and ", "filter = \"");
    let products = "mappings/ITEM-PRODUCT.toml";
    world.configure(products, "filter = \"blocked eq false\"\ncreate = true", "create = \"statecode eq 0\"");
    world.configure(products, "statecode eq 2", "statecode eq 1");
    let state = "right = \"statecode\"\ndirection = \"->\"\n";
    world.configure(products, state, &format!("{state}enabled = false\n"));
    let right = "producttypecode eq 1\"\ncreate = ";
    world.configure(products, &format!("{right}true"), &format!("{right}\"blocked eq false\""));
    let unused =
        json!({"number": "9001", "displayName": "Unused", "baseUnitOfMeasureCode": "PCS", "blocked": true});
    world.create(At::BusinessCentral, "items", unused).await;
    let desk = world.desk();
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);
    let why = "only here, and the mapping creates rows in dataverse only where blocked eq false";
    let line = report.lines.iter().find(|line| line.row == "Unused").unwrap();
    assert!(line.note.as_deref().is_some_and(|note| note.contains(why)), "{line:?}");

    let product = async || world.find(At::Dataverse, "products", "productnumber", "1040").await;
    let item = async || world.find(At::BusinessCentral, "items", "number", "1040").await;
    let (item_id, product_id) = (item().await, product().await);
    let (item_id, product_id) = (text(&item_id, "id"), text(&product_id, "productid"));
    let block = json!({"blocked": true, "displayName": "No more"});
    world.edit(At::BusinessCentral, "items", item_id, block).await;
    sync(&desk).await;
    let retired = product().await;
    assert_eq!((&retired["statecode"], text(&retired, "name")), (&json!(1), "No more"));
    world.edit(At::Dataverse, "products", product_id, json!({"statecode": 0})).await;
    sync(&desk).await;
    assert_eq!(item().await["blocked"], json!(false));

    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let state = async |state: i64| {
        world.edit(At::Dataverse, "accounts", text(&account, "accountid"), json!({"statecode": state})).await;
        sync(&desk).await;
        let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
        text(&customer, "blocked").to_owned()
    };
    assert_eq!((state(1).await, state(0).await), ("All".to_owned(), "All".to_owned()), "nothing unblocks it");
    assert_eq!(written(&sync(&desk).await), []);
}

/// Opportunities, posted invoices with their lines, and an order that both know, with the lines people change on either side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_arrive_with_what_they_point_to() {
    let (world, desk, _) = start(StandardSet::NewPrices, true).await;
    let opportunity =
        json!({"description": "Spring list", "contactNumber": "CT-BERGS-1", "salespersonCode": "NANCY"});
    world.create(At::Companion, "opportunities", opportunity).await;
    let order = |reference: &str| {
        json!({"customerNumber": "BERGS", "yourReference": reference, "shipToCity": "Lund", "salesLines": [
            {"lineType": "Item", "lineObjectNumber": "1004", "quantity": 3}]})
    };
    world.create(At::Companion, "salesOrders", order("TO-POST")).await;
    let posted = world.find(At::Companion, "salesOrders", "yourReference", "TO-POST").await;
    let action = format!("salesOrders({})/Microsoft.NAV.shipAndInvoice", text(&posted, "id"));
    world.create(At::BusinessCentral, &action, json!({})).await;
    world.create(At::Companion, "salesOrders", order("S-1")).await;
    let open = world.find(At::Companion, "salesOrders", "yourReference", "S-1").await;
    let release = format!("salesOrders({})/Microsoft.NAV.release", text(&open, "id"));
    world.create(At::Companion, &release, json!({})).await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "BERGS").await;
    let sold = json!({"name": "S-1", "ordernumber": "S-1", "statecode": 1, "statuscode": 3, "shipto_city": "Lund",
        "customerid_account@odata.bind": format!("/accounts({})", text(&account, "accountid"))});
    world.create(At::Dataverse, "salesorders", sold).await;
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);

    let arrived = world.find(At::Dataverse, "opportunities", "name", "Spring list").await;
    let contact = one(&world, At::Companion, "contacts?$filter=number%20eq%20'CT-BERGS-1'").await;
    let contact = world.find(At::Dataverse, "contacts", "fullname", text(&contact, "displayName")).await;
    assert_eq!(arrived["_parentcontactid_value"], contact["contactid"]);
    let invoice = world.find(At::Dataverse, "invoices", "shipto_city", "Lund").await;
    assert_eq!(
        (&invoice["_customerid_value"], text(&invoice, "shipto_city")),
        (&account["accountid"], "Lund")
    );
    let line = format!("invoicedetails?$filter=_invoiceid_value%20eq%20{}", text(&invoice, "invoiceid"));
    let line = one(&world, At::Dataverse, &line).await;
    let product = one(&world, At::Dataverse, "products?$filter=productnumber%20eq%20'1004'").await;
    assert_eq!(
        (&line["_invoiceid_value"], &line["_productid_value"]),
        (&invoice["invoiceid"], &product["productid"])
    );
    assert_eq!((line["quantity"].as_f64(), &line["lineitemnumber"]), (Some(3.0), &json!(10000)));
    let coupled = coupled(&desk).await;
    assert_eq!((coupled["SALESORDER-ORDER"], coupled["POSTEDSALESLINE-INV"]), (3, 16));
    assert_eq!(written(&sync(&desk).await), []);
}

/// What Business Central takes while an order is open waits, with its words, and is in step once people put it in there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_released_order_refuses_and_says_so() {
    let (world, desk, _) = start(StandardSet::NewPrices, true).await;
    let order = world.find(At::Companion, "salesOrders", "number", "SO11028").await;
    let sold = world.find(At::Dataverse, "salesorders", "ordernumber", "ORD-11028").await;
    let sold = text(&sold, "salesorderid");
    world.edit(At::Dataverse, "salesorders", sold, json!({"requestdeliveryby": "2027-01-02"})).await;
    let told = async || {
        let why = Command::Why { mapping: "SALESORDER-ORDER".to_owned(), row: sold.to_owned() };
        let Ok(Reply::Why(told)) = desk.handle(&why).await else { panic!("the row is known") };
        told.waits.concat()
    };
    for _ in 0..3 {
        assert_eq!(written(&sync(&desk).await), []);
        let row = world.find(At::Companion, "salesOrders", "number", "SO11028").await;
        assert_eq!(row["requestedDeliveryDate"], order["requestedDeliveryDate"]);
        let waits = told().await;
        assert!(waits.contains("Status must be equal to 'Open' in Sales Header"), "{waits}");
    }

    world.simulation.office().reopen("SO11028").unwrap();
    let change = json!({"requestedDeliveryDate": "2027-01-02"});
    world.edit(At::Companion, "salesOrders", text(&order, "id"), change).await;
    world.simulation.office().release("SO11028").unwrap();
    assert_eq!(written(&sync(&desk).await), []);
    assert_eq!(told().await, "");
}
