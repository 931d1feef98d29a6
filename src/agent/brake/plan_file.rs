//! A plan as a file: to be read, kept, and held against what would be done later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mapping::Mapping;
use crate::model::{DecisionHash, MappingName, PlanKey, PlannedWrite, Timestamp, ValueDisplay};
use crate::sync;

use super::survey::Weight;
use super::view::BrakeView;

/// The version of the file's form. A file of another one is not held against a plan.
const VERSION: u32 = 1;

/// Everything that runs would do, as it was found.
pub type Plans = BTreeMap<MappingName, BTreeMap<PlanKey, (PlannedWrite, DecisionHash, Weight)>>;

/// A plan as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// The version of the form.
    pub tandem_plan: u32,
    pub made_at: jiff::Timestamp,
    pub mappings: Vec<MappingPlan>,
}

/// What is to be done in one mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingPlan {
    pub mapping: String,
    /// Digest of all rows.
    pub hash: String,
    /// The hash that `tandem approve` takes, where a run would stop because of a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_as: Option<String>,
    pub rows: Vec<RowPlan>,
}

/// What is to be done to one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowPlan {
    pub action: String,
    /// The connection that is written.
    #[serde(rename = "in")]
    pub on: String,
    pub row: String,
    /// The row written; of a create the row that the new one is made from.
    pub id: String,
    pub hash: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldPlan>,
}

/// What is to become of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldPlan {
    pub field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    pub after: String,
}

impl PlanFile {
    /// Makes the file of what runs would do.
    #[must_use]
    pub fn of(plans: &Plans, mappings: &[Mapping], waiting: &[BrakeView], at: Timestamp) -> Self {
        let plan = |mapping: &Mapping| {
            let rows = plans.get(&mapping.name)?;
            let hashes = rows.iter().map(|(key, (_, hash, _))| (*key, *hash)).collect();
            Some(MappingPlan {
                mapping: mapping.name.to_string(),
                hash: sync::plan_hash(&mapping.name, &hashes).to_string(),
                waits_as: waiting
                    .iter()
                    .find(|brake| brake.mapping == mapping.name.as_str())
                    .map(|brake| brake.plan.clone()),
                rows: rows.values().map(|(planned, hash, _)| row(mapping, planned, *hash)).collect(),
            })
        };
        Self { tandem_plan: VERSION, made_at: at, mappings: mappings.iter().filter_map(plan).collect() }
    }

    /// Returns whether this Tandem knows the form of the file.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.tandem_plan == VERSION
    }

    /// Returns what is different by now.
    #[must_use]
    pub fn diff(&self, now: &Self) -> PlanDiff {
        let (was, is) = (self.rows(), now.rows());
        let find = |rows: &BTreeMap<RowKey<'_>, &RowPlan>, wanted: &dyn Fn(&RowKey<'_>, &RowPlan) -> bool| {
            let rows = rows.iter().filter(|(key, row)| wanted(key, row));
            rows.map(|(key, row)| DiffRow { mapping: key.0.to_owned(), row: (*row).clone() }).collect()
        };
        PlanDiff {
            appeared: find(&is, &|key, _| !was.contains_key(key)),
            vanished: find(&was, &|key, _| !is.contains_key(key)),
            changed: find(&is, &|key, row| was.get(key).is_some_and(|was| was.hash != row.hash)),
        }
    }

    fn rows(&self) -> BTreeMap<RowKey<'_>, &RowPlan> {
        let rows = self.mappings.iter().flat_map(|plan| plan.rows.iter().map(move |row| (plan, row)));
        rows.map(|(plan, row)| {
            ((plan.mapping.as_str(), row.on.as_str(), row.action.as_str(), row.id.as_str()), row)
        })
        .collect()
    }
}

/// Mapping, connection, action and id.
type RowKey<'a> = (&'a str, &'a str, &'a str, &'a str);

/// What is different between two plans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanDiff {
    pub appeared: Vec<DiffRow>,
    pub vanished: Vec<DiffRow>,
    /// As they are by now.
    pub changed: Vec<DiffRow>,
}

/// One row that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiffRow {
    pub mapping: String,
    #[serde(flatten)]
    pub row: RowPlan,
}

fn row(mapping: &Mapping, planned: &PlannedWrite, hash: DecisionHash) -> RowPlan {
    RowPlan {
        action: planned.verb.word().to_owned(),
        on: mapping.connections[planned.on].to_string(),
        row: planned.label.clone(),
        id: planned.row.to_string(),
        hash: format!("{:032x}", hash.0),
        fields: planned
            .fields
            .iter()
            .map(|change| FieldPlan {
                field: change.field.to_string(),
                before: change.before.as_ref().map(|value| ValueDisplay(value).to_string()),
                after: ValueDisplay(&change.after).to_string(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: &[(&str, &str)]) -> PlanFile {
        let row = |(id, hash): &(&str, &str)| RowPlan {
            action: "update".to_owned(),
            on: "crm".to_owned(),
            row: (*id).to_owned(),
            id: (*id).to_owned(),
            hash: (*hash).to_owned(),
            fields: vec![],
        };
        let plan = MappingPlan {
            mapping: "CUSTOMER".to_owned(),
            hash: "abc".to_owned(),
            waits_as: None,
            rows: rows.iter().map(row).collect(),
        };
        PlanFile { tandem_plan: VERSION, made_at: jiff::Timestamp::UNIX_EPOCH, mappings: vec![plan] }
    }

    #[test]
    fn a_file_tells_what_appeared_vanished_and_changed() {
        let diff =
            file(&[("a", "1"), ("b", "1"), ("c", "1")]).diff(&file(&[("b", "2"), ("c", "1"), ("d", "1")]));
        let ids = |rows: &[DiffRow]| rows.iter().map(|row| row.row.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&diff.appeared), ["d"]);
        assert_eq!(ids(&diff.vanished), ["a"]);
        assert_eq!(ids(&diff.changed), ["b"]);
        assert_eq!(file(&[("a", "1")]).diff(&file(&[("a", "1")])), PlanDiff::default());
    }

    #[test]
    fn a_file_reads_back_as_it_was_written() {
        let file = file(&[("a", "1")]);
        let text = serde_json::to_string_pretty(&file).unwrap();
        assert!(text.starts_with("{\n  \"tandem_plan\": 1,"), "{text}");
        assert_eq!(serde_json::from_str::<PlanFile>(&text).unwrap(), file);
    }
}
