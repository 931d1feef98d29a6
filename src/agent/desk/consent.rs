//! Whether anybody agreed that data flows.

use super::control::ControlError;
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
}
