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
        assert!(found[0].contains("accounts.revenue, which is read-only"), "{found:?}");
        assert!(found[1].contains("accounts.revenue (Number)"), "{found:?}");
        let read = findings("left=\"displayName\"\nright=\"revenue\"\ndirection=\"<-\"");
        assert_eq!(read.len(), 1, "{read:?}");
    }

    #[test]
    fn columns_of_filters_and_of_new_rows_have_to_be_there() {
        let text = |column: &str| {
            format!(
                "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"customers\"\nfilter=\"{column} eq 1\"\n[right]\ntable=\"accounts\"\n\
                 new_row={{{column}=3}}\n[[field]]\nid=\"f\"\nleft=\"displayName\"\nright=\"name\"\ndirection=\"<->\"\n"
            )
        };
        let found = |column: &str| -> Vec<_> {
            let mapping = parse("M", &text(column), &Pair::new("l".into(), "r".into())).unwrap();
            let columns = |own| [(own, ColumnKind::Text, true), ("kind", ColumnKind::Number, true)];
            let tables =
                Pair::new(table("customers", &columns("displayName")), table("accounts", &columns("name")));
            check(&mapping, &tables).into_iter().map(|finding| (finding.column, finding.problem)).collect()
        };
        assert_eq!(found("kind"), []);
        let problem = |place: &str, table: &str| {
            let problem =
                format!("{place} names the column kiss, which {table} does not have; did you mean kind?");
            ("kiss".into(), problem)
        };
        let expected =
            [problem("the left filter", "customers"), problem("new_row of the right side", "accounts")];
        assert_eq!(found("kiss"), expected);
    }

    #[test]
    fn the_distance_of_names_is_the_number_of_edits() {
        for (a, b, expected) in [
            ("name", "NAME", 0),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("", "abc", 3),
            ("abc", "", 3),
            ("city", "cities", 3),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn a_name_that_is_too_far_away_is_not_proposed() {
        let columns = table("customers", &[("phone", ColumnKind::Text, true)]);
        assert!(unknown("field f", &"phonexyz".into(), &columns).ends_with("; did you mean phone?"));
        assert!(unknown("field f", &"phonewxyz".into(), &columns).ends_with("customers does not have"));
    }

    #[test]
    fn each_type_fits_its_own_columns_only() {
        use ColumnKind::{Choice, Date, Flag, Instant, Member, Number, Reference, Text};
        let all = [Text, Member, Number, Choice, Flag, Date, Instant, Reference];
        let number = FieldKind::Number { scale: None, zero_is_blank: false };
        let lookup = FieldKind::Lookup { mapping: "M".into(), blank_is_base_currency: false };
        for (kind, fitting) in [
            (FieldKind::Text, vec![Text, Member]),
            (FieldKind::Code, vec![Text, Member]),
            (number, vec![Number, Choice]),
            (FieldKind::Flag, vec![Flag]),
            (FieldKind::Date, vec![Date]),
            (FieldKind::Instant, vec![Instant]),
            (lookup, vec![Reference]),
        ] {
            let columns = all.map(|kind| table("t", &[("c", kind, true)]).columns[&"c".into()].clone());
            let found =
                columns.iter().filter(|column| is_right_kind(&kind, column)).map(|column| column.kind);
            assert_eq!(found.collect::<Vec<_>>(), fitting, "{kind:?}");
        }
    }

    #[test]
    fn a_number_without_scale_gets_the_coarser_sides() {
        let scaled = |own: &str, scales: Pair<Option<u32>>| {
            let text = format!(
                "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n[[field]]\nid=\"f\"\nleft=\"c\"\n\
                 right=\"c\"\ndirection=\"<->\"\ntype=\"number\"\n{own}"
            );
            let mapping = parse("M", &text, &Pair::new("l".into(), "r".into())).unwrap();
            let tables = Pair::from_fn(|side| {
                let mut table = table(side.word(), &[("c", ColumnKind::Number, true)]);
                table.columns.get_mut(&"c".into()).unwrap().scale = scales[side];
                table
            });
            match with_scales(mapping, &tables).fields[0].kind {
                FieldKind::Number { scale, .. } => scale,
                _ => panic!("it is a number"),
            }
        };
        assert_eq!(scaled("", Pair::new(Some(5), Some(2))), Some(2));
        assert_eq!(scaled("", Pair::new(Some(5), None)), Some(5));
        assert_eq!(scaled("", Pair::default()), None);
        assert_eq!(scaled("scale=3\n", Pair::new(Some(5), Some(2))), Some(3));
    }
}
