//! The check at the end: every coupled row is compared through its mapping, and nothing may be there twice.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::agent::Desk;
use crate::cli::exit_code::ExitCode;
use crate::cli::report::CommandError;
use crate::mapping::{Field, Mapping, Nameless, Resolver};
use crate::model::{Conflict, ConflictKind, Coupling, CouplingState, FieldId, Pair, RowId, Side};
use crate::store::{Snapshot, StoreError};

use super::census::{Census, Tables};

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    /// Coupled rows that were compared.
    pub(super) compared: u64,
    /// Rows that differ, with the fields, though nobody is asked about them.
    pub(super) differ: Vec<String>,
    /// Rows that exist twice.
    pub(super) doubled: Vec<String>,
    /// Rows that differ in what a person is asked about, and in nothing else.
    pub(super) waiting_for_people: u64,
    /// Couplings that take no part: a row is deleted or outside the mapping's filter.
    pub(super) out_of_scope: u64,
}

impl Verdict {
    /// Returns whether both systems agree.
    pub(super) fn is_good(&self) -> bool {
        self.compared > 0 && self.differ.is_empty() && self.doubled.is_empty()
    }
}

/// Compares every coupled row, and looks for rows that exist twice.
pub(super) fn verify(desk: &Desk, before: &Census, after: &Census) -> Result<Verdict, CommandError> {
    let check = || -> Result<Verdict, StoreError> {
        let snapshot = desk.engine().store().snapshot()?;
        let conflicts = snapshot.conflicts()?;
        let mut verdict = Verdict::default();
        for (before, tables) in before.mappings.iter().zip(&after.mappings) {
            verdict.differ.extend(tables.unreadable.iter().cloned());
            let couplings = snapshot.couplings(&tables.mapping.name, None, usize::MAX)?;
            compare(&mut verdict, &snapshot, tables, &couplings, &conflicts)?;
            verdict.doubled.extend(coupled_twice(&tables.mapping, &couplings));
            verdict.doubled.extend(same_number(tables));
            verdict.doubled.extend(more_often_than_before(before, tables));
        }
        Ok(verdict)
    };
    check().map_err(|error| CommandError::because(ExitCode::Store, "cannot read the couplings", &error))
}

fn compare(
    verdict: &mut Verdict,
    snapshot: &Snapshot,
    tables: &Tables,
    couplings: &[Coupling],
    conflicts: &[Conflict],
) -> Result<(), StoreError> {
    let failure = RefCell::new(None);
    let partner = |mapping: &_, side, row: &_| {
        snapshot.partner(mapping, side, row).unwrap_or_else(|error| {
            failure.replace(Some(error));
            None
        })
    };
    let resolver =
        Resolver { partner: &partner, names: &Nameless, base_currency: tables.base_currency.clone() };
    for coupling in couplings {
        if coupling.state != CouplingState::IN_SCOPE {
            verdict.out_of_scope += 1;
            continue;
        }
        verdict.compared += 1;
        let name = format!("{} {}", coupling.mapping, coupling.label);
        match differing(tables, coupling, &resolver) {
            Err(problem) => verdict.differ.push(format!("{name}: {problem}")),
            Ok(fields) if fields.is_empty() => {}
            Ok(fields) if is_asked(coupling, &fields, conflicts) => verdict.waiting_for_people += 1,
            Ok(fields) => {
                let fields: Vec<_> = fields.iter().map(FieldId::as_str).collect();
                verdict.differ.push(format!("{name}: {}", fields.join(", ")));
            }
        }
    }
    failure.into_inner().map_or(Ok(()), Err)
}

/// Returns the fields kept in step that differ.
fn differing(
    tables: &Tables,
    coupling: &Coupling,
    resolver: &Resolver<'_>,
) -> Result<BTreeSet<FieldId>, String> {
    let record = |side: Side| {
        let row = tables.rows[side].get(&coupling.rows[side]).ok_or_else(|| format!("no {side} row"))?;
        tables.record(side, row, resolver)?.ok_or_else(|| format!("the {side} row is outside the filter"))
    };
    let (left, right) = (record(Side::Left)?, record(Side::Right)?);
    let kept = tables.mapping.fields.iter().filter(|field| Field::is_compared(field));
    let differs = kept.filter(|field| left.get(&field.id) != right.get(&field.id));
    Ok(differs.map(|field| field.id.clone()).collect())
}

fn is_asked(coupling: &Coupling, fields: &BTreeSet<FieldId>, conflicts: &[Conflict]) -> bool {
    let of_coupling =
        |conflict: &&Conflict| conflict.mapping == coupling.mapping && conflict.rows == coupling.rows;
    conflicts.iter().filter(of_coupling).any(|conflict| match &conflict.kind {
        ConflictKind::Deleted { .. } => true,
        ConflictKind::Fields(asked) => {
            fields.iter().all(|field| asked.iter().any(|asked| &asked.field == field))
        }
    })
}

fn coupled_twice(mapping: &Mapping, couplings: &[Coupling]) -> Vec<String> {
    let mut seen = Pair::<BTreeSet<&RowId>>::default();
    let mut twice = Vec::new();
    for coupling in couplings {
        for side in Side::BOTH {
            if !seen[side].insert(&coupling.rows[side]) {
                twice.push(format!("{} {} is coupled twice", mapping.name, coupling.label));
            }
        }
    }
    twice
}

/// Finds rows of one side that share what identifies a row best.
fn same_number(tables: &Tables) -> Vec<String> {
    let Some([key]) = tables.mapping.match_by.first().map(Vec::as_slice) else { return Vec::new() };
    let mut found = Vec::new();
    for side in Side::BOTH {
        for (number, count) in tables.counts(side, key) {
            if count > 1 {
                let place = &tables.mapping.connections[side];
                found.push(format!("{} {count} times {key} {number} in {place}", tables.mapping.name));
            }
        }
    }
    found
}

