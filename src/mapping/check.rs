//! Holding a mapping against what the two systems say about their tables, before anything is written.

use crate::model::{Column, ColumnKind, ColumnName, Pair, Side, TableDescription};

use super::{Direction, Field, FieldKind, Mapping};

/// One thing wrong with a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The column it is about, for pointing into the mapping's text.
    pub column: ColumnName,
    pub problem: String,
}

/// Returns what is wrong with a mapping, given both tables.
#[must_use]
pub fn check(mapping: &Mapping, tables: &Pair<TableDescription>) -> Vec<Finding> {
    let mut problems = Vec::new();
    for side in Side::BOTH {
        for field in &mapping.fields {
            check_field(field, side, mapping, &tables[side], &mut problems);
        }
        let filter = mapping.filters[side].iter().flat_map(super::Filter::columns);
        for column in filter {
            if !tables[side].columns.contains_key(&column) {
                problems
                    .push((column.clone(), unknown(&format!("the {side} filter"), &column, &tables[side])));
            }
        }
        for (column, _) in &mapping.new_row[side] {
            if !tables[side].columns.contains_key(column) {
                problems.push((
                    column.clone(),
                    unknown(&format!("new_row of the {side} side"), column, &tables[side]),
                ));
            }
        }
    }
    problems.into_iter().map(|(column, problem)| Finding { column, problem }).collect()
}

fn check_field(
    field: &Field,
    side: Side,
    mapping: &Mapping,
    table: &TableDescription,
    problems: &mut Vec<(ColumnName, String)>,
) {
    let name = &field.columns[side];
    let Some(column) = table.columns.get(name) else {
        problems.push((name.clone(), unknown(&format!("field {}", field.id), name, table)));
        return;
    };
    if field.direction.flows_to(side) && !column.updatable {
        problems.push((
            name.clone(),
            format!(
                "field {} would write {}.{name}, which is read-only; use the direction that only reads it",
                field.id, mapping.tables[side]
            ),
        ));
    }
    let is_sent_once = field.direction == Direction::CreateOnly && field.on_create[side];
    if is_sent_once && mapping.may_create(side) && !column.creatable {
        problems.push((
            name.clone(),
            format!(
                "field {} is sent when a row is created, but {}.{name} takes no value then; name the other side in `on_create`",
                field.id, mapping.tables[side]
            ),
        ));
    }
    if !is_right_kind(&field.kind, column) {
        problems.push((
            name.clone(),
            format!(
                "field {} has a type that {}.{name} ({:?}) does not have; correct `type`",
                field.id, mapping.tables[side], column.kind
            ),
        ));
    }
}

fn is_right_kind(kind: &FieldKind, column: &Column) -> bool {
    use ColumnKind as Kind;
    match kind {
        FieldKind::Text | FieldKind::Code => matches!(column.kind, Kind::Text | Kind::Member),
        FieldKind::Number { .. } => matches!(column.kind, Kind::Number | Kind::Choice),
        FieldKind::Flag => column.kind == Kind::Flag,
        FieldKind::Date => column.kind == Kind::Date,
        FieldKind::Instant => column.kind == Kind::Instant,
        FieldKind::Lookup { .. } => column.kind == Kind::Reference,
    }
}

fn unknown(place: &str, column: &ColumnName, table: &TableDescription) -> String {
    let nearest = table
        .columns
        .keys()
        .map(|known| (distance(known.as_str(), column.as_str()), known))
        .filter(|(distance, _)| *distance <= 3)
        .min();
    let hint = match nearest {
        Some((_, known)) => format!("; did you mean {known}?"),
        None => String::new(),
    };
    format!("{place} names the column {column}, which {} does not have{hint}", table.table)
}

/// Returns how many single-character edits lie between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut current = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = previous[j] + usize::from(x != *y);
            current.push(replaced.min(previous[j + 1] + 1).min(current[j] + 1));
        }
        previous = current;
    }
    previous[b.len()]
}

/// Returns the mapping with the decimal places of numbers set to the coarser side's, where it does not say itself.
#[must_use]
pub fn with_scales(mut mapping: Mapping, tables: &Pair<TableDescription>) -> Mapping {
    for field in &mut mapping.fields {
        let scales = Side::BOTH
            .map(|side| tables[side].columns.get(&field.columns[side]).and_then(|column| column.scale));
        if let FieldKind::Number { scale: scale @ None, .. } = &mut field.kind {
            *scale = scales.into_iter().flatten().min();
        }
    }
    mapping
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;

    fn table(name: &str, columns: &[(&str, ColumnKind, bool)]) -> TableDescription {
        let column = |kind, updatable| Column {
            kind,
            max_chars: None,
            scale: Some(4),
            creatable: updatable,
            updatable,
            targets: vec![],
        };
        TableDescription {
            table: name.into(),
            key: "id".into(),
            columns: columns.iter().map(|(name, kind, w)| ((*name).into(), column(*kind, *w))).collect(),
            abilities: crate::model::TableAbilities::default(),
        }
    }

    fn findings(field: &str) -> Vec<String> {
        let text = format!(
            "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"customers\"\n[right]\ntable=\"accounts\"\n[[field]]\nid=\"f\"\n{field}"
        );
        let mapping = parse("M", &text, &Pair::new("l".into(), "r".into())).unwrap();
        let tables = Pair::new(
            table("customers", &[("displayName", ColumnKind::Text, true)]),
            table("accounts", &[("name", ColumnKind::Text, true), ("revenue", ColumnKind::Number, false)]),
        );
        check(&mapping, &tables).into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn a_good_field_has_no_findings() {
        assert!(findings("left=\"displayName\"\nright=\"name\"\ndirection=\"<->\"").is_empty());
    }

    #[test]
    fn an_unknown_column_is_named_with_the_nearest() {
        let found = findings("left=\"displayNmae\"\nright=\"name\"\ndirection=\"<->\"");
        assert_eq!(
            found,
            [
                "field f names the column displayNmae, which customers does not have; did you mean displayName?"
            ]
        );
    }

    #[test]
    fn a_value_sent_on_creation_needs_a_column_that_takes_it_then() {
        let text = |more: &str| {
            format!(
                "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"customers\"\n[right]\ntable=\"accounts\"\n{more}[[field]]\nid=\"f\"\n\
                 left=\"displayName\"\nright=\"code\"\ndirection=\"create only\"\n"
            )
        };
        let check = |text: &str, findings: usize| {
            let mapping = parse("M", text, &Pair::new("l".into(), "r".into())).unwrap();
            let tables = Pair::new(
                table("customers", &[("displayName", ColumnKind::Text, true)]),
                table("accounts", &[("code", ColumnKind::Text, false)]),
            );
            assert_eq!(check(&mapping, &tables).len(), findings, "{text}");
        };
        check(&text("create=true\n"), 1);
        check(&text(""), 0);
        check(&format!("{}on_create=\"left\"\n", text("create=true\n")), 0);
    }

    #[test]
    fn a_read_only_column_and_a_wrong_type_are_found() {
        let found = findings("left=\"displayName\"\nright=\"revenue\"\ndirection=\"->\"");
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
