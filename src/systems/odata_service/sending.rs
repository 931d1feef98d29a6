//! Sending writes. A row whose version is a digest of its content is read and compared right before its write.

use std::sync::Arc;

use super::client::{BATCH_SIZE, ODataService};
use super::schema::Schema;
use super::write::{judge, prepare};
use crate::model::{RowId, Version};
use crate::systems::odata::{RowShape, ServiceError, keyed_reads, send_writes};
use crate::systems::{KeyedRead, SystemError, Verb, Write, WriteOutcome};

/// What is known of a write's table, or why it is not known.
type Ready = Result<(Arc<Schema>, RowShape), SystemError>;

impl ODataService {
    pub(super) async fn send_all(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let mut ready: Vec<Ready> = Vec::with_capacity(writes.len());
        for write in writes {
            ready.push(self.ready(write).await);
        }
        let mut ready = ready.as_slice();
        let mut outcomes = Vec::with_capacity(writes.len());
        // What is to be compared travels alone, so that nothing comes between its reading and its write.
        for together in writes.chunk_by(|one, next| compared(one).is_none() && compared(next).is_none()) {
            let (these, rest) = ready.split_at(together.len());
            ready = rest;
            match self.obstacle(&together[0], &these[0]).await {
                Some(outcome) => outcomes.push(outcome),
                None => outcomes.extend(self.send(together, these).await),
            }
        }
        outcomes
    }

    async fn ready(&self, write: &Write) -> Ready {
        Ok((self.schema(&write.table).await?, self.shape(&write.table, &write.returning).await?))
    }

    async fn send(&self, writes: &[Write], ready: &[Ready]) -> Vec<WriteOutcome> {
        let prepared = writes.iter().zip(ready).map(|(write, ready)| match ready {
            Ok((schema, _)) => prepare(schema, self.traits.company.as_ref(), write),
            Err(error) => Err(WriteOutcome::NotApplied(error.clone())),
        });
        send_writes(&self.service, prepared.collect(), BATCH_SIZE, |index, answer| {
            let (_, shape) = ready[index].as_ref().expect("only a write whose table is known was sent");
            judge(&self.service.name, shape, &writes[index], answer)
        })
        .await
    }

    /// Reads the row whose write is to be compared; returns what keeps the write from being sent.
    async fn obstacle(&self, write: &Write, ready: &Ready) -> Option<WriteOutcome> {
        let (id, version) = compared(write)?;
        let Ok((_, shape)) = ready else { return None };
        let ids = std::slice::from_ref(id);
        let is_absence = |_: &ServiceError| true;
        let mut reads = match keyed_reads(&self.service, write.table.as_str(), shape, ids, is_absence).await {
            Ok(reads) => reads,
            Err(error) => return Some(WriteOutcome::NotApplied(error)),
        };
        match reads.pop() {
            Some(KeyedRead::Found(row)) if row.version.as_ref() == Some(version) => None,
            Some(KeyedRead::Absent) => Some(WriteOutcome::Missing),
            Some(KeyedRead::Found(_) | KeyedRead::Unreadable(_)) | None => Some(WriteOutcome::Stale),
        }
    }
}

/// Returns the row that is to be compared by us, because no server compares a digest.
fn compared(write: &Write) -> Option<(&RowId, &Version)> {
    match &write.verb {
        Verb::Update { id, version, .. } | Verb::Delete { id, version } if version.is_content() => {
            Some((id, version))
        }
        Verb::Create { .. } | Verb::Update { .. } | Verb::Delete { .. } => None,
    }
}
