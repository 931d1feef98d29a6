//! Couplings of a restored backup: which of their bases still hold.
//!
//! A backup is older than the systems. Its base of a field may be older than what both sides agreed on last, and merging
//! by such a base would let an old value win: changed on the left, carried to the right, changed back on the right, it
//! looks as if only the left had changed. So once both rows have been seen:
//!
//! - A side that still has its version of the backup was written by nobody since, Tandem included. What the other side
//!   holds was never carried over: the base holds, and everything goes its usual way.
//! - Where both sides moved on, fields that are equal are agreed. A field that differs is at first contact: nobody can
//!   tell which value is the younger, so the mapping's word for first contact decides, by default a person. There a blank
//!   gives way to a value, so that no value is lost. A field that only one side may write keeps its base: that side is right.
//! - Where one side is gone and the other moved on, the survivor counts as edited, so that nobody deletes it unasked.
//!
//! Until both rows have been seen, the base is held back from every decision.

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::mapping::Direction;
use crate::model::{Content, Coupling, Pair, Record, Side, Version};
use crate::store::{Doubt, Snapshot, StoreError, Transaction};

/// How many couplings are settled in one transaction.
const PAGE: usize = 500;

/// One side of a coupling, compared with what the backup says of it.
enum Now {
    /// Not seen since.
    Unknown,
    Untouched,
    /// Seen at another version.
    Moved(Record),
    Gone,
}

/// Settles the doubts about couplings whose rows have both been seen.
pub fn settle_doubts(engine: &Engine, prepared: &Prepared) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let snapshot = engine.store().snapshot()?;
        let page = snapshot.doubts(prepared.name(), after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        let mut transaction = engine.store().transaction()?;
        for id in page {
            let doubt = snapshot.doubt(prepared.name(), id)?.unwrap_or_default();
            match snapshot.coupling(prepared.name(), id)? {
                None => transaction.remove_doubt(prepared.name(), id)?,
                Some(coupling) => settle(engine, prepared, &snapshot, &mut transaction, coupling, &doubt)?,
            }
        }
        transaction.commit()?;
    }
}

fn settle(
    engine: &Engine,
    prepared: &Prepared,
    snapshot: &Snapshot,
    transaction: &mut Transaction,
    mut coupling: Coupling,
    doubt: &Doubt,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let now = Pair::new(
        now(&observer, snapshot, &coupling, doubt, Side::Left)?,
        now(&observer, snapshot, &coupling, doubt, Side::Right)?,
    );
    let is_shaken = match (&now.left, &now.right) {
        (Now::Untouched, _) | (_, Now::Untouched) | (Now::Gone, Now::Gone) => false,
        (Now::Unknown, _) | (_, Now::Unknown) => return Ok(()),
        (Now::Moved(left), Now::Moved(right)) => forget_differing(prepared, &mut coupling.base, left, right),
        (Now::Gone, Now::Moved(_)) | (Now::Moved(_), Now::Gone) => {
            coupling.base = Record::default();
            true
        }
    };
    transaction.remove_doubt(prepared.name(), coupling.id)?;
    if is_shaken {
        // A row in step with the forgotten base left nothing but its version: it has to be seen again.
        coupling.versions = Pair::default();
        transaction.put_coupling(&coupling)?;
        for side in Side::BOTH {
            observer.wake(transaction, side, &coupling.rows[side])?;
        }
    }
    Ok(())
}

fn now(
    observer: &Observer<'_>,
    snapshot: &Snapshot,
    coupling: &Coupling,
    doubt: &Doubt,
    side: Side,
) -> Result<Now, StoreError> {
    let name = observer.prepared.name();
    let seen = snapshot.observation(name, side, &coupling.rows[side])?.map(|seen| seen.content);
    let (version, record) = match seen {
        Some(Content::Gone(_)) => return Ok(Now::Gone),
        Some(Content::Missing { .. } | Content::Unreadable(_)) => return Ok(Now::Unknown),
        Some(Content::Row(row)) => match observer.record(snapshot, side, &row)? {
            Ok(record) => (row.version, record),
            Err(_) => return Ok(Now::Unknown),
        },
        None if coupling.versions[side].is_none() => return Ok(Now::Unknown),
        None => (coupling.versions[side].clone(), coupling.base.clone()),
    };
    let is_untouched = is_untouched(doubt.versions[side].as_ref(), version.as_ref());
    Ok(if is_untouched { Now::Untouched } else { Now::Moved(record) })
}

/// Returns whether nobody wrote the row in between. The digest of a content comes back with the content.
fn is_untouched(was: Option<&Version>, is: Option<&Version>) -> bool {
    was.is_some_and(|was| !was.is_content()) && was == is
}

/// Forgets the base of fields on which the two differ. Returns whether there are any.
fn forget_differing(prepared: &Prepared, base: &mut Record, left: &Record, right: &Record) -> bool {
    let mut is_any = false;
    for field in &prepared.mapping.fields {
        let differs = left.get(&field.id) != right.get(&field.id);
        if differs && field.direction == Direction::Both && base.get(&field.id).is_some() {
            base.0.remove(&field.id);
            is_any = true;
        }
    }
    is_any
}
