//! Sending writes: in batches, again where a lock was met, and with computed columns added to what comes back.

use std::sync::Arc;

use super::client::{BATCH_SIZE, BusinessCentral};
use super::schema::{Asked, Schema};
use super::write::{is_locked, judge, prepare};
use crate::systems::odata::send_writes;
use crate::systems::{SystemError, Write, WriteOutcome};

/// How many times a write that met a lock is sent again.
const LOCK_RETRIES: u32 = 3;

/// A write with what is known of its table, or why that is not known.
struct Ready<'a> {
    write: &'a Write,
    table: Result<(Arc<Schema>, Asked), SystemError>,
}

impl BusinessCentral {
    pub(super) async fn send_all(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let mut ready = Vec::with_capacity(writes.len());
        for write in writes {
            ready.push(Ready { write, table: self.table_of(write).await });
        }
        let mut open: Vec<usize> = (0..ready.len()).collect();
        let mut outcomes = self.send(&ready, &open).await;
        for attempt in 0..LOCK_RETRIES {
            open.retain(|index| is_locked(&outcomes[*index]));
            if open.is_empty() {
                break;
            }
            self.service.session.back_off(attempt).await;
            for (index, outcome) in open.iter().zip(self.send(&ready, &open).await) {
                outcomes[*index] = outcome;
            }
        }
        self.complete(&ready, &mut outcomes).await;
        outcomes
    }

    async fn table_of(&self, write: &Write) -> Result<(Arc<Schema>, Asked), SystemError> {
        Ok((self.schema(&write.table).await?, self.ask(&write.table, &write.returning, None).await?))
    }

    /// Sends some of the writes; returns their outcomes in the order given.
    async fn send(&self, ready: &[Ready<'_>], which: &[usize]) -> Vec<WriteOutcome> {
        let prepared = which.iter().map(|index| {
            let Ready { write, table } = &ready[*index];
            match table {
                Ok((schema, _)) => prepare(schema, &self.set_path(&write.table), write),
                Err(error) => Err(WriteOutcome::NotApplied(error.clone())),
            }
        });
        send_writes(&self.service, prepared.collect(), BATCH_SIZE, |position, answer| {
            let Ready { write, table } = &ready[which[position]];
            let (_, asked) = table.as_ref().expect("only a write whose table is known was sent");
            judge(&self.service.name, &asked.shape, write, answer)
        })
        .await
    }

    /// Adds computed columns to the rows that came back. The rates are read once; without them the rows are unseen.
    async fn complete(&self, ready: &[Ready<'_>], outcomes: &mut [WriteOutcome]) {
        let mut rates = None;
        for (ready, outcome) in ready.iter().zip(outcomes) {
            let (WriteOutcome::Written(row), Ok((_, asked))) = (&mut *outcome, &ready.table) else {
                continue;
            };
            if asked.exchange_rate && rates.is_none() {
                rates = Some(self.rates(asked).await);
            }
            match &rates {
                Some(Err(_)) if asked.exchange_rate => {
                    *outcome = WriteOutcome::WrittenUnseen(Some(row.id.clone()));
                }
                Some(Ok(rates)) => asked.complete(row, rates.as_ref()),
                _ => asked.complete(row, None),
            }
        }
    }
}