/// Finds names that one side has more often than either side had before: a row was created twice.
fn more_often_than_before(before: &Tables, after: &Tables) -> Vec<String> {
    let label = &after.mapping.label;
    let known = Pair::from_fn(|side| before.counts(side, label));
    let mut found = Vec::new();
    for side in Side::BOTH {
        for (name, count) in after.counts(side, label) {
            let most = Side::BOTH.map(|side| known[side].get(&name).copied().unwrap_or(0));
            // A renamed row was known by no such name before.
            if count > most.into_iter().max().unwrap_or(0).max(1) {
                let place = &after.mapping.connections[side];
                found.push(format!("{} {count} times {name} in {place}", after.mapping.name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping;
    use crate::model::{ConflictId, CouplingId, FieldConflict, Record, Row, Stamp, Timestamp, Value};

    const MAPPING: &str = r#"
name = "CUSTOMER"
label = "name"
match_by = [["number"]]
[left]
table = "customers"
[right]
table = "accounts"
[[field]]
id = "number"
left = "number"
right = "accountnumber"
direction = "match"
[[field]]
id = "name"
left = "displayName"
right = "name"
direction = "<->"
[[field]]
id = "phone"
left = "phoneNumber"
right = "telephone1"
direction = "<->"
"#;

    /// Rows as `id number name phone`.
    fn tables(left: &[[&str; 4]], right: &[[&str; 4]]) -> Tables {
        let connections = Pair::new("bc".into(), "dv".into());
        let mapping = mapping::parse("CUSTOMER.toml", MAPPING, &connections).unwrap();
        let row = |side: Side, [id, values @ ..]: &[&str; 4]| {
            let columns = mapping
                .fields
                .iter()
                .map(|field| field.column(side).cloned().unwrap_or_else(|| "none".into()));
            let row = Row {
                id: RowId::new(*id),
                version: None,
                modified_at: None,
                modified_by: None,
                values: columns.zip(values.map(Value::text)).collect(),
            };
            (row.id.clone(), row)
        };
        let rows = Pair::new(
            left.iter().map(|values| row(Side::Left, values)).collect(),
            right.iter().map(|values| row(Side::Right, values)).collect(),
        );
        Tables { mapping, rows, unreadable: vec![], base_currency: Pair::default() }
    }

    fn coupling(id: u64, left: &str, right: &str) -> Coupling {
        Coupling {
            id: CouplingId(id),
            mapping: "CUSTOMER".into(),
            rows: Pair::new(RowId::new(left), RowId::new(right)),
            base: Record::default(),
            versions: Pair::default(),
            state: CouplingState::IN_SCOPE,
            label: "Bólido".to_owned(),
        }
    }

    fn differing_fields(tables: &Tables) -> Result<Vec<String>, String> {
        let resolver =
            Resolver { partner: &|_, _, _| None, names: &Nameless, base_currency: Pair::default() };
        let fields = differing(tables, &coupling(1, "l", "r"), &resolver)?;
        Ok(fields.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn fields_kept_in_step_are_compared_and_match_fields_are_not() {
        let row = ["l", "1", "Bólido", "030-1"];
        assert_eq!(differing_fields(&tables(&[row], &[["r", "", "Bólido", "030-1"]])), Ok(vec![]));
        let found = differing_fields(&tables(&[row], &[["r", "1", "Bólido", "030-2"]]));
        assert_eq!(found, Ok(vec!["phone".to_owned()]));
        assert_eq!(differing_fields(&tables(&[row], &[])), Err("no right row".to_owned()));
    }

    #[test]
    fn a_difference_waits_for_people_only_where_they_are_asked() {
        let field = FieldConflict { field: "phone".into(), base: None, values: Pair::default() };
        let conflict = Conflict {
            id: ConflictId(1),
            mapping: "CUSTOMER".into(),
            rows: Pair::new(RowId::new("l"), RowId::new("r")),
            label: "Bólido".to_owned(),
            kind: ConflictKind::Fields(vec![field]),
            authors: Pair::default(),
            raised_at: Timestamp::UNIX_EPOCH,
            stamp: Stamp::new("s"),
            answer: None,
            answered_in: None,
            suggestion: None,
        };
        let conflicts = [conflict];
        let asked = |rows: &Coupling, fields: &[&str]| {
            is_asked(rows, &fields.iter().map(|field| FieldId::new(*field)).collect(), &conflicts)
        };
        assert!(asked(&coupling(1, "l", "r"), &["phone"]));
        assert!(!asked(&coupling(1, "l", "r"), &["phone", "name"]));
        assert!(!asked(&coupling(2, "l2", "r2"), &["phone"]));
    }

    #[test]
    fn rows_that_are_there_twice_are_found() {
        let one = [["l", "1", "Bólido", ""]];
        let before = tables(&one, &[]);
        assert_eq!(more_often_than_before(&before, &tables(&one, &[["r", "1", "Bólido", ""]])), [""; 0]);
        let twice = tables(&one, &[["r", "1", "Bólido", ""], ["s", "1", "Bólido", ""]]);
        assert_eq!(more_often_than_before(&before, &twice), ["CUSTOMER 2 times Bólido in dv"]);
        assert_eq!(same_number(&twice), ["CUSTOMER 2 times number 1 in dv"]);
        let couplings = [coupling(1, "l", "r"), coupling(2, "l", "s")];
        assert_eq!(coupled_twice(&twice.mapping, &couplings).len(), 1);
        assert!(coupled_twice(&twice.mapping, &couplings[..1]).is_empty());
    }
}
