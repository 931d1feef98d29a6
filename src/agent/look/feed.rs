//! Reading feeds: one for each table of each connection, shared by all mappings that use the table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracing::{debug, info};

use crate::agent::engine::{Engine, Progress};
use crate::agent::error::EngineError;
use crate::agent::identity::examine::{Suspicion, examine};
use crate::agent::identity::pinned::frozen_if_restored;
use crate::agent::identity::traces::{self, Traces};
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::model::{ColumnName, ConnectionName, Evidence, Side, TableName, Timestamp};
use crate::store::{FeedState, StoreError};
use crate::systems::{ChangePage, ChangeQuery, Cursor, Next, SystemError};

use super::deletions;
use super::first_listing;
use super::observe::Observer;

/// How old a stored watermark may grow before it is renewed although nothing came.
const WATERMARK_AGE: Duration = Duration::from_secs(24 * 60 * 60);

type FeedKey = (ConnectionName, TableName);

/// Which feeds were read to their end in this run.
#[derive(Debug, Default)]
pub struct Read {
    complete: BTreeSet<FeedKey>,
}

impl Read {
    /// Returns whether both tables of a mapping were read to their end.
    #[must_use]
    pub fn is_complete(&self, prepared: &Prepared) -> bool {
        Side::BOTH.iter().all(|side| self.complete.contains(&key(prepared, *side)))
    }
}

fn key(prepared: &Prepared, side: Side) -> FeedKey {
    (prepared.mapping.connections[side].clone(), prepared.mapping.tables[side].clone())
}

/// One feed and who uses it.
struct Feed<'a> {
    connection: ConnectionName,
    table: TableName,
    columns: BTreeSet<ColumnName>,
    users: Vec<(&'a Prepared, Side)>,
}

/// Reads every feed that mappings passed in this run use, and shows it to all that use it. A feed that fails holds up only
/// the mappings that use it.
pub async fn read_all(
    engine: &Engine,
    prepared: &[Prepared],
    known: &Traces,
    state: &mut RunState,
) -> Result<Read, StoreError> {
    let mut read = Read::default();
    for (key, feed) in feeds(prepared) {
        if !feed.users.iter().any(|(user, _)| state.chosen.contains(user.name())) {
            continue;
        }
        let outcome = feed.read(engine, &Past { prepared, known }, state).await;
        if state.note(None, outcome)?.is_some() {
            read.complete.insert(key);
        }
    }
    Ok(read)
}

/// Reads the feeds of both tables of a mapping once more. Returns whether both were read to their end.
pub async fn read_again(
    engine: &Engine,
    prepared: &[Prepared],
    known: &Traces,
    state: &mut RunState,
    mapping: &Prepared,
) -> Result<bool, StoreError> {
    let wanted = Side::BOTH.map(|side| key(mapping, side));
    let mut is_complete = true;
    for (_, feed) in feeds(prepared).into_iter().filter(|(key, _)| wanted.contains(key)) {
        let outcome = feed.read(engine, &Past { prepared, known }, state).await;
        is_complete &= state.note(None, outcome)?.is_some();
    }
    Ok(is_complete)
}

/// Returns the feeds of all tables, each with those who use it.
fn feeds(prepared: &[Prepared]) -> BTreeMap<FeedKey, Feed<'_>> {
    let mut feeds: BTreeMap<FeedKey, Feed<'_>> = BTreeMap::new();
    for (mapping, side) in prepared.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
        let (connection, table) = key(mapping, side);
        let feed = feeds.entry((connection.clone(), table.clone())).or_insert_with(|| Feed {
            connection,
            table,
            columns: BTreeSet::new(),
            users: Vec::new(),
        });
        feed.columns.extend(mapping.columns[side].iter().cloned());
        feed.users.push((mapping, side));
    }
    feeds
}

/// What it takes to tell a watermark that grew old from a system that was set back.
struct Past<'a> {
    prepared: &'a [Prepared],
    known: &'a Traces,
}

