//! Who the system behind a connection is: pinned at first contact, and compared from there on (I13).

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::model::{ConnectionName, FreezeCause, Pin};
use crate::store::{Snapshot, StoreError};
use crate::systems::{Facts, SystemError};

use super::freeze::{self, freeze};

/// Asks a connection who it is, and pins or compares the answer (I13). A frozen one is not even asked.
pub async fn identify(engine: &Engine, connection: &ConnectionName) -> Result<Facts, EngineError> {
    freeze::check(engine, connection)?;
    let facts = engine.system(connection).facts().await?;
    let snapshot = engine.store().snapshot()?;
    let (pinned, found) = (compare(&snapshot, connection, &facts)?, pin_of(&facts));
    // The first contact, or another name for the same system.
    if pinned.as_ref() != Some(&found) {
        put_pin(engine, connection, &found)?;
    }
    check_past(engine, &snapshot, connection)?;
    Ok(facts)
}

/// Holds who a system says it is against what is pinned, and returns that.
pub fn compare(
    snapshot: &Snapshot,
    connection: &ConnectionName,
    facts: &Facts,
) -> Result<Option<Pin>, EngineError> {
    match snapshot.pin(connection)? {
        Some(pinned) if pinned.identity != facts.identity => {
            Err(EngineError::OtherIdentity { connection: connection.clone(), pinned, found: pin_of(facts) })
        }
        pinned => Ok(pinned),
    }
}

/// Returns what is pinned of a system.
pub fn pin_of(facts: &Facts) -> Pin {
    Pin { identity: facts.identity.clone(), name: facts.display_name.clone() }
}

fn put_pin(engine: &Engine, connection: &ConnectionName, pin: &Pin) -> Result<(), StoreError> {
    let mut transaction = engine.store().transaction()?;
    transaction.put_pin(connection, pin)?;
    transaction.commit()
}

/// Holds what was read of a connection's tables against the system as it is, where the system itself can tell (I14).
fn check_past(engine: &Engine, snapshot: &Snapshot, connection: &ConnectionName) -> Result<(), EngineError> {
    let mut read = Vec::new();
    for table in engine.config().tables_used(connection).keys() {
        read.extend(snapshot.feed(connection, table)?.and_then(|feed| feed.watermark));
    }
    match engine.system(connection).check_past(&read) {
        Err(error) => Err(frozen_if_restored(engine, connection, error)?),
        Ok(()) => Ok(()),
    }
}

/// Freezes the connection where a system says that it was restored; any other failure is passed on.
pub fn frozen_if_restored(
    engine: &Engine,
    connection: &ConnectionName,
    error: SystemError,
) -> Result<EngineError, StoreError> {
    match error {
        SystemError::Restored { detail, .. } => freeze(engine, connection, FreezeCause::Restored { detail }),
        error => Ok(error.into()),
    }
}
