//! Mapping files as people write them, right and wrong.

use super::*;
use crate::mapping::{
    DeletionPolicy, Direction, Drift, End, FieldKind, Lookup, Policy, Schedule, Transform, Unresolved,
};
use crate::model::{Row, RowId};

const GOOD: &str = r#"
name = "CUSTOMER"
label = "name"
match_by = [["name"]]
[left]
table = "customers"
filter = "blocked eq ''"
[right]
table = "accounts"
create = true
new_row = { customertypecode = 3 }
[[field]]
id = "name"
left = "displayName"
right = "name"
direction = "<->"
"#;

fn connections() -> Pair<ConnectionName> {
    Pair::new("business-central".into(), "dataverse".into())
}

fn error(text: &str) -> String {
    let error = parse("CUSTOMER.toml", text, &connections()).unwrap_err();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn a_mapping_file_is_read() {
    let mapping = parse("CUSTOMER.toml", GOOD, &connections()).unwrap();
    assert_eq!(mapping.name.as_str(), "CUSTOMER");
    assert_eq!(mapping.create, Pair::new(false, true));
    assert_eq!(mapping.new_row.right, [("customertypecode".into(), Value::Number(3.into()))]);
    assert_eq!(mapping.columns(Side::Left).len(), 2);
    assert_eq!(mapping.connections, connections());
}

#[test]
fn rows_without_versions_are_written_only_where_the_mapping_says_so() {
    let is_unguarded = |text: &str| parse("CUSTOMER.toml", text, &connections()).unwrap().unguarded;
    assert!(!is_unguarded(GOOD));
    assert!(is_unguarded(&format!("unguarded = true\n{GOOD}")));
}

#[test]
fn a_business_key_is_of_fields_that_are_compared() {
    let with = |key: &str| format!("{key}\n{GOOD}");
    let mapping = parse("CUSTOMER.toml", &with("key = [\"name\"]"), &connections()).unwrap();
    assert_eq!(mapping.key, ["name".into()]);
    let found = error(&with("key = [\"nmae\"]"));
    assert!(
        found.starts_with("CUSTOMER.toml, line 1, column 8: ") && found.ends_with("did you mean name?"),
        "{found}"
    );
    let found = error(&with("key = [\"name\"]").replace("\"<->\"", "\"match\""));
    assert!(found.contains("field name of `key` is not compared"), "{found}");
}

#[test]
fn a_lookup_may_point_by_a_value() {
    let with = |keys: &str| {
        let field = "left = \"displayName\"";
        parse("CUSTOMER.toml", &GOOD.replacen(field, &format!("{keys}\n{field}"), 1), &connections())
    };
    let lookup = "type = \"lookup\"\nlookup = \"PEOPLE\"";
    let mapping = with(&format!("{lookup}\nleft_by = \"code\"")).unwrap();
    let by = mapping.fields.iter().find_map(|field| field.lookup()).map(|lookup| lookup.by.clone());
    assert_eq!(by, Some(Pair::new(Some("code".into()), None)));
    let wrong = with("right_by = \"code\"").unwrap_err().to_string();
    assert!(
        wrong.ends_with("can have no `right_by`: only a field of type \"lookup\" points to rows"),
        "{wrong}"
    );
}

#[test]
fn rows_may_be_created_from_some_rows_only() {
    let with = |value: &str| {
        parse("C", &GOOD.replace("create = true", &format!("create = {value}")), &connections())
    };
    let mapping = with("\"kind eq 'A'\"").unwrap();
    assert_eq!(mapping.create, Pair::new(false, true));
    assert!(mapping.columns(Side::Left).contains(&"kind".into()));
    let row = |kind: &str| Row {
        id: RowId::new("1"),
        version: None,
        modified_at: None,
        modified_by: None,
        values: [("kind".into(), Value::text(kind))].into(),
    };
    assert_eq!(mapping.creates_from(Side::Right, &row("A")), Ok(true));
    assert_eq!(mapping.creates_from(Side::Right, &row("B")), Ok(false));
    assert_eq!(with("true").unwrap().creates_from(Side::Right, &row("B")), Ok(true));
    let wrong = with("\"kind is 'A'\"").unwrap_err().to_string();
    assert!(wrong.starts_with("C, line ") && wrong.contains("filter does not parse"), "{wrong}");
}

#[test]
fn a_mapping_may_have_a_time_of_its_own() {
    let schedule = |top: &str| {
        let text = format!("{top}\n{GOOD}");
        parse("CUSTOMER.toml", &text, &connections()).map(|mapping| mapping.schedule)
    };
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let every = |interval, sleep| Schedule::Every { interval, sleep };
    assert_eq!(schedule("").unwrap(), Schedule::EachLook);
    assert_eq!(schedule("every = \"look\"").unwrap(), Schedule::EachLook);
    assert_eq!(schedule("every = \"on demand\"").unwrap(), Schedule::OnDemand);
    assert_eq!(schedule("every = \"30 min\"").unwrap(), every(minutes(30), None));
    assert_eq!(
        schedule("every = \"30 min\"\nsleep = \"12 h\"").unwrap(),
        every(minutes(30), Some(minutes(720)))
    );
    let wrong = |top| schedule(top).unwrap_err().to_string();
    assert_eq!(
        wrong("every = \"often\""),
        "CUSTOMER.toml, line 1, column 9: `every` is no time: write it as \"30 min\" or \"12 h\", or \"look\" or \
         \"on demand\""
    );
    assert!(wrong("every = \"1 h\"\nsleep = \"long\"").contains("line 2, column 9: `sleep` is no time"));
    for lonely in ["sleep = \"12 h\"", "every = \"on demand\"\nsleep = \"12 h\""] {
        assert!(wrong(lonely).contains("`sleep` is for mappings with a time in `every`"));
    }
}

#[test]
fn errors_name_file_line_and_remedy() {
    let found = error(&GOOD.replace("\"<->\"", "\"<=>\""));
    assert_eq!(
        found,
        "CUSTOMER.toml, line 16, column 13: \"<=>\" is no direction; write ->, <-, <->, left unless blank, \
         right unless blank, create only or match; did you mean <->?"
    );
    let found = error(&GOOD.replace("blocked eq ''", "blocked == ''"));
    assert!(
        found.starts_with("CUSTOMER.toml, line 7, column 10: the left filter does not parse: "),
        "{found}"
    );
    let found = error(&GOOD.replace("[[\"name\"]]", "[[\"nmae\"]]"));
    assert_eq!(
        found,
        "CUSTOMER.toml, line 4, column 12: there is no field \"nmae\" in use; the fields are name; did you mean name?"
    );
    let found = error(&GOOD.replace("table = \"customers\"", "tabel = \"customers\""));
    let expected = "CUSTOMER.toml, line 6, column 1: unknown field `tabel`, expected one of `connection`, `table`, `filter`, \
                    `made_with`, `company`, `create`, `new_row`, `template`; did you mean table?";
    assert_eq!(found, expected);
    let found = error(&GOOD.replace("table = \"customers\"", "table = \"customers"));
    assert!(found.starts_with("CUSTOMER.toml, line 6, column 19: "), "{found}");
}

/// Returns the mapping above with another direction of its field and more keys below it.
fn with_field(direction: &str, more: &str) -> String {
    format!("{}{more}", GOOD.replace("\"<->\"", &format!("\"{direction}\"")))
}

#[test]
fn a_direction_says_who_owns_a_field() {
    let check = |word: &str, direction: Direction, flows: Pair<bool>, on_create: Pair<bool>| {
        let mapping = parse("CUSTOMER.toml", &with_field(word, ""), &connections()).unwrap();
        let field = &mapping.fields[0];
        assert_eq!(field.direction, direction);
        assert_eq!(Pair::from_fn(|side| direction.flows_to(side)), flows, "{word}");
        assert_eq!(field.on_create, on_create, "{word}");
    };
    let (none, both) = (Pair::new(false, false), Pair::new(true, true));
    let (left, right) = (Pair::new(true, false), Pair::new(false, true));
    check("->", Direction::ToRight, right, right);
    check("<-", Direction::ToLeft, left, left);
    check("<->", Direction::Both, both, both);
    check("left unless blank", Direction::UnlessBlank(Side::Left), both, both);
    check("right unless blank", Direction::UnlessBlank(Side::Right), both, both);
    check("create only", Direction::CreateOnly, none, both);
    check("match", Direction::Match, none, none);
}

#[test]
fn policies_are_read_for_the_mapping_and_for_a_field() {
    let top = "conflict = \"newer\"\nfirst_contact = \"newer\"\nnewer_by_secs = 5\ndrift = \"keep\"\ndeletion = \"restore\"\n";
    let text = format!("{top}{}", with_field("->", "drift = \"report\"\n"));
    let mapping = parse("CUSTOMER.toml", &text, &connections()).unwrap();
    assert_eq!((mapping.conflict, mapping.first_contact), (Policy::Newer, Policy::Newer));
    assert_eq!((mapping.newer_by, mapping.drift), (Duration::from_secs(5), Drift::Keep));
    assert_eq!(mapping.deletion, DeletionPolicy::Restore);
    assert_eq!(mapping.drift(&mapping.fields[0]), Drift::Report);
    let mapping = parse("CUSTOMER.toml", GOOD, &connections()).unwrap();
    assert_eq!((mapping.newer_by, mapping.drift), (Duration::from_secs(120), Drift::Revert));
    assert_eq!(mapping.deletion, DeletionPolicy::Ignore);
}

#[test]
fn policies_that_cannot_be_meant_are_refused_where_they_stand() {
    let check = |direction: &str, more: &str, expected: &str| {
        assert_eq!(error(&with_field(direction, more)), format!("CUSTOMER.toml, {expected}"));
    };
    check(
        "->",
        "conflict = \"left\"",
        "line 17, column 12: field name can have no `conflict`: edits collide only where the direction is <->",
    );
    for direction in ["<->", "create only", "match"] {
        check(
            direction,
            "drift = \"keep\"",
            "line 17, column 9: field name can have no `drift`: no side owns it; one does with the direction ->, <-, \
             left unless blank or right unless blank",
        );
    }
    check(
        "->",
        "drift = \"undo\"",
        "line 17, column 9: \"undo\" is no drift policy; write revert, keep or report",
    );
    check(
        "<->",
        "conflict = \"newest\"",
        "line 17, column 12: \"newest\" is no conflict policy; write ask, left, right or newer; did you mean newer?",
    );
    check(
        "create only",
        "group = \"g\"",
        "line 17, column 9: field name can be in no group: with this direction it is never merged, and a group merges as one",
    );
    let second = |direction: &str, drift: &str| {
        format!(
            "group = \"g\"\n[[field]]\nid = \"b\"\nleft = \"b\"\nright = \"b\"\ndirection = \"{direction}\"\n{drift}group = \"g\"\n"
        )
    };
    let differ = |line: u32, what: &str| {
        format!(
            "line {line}, column 9: fields name and b of group \"g\" differ in `{what}`; a group merges as one, so give both the same"
        )
    };
    check("<->", &second("->", ""), &differ(23, "direction"));
    check("->", &second("->", "drift = \"keep\"\n"), &differ(24, "drift"));
    let deletion = error(&format!("deletion = \"purge\"\n{GOOD}"));
    assert!(deletion.ends_with("is no deletion policy; write ignore, ask, delete, uncouple or restore"));
}

#[test]
fn a_type_says_what_kind_of_value_a_field_holds() {
    let number = |scale, zero_is_blank| FieldKind::Number { scale, zero_is_blank };
    let lookup = |blank_is_base_currency| {
        let (mappings, unresolved) = (vec!["N".into()], Unresolved::Row);
        FieldKind::Lookup(Lookup { mappings, by: Pair::default(), blank_is_base_currency, unresolved })
    };
    for (keys, expected) in [
        ("", FieldKind::Text),
        ("type = \"text\"", FieldKind::Text),
        ("type = \"code\"", FieldKind::Code),
        ("type = \"number\"", number(None, false)),
        ("type = \"number\"\nscale = 2\nzero_is_blank = true", number(Some(2), true)),
        ("type = \"flag\"", FieldKind::Flag),
        ("type = \"date\"", FieldKind::Date),
        ("type = \"instant\"", FieldKind::Instant),
        ("type = \"lookup\"\nlookup = \"N\"", lookup(false)),
        ("type = \"lookup\"\nlookup = \"N\"\nblank_is_base_currency = true", lookup(true)),
    ] {
        let mapping = parse("CUSTOMER.toml", &with_field("->", keys), &connections()).unwrap();
        assert_eq!(mapping.fields[0].kind, expected, "{keys}");
    }
    assert_eq!(
        error(&with_field("->", "type = \"money\"")),
        "CUSTOMER.toml, line 17, column 8: \"money\" is no type; write text, code, number, flag, date, instant or lookup"
    );
    assert_eq!(
        error(&with_field("->", "type = \"lookup\"")),
        "CUSTOMER.toml, line 12, column 1: field name has type \"lookup\" but no `lookup`: name the mapping that couples the rows \
         it points to"
    );
}

#[test]
fn a_field_may_be_sent_on_creation_beyond_its_direction() {
    let (both, left, right) = (Pair::new(true, true), Pair::new(true, false), Pair::new(false, true));
    for (direction, word, expected) in [
        ("->", "left", both),
        ("->", "right", right),
        ("->", "both", both),
        ("<-", "left", left),
        ("<-", "right", both),
        ("match", "left", left),
        ("match", "right", right),
        ("create only", "left", left),
        ("create only", "both", both),
    ] {
        let text = with_field(direction, &format!("on_create = \"{word}\""));
        let mapping = parse("CUSTOMER.toml", &text, &connections()).unwrap();
        assert_eq!(mapping.fields[0].on_create, expected, "{direction} {word}");
    }
    assert_eq!(
        error(&with_field("->", "on_create = \"none\"")),
        "CUSTOMER.toml, line 17, column 13: \"none\" is no on_create; write left, right or both"
    );
}

#[test]
fn each_word_for_a_policy_is_read() {
    let read = |top: &str| parse("CUSTOMER.toml", &format!("{top}\n{GOOD}"), &connections()).unwrap();
    for (word, expected) in [
        ("ask", Policy::Ask),
        ("left", Policy::Take(Side::Left)),
        ("right", Policy::Take(Side::Right)),
        ("newer", Policy::Newer),
    ] {
        assert_eq!(read(&format!("conflict = \"{word}\"")).conflict, expected);
    }
    for (word, expected) in [("revert", Drift::Revert), ("keep", Drift::Keep), ("report", Drift::Report)] {
        assert_eq!(read(&format!("drift = \"{word}\"")).drift, expected);
    }
    for (word, expected) in [
        ("ignore", DeletionPolicy::Ignore),
        ("delete", DeletionPolicy::Delete),
        ("uncouple", DeletionPolicy::Uncouple),
        ("ask", DeletionPolicy::Ask),
        ("restore", DeletionPolicy::Restore),
    ] {
        assert_eq!(read(&format!("deletion = \"{word}\"")).deletion, expected);
    }
    let default = read("");
    assert_eq!((default.conflict, default.first_contact), (Policy::Ask, Policy::Ask));
}

#[test]
fn a_new_row_gets_values_of_any_kind() {
    let with = |value: &str| GOOD.replace("= 3 }", &format!("= {value} }}"));
    for (text, expected) in [
        ("\"x\"", Value::text("x")),
        ("-7", Value::Number((-7).into())),
        ("1.5", Value::Number("1.5".parse().unwrap())),
        ("true", Value::Flag(true)),
        ("2026-01-31", Value::Date("2026-01-31".parse().unwrap())),
    ] {
        let mapping = parse("CUSTOMER.toml", &with(text), &connections()).unwrap();
        assert_eq!(mapping.new_row.right, [("customertypecode".into(), expected)]);
        assert_eq!(mapping.new_row.left, []);
    }
    assert_eq!(
        error(&with("[1]")),
        "CUSTOMER.toml, line 11, column 13: new_row.customertypecode: a list is no value; write text, a number, true, false \
         or a date"
    );
}

#[test]
fn a_mapping_may_name_its_connections_and_what_runs_first() {
    let text = GOOD.replace("table = \"accounts\"", "connection = \"crm\"\ntable = \"accounts\"");
    let text = format!("depends_on = [\"CURRENCY\"]\n{text}");
    let mapping = parse("CUSTOMER.toml", &text, &connections()).unwrap();
    assert_eq!(mapping.connections, Pair::new("business-central".into(), "crm".into()));
    assert_eq!(mapping.depends_on, ["CURRENCY".into()]);
    assert_eq!(mapping.match_by, [vec!["name".into()]]);
}

#[test]
fn fields_of_one_group_agree_also_where_one_only_repeats_the_mappings_policy() {
    let text = with_field(
        "->",
        "group = \"g\"\n[[field]]\nid = \"b\"\nleft = \"b\"\nright = \"b\"\ndirection = \"->\"\ndrift = \"revert\"\n\
         group = \"g\"\n[[field]]\nid = \"c\"\nleft = \"c\"\nright = \"c\"\ndirection = \"<-\"\ngroup = \"other\"\n",
    );
    assert_eq!(parse("CUSTOMER.toml", &text, &connections()).unwrap().units().len(), 2);
}

#[test]
fn a_label_that_is_no_field_is_refused_where_it_stands() {
    let found = error(&GOOD.replace("label = \"name\"", "label = \"nmae\""));
    assert_eq!(
        found,
        "CUSTOMER.toml, line 3, column 9: there is no field \"nmae\" in use; the fields are name; did you mean name?"
    );
}

/// Returns the mapping above with other ends of its field, and a direction.
fn with_ends(ends: &str, direction: &str) -> String {
    let ends = GOOD.replace("left = \"displayName\"\nright = \"name\"\n", ends);
    ends.replace("\"<->\"", &format!("\"{direction}\""))
}

#[test]
fn a_field_is_a_column_or_several_or_a_constant() {
    let read = |ends: &str, direction: &str| {
        let mapping = parse("CUSTOMER.toml", &with_ends(ends, direction), &connections()).unwrap();
        mapping.fields[0].ends.clone()
    };
    let joined = |separator: &str| End::Joined {
        columns: vec!["firstname".into(), "lastname".into()],
        separator: separator.to_owned(),
    };
    let several = "left = \"displayName\"\nright = [\"firstname\", \"lastname\"]\n";
    assert_eq!(read(several, "<->"), Pair::new(End::Column("displayName".into()), joined(" ")));
    assert_eq!(read(&format!("{several}separator = \", \"\n"), "<->").right, joined(", "));
    let constant = read("left_value = 1\nright = \"pricingmethodcode\"\n", "->");
    assert_eq!(constant.left, End::Constant(Value::Number(1.into())));
    for (ends, direction, problem) in [
        ("left = \"a\"\n", "->", "lacks `right`"),
        ("left = \"a\"\nleft_value = 1\nright = \"b\"\n", "->", "has both `left` and `left_value`"),
        ("left_value = 1\nright = \"b\"\n", "<->", "flows to the left side, which is a constant"),
        ("left = [\"a\"]\nright = \"b\"\n", "->", "write one column as text"),
        ("left_value = []\nright = \"b\"\n", "->", "a list is no value"),
        ("left = \"a\"\nright = [\"b\", \"c\"]\nseparator = \"\"\n", "->", "tells no parts apart"),
    ] {
        let found = error(&with_ends(ends, direction));
        assert!(found.starts_with("CUSTOMER.toml, line 1") && found.contains(problem), "{found}");
    }
}

#[test]
fn transforms_stand_where_they_can_be_taken() {
    let read = |direction: &str, more: &str| {
        parse("CUSTOMER.toml", &with_field(direction, more), &connections())
            .map(|mut mapping| mapping.fields.remove(0))
    };
    let field = read("<->", "left_transform = [{ prefix = \"A\" }]\ntransform = [\"trim\"]\n").unwrap();
    assert_eq!(field.steps.left, [Transform::Prefix("A".to_owned())]);
    assert_eq!((field.normal, field.steps.right.len()), (vec![Transform::Trim], 0));
    let json = "left_transform = '[{\"transformType\":\"Default\",\"defaultValue\":\"x\"}]'\n";
    assert_eq!(read("->", json).unwrap().steps.left, [Transform::Default(Value::text("x"))]);
    let map = "left_transform = [{ value_map = { GB = \"UK\", UK = \"UK\" } }]\n";
    assert!(read("->", map).is_ok());
    for (direction, more, problem) in [
        (
            "<->",
            json,
            "line 17, column 18: field name: `default` has no way back, but the field is written on the left side",
        ),
        (
            "<->",
            map,
            "line 17, column 18: field name: \"GB\" and \"UK\" mean the same, so there is no way back to the left",
        ),
        (
            "<-",
            "on_create = \"right\"\nright_transform = [\"trim\"]\n",
            "line 18, column 19: field name: `trim` has no way back, but the field is written on the right side",
        ),
        (
            "->",
            "transform = [\"html\"]\n",
            "line 17, column 13: field name: `html` says what a column's values mean",
        ),
        (
            "->",
            "transform = [\"trimm\"]\n",
            "line 17, column 13: \"trimm\" is no transform; did you mean trim?",
        ),
        ("->", "transform = \"trim\"\n", "line 17, column 13: this is no list of transforms as of 2017"),
    ] {
        let found = error(&with_field(direction, more));
        assert!(found.starts_with(&format!("CUSTOMER.toml, {problem}")), "{found}");
    }
}

#[test]
fn a_field_that_is_switched_off_is_not_there_and_has_to_be_right() {
    let off = "[[field]]\nid = \"b\"\nleft = \"b\"\nright = \"b\"\ndirection = \"->\"\nenabled = false\n";
    let mapping = parse("CUSTOMER.toml", &format!("{GOOD}{off}"), &connections()).unwrap();
    assert_eq!(mapping.fields.len(), 1);
    let found = error(&format!("{GOOD}{}", off.replace("->", "=>")));
    assert!(found.starts_with("CUSTOMER.toml, line 21, column 13: \"=>\" is no direction"), "{found}");
    let found = error(&format!("{}{off}", GOOD.replace("label = \"name\"", "label = \"b\"")));
    assert!(found.contains("there is no field \"b\" in use"), "{found}");
}

#[test]
fn a_lookup_says_where_it_points_and_what_becomes_of_it_meanwhile() {
    let read = |more: &str| {
        let text = with_field("->", &format!("type = \"lookup\"\n{more}\n"));
        let mapping = parse("CUSTOMER.toml", &text, &connections()).unwrap();
        mapping.fields[0].lookup().cloned().unwrap()
    };
    let lookup = read("lookup = [\"CUSTOMER\", \"VENDOR\"]\nunresolved = \"field\"");
    assert_eq!(lookup.mappings, ["CUSTOMER".into(), "VENDOR".into()]);
    assert_eq!(lookup.unresolved, Unresolved::Field);
    assert_eq!(read("lookup = \"N\"\nunresolved = \"blank\"").unresolved, Unresolved::Blank);
    assert_eq!(read("lookup = \"N\"\nunresolved = \"row\"").unresolved, Unresolved::Row);
    let found = error(&with_field("->", "type = \"lookup\"\nlookup = \"N\"\nunresolved = \"rows\""));
    assert!(
        found.ends_with("\"rows\" is no unresolved; write row, field or blank; did you mean row?"),
        "{found}"
    );
    let grouped = "type = \"lookup\"\nlookup = \"N\"\ngroup = \"g\"\nunresolved = \"field\"";
    assert!(
        error(&with_field("->", grouped)).contains("field name cannot wait alone: a group merges as one")
    );
    let several = "left = [\"a\", \"b\"]\nright = \"c\"\ntype = \"lookup\"\nlookup = [\"N\", \"M\"]\n";
    let mapping = parse("CUSTOMER.toml", &with_ends(several, "->"), &connections()).unwrap();
    assert_eq!(mapping.fields[0].ends.left, End::FirstOf(vec!["a".into(), "b".into()]));
    assert!(error(&with_ends(several, "<->")).contains("nothing says which of its columns is meant"));
    let by = format!("{several}left_by = \"code\"\n");
    assert!(error(&with_ends(&by, "->")).contains("can have no `left_by`: it names several columns there"));
    assert!(error(&with_field("->", "type = \"lookup\"\nlookup = []")).contains("but no `lookup`"));
}

#[test]
fn what_rows_are_told_apart_by_is_not_optional() {
    let found = error(&with_field("->", "optional = true"));
    assert!(found.contains("field name cannot be optional: rows are told apart by it"), "{found}");
    let more = "[[field]]\nid = \"b\"\nleft = \"b\"\nright = \"b\"\ndirection = \"->\"\noptional = true\n";
    let mapping = parse("CUSTOMER.toml", &format!("{GOOD}{more}"), &connections()).unwrap();
    assert_eq!(mapping.fields.iter().map(|field| field.optional).collect::<Vec<_>>(), [false, true]);
    for (told_by, tells) in [("label = \"name\"", "label = \"b\""), ("[[\"name\"]]", "[[\"name\"], [\"b\"]]")]
    {
        let found = error(&format!("{GOOD}{more}").replace(told_by, tells));
        assert!(found.contains("field b cannot be optional"), "{tells}: {found}");
    }
}

#[test]
fn a_blank_says_nothing_only_where_one_side_owns_the_field() {
    let read = |direction: &str, more: &str| with_field(direction, &format!("not_null = true\n{more}"));
    assert!(parse("M", &read("->", ""), &connections()).unwrap().fields[0].not_null);
    let found = error(&read("<->", ""));
    assert!(
        found.contains("field name cannot be `not_null`: only where the direction is -> or <-"),
        "{found}"
    );
    let found = error(&read("<-", "group = \"g\""));
    assert!(found.contains("a group merges as one; take it out of the group"), "{found}");
}
