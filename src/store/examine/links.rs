//! Whether the tables agree with each other: every index with what it is about, both ways.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::Examination;
use crate::model::{
    Conflict, Coupling, Intent, IntentVerb, JournalEntry, MappingName, Observation, RowId, RowNames, Side,
};
use crate::store::StoreError;
use crate::store::codec;
use crate::store::stored::{
    StoredConflict, StoredCoupling, StoredIntent, StoredJournalEntry, StoredObservation, StoredRowNames,
};
use crate::store::tables::{
    CONFLICT_BY_ROWS, CONFLICTS, COUPLING_BY_ROW, COUPLING_COUNTS, COUPLINGS, INTENTS, JOURNAL,
    JOURNAL_BY_ROW, JOURNAL_BY_RUN, NAMES, OBSERVATIONS, ROWS_BY_NAME, SEQUENCES, side_byte,
};

/// Checks all that can be checked, and notes what belongs to mappings that are not configured.
pub(super) fn check(
    transaction: &ReadTransaction,
    configured: &BTreeSet<MappingName>,
    findings: &mut Examination,
) -> Result<(), StoreError> {
    couplings(transaction, findings)?;
    conflicts(transaction, findings)?;
    intents(transaction, findings)?;
    journal(transaction, findings)?;
    names(transaction, findings)?;
    numbers(transaction, findings)?;
    strangers(transaction, configured, findings)
}

fn couplings(transaction: &ReadTransaction, findings: &mut Examination) -> Result<(), StoreError> {
    let by_row = transaction.open_table(COUPLING_BY_ROW)?;
    let table = transaction.open_table(COUPLINGS.definition())?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut indexed = 0;
    for entry in table.iter()? {
        let (key, value) = entry?;
        let (mapping, id) = key.value();
        *counts.entry(mapping.to_owned()).or_default() += 1;
        let Ok(coupling) =
            codec::decode::<StoredCoupling, Coupling>(COUPLINGS.name(), &key.value(), value.value())
        else {
            // Listed already; its index entries cannot be told.
            indexed += 2;
            continue;
        };
        for side in Side::BOTH {
            let row = coupling.rows[side].to_bytes();
            let found = by_row.get((mapping, side_byte(side), &row))?.map(|id| id.value());
            if found == Some(id) {
                indexed += 1;
            } else {
                findings.contradict(format!(
                    "coupling {id} of {mapping}: its {side} row {} is not found by its id",
                    coupling.rows[side]
                ));
            }
        }
    }
    let entries = by_row.len()?;
    if entries > indexed {
        findings.contradict(format!("{} rows are said to be coupled and are not", entries - indexed));
    }
    let stored = transaction.open_table(COUPLING_COUNTS)?;
    for entry in stored.iter()? {
        let (mapping, count) = entry?;
        counted(findings, mapping.value(), count.value(), counts.remove(mapping.value()).unwrap_or_default());
    }
    for (mapping, count) in counts {
        counted(findings, &mapping, 0, count);
    }
    Ok(())
}

fn counted(findings: &mut Examination, mapping: &str, said: u64, found: u64) {
    if said != found {
        findings.contradict(format!("{mapping} is said to have {said} couplings and has {found}"));
    }
}

fn conflicts(transaction: &ReadTransaction, findings: &mut Examination) -> Result<(), StoreError> {
    let by_rows = transaction.open_table(CONFLICT_BY_ROWS)?;
    let by_row = transaction.open_table(COUPLING_BY_ROW)?;
    let table = transaction.open_table(CONFLICTS.definition())?;
    let mut indexed = 0;
    for entry in table.iter()? {
        let (key, value) = entry?;
        let id = key.value();
        let Ok(conflict) = codec::decode::<StoredConflict, Conflict>(CONFLICTS.name(), &id, value.value())
        else {
            indexed += 1;
            continue;
        };
        let mapping = conflict.mapping.as_str();
        let rows = conflict.rows.as_ref().map(RowId::to_bytes);
        let found = by_rows.get((mapping, &rows.left, &rows.right))?.map(|id| id.value());
        if found == Some(id) {
            indexed += 1;
        } else {
            findings.contradict(format!("conflict {id} of {mapping} is not found by its rows"));
        }
        let coupled = Side::BOTH.map(|side| by_row.get((mapping, side_byte(side), &rows[side])));
        let [left, right] = coupled;
        let (left, right) = (left?.map(|id| id.value()), right?.map(|id| id.value()));
        if left.is_none() || left != right {
            findings.contradict(format!("conflict {id} of {mapping} is about rows that are not coupled"));
        }
    }
    let entries = by_rows.len()?;
    if entries > indexed {
        findings.contradict(format!("{} rows are said to be in conflict and are not", entries - indexed));
    }
    Ok(())
}

fn intents(transaction: &ReadTransaction, findings: &mut Examination) -> Result<(), StoreError> {
    let couplings = transaction.open_table(COUPLINGS.definition())?;
    for entry in transaction.open_table(INTENTS.definition())?.iter()? {
        let (key, value) = entry?;
        let intent = codec::decode::<StoredIntent, Intent>(INTENTS.name(), &key.value(), value.value());
        let Ok(intent) = intent else { continue };
        if let IntentVerb::Update { coupling, .. } | IntentVerb::Delete { coupling, .. } = intent.verb
            && couplings.get((intent.mapping.as_str(), coupling.0))?.is_none()
        {
            findings.contradict(format!(
                "the write {} of {} is about coupling {coupling}, which is not there",
                key.value(),
                intent.mapping
            ));
        }
    }
    Ok(())
}

