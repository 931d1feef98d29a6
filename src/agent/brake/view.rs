//! A plan that waits, in words.

use serde::{Deserialize, Serialize};

use crate::agent::engine::Engine;
use crate::mapping::Mapping;
use crate::model::{Bound, BrakedPlan, PlannedRow, Trip, Tripped};
use crate::store::{Snapshot, StoreError};

use super::approve::waiting;

/// How many rows are named.
const EXAMPLES: usize = 5;

/// A plan over a limit, which waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrakeView {
    pub mapping: String,
    /// What `tandem approve` takes.
    pub plan: String,
    pub since: jiff::Timestamp,
    /// How much is to be done in all.
    pub rows: u64,
    /// What there is too much of, and which limit it is over.
    pub reasons: Vec<String>,
    /// Some of the rows, each with what is to be done to it.
    pub examples: Vec<String>,
}

/// Returns a plan in words.
pub fn brake(
    snapshot: &Snapshot,
    plan: &BrakedPlan,
    mapping: &Mapping,
    window_hours: u64,
) -> Result<BrakeView, StoreError> {
    let rows = snapshot.braked_rows(&plan.mapping, None, EXAMPLES)?;
    let example =
        |row: &PlannedRow| format!("{} {} in {}", row.verb.word(), row.label, mapping.connections[row.on]);
    Ok(BrakeView {
        mapping: plan.mapping.to_string(),
        plan: plan.hash.to_string(),
        since: plan.since,
        rows: plan.rows,
        reasons: plan.trips.iter().map(|trip| reason(trip, mapping, window_hours)).collect(),
        examples: rows.iter().map(example).collect(),
    })
}

/// Returns all plans that wait.
pub fn brakes(engine: &Engine, snapshot: &Snapshot) -> Result<Vec<BrakeView>, StoreError> {
    let mut views = Vec::new();
    for plan in waiting(engine, snapshot)? {
        let mappings = &engine.config().mappings;
        let Some(mapping) = mappings.iter().find(|mapping| mapping.name == plan.mapping) else { continue };
        let limits = engine.config().settings.brakes.limits_of(plan.mapping.as_str());
        views.push(brake(snapshot, &plan, mapping, limits.window_hours)?);
    }
    Ok(views)
}

fn reason(trip: &Trip, mapping: &Mapping, window_hours: u64) -> String {
    let (on, from) = (&mapping.connections[trip.on], &mapping.connections[trip.on.other()]);
    let rows = if trip.planned == 1 { "1 row".to_owned() } else { format!("{} rows", trip.planned) };
    let is_one = trip.planned == 1;
    let what = match &trip.what {
        Tripped::Creates => format!("{rows} would be created in {on}"),
        Tripped::Updates => format!("{rows} would be changed in {on}"),
        Tripped::Deletions => {
            format!(
                "{rows} {} gone from {from}, which would be passed on to {on}",
                if is_one { "is" } else { "are" }
            )
        }
        Tripped::Blanks(field) => format!("{field} would be emptied in {rows} of {on}"),
    };
    let before = match trip.before {
        0 => String::new(),
        before => format!(", after {before} within {window_hours} hours before"),
    };
    let bound = match &trip.bound {
        Bound::Rows(limit) => format!("more than {limit} within {window_hours} hours need a person's word"),
        Bound::Percent { percent, of } if matches!(trip.what, Tripped::Blanks(_)) => {
            format!("more than {percent} % of {of} changed rows need a person's word")
        }
        Bound::Percent { percent, of } => {
            format!("more than {percent} % of {of} rows within {window_hours} hours need a person's word")
        }
        Bound::MostOf(of) => format!("that is most of {of} rows, which needs a person's word"),
    };
    format!("{what}{before}; {bound}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping;
    use crate::model::{Pair, Side};

    #[test]
    fn a_shopkeeper_reads_what_is_to_happen_and_which_limit_it_is_over() {
        let connections = Pair::new("erp".into(), "crm".into());
        let mapping = mapping::parse("m", mapping::standard("CUSTOMER").unwrap(), &connections).unwrap();
        let text = |what, planned, before, bound| {
            reason(&Trip { on: Side::Left, what, planned, before, bound }, &mapping, 24)
        };
        assert_eq!(
            text(Tripped::Deletions, 91, 0, Bound::Rows(50)),
            "91 rows are gone from crm, which would be passed on to erp; more than 50 within 24 hours need a person's word"
        );
        assert_eq!(
            text(Tripped::Updates, 1, 80, Bound::Percent { percent: 80, of: 100 }),
            "1 row would be changed in erp, after 80 within 24 hours before; more than 80 % of 100 rows within 24 hours \
             need a person's word"
        );
        assert_eq!(
            text(Tripped::Blanks("phone".into()), 40, 0, Bound::Percent { percent: 5, of: 41 }),
            "phone would be emptied in 40 rows of erp; more than 5 % of 41 changed rows need a person's word"
        );
        assert_eq!(
            text(Tripped::Deletions, 20, 0, Bound::MostOf(30)),
            "20 rows are gone from crm, which would be passed on to erp; that is most of 30 rows, which needs a person's \
             word"
        );
    }
}
