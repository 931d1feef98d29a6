//! Rows without a partner: created on the other side, or left alone with the reason why not.

use std::collections::BTreeSet;

use tracing::error;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::observe::{Observer, UNREADABLE_PAUSE};
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::agent::write::job::{self, Job, Work};
use crate::mapping;
use crate::model::{CauseOfWrite, Content, Reason, Record, Row, RowId, Side, Standing, WakeCondition};
use crate::store::{Snapshot, StoreError};
use crate::sync;
use crate::systems::Search;

use super::business_keys;
use super::resolve::with_resolver;
use super::settle::leave_line;
use super::standing::{unfit_reason, wake_of};

/// Returns the create that follows from an uncoupled row, or parks the row with the reason why there is none.
pub async fn create(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    from: Side,
    row: &Row,
) -> Result<Option<Work>, EngineError> {
    let on = from.other();
    if !business_keys::is_cleared(engine, prepared, state, from, row)? {
        return Ok(None);
    }
    let observer = Observer { prepared, now: engine.now() };
    let derived = derive(engine, prepared, &engine.store().snapshot()?, from, row)?;
    let label = observer.label(from, row);
    let reason = match derived {
        Derived::Nothing => return Ok(None),
        Derived::Problem(reason) => reason,
        Derived::Work(work) => {
            let Job::Create { sent, .. } = &work.job else { return Ok(None) };
            match unreadable_partner(engine, prepared, on, sent).await? {
                Some(partner) => Reason::PartnerUnreadable { partner },
                None => return Ok(Some(work)),
            }
        }
    };
    let wake = match &reason {
        Reason::PartnerUnreadable { .. } => WakeCondition::after(observer.now, UNREADABLE_PAUSE),
        reason => wake_of(reason),
    };
    let mut transaction = engine.store().transaction()?;
    let standing = Standing::Parked { reason: reason.clone(), wake };
    observer.park(&mut transaction, from, &row.id, standing)?;
    transaction.commit()?;
    state.report.add(leave_line(prepared, &label, &reason));
    Ok(None)
}

/// What follows from an uncoupled row, as far as the store can tell.
pub enum Derived {
    Work(Work),
    Problem(Reason),
    /// The row cannot be translated; it is looked at again when it is read.
    Nothing,
}

/// Says what follows from an uncoupled row, as far as the store can tell.
pub fn derive(
    engine: &Engine,
    prepared: &Prepared,
    snapshot: &Snapshot,
    from: Side,
    row: &Row,
) -> Result<Derived, StoreError> {
    let on = from.other();
    let observer = Observer { prepared, now: engine.now() };
    let Ok(record) = observer.record(snapshot, from, row)? else { return Ok(Derived::Nothing) };
    let sent = job::sent_on_create(&prepared.mapping, on, &record);
    let fits = mapping::fits(&prepared.mapping, on, &sent, &prepared.tables[on]);
    let values = with_resolver(snapshot, &prepared.base_currency, |resolver| {
        mapping::to_values(&prepared.mapping, on, &sent, resolver)
    })?;
    if let Err(unfit) = fits.and(values.map(drop)) {
        return Ok(Derived::Problem(unfit_reason(unfit)));
    }
    if let Some(finding) = sync::audit_create(&prepared.mapping, on, &sent, &record, false) {
        error!(mapping = %prepared.name(), %finding, "A decision breaks a rule; its row is stopped");
        return Ok(Derived::Problem(Reason::Unsafe { message: finding.to_string() }));
    }
    let cause = CauseOfWrite::Edit { side: from };
    let defaults = match prepared.mapping.defaults(on, Some(row)) {
        Ok(defaults) => defaults,
        Err(missing) => return Ok(Derived::Problem(Reason::Unreadable { message: missing.to_string() })),
    };
    let job = job::create(prepared, on, &row.id, sent, defaults, None);
    Ok(Derived::Work(Work { job, label: observer.label(from, row), cause }))
}

/// Looks among the rows that cannot be read for one with the key of the row to be created: creating beside it would
/// double it (I3). Only the key's column is asked for.
async fn unreadable_partner(
    engine: &Engine,
    prepared: &Prepared,
    on: Side,
    sent: &Record,
) -> Result<Option<RowId>, EngineError> {
    let unreadable = unreadable(engine, prepared, on)?;
    if unreadable.is_empty() {
        return Ok(None);
    }
    let table = &prepared.mapping.tables[on];
    for group in &prepared.mapping.match_by {
        let Some(field) = group.first() else { continue };
        let Some(value) = sent.get(field).filter(|value| !value.is_blank()) else { continue };
        let key = Record::from_iter([(field.clone(), value.clone())]);
        let values = with_resolver(&engine.store().snapshot()?, &prepared.base_currency, |resolver| {
            mapping::to_values(&prepared.mapping, on, &key, resolver)
        })?;
        for (column, value) in values.unwrap_or_default() {
            let columns = BTreeSet::from([column.clone()]);
            let found = prepared.systems[on].search(table, &columns, &Search::Equals(column, value)).await?;
            let ids = found.into_iter().filter_map(|row| match row {
                Ok(row) => Some(row.id),
                Err(error) => error.id,
            });
            if let Some(partner) = ids.into_iter().find(|id| unreadable.contains(id)) {
                return Ok(Some(partner));
            }
        }
    }
    Ok(None)
}

fn unreadable(engine: &Engine, prepared: &Prepared, side: Side) -> Result<BTreeSet<RowId>, StoreError> {
    let (name, snapshot) = (prepared.name(), engine.store().snapshot()?);
    let mut unreadable = BTreeSet::new();
    snapshot.visit_observations(name, side, |seen| {
        if matches!(seen.content, Content::Unreadable(_)) {
            unreadable.insert(seen.row);
        }
        Ok(())
    })?;
    Ok(unreadable)
}
