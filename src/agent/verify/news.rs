//! What the feeds are about to tell: a row that the next run sees by itself is no finding.

use std::collections::BTreeSet;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::prepare::Prepared;
use crate::model::{RowId, Side};
use crate::store::{FeedState, StoreError};
use crate::systems::{ChangeQuery, Cursor, Next, SystemError};

/// Which of some rows the next run will be shown.
pub enum News {
    /// All of them: the table is read anew.
    Everything,
    Of(BTreeSet<RowId>),
}

impl News {
    /// Returns whether a row will be shown.
    pub fn tells_of(&self, row: &RowId) -> bool {
        match self {
            Self::Everything => true,
            Self::Of(rows) => rows.contains(row),
        }
    }

    /// Reads on from where the feed stands, and keeps nothing but which of `rows` it tells of. Called after the rows were
    /// read: whatever was changed before is told, unless the feed misses it.
    pub async fn of(
        engine: &Engine,
        prepared: &Prepared,
        side: Side,
        rows: &BTreeSet<RowId>,
    ) -> Result<Self, EngineError> {
        if rows.is_empty() {
            return Ok(Self::Of(BTreeSet::new()));
        }
        let Some(feed) = feed(engine, prepared, side)? else { return Ok(Self::Everything) };
        let mut cursor = match (feed.page, feed.watermark) {
            (Some(page), _) => Cursor::Page(page),
            (None, Some(watermark)) => Cursor::Since(watermark),
            (None, None) => return Ok(Self::Everything),
        };
        let mut told = BTreeSet::new();
        loop {
            let query = ChangeQuery {
                table: prepared.mapping.tables[side].clone(),
                columns: prepared.columns[side].clone(),
                cursor,
                filter: None,
            };
            let page = match prepared.systems[side].changes(&query).await {
                Err(SystemError::WatermarkExpired { .. }) => return Ok(Self::Everything),
                page => page?,
            };
            let shown = page.rows.into_iter().filter_map(|row| match row {
                Ok(row) => Some(row.id),
                Err(error) => error.id,
            });
            let gone = page.deleted.into_iter().chain(page.became.into_iter().map(|(row, _)| row));
            told.extend(shown.chain(gone).filter(|row| rows.contains(row)));
            match page.next {
                Next::Page(link) => cursor = Cursor::Page(link),
                Next::Done(_) => return Ok(Self::Of(told)),
            }
        }
    }
}

/// Returns whether the next run reads a table from its start.
pub fn is_read_anew(engine: &Engine, prepared: &Prepared, side: Side) -> Result<bool, StoreError> {
    Ok(feed(engine, prepared, side)?.is_none_or(|feed| feed.watermark.is_none() && feed.page.is_none()))
}

/// Returns where a feed stands, if it serves the mapping as it is.
fn feed(engine: &Engine, prepared: &Prepared, side: Side) -> Result<Option<FeedState>, StoreError> {
    let (connection, table) = (&prepared.mapping.connections[side], &prepared.mapping.tables[side]);
    let feed = engine.store().snapshot()?.feed(connection, table)?;
    Ok(feed.filter(|feed| {
        feed.columns.is_superset(&prepared.columns[side]) && feed.users.contains(prepared.name())
    }))
}
