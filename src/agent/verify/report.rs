//! What a verification found, for people and machines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agent::report::Failure;
use crate::mapping::Mapping;
use crate::model::Pair;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    pub mappings: Vec<MappingVerdict>,
    /// What could not be read.
    pub failures: Vec<Failure>,
    /// Whether the next run looks at what is not as the books say.
    pub repaired: bool,
}

impl VerifyReport {
    /// Returns how many rows and couplings are not as Tandem's books say.
    #[must_use]
    pub fn strange(&self) -> u64 {
        self.mappings.iter().map(MappingVerdict::strange).sum()
    }
}

/// What was found in one mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingVerdict {
    pub mapping: String,
    pub left: String,
    pub right: String,
    /// The disabled connection for which the mapping stands still: nothing was read.
    pub stands_still_for: Option<String>,
    /// Rows read.
    pub read: Pair<u64>,
    /// Couplings whose rows hold what both sides agreed on.
    pub equal: u64,
    /// Couplings and rows of which Tandem knows a change, or is about to hear of one.
    pub pending: u64,
    /// Couplings a person is asked about.
    pub conflicts: u64,
    /// Couplings that are parked, by reason.
    pub parked: BTreeMap<String, u64>,
    /// Couplings and rows that wait for something else, by what it is.
    pub waiting: BTreeMap<String, u64>,
    /// Couplings that are not compared, by reason.
    pub not_compared: BTreeMap<String, u64>,
    /// Rows without a partner on each side, by reason.
    pub alone: Pair<BTreeMap<String, u64>>,
    /// Rows on each side that are none of the mapping's business.
    pub outside: Pair<u64>,
    /// Couplings neither of whose rows changed, by the books, and that differ all the same.
    pub different: u64,
    /// Couplings with a row that is gone, and Tandem was told nothing of it.
    pub missing: u64,
    /// Rows without a partner that Tandem was never shown, or not as they are.
    pub unseen: u64,
    /// Pairs of rows that match and are not coupled.
    pub twins: u64,
    /// Rows that cannot be read, and Tandem was told nothing of it.
    pub unreadable: u64,
    /// What is not as the books say, row by row, as far as it was asked for.
    pub findings: Vec<Finding>,
    /// Findings beyond those asked for.
    pub findings_left_out: u64,
}

impl MappingVerdict {
    /// Starts an empty verdict.
    #[must_use]
    pub fn new(mapping: &Mapping) -> Self {
        Self {
            mapping: mapping.name.to_string(),
            left: mapping.connections.left.to_string(),
            right: mapping.connections.right.to_string(),
            ..Self::default()
        }
    }

    /// Returns how many rows and couplings are not as Tandem's books say.
    #[must_use]
    pub const fn strange(&self) -> u64 {
        self.different + self.missing + self.unseen + self.twins + self.unreadable
    }

    /// Returns how many couplings and rows wait for something that Tandem knows.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.conflicts + self.parked.values().sum::<u64>() + self.waiting.values().sum::<u64>()
    }
}

/// One row, or pair of rows, that is not as the books say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub class: FindingClass,
    /// What people call it.
    pub row: String,
    /// The rows' ids, as far as there are two.
    pub ids: Pair<Option<String>>,
    /// The connection the finding is about, where it is about one.
    pub on: Option<String>,
    pub fields: Vec<Difference>,
}

/// What is not as the books say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingClass {
    Different,
    Missing,
    Unseen,
    Twins,
    Unreadable,
}

impl FindingClass {
    /// Returns the word people read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Different => "different",
            Self::Missing => "missing",
            Self::Unseen => "unseen",
            Self::Twins => "twins",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One field of two rows, and what both sides last agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub field: String,
    /// Absent at first contact.
    pub agreed: Option<String>,
    pub values: Pair<String>,
}