fn journal(transaction: &ReadTransaction, findings: &mut Examination) -> Result<(), StoreError> {
    let by_run = transaction.open_table(JOURNAL_BY_RUN)?;
    let by_row = transaction.open_table(JOURNAL_BY_ROW)?;
    let table = transaction.open_table(JOURNAL.definition())?;
    let (mut indexed, mut rows, mut is_whole) = (0, 0, true);
    for entry in table.iter()? {
        let (key, value) = entry?;
        let number = key.value();
        let entry = codec::decode::<StoredJournalEntry, JournalEntry>(JOURNAL.name(), &number, value.value());
        let Ok(entry) = entry else {
            is_whole = false;
            continue;
        };
        if by_run.get((entry.run.0, number))?.is_some() {
            indexed += 1;
        } else {
            findings.contradict(format!("journal entry {number} is not found by its run"));
        }
        for (side, row) in entry.rows() {
            let key = (entry.mapping.as_str(), side_byte(side), &row.to_bytes(), number);
            if by_row.get(key)?.is_some() {
                rows += 1;
            } else {
                findings.contradict(format!("journal entry {number} is not found by its {side} row {row}"));
            }
        }
    }
    if !is_whole {
        // What leads to an entry that cannot be read cannot be told.
        return Ok(());
    }
    if by_row.len()? > rows {
        findings.contradict(format!(
            "{} journal entries are said to be about rows and are not",
            by_row.len()? - rows
        ));
    }
    let entries = by_run.len()?;
    if entries > indexed {
        findings
            .contradict(format!("{} journal entries are said to be there and are not", entries - indexed));
    }
    Ok(())
}

fn names(transaction: &ReadTransaction, findings: &mut Examination) -> Result<(), StoreError> {
    let by_name = transaction.open_table(ROWS_BY_NAME)?;
    let (mut indexed, mut is_whole) = (0, true);
    for entry in transaction.open_table(NAMES.definition())?.iter()? {
        let (key, value) = entry?;
        let (mapping, side, row) = key.value();
        let names = codec::decode::<StoredRowNames, RowNames>(NAMES.name(), &key.value(), value.value());
        let Ok(names) = names else {
            is_whole = false;
            continue;
        };
        for (field, name) in &names.names {
            let name = RowNames::folded(name);
            if by_name.get((mapping, side, field.as_str(), name.as_str(), row))?.is_some() {
                indexed += 1;
            } else {
                findings.contradict(format!("row {} of {mapping} is not found by its {field}", names.row));
            }
        }
    }
    let entries = by_name.len()?;
    if is_whole && entries > indexed {
        findings.contradict(format!("{} rows are said to be called so and are not", entries - indexed));
    }
    Ok(())
}

/// A number that is given out twice would write over what has it.
fn numbers(transaction: &ReadTransaction, findings: &mut Examination) -> Result<(), StoreError> {
    let sequences = transaction.open_table(SEQUENCES)?;
    let mut check = |sequence: &str, last: Option<u64>| -> Result<(), StoreError> {
        let given = sequences.get(sequence)?.map_or(0, |number| number.value());
        if let Some(last) = last.filter(|last| *last > given) {
            findings.contradict(format!("the next {sequence} would be {}, and {last} is there", given + 1));
        }
        Ok(())
    };
    let conflicts = transaction.open_table(CONFLICTS.definition())?;
    check("conflict", conflicts.last()?.map(|(number, _)| number.value()))?;
    let intents = transaction.open_table(INTENTS.definition())?;
    check("intent", intents.last()?.map(|(number, _)| number.value()))?;
    let journal = transaction.open_table(JOURNAL.definition())?;
    check("journal", journal.last()?.map(|(number, _)| number.value()))
}

/// Rows seen for mappings that nobody runs wait for ever.
fn strangers(
    transaction: &ReadTransaction,
    configured: &BTreeSet<MappingName>,
    findings: &mut Examination,
) -> Result<(), StoreError> {
    let mut waiting: BTreeMap<String, u64> = BTreeMap::new();
    for entry in transaction.open_table(OBSERVATIONS.definition())?.iter()? {
        let (key, value) = entry?;
        let (mapping, side, row) = key.value();
        let seen =
            codec::decode::<StoredObservation, Observation>(OBSERVATIONS.name(), &key.value(), value.value());
        let is_at_its_place = seen.is_ok_and(|seen| {
            seen.mapping.as_str() == mapping && side_byte(seen.side) == side && seen.row.to_bytes() == *row
        });
        if !is_at_its_place {
            findings.contradict(format!("a row seen for {mapping} is not the one it is filed as"));
        }
        if !configured.iter().any(|name| name.as_str() == mapping) {
            *waiting.entry(mapping.to_owned()).or_default() += 1;
        }
    }
    for (mapping, rows) in waiting {
        findings.notes.push(format!("{rows} rows wait for mapping {mapping}, which is not in use"));
    }
    Ok(())
}
