//! Rows without a partner: created on the other side, or left alone with the reason why not.

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::agent::run_state::RunState;
use crate::agent::write::job::{self, Work};
use crate::mapping;
use crate::model::{CauseOfWrite, Reason, Row, Side, Standing, WakeCondition};
use crate::store::StoreError;

use super::resolve::with_resolver;
use super::settle::leave_line;
use super::standing::unfit_reason;

/// Returns the create that follows from an uncoupled row, or parks the row with the reason why there is none.
pub fn create(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    from: Side,
    row: &Row,
) -> Result<Option<Work>, StoreError> {
    let on = from.other();
    let observer = Observer { prepared, now: engine.now() };
    let snapshot = engine.store().snapshot()?;
    let Ok(record) = observer.record(&snapshot, from, row)? else { return Ok(None) };
    let sent = job::sent_on_create(&prepared.mapping, on, &record);
    let fits = mapping::fits(&prepared.mapping, on, &sent, &prepared.tables[on]);
    let values = with_resolver(&snapshot, &prepared.base_currency, |resolver| {
        mapping::to_values(&prepared.mapping, on, &sent, resolver)
    })?;
    drop(snapshot);
    let label = observer.label(from, row);
    match fits.and(values.map(drop)) {
        Ok(()) => {
            let cause = CauseOfWrite::Edit { side: from };
            let job = job::create(prepared, on, row, sent, None);
            Ok(Some(Work { job, label, cause }))
        }
        Err(error) => {
            let reason = unfit_reason(error);
            let wake = match &reason {
                Reason::WaitingForReference { mapping, side, row, .. } => {
                    WakeCondition::Coupled { mapping: mapping.clone(), side: *side, row: row.clone() }
                }
                _ => WakeCondition::RowChanges,
            };
            let mut transaction = engine.store().transaction()?;
            let standing = Standing::Parked { reason: reason.clone(), wake };
            observer.park(&mut transaction, from, &row.id, standing)?;
            transaction.commit()?;
            state.report.add(leave_line(prepared, &label, &reason));
            Ok(None)
        }
    }
}
