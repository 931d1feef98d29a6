//! Doing what was decided: intents stored, writes sent in batches, outcomes committed.
//!
//! As many batches are under way at once as the system takes. Each has its intents stored before it leaves, and outcomes
//! are committed in the order of the batches, so that the books and the lines people read do not depend on who answered
//! first. There are no choices left here. A kill at any point is made good by `recover`: an intent without an outcome is looked
//! up before anything else is written for its row.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

use crate::agent::engine::{Engine, Progress};
use crate::agent::error::EngineError;
use crate::agent::look::{observe::Observer, reread::reread};
use crate::agent::plan::{
    resolve::with_resolver,
    standing::{unfit_reason, wake_of},
};
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::mapping::{self};
use crate::model::{ColumnName, Intent, IntentId, IntentVerb, Record, Side, Standing, Value};
use crate::store::{StoreError, Transaction};
use crate::systems::{System, Verb, Write, WriteOutcome};

use super::commit::Commit;
use super::job::{Job, Work, park_behind};

/// Sends writes to one side in batches. Sends no further one after the first sign that the system cannot be written now.
pub async fn apply(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    side: Side,
    work: Vec<Work>,
) -> Result<(), EngineError> {
    let system = &prepared.systems[side];
    let of = work.len() as u64;
    let mut done = 0;
    let mut batches = work.chunks(system.abilities().batch_size.max(1));
    let mut under_way = FuturesOrdered::new();
    let mut rereads = Vec::new();
    let mut stop = None;
    loop {
        while stop.is_none() && under_way.len() < system.abilities().parallelism.max(1) {
            let Some(batch) = batches.next() else { break };
            let sending = store_intents(engine, prepared, state, side, batch)?;
            if !sending.is_empty() {
                under_way.push_back(send(system.as_ref(), sending));
            }
        }
        // What is under way is heard to the end, also after a stop: otherwise it would be in doubt.
        let Some((sending, outcomes)) = under_way.next().await else { break };
        let commit = Commit { engine, prepared, side };
        let sent: Vec<_> = sending.iter().map(|sending| (sending.work, sending.intent)).collect();
        let rest = commit.outcomes(state, &sent, outcomes)?;
        // Read later: while this task waits for anything else, it does not hear what is under way.
        rereads.extend(rest.rereads);
        stop = stop.or(rest.stop);
        done += sending.len() as u64;
        engine.progress(Progress::Writing { mapping: prepared.name(), done, of });
    }
    reread(engine, prepared, side, &rereads).await?;
    stop.map_or(Ok(()), |error| Err(error.into()))
}

/// Sends a batch. Returns it with what became of its writes.
async fn send<'a>(system: &dyn System, sending: Vec<Sending<'a>>) -> (Vec<Sending<'a>>, Vec<WriteOutcome>) {
    let writes: Vec<_> = sending.iter().map(|sending| sending.write.clone()).collect();
    let outcomes = system.write(&writes).await;
    (sending, outcomes)
}

/// A write with its stored intent.
struct Sending<'a> {
    work: &'a Work,
    intent: IntentId,
    write: Write,
}

fn store_intents<'a>(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    side: Side,
    batch: &'a [Work],
) -> Result<Vec<Sending<'a>>, StoreError> {
    let mut sending = Vec::with_capacity(batch.len());
    let mut transaction = engine.store().transaction()?;
    for work in batch {
        let verb = match verb(prepared, &transaction, side, &work.job)? {
            Ok(verb) => verb,
            Err(error) => {
                park_unfit(engine, prepared, &mut transaction, side, work, error)?;
                continue;
            }
        };
        let intent = Intent {
            id: transaction.next_intent_id()?,
            run: state.id,
            mapping: prepared.name().clone(),
            side,
            verb: intent_verb(prepared, side, &work.job),
            stored_at: engine.now(),
        };
        transaction.put_intent(&intent)?;
        let write = Write {
            table: prepared.mapping.tables[side].clone(),
            verb,
            returning: prepared.columns[side].clone(),
        };
        sending.push(Sending { work, intent: intent.id, write });
    }
    transaction.commit()?;
    Ok(sending)
}

fn park_unfit(
    engine: &Engine,
    prepared: &Prepared,
    transaction: &mut Transaction,
    side: Side,
    work: &Work,
    error: mapping::Unfit,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let reason = unfit_reason(error);
    let standing = Standing::Parked { wake: wake_of(&reason), reason };
    park_behind(&observer, transaction, side, &work.job, &standing)
}

fn verb(
    prepared: &Prepared,
    transaction: &Transaction,
    side: Side,
    job: &Job,
) -> Result<Result<Verb, mapping::Unfit>, StoreError> {
    let values = |record: &Record| {
        with_resolver(transaction, &prepared.base_currency, |resolver| {
            mapping::to_values(&prepared.mapping, side, record, resolver)
        })
    };
    Ok(match job {
        Job::Create { minted, sent, defaults, .. } => {
            values(sent)?.map(|values| Verb::Create { id: minted.clone(), values: beside(values, defaults) })
        }
        Job::Restore { minted, sent, .. } => {
            let defaults = &prepared.mapping.new_row[side];
            values(sent)?.map(|values| Verb::Create { id: minted.clone(), values: beside(values, defaults) })
        }
        Job::Update { row, version, sent, .. } => {
            values(sent)?.map(|values| Verb::Update { id: row.clone(), version: version.clone(), values })
        }
        Job::Delete { row, version, .. } | Job::Remove { row, version } => {
            Ok(Verb::Delete { id: row.clone(), version: version.clone() })
        }
    })
}

/// Adds defaults to mapped values, which none of them overwrites.
fn beside(
    mut values: Vec<(ColumnName, Value)>,
    defaults: &[(ColumnName, Value)],
) -> Vec<(ColumnName, Value)> {
    let named: BTreeSet<_> = values.iter().map(|(column, _)| column.clone()).collect();
    values.extend(defaults.iter().filter(|(column, _)| !named.contains(column)).cloned());
    values
}

fn intent_verb(prepared: &Prepared, side: Side, job: &Job) -> IntentVerb {
    match job {
        Job::Create { source, minted, sent, replaces, .. } => IntentVerb::Create {
            replaces: *replaces,
            source: source.clone(),
            minted: minted.clone(),
            sent: sent.clone(),
            floor: prepared.server_time[side],
        },
        Job::Update { coupling, row, version, sent, .. } => IntentVerb::Update {
            coupling: *coupling,
            row: row.clone(),
            version: Some(version.clone()),
            sent: sent.clone(),
        },
        Job::Delete { coupling, row, version } => {
            IntentVerb::Delete { coupling: *coupling, row: row.clone(), version: Some(version.clone()) }
        }
        Job::Restore { replaces, minted, sent } => IntentVerb::Restore {
            replaces: replaces.clone(),
            minted: minted.clone(),
            sent: sent.clone(),
            floor: prepared.server_time[side],
        },
        Job::Remove { row, version } => IntentVerb::Remove { row: row.clone(), version: version.clone() },
    }
}
