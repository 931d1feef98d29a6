//! Taking a person's word for a plan that waits.
//!
//! The approval is stored first, row by row, and each row's is used up when it is done: whatever interrupts the run, the
//! rest goes on afterwards, and nothing is done twice.

use tracing::info;

use crate::agent::desk::control::ControlError;
use crate::agent::engine::Engine;
use crate::agent::error::ErrorKind;
use crate::model::{ApprovedRow, BrakedPlan, MappingName};
use crate::store::{Snapshot, StoreError};

use super::gate::free_all;

const PAGE: usize = 500;

/// Approves the plan with that hash. Returns its mapping, or the plans that wait, of which it is none.
pub fn approve(
    engine: &Engine,
    hash: &str,
    by: &str,
) -> Result<Result<MappingName, Vec<BrakedPlan>>, StoreError> {
    let waiting = waiting(engine, &engine.store().snapshot()?)?;
    let Some(plan) = waiting.iter().find(|plan| plan.hash.as_str().eq_ignore_ascii_case(hash.trim())) else {
        return Ok(Err(waiting));
    };
    let name = &plan.mapping;
    let mut transaction = engine.store().transaction()?;
    let mut after = None;
    loop {
        let rows = transaction.braked_rows(name, after.as_ref(), PAGE)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.key());
        for planned in rows {
            let (plan, by) = (plan.hash.clone(), by.to_owned());
            transaction.put_approved_row(&ApprovedRow { planned, plan, by, at: engine.now() })?;
        }
    }
    transaction.remove_braked_plan(name)?;
    free_all(&mut transaction, name)?;
    transaction.commit()?;
    info!(mapping = %name, plan = %plan.hash, rows = plan.rows, "Plan approved");
    Ok(Ok(name.clone()))
}

/// The error for a plan that does not wait: another one by now, approved already, or mistyped.
#[must_use]
pub fn not_waiting(plan: &str, waiting: &[BrakedPlan]) -> ControlError {
    let one = |plan: &BrakedPlan| format!("{} ({}, rows: {})", plan.hash, plan.mapping, plan.rows);
    let list: Vec<_> = waiting.iter().map(one).collect();
    ControlError {
        kind: ErrorKind::Usage,
        problem: format!("no plan {plan} waits for approval"),
        remedy: Some(match list.is_empty() {
            true => "nothing waits at present; `tandem status` shows how things stand".to_owned(),
            false => format!("look at `tandem status`; these wait: {}", list.join(", ")),
        }),
    }
}

/// Returns the plans of the mappings in use that wait for a person.
pub fn waiting(engine: &Engine, snapshot: &Snapshot) -> Result<Vec<BrakedPlan>, StoreError> {
    let mappings = engine.config().mappings.iter();
    let plans = mappings.map(|mapping| snapshot.braked_plan(&mapping.name));
    plans.filter_map(Result::transpose).collect()
}
