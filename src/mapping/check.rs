//! Holding a mapping against what the two systems say about their tables, before anything is written.

use crate::model::{Column, ColumnKind, ColumnName, Pair, Side, TableDescription};

use super::nearest::or_nearest;
use super::{Direction, End, Field, FieldKind, Mapping, Shape, Transform};

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
    let mapping = &fitted(mapping.clone(), tables);
    let mut problems = Vec::new();
    for side in Side::BOTH {
        for field in &mapping.fields {
            check_field(field, side, mapping, &tables[side], &mut problems);
        }
        let place = |when| (format!("a template or `create` of the {} side", side.other()), when);
        let conditions = mapping.conditions(side).map(place);
        let filter = mapping.filters[side].iter().map(|filter| (format!("the {side} filter"), filter));
        for (what, filter) in filter.chain(conditions) {
            let is_missing = |column: &ColumnName| !tables[side].columns.contains_key(column);
            for column in filter.columns().into_iter().filter(is_missing) {
                let problem = unknown(&what, &column, &tables[side]);
                problems.push((column, problem));
            }
        }
        for (column, _) in mapping.all_defaults(side) {
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
    for name in field.columns(side) {
        let Some(column) = table.columns.get(name) else {
            problems.push((name.clone(), unknown(&format!("field {}", field.id), name, table)));
            continue;
        };
        let place = format!("{}.{name}", mapping.tables[side]);
        // A business key may be part of how a row is addressed: then a new row gets it, and it never changes.
        let stays = column.creatable && mapping.key.contains(&field.id);
        if field.direction.flows_to(side) && !column.updatable && !stays {
            let problem = format!(
                "field {} would write {place}, which is read-only; use the direction that only reads it",
                field.id
            );
            problems.push((name.clone(), problem));
        }
        let is_sent_once = field.direction == Direction::CreateOnly && field.on_create[side];
        if is_sent_once && mapping.may_create(side) && !column.creatable {
            let problem = format!(
                "field {} is sent when a row is created, but {place} takes no value then; name the other side in `on_create`",
                field.id
            );
            problems.push((name.clone(), problem));
        }
        if let Some(problem) = wrong_kind(field, side, column) {
            problems.push((name.clone(), format!("field {}: {place} {problem}", field.id)));
        }
    }
}

/// Says why a column's values do not become what the field holds, if they do not.
fn wrong_kind(field: &Field, side: Side, column: &Column) -> Option<String> {
    let mut shape = Shape::of(column.kind);
    let start = shape;
    if matches!(field.ends[side], End::Joined { .. }) && shape != Shape::Text {
        return Some(format!("holds a {}, and only texts can be joined", shape.word()));
    }
    for step in &field.steps[side] {
        match step.reads(shape) {
            Ok(next) => shape = next,
            Err(wanted) => {
                return Some(format!(
                    "gives `{}` a {}, which wants a {}; correct `{side}_transform`",
                    step.word(),
                    shape.word(),
                    wanted.word()
                ));
            }
        }
    }
    let points_by_value = field.lookup().is_some_and(|lookup| lookup.by[side].is_some());
    let wanted = if points_by_value { Shape::Text } else { shape_of(&field.kind) };
    // A choice is a lookup where its column is used as a table.
    if column.kind == ColumnKind::Choice && field.is_lookup() && field.steps[side].is_empty() {
        return None;
    }
    if shape != wanted {
        return Some(match start == shape {
            true => format!("holds a {}, not a {}; correct `type`", shape.word(), wanted.word()),
            false => format!("becomes a {}, not a {}; correct `type`", shape.word(), wanted.word()),
        });
    }
    let misplaced = field.normal.iter().find(|step| step.reads(wanted) != Ok(wanted));
    misplaced.map(|step| format!("holds a {}, to which `{}` cannot be done", wanted.word(), step.word()))
}

const fn shape_of(kind: &FieldKind) -> Shape {
    match kind {
        FieldKind::Text | FieldKind::Code => Shape::Text,
        FieldKind::Number { .. } => Shape::Number,
        FieldKind::Flag => Shape::Flag,
        FieldKind::Date => Shape::Date,
        FieldKind::Instant => Shape::Instant,
        FieldKind::Row | FieldKind::Lookup(_) => Shape::Reference,
    }
}

fn unknown(place: &str, column: &ColumnName, table: &TableDescription) -> String {
    let problem = format!("{place} names the column {column}, which {} does not have", table.table);
    or_nearest(problem, column.as_str(), table.columns.keys().map(ColumnName::as_str))
}

/// Returns the mapping as these tables need it: the decimal places of numbers are the coarser side's where it does not say
/// itself, the keys of value maps are what their columns hold, and optional fields without columns are left out.
#[must_use]
pub fn fitted(mut mapping: Mapping, tables: &Pair<TableDescription>) -> Mapping {
    mapping.leave_out(|field| {
        Side::BOTH.into_iter().find_map(|side| {
            let is_missing = |name: &&ColumnName| !tables[side].columns.contains_key(*name);
            let missing = field.columns(side).iter().find(is_missing)?;
            Some(format!("{} has no column {missing}", tables[side].table))
        })
    });
    for field in &mut mapping.fields {
        let column = |side: Side| field.column(side).and_then(|name| tables[side].columns.get(name));
        // What a step makes of a number has places of its own.
        let scales = Side::BOTH.map(|side| {
            column(side).filter(|_| field.steps[side].is_empty()).and_then(|column| column.scale)
        });
        let kinds = Pair::from_fn(|side| column(side).map(|column| column.kind));
        if let FieldKind::Number { scale: scale @ None, .. } = &mut field.kind {
            *scale = scales.into_iter().flatten().min();
        }
        for side in Side::BOTH {
            if let (Some(Transform::ValueMap(map)), Some(kind)) = (field.steps[side].first_mut(), kinds[side])
            {
                map.fit(kind);
            }
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
    fn an_optional_field_without_its_column_is_left_out() {
        let text = |more: &str| {
            format!(
                "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n[[field]]\nid=\"f\"\nleft=\"a\"\nright=\"a\"\n\
                 direction=\"->\"\n[[field]]\nid=\"g\"\nleft=\"b\"\nright=\"b\"\ndirection=\"->\"\n{more}"
            )
        };
        let read = |more: &str| parse("M", &text(more), &Pair::new("l".into(), "r".into())).unwrap();
        let tables = Pair::new(
            table("l", &[("a", ColumnKind::Text, true), ("b", ColumnKind::Text, true)]),
            table("r", &[("a", ColumnKind::Text, true)]),
        );
        let fitted = fitted(read("optional=true\n"), &tables);
        assert_eq!((fitted.fields.len(), fitted.left_out[0].why.as_str()), (1, "r has no column b"));
        assert!(check(&read("optional=true\n"), &tables).is_empty());
        assert_eq!(check(&read(""), &tables).len(), 1);
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

    /// A number that a row is addressed by is sent with a new row, and never changed.
    #[test]
    fn a_business_key_may_stand_in_a_column_that_only_new_rows_get() {
        let text = |key: &str| {
            format!(
                "name=\"M\"\nlabel=\"f\"\n{key}[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n[[field]]\nid=\"f\"\nleft=\"a\"\n\
                 right=\"a\"\ndirection=\"->\"\n"
            )
        };
        let tables = |creatable: bool| {
            let mut right = table("r", &[("a", ColumnKind::Text, false)]);
            right.columns.values_mut().for_each(|column| column.creatable = creatable);
            Pair::new(table("l", &[("a", ColumnKind::Text, true)]), right)
        };
        let read = |key: &str| parse("M", &text(key), &Pair::new("l".into(), "r".into())).unwrap();
        let (with, without) = (read("key=[\"f\"]\n"), read(""));
        assert_eq!((check(&with, &tables(true)).len(), check(&with, &tables(false)).len()), (0, 1));
        assert_eq!(check(&without, &tables(true)).len(), 1);
        let sent = crate::model::Record::from_iter([("f".into(), crate::model::Value::text("2"))]);
        let refused = crate::mapping::may_change(&with, Side::Right, &sent, &tables(true).right).unwrap_err();
        assert_eq!(refused.to_string(), "f changed, and a of a row that exists cannot be changed");
        assert!(crate::mapping::may_change(&with, Side::Left, &sent, &tables(true).left).is_ok());
    }

    #[test]
    fn a_read_only_column_and_a_wrong_type_are_found() {
        let found = findings("left=\"displayName\"\nright=\"revenue\"\ndirection=\"->\"");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("accounts.revenue, which is read-only"), "{found:?}");
        assert_eq!(found[1], "field f: accounts.revenue holds a number, not a text; correct `type`");
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
    fn a_name_that_is_too_far_away_is_not_proposed() {
        let columns = table("customers", &[("phone", ColumnKind::Text, true)]);
        assert!(unknown("field f", &"phonexyz".into(), &columns).ends_with("; did you mean phone?"));
        assert!(unknown("field f", &"phonewxyz".into(), &columns).ends_with("customers does not have"));
    }

    #[test]
    fn each_type_fits_its_own_columns_only() {
        use ColumnKind::{Choice, Date, Flag, Instant, Member, Number, Other, Reference, Text};
        let all = [Text, Member, Number, Choice, Flag, Date, Instant, Reference, Other];
        for (word, fitting) in [
            ("text", vec![Text, Member]),
            ("code", vec![Text, Member]),
            ("number", vec![Number, Choice]),
            ("flag", vec![Flag]),
            ("date", vec![Date]),
            ("instant", vec![Instant]),
            ("lookup", vec![Choice, Reference]),
        ] {
            let text = format!(
                "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"t\"\n[right]\ntable=\"t\"\n[[field]]\nid=\"f\"\nleft=\"c\"\nright=\"c\"\n\
                 direction=\"->\"\ntype=\"{word}\"\nlookup=\"N\"\n"
            );
            let mapping = parse("M", &text, &Pair::new("l".into(), "r".into())).unwrap();
            let fits = |kind: &ColumnKind| {
                check(&mapping, &Pair::from_fn(|_| table("t", &[("c", *kind, true)]))).is_empty()
            };
            assert_eq!(all.into_iter().filter(fits).collect::<Vec<_>>(), fitting, "{word}");
        }
    }

    /// Returns what is wrong with a field between columns of these kinds, called `l` and `r`.
    fn between(left: ColumnKind, right: ColumnKind, keys: &str) -> Vec<String> {
        let text = format!(
            "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"ls\"\n[right]\ntable=\"rs\"\n[[field]]\nid=\"f\"\ndirection=\"->\"\n{keys}"
        );
        let mapping = parse("M", &text, &Pair::new("l".into(), "r".into())).unwrap();
        let tables = Pair::new(table("ls", &[("l", left, true)]), table("rs", &[("r", right, true)]));
        check(&mapping, &tables).into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn steps_lead_from_what_a_column_holds_to_what_the_field_is() {
        use ColumnKind::{Choice, Date, Instant, Number, Text};
        let good = |left, right, keys: &str| {
            assert_eq!(
                between(left, right, &format!("left=\"l\"\nright=\"r\"\n{keys}")),
                [] as [String; 0],
                "{keys}"
            );
        };
        good(Text, Number, "type=\"number\"\nleft_transform=[\"trim\", { number_format = \"1,5\" }]");
        good(Text, Choice, "type=\"number\"\nleft_transform=[{ value_map = { a = 1, b = 2 } }]");
        good(Text, Choice, "right_transform=[{ value_map = { 1 = \"a\", 2 = \"b\" } }]");
        good(Date, Instant, "type=\"date\"\nright_transform=[{ date_in = \"UTC\" }]");
        let bad = |left, right, keys: &str, problem: &str| {
            let found = between(left, right, &format!("left=\"l\"\nright=\"r\"\n{keys}"));
            assert_eq!(found, [format!("field f: {problem}")], "{keys}");
        };
        let problem = "ls.l gives `number_format` a number, which wants a text; correct `left_transform`";
        bad(Number, Number, "type=\"number\"\nleft_transform=[{ number_format = \"1,5\" }]", problem);
        let problem = "rs.r gives `value_map` a number, which wants a text; correct `right_transform`";
        bad(Text, Choice, "right_transform=[{ value_map = { x = \"a\" } }]", problem);
        let problem = "ls.l becomes a number, not a text; correct `type`";
        bad(Text, Text, "left_transform=[{ number_format = \"1,5\" }]", problem);
        let problem = "ls.l gives `value_map` a text, which wants a number; correct `left_transform`";
        let keep = "type=\"number\"\nleft_transform=[{ value_map = { a = 1 }, otherwise = \"keep\" }]";
        bad(Text, Number, keep, problem);
        let found = between(Number, Number, "left=\"l\"\nright=\"r\"\ntype=\"number\"\ntransform=[\"trim\"]");
        let problem =
            |place: &str| format!("field f: {place} holds a number, to which `trim` cannot be done");
        assert_eq!(found, [problem("ls.l"), problem("rs.r")]);
        let joined = between(Text, Number, "left=\"l\"\nright=[\"r\", \"r\"]");
        assert_eq!(joined[0], "field f: rs.r holds a number, and only texts can be joined");
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
            match fitted(mapping, &tables).fields[0].kind {
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
