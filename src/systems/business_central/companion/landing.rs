//! What answers to writes leave open: whether a create refused as a duplicate is our own earlier one, and whether a row
//! that is not found is gone, or the extension.

use std::collections::{BTreeMap, BTreeSet};

use super::Companion;
use crate::model::{RowId, TableName};
use crate::systems::business_central::client::BusinessCentral;
use crate::systems::{KeyedRead, SystemError, Verb, Write, WriteOutcome};

impl BusinessCentral {
    /// Settles what the answers of writes to the companion left open.
    pub(in super::super) async fn settle(
        &self,
        companion: &Companion,
        mut written: Vec<(&Write, &mut WriteOutcome)>,
    ) {
        let mut doubles: BTreeMap<&TableName, Vec<(&RowId, &mut WriteOutcome)>> = BTreeMap::new();
        let mut missing = Vec::new();
        for (write, outcome) in &mut written {
            match (&write.verb, &**outcome) {
                (Verb::Create { id: Some(id), .. }, WriteOutcome::DuplicateKey(_)) => {
                    doubles.entry(&write.table).or_default().push((id, outcome));
                }
                (_, WriteOutcome::Missing) => missing.push(outcome),
                _ => {}
            }
        }
        if !missing.is_empty()
            && let Err(error) = companion.is_still_there().await
        {
            for outcome in missing {
                **outcome = WriteOutcome::NotApplied(error.clone());
            }
        }
        for (table, doubles) in doubles {
            let ids: Vec<RowId> = doubles.iter().map(|(id, _)| (*id).clone()).collect();
            let reads = self.read_rows(table, &BTreeSet::new(), &ids).await;
            for (index, (_, outcome)) in doubles.into_iter().enumerate() {
                let read = reads.as_ref().map(|reads| &reads[index]);
                if let Some(found) = of_double(read) {
                    *outcome = found;
                }
            }
        }
    }
}

/// The same refusal stands for an id and for a number that exist already. Returns nothing where it is the number.
fn of_double(read: Result<&KeyedRead, &SystemError>) -> Option<WriteOutcome> {
    match read {
        Ok(KeyedRead::Absent) => None,
        // It answers to our id, so it is ours, even where it cannot be read.
        Ok(KeyedRead::Found(_) | KeyedRead::Unreadable(_)) => Some(WriteOutcome::AlreadyThere),
        Err(error) => Some(WriteOutcome::InDoubt(error.clone())),
    }
}
