//! Reading a whole table and holding each row against the books: what `verify` and the sweep of contents share.
//!
//! Nothing is stored here. A row that is not as the books say is no news by itself: its page may be older than what is
//! known of it by now, so whoever acts on it reads it by key first.

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::prepare::Prepared;
use crate::model::{Content, Coupling, CouplingState, Observation, PageLink, Record, Row, RowId, Side};
use crate::store::{Source, StoreError, View};
use crate::sync;
use crate::systems::{ChangeQuery, Cursor, Next, RowError};

use super::observe::Observer;

/// One page of a table.
#[derive(Debug)]
pub struct TablePage {
    pub rows: Vec<Result<Row, RowError>>,
    pub next: Option<PageLink>,
}

/// Reads one page of a whole table, from the start where no page is named. Feeds go on from where they were.
pub async fn page(prepared: &Prepared, side: Side, page: Option<PageLink>) -> Result<TablePage, EngineError> {
    let query = ChangeQuery {
        table: prepared.mapping.tables[side].clone(),
        columns: prepared.columns[side].clone(),
        cursor: page.map_or(Cursor::Start, Cursor::Page),
        filter: None,
    };
    let page = prepared.systems[side].changes(&query).await?;
    let next = match page.next {
        Next::Page(link) => Some(link),
        Next::Done(_) => None,
    };
    Ok(TablePage { rows: page.rows, next })
}

/// What a row is, and whether the books say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    pub kind: Kind,
    pub is_known: bool,
}

/// What a row is to a mapping.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Coupled,
    /// It has no partner.
    Alone(Record),
    /// Coupled or not, it is none of the mapping's business.
    Outside,
    Unreadable,
}

/// Holds a row against what is known of it.
pub fn glance(
    view: &View<impl Source>,
    engine: &Engine,
    prepared: &Prepared,
    side: Side,
    row: &Row,
) -> Result<Glance, StoreError> {
    let coupling = view.coupling_of(prepared.name(), side, &row.id)?;
    let seen = view.observation(prepared.name(), side, &row.id)?;
    if coupling.as_ref().is_some_and(|coupling| coupling.state == CouplingState::Severed) {
        return Ok(Glance { kind: Kind::Outside, is_known: true });
    }
    let unreadable = Ok(Glance { kind: Kind::Unreadable, is_known: is_unreadable(seen.as_ref()) });
    let passes = prepared.mapping.filters[side].as_ref().map_or(Ok(true), |filter| filter.accepts(row));
    let Ok(passes) = passes else { return unreadable };
    if !passes {
        return Ok(Glance {
            kind: Kind::Outside,
            is_known: is_known_outside(coupling.as_ref(), seen.as_ref(), side),
        });
    }
    let observer = Observer { prepared, now: engine.now() };
    let Ok(record) = observer.record(view, side, row)? else { return unreadable };
    let is_same = |old: &Row| {
        let mapped = |(column, _): &(_, _)| prepared.columns[side].contains(*column);
        old.values.iter().eq(row.values.iter().filter(mapped))
    };
    let is_known = match seen.map(|seen| seen.content) {
        Some(Content::Row(old)) => is_same(&old) && coupling.as_ref().is_none_or(|c| is_inside(c, side)),
        // Whether it is gone is being found out.
        Some(Content::Missing { .. }) => true,
        Some(Content::Gone(_) | Content::Unreadable(_)) => false,
        None => match &coupling {
            None => false,
            Some(coupling) if coupling.state == CouplingState::Broken => true,
            Some(coupling) => {
                is_inside(coupling, side) && sync::in_step(&prepared.mapping, &coupling.base, &record)
            }
        },
    };
    let kind = if coupling.is_some() { Kind::Coupled } else { Kind::Alone(record) };
    Ok(Glance { kind, is_known })
}

/// Holds a row that could not be decoded against what is known of it.
pub fn glance_at_unread(
    view: &View<impl Source>,
    prepared: &Prepared,
    side: Side,
    row: &RowId,
) -> Result<Glance, StoreError> {
    let seen = view.observation(prepared.name(), side, row)?;
    Ok(Glance { kind: Kind::Unreadable, is_known: is_unreadable(seen.as_ref()) })
}

fn is_unreadable(seen: Option<&Observation>) -> bool {
    seen.is_some_and(|seen| matches!(seen.content, Content::Unreadable(_)))
}

fn is_known_outside(coupling: Option<&Coupling>, seen: Option<&Observation>, side: Side) -> bool {
    match coupling {
        None => seen.is_none(),
        Some(coupling) => !matches!(coupling.state, CouplingState::Active { in_filter } if in_filter[side]),
    }
}

/// Returns whether that side of a coupling is inside the filter, by the books.
fn is_inside(coupling: &Coupling, side: Side) -> bool {
    !matches!(coupling.state, CouplingState::Active { in_filter } if !in_filter[side])
}
