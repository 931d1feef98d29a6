//! Sending writes: in batches, again where a lock was met, and with computed columns added to what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::{BATCH_SIZE, BusinessCentral};
use super::schema::{Asked, Home, Schema};
use super::write::{is_locked, judge, prepare};
use crate::systems::odata::{LOCK_RETRIES, send_writes};
use crate::systems::{SystemError, Verb, Write, WriteOutcome};

/// A write with what is known of its table, or why that is not known.
struct Ready<'a> {
    write: &'a Write,
    table: Result<(Arc<Schema>, Asked), SystemError>,
}

impl Ready<'_> {
    fn home(&self) -> Home {
        self.table.as_ref().map_or(Home::Standard, |(schema, _)| schema.home)
    }
}

fn has_strange_id(schema: &Schema, write: &Write) -> bool {
    let has_id = matches!(write.verb, Verb::Create { id: Some(_), .. });
    has_id && !schema.description.abilities.takes_ids
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
        if let Some(companion) = &self.companion {
            let own = ready.iter().zip(&mut outcomes).filter(|(ready, _)| ready.home() == Home::Companion);
            self.settle(companion, own.map(|(ready, outcome)| (ready.write, outcome)).collect()).await;
        }
        self.complete(&ready, &mut outcomes).await;
        outcomes
    }

    async fn table_of(&self, write: &Write) -> Result<(Arc<Schema>, Asked), SystemError> {
        Ok((self.schema(&write.table).await?, self.ask(&write.table, &write.returning, None).await?))
    }

    /// Sends some of the writes; returns their outcomes in the order given. A batch goes to one service only.
    async fn send(&self, ready: &[Ready<'_>], which: &[usize]) -> Vec<WriteOutcome> {
        let mut outcomes = BTreeMap::new();
        for home in [Home::Standard, Home::Companion] {
            let own: Vec<usize> =
                which.iter().copied().filter(|index| ready[*index].home() == home).collect();
            if !own.is_empty() {
                let sent = self.send_to(home, ready, &own).await;
                outcomes.extend(own.into_iter().zip(sent));
            }
        }
        outcomes.into_values().collect()
    }

    async fn send_to(&self, home: Home, ready: &[Ready<'_>], which: &[usize]) -> Vec<WriteOutcome> {
        let prepared = which.iter().map(|index| {
            let Ready { write, table } = &ready[*index];
            match table {
                // The table lives elsewhere by now: without the id its create could not be told from a second one.
                Ok((schema, _)) if has_strange_id(schema, write) => {
                    Err(WriteOutcome::NotApplied(self.moved()))
                }
                Ok((schema, _)) => prepare(schema, &self.set_path(schema), write),
                Err(error) => Err(WriteOutcome::NotApplied(error.clone())),
            }
        });
        let service = match (home, &self.companion) {
            (Home::Companion, Some(companion)) => &companion.service,
            _ => &self.service,
        };
        send_writes(service, prepared.collect(), BATCH_SIZE, |position, answer| {
            let Ready { write, table } = &ready[which[position]];
            let (_, asked) = table.as_ref().expect("only a write whose table is known was sent");
            judge(&self.service.name, &asked.shape, write, answer)
        })
        .await
    }

    fn moved(&self) -> SystemError {
        SystemError::Unavailable { connection: self.service.name.clone(), status: 404, retry_after: None }
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
