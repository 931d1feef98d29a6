//! What one run has done so far.

use std::collections::{BTreeMap, BTreeSet};

use tracing::info;

use crate::model::{Counts, DecisionHash, MappingName, PlannedWrite, RowId, RunId, Side, Timestamp};
use crate::store::StoreError;
use crate::sync::BusinessKey;
use crate::systems::SystemError;

use super::brake::plan_file::Plans;
use super::brake::survey::Weight;
use super::error::{EngineError, ErrorKind};
use super::report::{Failure, RunReport};

/// One run under way.
#[derive(Debug)]
pub struct RunState {
    pub id: RunId,
    pub started_at: Timestamp,
    pub report: RunReport,
    pub counts: BTreeMap<MappingName, Counts>,
    /// The problems that are nothing but being asked to slow down.
    pub throttled: BTreeSet<String>,
    /// The mappings that it passes.
    pub chosen: BTreeSet<MappingName>,
    /// Only what a person approved is done.
    pub only_approved: bool,
    /// The rows of the pass under way that may become new ones by their business keys, each with its key as it was judged.
    pub cleared_keys: BTreeSet<(Side, RowId, BusinessKey)>,
    /// Everything that is to be done, where it is kept.
    pub plans: Option<Plans>,
}

impl RunState {
    /// A run that has done nothing yet.
    #[must_use]
    pub fn new(id: RunId, started_at: Timestamp) -> Self {
        let (report, counts, throttled, chosen, cleared_keys) = Default::default();
        let (only_approved, plans) = (false, None);
        Self { id, started_at, report, counts, throttled, chosen, only_approved, cleared_keys, plans }
    }

    /// Returns the counts of a mapping.
    pub fn counts(&mut self, mapping: &MappingName) -> &mut Counts {
        self.counts.entry(mapping.clone()).or_default()
    }

    /// Returns how many rows this run made.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.counts.values().map(|counts| counts.created.left + counts.created.right).sum()
    }

    /// Returns how many rows this run deleted.
    #[must_use]
    pub fn deleted(&self) -> u64 {
        self.counts.values().map(|counts| counts.deleted.left + counts.deleted.right).sum()
    }

    /// Returns how many rows this run made for a mapping on a side.
    #[must_use]
    pub fn made_on(&self, mapping: &MappingName, side: Side) -> u64 {
        self.counts.get(mapping).map_or(0, |counts| counts.created[side])
    }

    /// Returns how many rows this run made or changed for a mapping on a side.
    #[must_use]
    pub fn written_on(&self, mapping: &MappingName, side: Side) -> u64 {
        self.counts.get(mapping).map_or(0, |counts| counts.created[side] + counts.updated[side])
    }

    /// Keeps what is to be done to a row, where plans are kept.
    pub fn keep(
        &mut self,
        mapping: &MappingName,
        planned: &PlannedWrite,
        hash: DecisionHash,
        weight: Weight,
    ) {
        if let Some(plans) = &mut self.plans {
            let rows = plans.entry(mapping.clone()).or_default();
            rows.entry(planned.key()).or_insert_with(|| (planned.clone(), hash, weight));
        }
    }

    /// Puts a failure into the report. Only a failing store stops the run.
    pub fn note<T>(
        &mut self,
        mapping: Option<&MappingName>,
        outcome: Result<T, EngineError>,
    ) -> Result<Option<T>, StoreError> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(EngineError::Store(error)) => Err(error),
            Err(error) => {
                self.fail(mapping, &error);
                Ok(None)
            }
        }
    }

    fn fail(&mut self, mapping: Option<&MappingName>, error: &EngineError) {
        let failure = Failure::of(mapping, error);
        if let EngineError::System(SystemError::Throttled { .. } | SystemError::DayUsedUp { .. }) = error {
            self.throttled.insert(failure.problem.clone());
        }
        if !self.report.failures.contains(&failure) {
            info!(
                mapping = mapping.map(MappingName::as_str),
                transient = failure.transient,
                "Part of the run failed"
            );
            self.report.failures.push(failure);
        }
    }
}

impl Failure {
    /// Says what stopped a mapping, or everything.
    pub(super) fn of(mapping: Option<&MappingName>, error: &EngineError) -> Self {
        Self {
            // Consent is asked once for all mappings.
            mapping: mapping.filter(|_| error.kind() != ErrorKind::NeedsPerson).map(ToString::to_string),
            problem: chain(error),
            remedy: error.remedy(),
            kind: error.kind(),
            transient: error.is_transient(),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
