//! Whether anybody agreed that data flows.

use super::control::{ControlError, FlowView};
use super::{Desk, chain, store};

impl Desk {
    /// Returns an error while nobody agreed: an agent that nobody watches does not begin.
    pub fn check_consent(&self) -> Result<(), ControlError> {
        match self.engine.unapproved().map_err(|error| store(&error))? {
            Some(error) => {
                Err(ControlError { kind: error.kind(), problem: chain(&error), remedy: error.remedy() })
            }
            None => Ok(()),
        }
    }

    /// Lists what nobody agreed to yet.
    pub(super) fn unapproved(&self) -> Result<Vec<FlowView>, ControlError> {
        let flows = self.engine.unapproved_flows().map_err(|error| store(&error))?;
        Ok(flows.into_iter().map(|(mapping, flow)| FlowView { mapping: mapping.to_string(), flow }).collect())
    }
}
