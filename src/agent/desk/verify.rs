//! The desk's part of `verify`: which mapping is meant, and the books at rest while it is judged.

use crate::agent::choice::Choice;
use crate::agent::error::ErrorKind;
use crate::agent::verify::{VerifyOptions, VerifyReport, verify};
use crate::model::MappingName;

use super::control::ControlError;
use super::{Desk, store};

impl Desk {
    /// Compares both systems in full.
    pub(super) async fn verify(
        &self,
        mapping: Option<&str>,
        repair: bool,
        most_findings: usize,
    ) -> Result<VerifyReport, ControlError> {
        let mapping = mapping.map(|name| self.known_mapping(name)).transpose()?;
        let options = VerifyOptions { mapping, repair, most_findings };
        verify(&self.engine, &options, &self.busy).await.map_err(|error| store(&error))
    }

    /// Returns the mappings of these names; all where none is named.
    pub(super) fn choice(&self, names: &[String]) -> Result<Choice, ControlError> {
        match names {
            [] => Ok(Choice::All),
            names => {
                names.iter().map(|name| self.known_mapping(name)).collect::<Result<_, _>>().map(Choice::Only)
            }
        }
    }

    /// Finds a mapping by its name, in any case.
    fn known_mapping(&self, name: &str) -> Result<MappingName, ControlError> {
        let found = self.mappings().iter().find(|mapping| mapping.name.as_str().eq_ignore_ascii_case(name));
        found.map(|mapping| mapping.name.clone()).ok_or_else(|| {
            let names: Vec<_> = self.mappings().iter().map(|mapping| mapping.name.as_str()).collect();
            ControlError {
                kind: ErrorKind::Usage,
                problem: format!("there is no mapping {name} in use"),
                remedy: Some(format!("name one of {}", names.join(", "))),
            }
        })
    }
}
