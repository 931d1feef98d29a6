//! Reading feeds: one for each table of each connection, shared by all mappings that use the table.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{debug, info};

use crate::model::{ColumnName, ConnectionName, Evidence, Side, TableName, Timestamp};
use crate::store::{FeedState, StoreError};
use crate::systems::{ChangePage, ChangeQuery, Cursor, Next, SystemError};

use super::engine::{Engine, Progress};
use super::error::EngineError;
use super::observe::Observer;
use super::prepare::Prepared;
use super::run_state::RunState;

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

/// Reads every feed the mappings use. A feed that fails holds up only the mappings that use it.
pub async fn read_all(
    engine: &Engine,
    prepared: &[Prepared],
    state: &mut RunState,
) -> Result<Read, StoreError> {
    let mut feeds: BTreeMap<FeedKey, Feed<'_>> = BTreeMap::new();
    for (mapping, side) in prepared.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side))) {
        let (connection, table) = key(mapping, side);
        let feed = feeds.entry((connection.clone(), table.clone())).or_insert_with(|| Feed {
            connection,
            table,
            columns: BTreeSet::new(),
            users: Vec::new(),
        });
        feed.columns.extend(mapping.columns(side));
        feed.users.push((mapping, side));
    }
    let mut read = Read::default();
    for (key, feed) in feeds {
        let outcome = feed.read(engine, state).await;
        if state.note(None, outcome)?.is_some() {
            read.complete.insert(key);
        }
    }
    Ok(read)
}

impl Feed<'_> {
    async fn read(&self, engine: &Engine, state: &mut RunState) -> Result<(), EngineError> {
        let mut rows = 0;
        loop {
            let feed = self.state(engine)?;
            let query = ChangeQuery {
                table: self.table.clone(),
                columns: self.columns.clone(),
                cursor: cursor(&feed),
            };
            let page = match engine.system(&self.connection).changes(&query).await {
                Ok(page) => page,
                Err(SystemError::WatermarkExpired { .. }) if feed.watermark.is_some() => {
                    info!(connection = %self.connection, table = %self.table, "Watermark expired; comparing everything");
                    self.restart(engine, &feed)?;
                    continue;
                }
                Err(error) if feed.page.is_some() && !error.is_transient() => {
                    debug!(connection = %self.connection, table = %self.table, "Page link refused; reading again");
                    self.put(engine, &FeedState { page: None, ..feed })?;
                    continue;
                }
                Err(error) => return Err(error.into()),
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

    /// Returns where the feed stands; from the start where it was read with fewer columns.
    fn state(&self, engine: &Engine) -> Result<FeedState, StoreError> {
        let state = engine.store().snapshot()?.feed(&self.connection, &self.table)?;
        let state = state.filter(|state| state.columns.is_superset(&self.columns));
        Ok(state.unwrap_or_else(|| FeedState { columns: self.columns.clone(), watermark: None, page: None }))
    }

    /// Deletions since an expired watermark are lost; only a sweep of the ids finds them.
    fn restart(&self, engine: &Engine, feed: &FeedState) -> Result<(), StoreError> {
        let mut transaction = engine.store().transaction()?;
        let fresh = FeedState { columns: feed.columns.clone(), watermark: None, page: None };
        transaction.put_feed(&self.connection, &self.table, &fresh)?;
        transaction.put_sweep(&self.connection, &self.table, Timestamp::UNIX_EPOCH)?;
        transaction.commit()
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
        let is_empty = page.rows.is_empty() && page.deleted.is_empty();
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
            state.counts(prepared.name()).read[*side] += page.rows.len() as u64;
        }
        let after = match page.next {
            Next::Page(link) => FeedState { page: Some(link), ..feed.clone() },
            Next::Done(watermark) => FeedState { watermark: Some(watermark), page: None, ..feed.clone() },
        };
        // An idle watermark is worth no write of its own: reading again from the older one shows nothing new.
        let is_idle = is_empty && feed.watermark.is_some() && feed.page.is_none() && after.page.is_none();
        if !is_idle {
            transaction.put_feed(&self.connection, &self.table, &after)?;
        }
        transaction.commit()
    }
}

fn cursor(feed: &FeedState) -> Cursor {
    match (&feed.page, &feed.watermark) {
        (Some(page), _) => Cursor::Page(page.clone()),
        (None, Some(watermark)) => Cursor::Since(watermark.clone()),
        (None, None) => Cursor::Start,
    }
}
