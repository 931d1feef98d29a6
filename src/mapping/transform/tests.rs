//! Each step there and back.

use proptest::prelude::*;

use super::*;

fn steps(text: &str) -> Vec<Transform> {
    let table: toml::Table = format!("steps = {text}").parse().unwrap();
    table["steps"].as_array().unwrap().iter().map(|step| parse(step).unwrap()).collect()
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

/// Reads a column's value and writes it back.
fn there_and_back(text: &str, column: &Value, common: &Value) {
    let steps = steps(text);
    assert_eq!(read(&steps, column.clone()).as_ref(), Ok(common), "{text} reads {column:?}");
    assert_eq!(write(&steps, common.clone()).as_ref(), Ok(column), "{text} writes {common:?}");
}

#[test]
fn what_has_a_way_back_takes_it() {
    let text = |text: &str| Value::text(text);
    there_and_back("[{ blank_is = 'EUR' }]", &Value::Blank, &text("EUR"));
    there_and_back("[{ blank_is = 'EUR' }]", &text("USD"), &text("USD"));
    there_and_back("[{ value_map = { DE = 'Germany' } }]", &text("DE"), &text("Germany"));
    there_and_back("[{ value_map = { DE = 'Germany' }, otherwise = 'keep' }]", &text("FR"), &text("FR"));
    there_and_back("[{ value_map = { a = 1, b = 2 } }]", &text("b"), &number("2"));
    there_and_back("[{ prefix = 'BC-' }]", &text("BC-10000"), &text("10000"));
    there_and_back("['country_name']", &text("United Kingdom"), &text("GB"));
    there_and_back("[{ country_name = 'de' }]", &text("Österreich"), &text("AT"));
    there_and_back("['html']", &text("a &lt; b<br>c &amp; d"), &text("a < b\nc & d"));
    there_and_back("[{ number_format = '1234,5' }]", &text("1234,56"), &number("1234.56"));
    there_and_back("[{ number_format = '1.234,5', places = 2 }]", &text("-7,50"), &number("-7.50"));
    there_and_back("[{ date_format = '%d.%m.%Y' }]", &text("31.01.2026"), &date("2026-01-31"));
    let midnight = Value::Instant("2026-01-30T23:00:00Z".parse().unwrap());
    there_and_back("[{ date_in = 'Europe/Berlin' }]", &midnight, &date("2026-01-31"));
    there_and_back("[{ factor = 1000 }]", &number("1.5"), &number("1500"));
    there_and_back("[{ factor = '0.01' }]", &number("250"), &number("2.5"));
    there_and_back("[{ factor = 0.01 }]", &number("250"), &number("2.5"));
    let many = "[{ prefix = 'X' }, { value_map = { A = 'one' } }]";
    there_and_back(many, &text("XA"), &text("one"));
}

#[test]
fn more_is_read_than_is_written() {
    let reads = |text: &str, column: Value, common: Value| {
        assert_eq!(read(&steps(text), column.clone()), Ok(common), "{text} reads {column:?}");
    };
    let text = |text: &str| Value::text(text);
    reads("[{ value_map = { DE = 'Germany' } }]", text(" de "), text("Germany"));
    reads("['country_name']", text("the netherlands"), text("NL"));
    reads("['country_name']", text("nl"), text("NL"));
    reads("['country_name']", text("Vereinigtes Königreich"), text("GB"));
    reads("['country_name']", text("USA"), text("US"));
    reads("['html']", text("<p>one</p><p>two &euro;</p>"), text("one\n\ntwo €"));
    reads("[{ number_format = '1.234,5' }]", text(" 1.234.567,8 "), number("1234567.8"));
    reads(
        "[{ date_in = 'Europe/Berlin' }]",
        Value::Instant("2026-07-01T21:59:59Z".parse().unwrap()),
        date("2026-07-01"),
    );
}

#[test]
fn normal_forms_are_what_they_say() {
    let reads = |text: &str, column: &str, common: &str| {
        assert_eq!(read(&steps(text), Value::text(column)), Ok(Value::text(common)), "{text} of {column}");
    };
    reads("['trim']", "  a b ", "a b");
    reads("['upper']", "straße", "STRASSE");
    reads("['lower']", "STRASSE", "strasse");
    reads("[{ truncate = 3 }]", "abcd", "abc");
    reads("[{ truncate = 3 }]", "ab😀", "ab");
    reads("[{ truncate = 0 }]", "ab", "");
    reads("[{ replace = '\\s+', with = ' ' }]", "a  b\tc", "a b c");
    reads("[{ replace = '(\\w+), (\\w+)', with = '$2 $1' }]", "Smith, Anna", "Anna Smith");
    reads("[{ default = 'none' }]", "", "none");
    reads("[{ default = 'none' }]", "some", "some");
    reads("['phone']", "+49 (0) 30 / 123-45", "+493012345");
    reads("['phone']", "0049 30 123", "+4930123");
    reads("['phone']", "030 123", "030123");
    reads("[{ phone = '+49' }]", "030 123", "+4930123");
    reads("[{ phone = '+49' }]", "30 123", "+4930123");
    reads("['phone']", "ask Anna", "ask Anna");
    reads("['phone']", "030 123 ext. 4", "030 123 ext. 4");
    assert_eq!(read(&steps("[{ round = 1 }]"), number("0.25")), Ok(number("0.2")));
}

/// Weak point 10 of other products: nothing is cut or left out in silence.
#[test]
fn what_cannot_take_a_step_says_why() {
    let stuck = |text: &str, value: Value, problem: &str| {
        let found = read(&steps(text), value).unwrap_err().to_string();
        assert_eq!(found, problem, "{text}");
    };
    let text = |text: &str| Value::text(text);
    stuck("[{ value_map = { a = 'b' } }]", text("c"), "\"c\" is not in the value map");
    stuck("[{ value_map = { a = 'b' }, case = 'exact' }]", text("A"), "\"A\" is not in the value map");
    stuck("[{ prefix = 'BC-' }]", text("10000"), "\"10000\" does not begin with \"BC-\"");
    stuck(
        "['country_name']",
        text("Atlantis"),
        "\"Atlantis\" is no country's name; put it into a value map before",
    );
    let wanted = "\"12.50\" is no number with `,` before its decimal places";
    stuck("[{ number_format = '1234,5' }]", text("12.50"), wanted);
    stuck(
        "[{ date_format = '%d.%m.%Y' }]",
        text("2026-01-31"),
        "\"2026-01-31\" is no date written as %d.%m.%Y",
    );
    stuck("['trim']", number("1"), "1 cannot take the step `trim`");
    let back = write(&steps("[{ blank_is = 'EUR' }]"), Value::Blank).unwrap_err().to_string();
    assert_eq!(back, "(blank) cannot be written: a blank there means \"EUR\"");
    let back = write(&steps("['country_name']"), text("ZZ")).unwrap_err().to_string();
    assert!(back.starts_with("\"ZZ\" is no country's code"), "{back}");
    assert_eq!(
        write(&steps("['trim']"), text(" a ")),
        Ok(text(" a ")),
        "a normal form has no way to go back"
    );
    let back = write(&steps("[{ factor = '2' }]"), text("x")).unwrap_err().to_string();
    assert_eq!(back, "\"x\" cannot take the step `factor`");
    let back = write(&steps("[{ factor = '0.0000000000000000000000000001' }]"), Value::Number(Decimal::MAX));
    assert!(back.unwrap_err().to_string().ends_with("is too large"));
}

#[test]
fn mistakes_name_the_word_and_the_way_out() {
    let problem = |text: &str| {
        let table: toml::Table = format!("step = {text}").parse().unwrap();
        parse(&table["step"]).unwrap_err()
    };
    assert_eq!(problem("'trimm'"), "\"trimm\" is no transform; did you mean trim?");
    assert_eq!(problem("{ valuemap = {} }"), "\"valuemap\" is no transform; did you mean value_map?");
    assert!(problem("'truncate'").starts_with("`truncate` needs more: write { truncate = … }"));
    assert_eq!(problem("{ truncate = -1 }"), "`truncate` takes a whole number, 0 or more");
    assert_eq!(problem("{ truncate = 3, trim = true }"), "one table is one transform; write { … }, { … }");
    assert_eq!(steps("[{ trim = true }]"), [Transform::Trim], "as a table");
    assert_eq!(problem("{ trim = 3 }"), "`trim` takes nothing; write \"trim\"");
    assert_eq!(problem("{ truncate = 3, with = 'x' }"), "`truncate` has no option `with`");
    assert!(problem("{ replace = '(', with = '' }").starts_with("the pattern \"(\" cannot be read"));
    assert_eq!(problem("{ replace = 'a' }"), "`replace` needs `with`: what the finds become");
    assert!(problem("{ date_in = 'Berlin' }").starts_with("\"Berlin\" is no time zone"));
    assert!(problem("{ country_name = 'xx' }").starts_with("countries have no names in \"xx\""));
    assert!(problem("{ phone = 'DE' }").starts_with("\"DE\" is no calling code"));
    assert!(problem("{ number_format = '12' }").starts_with("\"12\" is no example of a number"));
    assert!(problem("{ number_format = '1,234,5' }").starts_with("\"1,234,5\" is no example of a number"));
    assert!(problem("{ factor = 0 }").starts_with("`factor` takes a number that is not 0"));
    assert!(problem("{ value_map = 3 }").starts_with("`value_map` takes a table"));
    assert!(problem("{ value_map = {}, case = 'both' }").starts_with("\"both\" is no `case`"));
    assert!(problem("{ default = [1] }").starts_with("a list is no value"));
    assert_eq!(problem("3"), "a transform is a word or a table");
}

#[test]
fn a_literal_fits_where_values_are_of_its_kind() {
    for word in ["default", "blank_is"] {
        let step = steps(&format!("[{{ {word} = 'x' }}]")).remove(0);
        assert_eq!(step.reads(Shape::Text), Ok(Shape::Text), "{word}");
        assert_eq!(step.reads(Shape::Number), Err(Shape::Text), "{word}");
    }
}

#[test]
fn patterns_are_the_same_where_they_find_and_make_the_same() {
    let replace =
        |pattern: &str, with: &str| steps(&format!("[{{ replace = '{pattern}', with = '{with}' }}]"));
    assert_eq!(replace("a", "b"), replace("a", "b"));
    assert_ne!(replace("a", "b"), replace("c", "b"));
    assert_ne!(replace("a", "b"), replace("a", "c"));
}

/// The example of the projects of 2017, as it was written then.
#[test]
fn transforms_of_2017_are_taken_as_they_are() {
    let json = r#"[{"transformType":"ValueMap","valueMap":{"USA":"United States","DEU":"Germany"}},
        {"transformType":"Default","defaultValue":"United States"}]"#;
    let steps = parse_legacy(json).unwrap();
    let reads = |text: &str| read(&steps, Value::text(text)).unwrap();
    assert_eq!(reads("DEU"), Value::text("Germany"));
    assert_eq!(reads("deu"), Value::text("deu"), "capitals counted then");
    assert_eq!(reads("FRA"), Value::text("FRA"));
    assert_eq!(reads(""), Value::text("United States"));
    let problem = |json: &str| parse_legacy(json).unwrap_err();
    assert!(problem("{}").starts_with("this is no list of transforms as of 2017"));
    assert!(problem(r#"[{"transformType":"Trim"}]"#).starts_with("\"Trim\" is no transformType"));
    assert!(problem(r#"[{"transformType":"Default"}]"#).contains("has a defaultValue"));
    assert!(
        problem(r#"[{"transformType":"ValueMap","valueMap":{"a":[1]}}]"#)
            .starts_with("[1] is no single value")
    );
}

/// Both spellings mean the same.
#[test]
fn transforms_of_2017_can_be_written_in_own_words() {
    let json = r#"[{"transformType":"ValueMap","valueMap":{"USA":"United States","DEU":7,"FRA":1.5,"":true}},
        {"transformType":"Default","defaultValue":"none"}]"#;
    let steps = parse_legacy(json).unwrap();
    let own = in_own_words(&steps);
    let again = self::steps(&own);
    for text in ["USA", "usa", "DEU", "FRA", "", "other"] {
        assert_eq!(read(&again, Value::text(text)), read(&steps, Value::text(text)), "{text} by {own}");
    }
    assert!(own.contains("DEU = 7,") && own.contains("FRA = 1.5"), "{own}");
    assert!(own.contains("case = \"exact\"") && own.contains("default = \"none\""), "{own}");
}

#[test]
fn keys_become_what_the_column_holds() {
    let Transform::ValueMap(mut map) = steps("[{ value_map = { 1 = 'small', 2 = 'large' } }]").remove(0)
    else {
        panic!("it is a value map")
    };
    map.fit(crate::model::ColumnKind::Choice);
    assert_eq!(map.read(number("2")), Ok(Value::text("large")));
    assert_eq!(map.write(Value::text("small")), Ok(number("1")));
    assert!(map.covers(&number("1")) && map.covers(&Value::Blank) && !map.covers(&number("3")));
    assert_eq!(map.ambiguous(), None);
    let fitted = |key: &str, kind| match steps(&format!("[{{ value_map = {{ {key} = 'x' }} }}]")).remove(0) {
        Transform::ValueMap(mut map) => {
            map.fit(kind);
            map.pairs.remove(0).0
        }
        step => panic!("{step:?}"),
    };
    assert_eq!(fitted("true", crate::model::ColumnKind::Flag), Value::Flag(true));
    assert_eq!(fitted("2026-01-31", crate::model::ColumnKind::Date), date("2026-01-31"));
    assert_eq!(fitted("1", crate::model::ColumnKind::Text), Value::text("1"));
    let Transform::ValueMap(map) = steps("[{ value_map = { GB = 'UK', UK = 'uk' } }]").remove(0) else {
        panic!("it is a value map")
    };
    assert_eq!(map.ambiguous(), Some([&Value::text("GB"), &Value::text("UK")]));
}

fn any_normal_form() -> impl Strategy<Value = Transform> {
    prop_oneof![
        Just(Transform::Trim),
        Just(Transform::Upper),
        Just(Transform::Lower),
        (0usize..6).prop_map(Transform::Truncate),
        Just(Transform::Phone { calling_code: None }),
        Just(Transform::Phone { calling_code: Some("49".to_owned()) }),
        Just(Transform::Default(Value::text("d"))),
    ]
}

proptest! {
    /// I31: a normal form taken twice is taken once.
    #[test]
    fn normal_forms_end_where_they_lead(step in any_normal_form(), text in "\\PC{0,9}|[+0 ()/-9a-z]{0,12}|[ßŉİǅÅ]{0,3}") {
        let once = step.read(Value::text(text.as_str())).unwrap();
        prop_assert_eq!(step.read(once.clone()), Ok(once));
    }

    /// I31: what is written reads back equal.
    #[test]
    fn what_is_written_reads_back(n in -99_999_999i64..99_999_999, scale in 0u32..5, day in 0i32..50_000) {
        let number = Value::Number(Decimal::new(n, scale).normalize());
        for text in ["[{ number_format = '1.234,5' }]", "[{ factor = 1000 }]", "[{ factor = '0.01' }]"] {
            let steps = steps(text);
            let column = write(&steps, number.clone()).unwrap();
            prop_assert_eq!(read(&steps, column), Ok(number.clone()), "{}", text);
        }
        let day = jiff::civil::date(1950, 1, 1) + jiff::Span::new().days(day);
        for text in ["[{ date_format = '%Y%m%d' }]", "[{ date_in = 'America/Sao_Paulo' }]"] {
            let steps = steps(text);
            let column = write(&steps, Value::Date(day)).unwrap();
            prop_assert_eq!(read(&steps, column), Ok(Value::Date(day)), "{}", text);
        }
    }

    /// I31: what HTML is made of a text reads as that text.
    #[test]
    fn text_survives_as_html(text in "[a-zé<>&\"' ]{0,12}(\n[a-zé<>&;#]{1,6}){0,2}") {
        // Blanks that nobody sees are no part of it.
        let words = |line: &str| line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let text = text.split('\n').map(words).collect::<Vec<_>>().join("\n");
        let text = text.trim().to_owned();
        let html = html::from_text(&text);
        prop_assert_eq!(html::to_text(&html), text);
    }
}
