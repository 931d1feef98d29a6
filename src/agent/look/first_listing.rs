//! What a feed's first listing may leave out: rows that would leave nothing behind in the books.
//!
//! Each row that is read is judged here in any case (`observe`), and a row outside the filter that nothing is known of is
//! forgotten right there. So a listing without such rows ends with the same books, as long as nothing of the table is known:
//!
//! - A coupled row that left the filter has to be seen, so that its coupling sleeps (I9); and a sweep follows a listing only
//!   for what is coupled (I8). Rows that were seen before have to be seen again to be forgotten. A create under way may have
//!   made a row outside the filter, and be settled by a recovery between two pages. So one coupling, one observation or one
//!   intent of any mapping of the table is enough for everything to be listed.
//! - Partners are looked for among observations alone, and those are of rows inside the filter. The sweep of contents takes a
//!   row outside that nobody knows for known.
//! - Traces (I14) are held against rows that are coupled: of these none is older than the listing.
//! - A row that enters the filter while the listing is under way was edited by then, and comes behind the watermark.
//! - A mapping that is new to the table, or means another filter by now, begins its feed anew.
//!
//! One thing is told later: of a row outside the filter that cannot even be decoded, only the sweep of contents tells.

use crate::agent::prepare::Prepared;
use crate::mapping::Filter;
use crate::model::Side;
use crate::store::{Snapshot, StoreError};

/// Returns what rows have to meet to be any user's business; nothing where all are to be listed.
pub fn wanted(snapshot: &Snapshot, users: &[(&Prepared, Side)]) -> Result<Option<Filter>, StoreError> {
    let mut filters: Vec<&Filter> = Vec::with_capacity(users.len());
    for (prepared, side) in users {
        let Some(filter) = &prepared.mapping.filters[*side] else { return Ok(None) };
        if knows_rows(snapshot, prepared, *side)? {
            return Ok(None);
        }
        if !filters.contains(&filter) {
            filters.push(filter);
        }
    }
    let either = |one: Filter, other: Filter| Filter::Or(Box::new(one), Box::new(other));
    Ok(filters.into_iter().cloned().reduce(either))
}

/// Returns whether the books hold anything that a row of that side may be about.
fn knows_rows(snapshot: &Snapshot, prepared: &Prepared, side: Side) -> Result<bool, StoreError> {
    let name = prepared.name();
    Ok(snapshot.count_couplings(name)? > 0
        || !snapshot.observations(name, side, None, 1)?.is_empty()
        || snapshot.intents()?.iter().any(|intent| intent.mapping == *name))
}
