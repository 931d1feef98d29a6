//! A company that counts in another currency than the organisation: refused, or converted where people chose so.

use std::collections::BTreeSet;

use serde_json::json;
use tandem::agent::{Desk, LineAction, RunReport};
use tandem::sim::{DataSet, DataverseSwitch, Options};

use crate::world::{At, World, sync, text};

/// Starts a company with dollars beside an organisation with euros.
async fn start(options: Options, settings: &str) -> (World, Desk) {
    let dataverse = vec![DataverseSwitch::BaseCurrency("EUR".to_owned())];
    let world = World::start(Options { dataverse, ..options }).await;
    world.configure("tandem.toml", "poll_secs = 1", &format!("{settings}poll_secs = 1"));
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let desk = world.desk();
    (world, desk)
}

const CONVERT: &str = "other_base_currency = \"convert\"\n";

/// Returns what each mapping failed with: what is wrong, and what to do.
fn failures(report: &RunReport) -> Vec<(&str, String)> {
    let failures = report.failures.iter();
    let told = failures.map(|failure| {
        let (mapping, remedy) = (failure.mapping.as_deref(), failure.remedy.as_deref());
        (mapping.unwrap_or_default(), format!("{}: {}", failure.problem, remedy.unwrap_or_default()))
    });
    told.collect()
}

/// Returns the rate of a currency in Dataverse.
async fn rate(world: &World, code: &str) -> f64 {
    let currency = world.find(At::Dataverse, "transactioncurrencies", "isocurrencycode", code).await;
    currency["exchangerate"].as_f64().unwrap()
}

async fn has_rates(world: &World, expected: &[(&str, f64)]) {
    for (code, expected) in expected {
        let found = rate(world, code).await;
        assert!((found - expected).abs() < 1e-9, "{code}: {found}, not {expected}");
    }
}

/// Returns the code of the currency of the account with a customer's name.
async fn currency_of_account(world: &World, number: &str) -> String {
    let customer = world.find(At::BusinessCentral, "customers", "number", number).await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    let currency = text(&account, "_transactioncurrencyid_value");
    text(&world.row(At::Dataverse, "transactioncurrencies", currency).await, "isocurrencycode").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_base_currency_is_refused_unless_people_chose_otherwise() {
    let (world, desk) = start(Options::default(), "").await;
    let before = world.world_state().await;
    let report = sync(&desk).await;
    let failures = failures(&report);
    let mappings: Vec<_> = failures.iter().map(|(mapping, _)| *mapping).collect();
    assert_eq!(mappings, ["CURRENCY", "CUSTOMER", "ITEM-PRODUCT", "VENDOR"]);
    for (_, told) in failures {
        let problem =
            "the local currency of business-central is USD, but the base currency of dataverse is EUR";
        assert!(told.starts_with(problem) && told.contains("other_base_currency = \"convert\""), "{told}");
    }
    assert_eq!(world.world_state().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_and_blank_currencies_are_converted_where_people_chose_so() {
    let (world, desk) = start(Options { companion: true, ..Options::default() }, CONVERT).await;
    let report = sync(&desk).await;
    assert_eq!(report.failures, []);
    // A euro is 1.08 dollars, a pound 1.27, a Canadian dollar 0.73. The dollar's own rate is left to people.
    let euro = 1.08;
    has_rates(&world, &[("EUR", 1.0), ("GBP", euro / 1.27), ("CAD", euro / 0.73), ("USD", euro)]).await;
    for customer in world.list(At::BusinessCentral, "customers").await {
        // What has several accounts of its name is nobody's.
        if text(&customer, "number") != "ANATR" {
            let currency = currency_of_account(&world, text(&customer, "number")).await;
            assert_eq!(currency, text(&customer, "currencyCode"), "{customer}");
        }
    }
    let state = world.world_state().await;
    assert_eq!(sync(&desk).await.lines, []);
    assert_eq!(world.world_state().await, state);

    // Tomorrow a euro is 1.25 dollars.
    let rates = world.list(At::BusinessCentral, "currencyExchangeRates").await;
    let of_euro = rates.iter().find(|rate| rate["currencyCode"] == "EUR").unwrap();
    world.edit_by_hand(
        "currencyExchangeRates",
        text(of_euro, "id"),
        json!({"relationalExchangeRateAmount": 1.25}),
    );
    let report = sync(&desk).await;
    let updated = report.lines.iter().filter(|line| line.action == LineAction::Update);
    let updated: BTreeSet<_> = updated.map(|line| (line.mapping.as_str(), line.row.as_str())).collect();
    assert_eq!(updated, [("CURRENCY", "CAD"), ("CURRENCY", "GBP")].into());
    has_rates(&world, &[("EUR", 1.0), ("GBP", 1.25 / 1.27), ("CAD", 1.25 / 0.73), ("USD", euro)]).await;
    assert_eq!(sync(&desk).await.lines, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_for_converting_is_named() {
    let options = Options { data: DataSet::Empty, ..Options::default() };
    let (world, desk) = start(options, CONVERT).await;
    let no_rate = "business-central has no exchange rate of EUR, the base currency of dataverse, without which CURRENCY can \
                   convert none; nothing was written: make the currency EUR in business-central, with an exchange rate";
    let no_currency = "dataverse has no currency USD, which is the local currency of business-central; nothing was written: make \
                       the currency USD in dataverse, with its exchange rate";
    let report = sync(&desk).await;
    let told = failures(&report);
    let mappings: Vec<_> = told.iter().map(|(mapping, _)| *mapping).collect();
    assert_eq!(mappings, ["CURRENCY", "CUSTOMER", "ITEM-PRODUCT", "VENDOR"]);
    assert!(told[0].1.starts_with(no_rate), "{told:?}");
    assert!(told[1..].iter().all(|(_, told)| told == no_currency), "{told:?}");

    // A currency without a rate converts nothing.
    world.create(At::BusinessCentral, "currencies", json!({"code": "EUR", "displayName": "Euro"})).await;
    let dollar = json!({"isocurrencycode": "USD", "currencyname": "US Dollar", "currencysymbol": "$",
        "currencyprecision": 2, "exchangerate": 1.08});
    world.create(At::Dataverse, "transactioncurrencies", dollar).await;
    let report = sync(&desk).await;
    let told = failures(&report);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.starts_with(no_rate), "{told:?}");
}
