//! Keeping the store: copies of it, looking it over, giving room back, forgetting what is old.
//!
//! None of it concerns the systems, so that it works without a configuration as well.

mod tidy;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::model::MappingName;
use crate::store::{Compacted, Examination, Store, StoreError};

use super::desk::control::{BackupView, CompactedView, Reply};

pub use tidy::tidy;

/// How often compaction is tried while others read, and how long it waits in between.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Copies the store into a file.
pub fn backup(store: &Store, to: &Path, replace: bool) -> Result<Reply, StoreError> {
    let bytes = store.backup(to, replace)?;
    tracing::info!(bytes, "Backup written");
    Ok(Reply::BackedUp(BackupView { file: to.display().to_string(), bytes }))
}

/// Looks the store over.
pub fn examine(store: &Store, configured: &BTreeSet<MappingName>) -> Result<Examination, StoreError> {
    store.examine(configured)
}

/// Gives unused room of the file back. Nothing where others would not let go of it.
pub async fn compact(store: &Store) -> Result<Option<Reply>, StoreError> {
    for _ in 0..TRIES {
        if let Some(Compacted { before, after }) = store.compact()? {
            tracing::info!(before, after, "Store compacted");
            return Ok(Some(Reply::Compacted(CompactedView { before, after })));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(None)
}
