//! Filters against rows, and texts that are none.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn row(values: &[(&str, Value)]) -> Row {
    Row {
        id: RowId::new("r"),
        version: None,
        modified_at: None,
        modified_by: None,
        values: values
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn check(filter: &str, expected: bool) {
    let row = row(&[
        ("name", Value::text("O'Brien & Söhne")),
        ("statecode", Value::Number(0.into())),
        ("blocked", Value::Blank),
        ("active", Value::Flag(true)),
    ]);
    assert_eq!(filter.parse::<Filter>().unwrap().accepts(&row), Ok(expected), "{filter}");
}

#[test]
fn rows_are_judged_as_the_services_would() {
    check("name eq 'o''brien & söhne'", true);
    check("statecode eq 0 and blocked eq ' '", true);
    check("statecode eq 0 and blocked ne null", false);
    check("statecode eq 1 or active eq true and not (blocked eq '_x0020_')", false);
    check("contains(name,'SÖHNE') and startswith(name,'O')", true);
    check("statecode lt 1 and statecode ge 0", true);
}

/// Holds a row's value against a lesser, an equal and a greater literal.
fn check_order(value: &Value, [lesser, equal, greater]: [&str; 3]) {
    let row = row(&[("x", value.clone())]);
    for (word, expected) in [
        ("eq", [false, true, false]),
        ("ne", [true, false, true]),
        ("gt", [true, false, false]),
        ("ge", [true, true, false]),
        ("lt", [false, false, true]),
        ("le", [false, true, true]),
    ] {
        let found = [lesser, equal, greater].map(|literal| {
            let filter: Filter = format!("x {word} {literal}").parse().unwrap();
            filter.accepts(&row).unwrap()
        });
        assert_eq!(found, expected, "{value:?} {word} {lesser}, {equal}, {greater}");
    }
}

#[test]
fn values_of_one_kind_are_ordered() {
    check_order(&Value::text("Beta"), ["'alpha'", "'BETA'", "'gamma'"]);
    check_order(&Value::Number("1.5".parse().unwrap()), ["-2", "1.50", "1.51"]);
    check_order(&Value::Date("2026-02-01".parse().unwrap()), ["2026-01-31", "2026-02-01", "2026-02-02"]);
    let instants = ["2026-02-01T09:59:59Z", "2026-02-01T11:00:00+01:00", "2026-02-01T10:00:01Z"];
    check_order(&Value::Instant("2026-02-01T10:00:00Z".parse().unwrap()), instants);
    let guid = |digit: u32| format!("{digit}0000000-0000-4000-8000-000000000000");
    let guids = [guid(1), guid(2), guid(3)];
    check_order(&Value::Reference(RowId::new(&guids[1])), guids.each_ref().map(String::as_str));
    check("active gt false and active le true and not (active lt true)", true);
}

#[test]
fn values_of_different_kinds_and_blank_have_no_order() {
    for word in ["eq", "gt", "ge", "lt", "le"] {
        check(&format!("name {word} 0 or blocked {word} 0 or blocked {word} 'x'"), false);
    }
    check("name ne 0 and blocked ne 'x'", true);
    check("blocked eq null and blocked eq '' and blocked ge null", true);
}

#[test]
fn text_functions_look_where_they_say_and_only_at_text() {
    for (function, expected) in [
        ("contains", [true, true, true]),
        ("startswith", [true, false, false]),
        ("endswith", [false, false, true]),
    ] {
        for (part, expected) in ["O''B", "rien", "ÖHNE"].into_iter().zip(expected) {
            check(&format!("{function}(name,'{part}')"), expected);
        }
        check(&format!("{function}(name,'x')"), false);
        check(&format!("{function}(statecode,'0') or {function}(blocked,'x')"), false);
    }
}

#[test]
fn and_binds_before_or_and_not_before_both() {
    check("active eq true or active eq true and active eq false", true);
    check("(active eq true or active eq true) and active eq false", false);
    check("not active eq false and active eq true", true);
    check("not (active eq false or active eq true)", false);
}

#[test]
fn the_columns_of_all_parts_are_read() {
    let filter: Filter = "a eq 1 and (not contains(b,'x') or _c_2 ne null)".parse().unwrap();
    assert_eq!(filter.columns(), ["_c_2", "a", "b"].map(ColumnName::new).into());
}

#[test]
fn a_filter_is_shown_as_the_services_read_it() {
    for text in [
        "a eq 'O''Brien'",
        "a ne null",
        "a gt -1.5",
        "a ge 2026-02-01",
        "a lt 2026-02-01T10:00:00Z",
        "a le 10000000-0000-4000-8000-000000000000",
        "a eq true",
        "contains(a,'it''s')",
        "startswith(a,'x')",
        "endswith(a,'x')",
        "((a eq 1 and b eq false) or not (c eq 'x'))",
    ] {
        assert_eq!(text.parse::<Filter>().unwrap().to_string(), text);
    }
}

#[test]
fn what_only_looks_like_a_guid_is_none() {
    let literal = |text: &str| match format!("a eq {text}").parse() {
        Ok(Filter::Compare(_, _, value)) => Some(value),
        _ => None,
    };
    let long = format!("1.{}", "0".repeat(34));
    assert_eq!((long.len(), literal(&long)), (36, Some(Value::Number(1.into()))));
    assert_eq!(literal("1-2-3-4-5"), None);
    assert_eq!(literal("2026-02-01"), Some(Value::Date("2026-02-01".parse().unwrap())));
}

#[test]
fn a_missing_column_is_an_error_and_not_blank() {
    let filter: Filter = "other eq null".parse().unwrap();
    assert_eq!(filter.accepts(&row(&[])), Err(MissingColumn("other".into())));
}

#[test]
fn errors_point_at_the_character() {
    for (text, position, problem) in [
        ("name == 'x'", 5, "expected eq, ne, gt, ge, lt or le"),
        ("name eq 'x", 9, "the text has no closing quote"),
        ("name eq 'x' y eq 1", 13, "expected `and`, `or` or the end"),
        ("größe eq 'ß' ü", 14, "expected `and`, `or` or the end"),
        ("a eq 1 and 2b eq 1", 12, "expected a column name"),
        ("(a eq 1", 8, "expected `)`"),
        ("contains(a 'x')", 12, "expected `,`"),
        ("contains(,'x')", 10, "expected a column name"),
        ("contains(a,1)", 13, "expected text in single quotes"),
        ("a eq x1", 6, "expected a literal: 'text', a number, true, false, null, a date or a GUID"),
    ] {
        let error = text.parse::<Filter>().unwrap_err();
        assert_eq!((error.position, error.problem.as_str()), (position, problem), "{text}");
        assert_eq!(error.text, text);
    }
}

#[test]
fn hostile_text_cannot_exhaust_the_stack() {
    let long = vec!["a eq 1"; 200_000];
    for (text, problem) in [
        ("(".repeat(200_000), "nested too deeply"),
        ("not ".repeat(200_000), "nested too deeply"),
        (long.join(" or "), "too many comparisons"),
        (long.join(" and "), "too many comparisons"),
    ] {
        assert_eq!(text.parse::<Filter>().unwrap_err().problem, problem);
    }
    assert!(long[..1000].join(" or ").parse::<Filter>().is_ok());
    assert!(long[..1001].join(" or ").parse::<Filter>().is_err());
    let nested = |depth: usize| format!("{}a eq 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(nested(MAX_DEPTH - 1).parse::<Filter>().is_ok());
    assert!(nested(MAX_DEPTH).parse::<Filter>().is_err());
    // What stands side by side is not deep.
    assert!(vec!["not (a eq 1)"; 200].join(" and ").parse::<Filter>().is_ok());
}

proptest! {
    #[test]
    fn hostile_text_never_panics(text in "\\PC{0,80}") {
        let _ = text.parse::<Filter>();
    }

    #[test]
    fn hostile_words_never_panic(text in "( |a|eq|not|and|or|\\(|\\)|'|1|contains|,|é|-){0,40}") {
        let _ = text.parse::<Filter>();
    }

    #[test]
    fn what_is_shown_parses_to_the_same(name in "[a-z]{1,8}", text in "[a-z'é ]{1,12}x", number in -999i64..999) {
        let shown = format!("({name} eq '{}' or not ({name} lt {number}))", text.replace('\'', "''"));
        let filter: Filter = shown.parse().unwrap();
        prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }
}
