//! Projects: ordered lists of one-way tasks. Each task is one mapping (source to Dataverse, or Dataverse to destination), or
//! both one after the other; everything else is what mappings do.

mod templates;

use super::{Mapping, Schedule};
use crate::model::MappingName;

pub use templates::{ProjectTemplate, TEMPLATES, template};

/// A project, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    pub name: String,
    pub schedule: Schedule,
    /// In the order in which they run.
    pub tasks: Vec<Task>,
}

/// One task of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub name: String,
    /// One, or source to Dataverse and Dataverse to destination.
    pub mappings: Vec<Mapping>,
}

impl Project {
    /// Returns its mappings in the order in which they run.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        self.tasks.iter().flat_map(|task| &task.mappings)
    }

    /// Returns the names of its mappings in the order in which they run.
    #[must_use]
    pub fn mapping_names(&self) -> Vec<MappingName> {
        self.mappings().map(|mapping| mapping.name.clone()).collect()
    }
}
