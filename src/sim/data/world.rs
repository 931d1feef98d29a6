//! Fills both systems: the rows neither can be without, then the data set.

use serde_json::{Value, json};
use uuid::{Builder, Uuid};

use super::{business_central, companion, dataverse, documents, messages, other_engine, people, synthetic};
use crate::sim::options::{DataSet, Options};
use crate::sim::{business_central as bc, dataverse as dv};

/// When every seeded row was made.
pub(super) const CREATED: &str = "2025-01-06T08:00:00Z";

/// Both systems, filled.
pub(crate) struct World {
    pub(crate) dataverse: dv::Service,
    pub(crate) business_central: bc::Service,
}

/// Returns the id a row always has under this seed.
pub(crate) fn stable_id(seed: u64, table: &str, key: &str) -> Uuid {
    let name = format!("tandem-sim:{seed}/{table}/{key}");
    let bytes = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).into_bytes();
    // Neither product derives ids from names: they look drawn by chance.
    Builder::from_random_bytes(bytes).into_uuid()
}

/// Makes both systems.
pub(crate) fn world(options: &Options) -> World {
    let seed = options.seed;
    let mut world =
        World { dataverse: organisation(seed, &options.dataverse), business_central: company(seed) };
    if options.data == DataSet::Northwind {
        business_central::fill(&mut world.business_central, seed);
        companion::fill(&mut world.business_central, seed);
        dataverse::fill(&mut world.dataverse, seed, base_currency(&options.dataverse));
        if options.companion {
            documents::fill(&mut world, seed);
        }
    }
    synthetic::fill(&mut world.business_central, seed, options.rows);
    world.business_central.sign_seeded();
    world.business_central.install_companion(options.companion);
    world
}

/// The organisation, its users and its base currency.
fn organisation(seed: u64, switches: &[dv::Switch]) -> dv::Service {
    let id = |table: &str, key: &str| stable_id(seed, table, key);
    let ids = dv::Seed {
        tenant: id("registration", "tenant"),
        organization: id("organizations", "1"),
        business_unit: id("businessunits", "1"),
        application_user: id("systemusers", "application"),
        person: id("systemusers", "person"),
        base_currency: id("transactioncurrencies", base_currency(switches)),
    };
    let mut service = dv::Service::new(ids, switches);
    people::fill(&mut service, &ids, seed);
    let base_currency = base_currency(switches);
    dataverse::insert_currency(&mut service, seed, base_currency, base_currency);
    service.insert(
        "organizations",
        ids.organization,
        CREATED,
        &[
            ("name", json!("Northwind Traders")),
            ("basecurrencyid", Value::String(ids.base_currency.to_string())),
            ("expirechangetrackingindays", json!(7)),
            ("pricingdecimalprecision", json!(2)),
            ("languagecode", json!(1033)),
        ],
    );
    messages::fill(&mut service, seed);
    other_engine::fill(&mut service, seed);
    service
}

fn base_currency(switches: &[dv::Switch]) -> &str {
    let chosen = switches.iter().find_map(|switch| match switch {
        dv::Switch::BaseCurrency(code) => Some(code.as_str()),
        _ => None,
    });
    chosen.unwrap_or("USD")
}

/// The company with its set-up rows.
fn company(seed: u64) -> bc::Service {
    let company = stable_id(seed, "companies", "Northwind Traders");
    let tenant = stable_id(seed, "registration", "tenant");
    let mut service = bc::Service::new(bc::Seed {
        tenant,
        environment: "Production",
        company,
        application_user: stable_id(seed, "users", "application"),
        person: stable_id(seed, "users", "person"),
        lineage: stable_id(seed, "lineages", "1"),
    });
    service.insert(
        "companies",
        company,
        CREATED,
        &[
            ("name", json!("Northwind Traders")),
            ("displayName", json!("Northwind Traders")),
            ("systemVersion", json!("29.0.0.0")),
            ("systemCreatedAt", json!(CREATED)),
            ("systemModifiedAt", json!(CREATED)),
        ],
    );
    let information = stable_id(seed, "companyInformation", "1");
    service.insert(
        "companyInformation",
        information,
        CREATED,
        &[
            ("displayName", json!("Northwind Traders")),
            ("city", json!("Seattle")),
            ("state", json!("WA")),
            ("country", json!("US")),
            ("currencyCode", json!("USD")),
            ("currentFiscalYearStartDate", json!("2025-01-01")),
        ],
    );
    service.insert(
        "generalLedgerSetup",
        stable_id(seed, "generalLedgerSetup", "1"),
        CREATED,
        &[("localCurrencyCode", json!("USD")), ("localCurrencySymbol", json!("$"))],
    );
    service
}
