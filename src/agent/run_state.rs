//! What one run has done so far.

use std::collections::{BTreeMap, BTreeSet};

use tracing::info;

use crate::model::{Counts, MappingName, RunId, Timestamp};
use crate::store::StoreError;
use crate::systems::SystemError;

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
}

impl RunState {
    /// A run that has done nothing yet.
    #[must_use]
    pub fn new(id: RunId, started_at: Timestamp) -> Self {
        let (report, counts, throttled) = Default::default();
        Self { id, started_at, report, counts, throttled }
    }

    /// Returns the counts of a mapping.
    pub fn counts(&mut self, mapping: &MappingName) -> &mut Counts {
        self.counts.entry(mapping.clone()).or_default()
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
