//! Verifying: both systems are read in full and held against the books, and what is not as they say is named.
//!
//! Nothing is written, neither to a system nor to the store; where a repair is asked for, what is not as the books say
//! is read by key and stored as observed, and the next run decides about it under all rules. Memory: of a coupled row 17
//! bytes are kept while its mapping is verified (`sync::Ledger`), of a row without a partner its id and one digest for
//! each match group; at most a chunk of rows is held with its contents, beside the findings that are asked for.

mod alone;
mod couplings;
mod judge;
mod look;
mod news;
mod reading;
mod report;

pub use report::{Difference, Finding, FindingClass, MappingVerdict, VerifyReport};

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;
use tracing::{Instrument, info_span};

use crate::mapping::Mapping;
use crate::model::{ConnectionName, MappingName};
use crate::store::StoreError;
use crate::systems::Facts;

use super::engine::Engine;
use super::error::EngineError;
use super::identity::pinned::compare;
use super::prepare::{Prepared, prepare};
use super::report::Failure;
use judge::judge;
use reading::Reading;

/// How a verification is done.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// That mapping alone.
    pub mapping: Option<MappingName>,
    /// Let the next run look at what is not as the books say.
    pub repair: bool,
    /// The most findings named of one mapping.
    pub most_findings: usize,
}

/// Verifies mappings. Runs may come between, but not while `busy` is held: what is strange is judged with the books at
/// rest.
pub async fn verify(
    engine: &Engine,
    options: &VerifyOptions,
    busy: &Mutex<()>,
) -> Result<VerifyReport, StoreError> {
    let mut report = VerifyReport { repaired: options.repair, ..VerifyReport::default() };
    let mut facts = BTreeMap::new();
    for mapping in &engine.config().mappings {
        if options.mapping.as_ref().is_some_and(|wanted| *wanted != mapping.name) {
            continue;
        }
        let mut verdict = MappingVerdict::new(mapping);
        verdict.stands_still_for = engine.config().standing_still_for(mapping).map(ToString::to_string);
        if verdict.stands_still_for.is_some() {
            report.mappings.push(verdict);
            continue;
        }
        let verified = async {
            let prepared = ready(engine, mapping, &mut facts).await?;
            let reading = Reading::of(engine, &prepared).await?;
            let _busy = busy.lock().await;
            judge(engine, &prepared, &reading, options, verdict).await
        };
        match verified.instrument(info_span!("verify", mapping = %mapping.name)).await {
            Ok(verdict) => report.mappings.push(verdict),
            Err(EngineError::Store(error)) => return Err(error),
            Err(error) => {
                let failure = Failure::of(Some(&mapping.name), &error);
                if !report.failures.contains(&failure) {
                    report.failures.push(failure);
                }
            }
        }
    }
    Ok(report)
}

/// Makes a mapping ready to be read; nothing is pinned.
async fn ready(
    engine: &Engine,
    mapping: &Mapping,
    facts: &mut BTreeMap<ConnectionName, Facts>,
) -> Result<Prepared, EngineError> {
    let connections = &mapping.connections;
    for connection in BTreeSet::from([&connections.left, &connections.right]) {
        if facts.contains_key(connection) {
            continue;
        }
        let found = engine.system(connection).facts().await?;
        compare(&engine.store().snapshot()?, connection, &found)?;
        facts.insert(connection.clone(), found);
    }
    prepare(engine, mapping, facts).await
}
