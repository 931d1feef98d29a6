//! Freezing a connection: stored, so that no later run and no other process forgets it.

use tracing::warn;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::model::{ConnectionName, Freeze, FreezeCause};
use crate::store::StoreError;

/// Freezes a connection, and returns the error that says so.
pub fn freeze(
    engine: &Engine,
    connection: &ConnectionName,
    cause: FreezeCause,
) -> Result<EngineError, StoreError> {
    let freeze = Freeze { at: engine.now(), cause };
    let mut transaction = engine.store().transaction()?;
    transaction.put_freeze(connection, &freeze)?;
    transaction.commit()?;
    if !engine.is_rehearsal() {
        warn!(%connection, "Connection frozen: its system was set back");
    }
    Ok(EngineError::Frozen { connection: connection.clone(), freeze: Box::new(freeze) })
}

/// Refuses a connection that is frozen.
pub fn check(engine: &Engine, connection: &ConnectionName) -> Result<(), EngineError> {
    match engine.store().snapshot()?.freeze(connection)? {
        Some(freeze) => Err(EngineError::Frozen { connection: connection.clone(), freeze: Box::new(freeze) }),
        None => Ok(()),
    }
}