impl Feed<'_> {
    async fn read(&self, engine: &Engine, past: &Past<'_>, state: &mut RunState) -> Result<(), EngineError> {
        let mut rows = 0;
        let mut restarts = 0;
        loop {
            let feed = self.state(engine)?;
            let cursor = cursor(&feed);
            let filter = match &cursor {
                Cursor::Start => first_listing::wanted(&engine.store().snapshot()?, &self.users)?,
                Cursor::Page(_) | Cursor::Since(_) => None,
            };
            let (table, columns) = (self.table.clone(), self.columns.clone());
            let query = ChangeQuery { table, columns, cursor, filter };
            let page = match engine.system(&self.connection).changes(&query).await {
                Ok(page) => page,
                // Once: a feed that fails again fails its mappings, and no others.
                Err(SystemError::WatermarkExpired { .. }) if restarts == 0 => {
                    restarts += 1;
                    let suspicion = Suspicion::default();
                    examine(engine, past.prepared, past.known, &self.connection, suspicion).await?;
                    info!(connection = %self.connection, table = %self.table, "Watermark expired; comparing everything");
                    self.put(engine, &self.fresh())?;
                    continue;
                }
                Err(error) if feed.page.is_some() && is_of_page(&error) && restarts == 0 => {
                    restarts += 1;
                    debug!(connection = %self.connection, table = %self.table, "Page link refused; reading again");
                    self.put(engine, &FeedState { page: None, ..feed })?;
                    continue;
                }
                Err(error) => return Err(frozen_if_restored(engine, &self.connection, error)?),
            };
            rows += page.rows.len() as u64;
            engine.progress(Progress::Reading { connection: &self.connection, table: &self.table, rows });
            let is_last = matches!(page.next, Next::Done(_));
            self.store(engine, state, &feed, page)?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Returns where the feed stands; at the start where a column or a mapping is new to it.
    fn state(&self, engine: &Engine) -> Result<FeedState, StoreError> {
        let state = engine.store().snapshot()?.feed(&self.connection, &self.table)?;
        let fresh = self.fresh();
        let state = state.filter(|state| {
            state.columns.is_superset(&fresh.columns) && state.users.is_superset(&fresh.users)
        });
        Ok(state.unwrap_or(fresh))
    }

    fn fresh(&self) -> FeedState {
        FeedState {
            columns: self.columns.clone(),
            users: self.users.iter().map(|(prepared, _)| prepared.name().clone()).collect(),
            watermark: None,
            page: None,
            stored_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn put(&self, engine: &Engine, feed: &FeedState) -> Result<(), StoreError> {
        let mut transaction = engine.store().transaction()?;
        transaction.put_feed(&self.connection, &self.table, feed)?;
        transaction.commit()
    }

    /// Stores a page and the cursor behind it in one transaction (I25).
    fn store(
        &self,
        engine: &Engine,
        state: &mut RunState,
        feed: &FeedState,
        page: ChangePage,
    ) -> Result<(), StoreError> {
        state.report.rows_read += page.rows.len() as u64;
        let is_start = feed.watermark.is_none() && feed.page.is_none();
        let is_empty = page.rows.is_empty() && page.deleted.is_empty() && page.became.is_empty();
        let mut transaction = engine.store().transaction()?;
        let now = engine.now();
        for (prepared, side) in &self.users {
            let observer = Observer { prepared, now };
            for row in &page.rows {
                match row {
                    Ok(row) => observer.row(&mut transaction, *side, row.clone())?,
                    Err(error) => observer.unread(&mut transaction, *side, error.clone())?,
                }
            }
            for row in &page.deleted {
                observer.gone(&mut transaction, *side, row, Evidence::Tombstone)?;
            }
            for (row, became) in &page.became {
                observer.gone(&mut transaction, *side, row, Evidence::Became(*became))?;
            }
            state.counts(prepared.name()).read[*side] += page.rows.len() as u64;
            if is_start {
                // A listing from the start shows what is there, never what is gone.
                deletions::owe_sweep(&mut transaction, prepared, *side, now)?;
            }
        }
        let rows = page.rows.iter().flatten();
        traces::note(&mut transaction, &self.connection, &self.table, rows, &page.deleted)?;
        let (watermark, page) = match page.next {
            Next::Page(link) => (feed.watermark.clone(), Some(link)),
            Next::Done(watermark) => (Some(watermark), None),
        };
        // Only those who saw these rows: a mapping that was left out of this run is shown everything when it is back.
        let columns = feed.columns.clone();
        let after = FeedState { watermark, page, columns, stored_at: now, ..self.fresh() };
        // An idle watermark is worth no write of its own: reading again from the older one shows nothing new. Only it
        // must not grow so old that the system forgets it.
        let is_fresh = feed.stored_at.checked_add(WATERMARK_AGE).is_ok_and(|old| now < old);
        let is_idle = is_empty
            && is_fresh
            && feed.watermark.is_some()
            && feed.page.is_none()
            && after.page.is_none()
            && feed.users == after.users;
        if !is_idle {
            transaction.put_feed(&self.connection, &self.table, &after)?;
        }
        transaction.commit()
    }
}

/// Returns whether a failure may be that of the page alone, so that the read is begun again.
const fn is_of_page(error: &SystemError) -> bool {
    !(error.is_transient() || matches!(error, SystemError::Restored { .. }))
}

fn cursor(feed: &FeedState) -> Cursor {
    match (&feed.page, &feed.watermark) {
        (Some(page), _) => Cursor::Page(page.clone()),
        (None, Some(watermark)) => Cursor::Since(watermark.clone()),
        (None, None) => Cursor::Start,
    }
}
