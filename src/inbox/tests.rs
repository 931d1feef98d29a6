//! The inbox as a whole: what is written reads back, and what people write is understood or kept.

mod reading;
mod rendering;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    Answered, BLOCK_LIMIT, FaceKind, Faces, FieldFace, KeptPlace, Names, Notes, Parsed, Raw,
    answer_from_words, parse, render, stamp_of,
};
use crate::model::{
    Answer, Author, Choice, Conflict, ConflictId, ConflictKind, FieldConflict, FieldId, MappingName, Pair,
    RowId, Side, Stamp, Value,
};

fn names() -> Names {
    Names { left: "business-central".into(), right: "dataverse".into() }
}

fn faces() -> Faces {
    let face = |label: &str, kind| FieldFace { label: label.to_owned(), kind };
    let fields = [
        ("phone", face("Phone", FaceKind::Text)),
        ("email", face("E-mail", FaceKind::Text)),
        ("limit", face("Credit limit", FaceKind::Number)),
    ];
    let fields = fields.into_iter().map(|(id, face)| (FieldId::new(id), face)).collect();
    BTreeMap::from([(MappingName::new("CUSTOMER"), fields)])
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn field(id: &str, base: Option<Value>, left: Value, right: Value) -> FieldConflict {
    FieldConflict { field: FieldId::new(id), base, values: Pair::new(left, right) }
}

fn conflict(id: u64, label: &str, kind: ConflictKind) -> Conflict {
    Conflict {
        id: ConflictId(id),
        mapping: MappingName::new("CUSTOMER"),
        rows: Pair::new(RowId::new("l"), RowId::new("r")),
        label: label.to_owned(),
        stamp: stamp_of(&kind),
        kind,
        authors: Pair::default(),
        raised_at: "2026-01-31T10:00:00Z".parse().unwrap(),
        answer: None,
        answered_in: None,
        suggestion: None,
    }
}

fn author(name: &str, at: &str) -> Author {
    Author { name: Some(name.to_owned()), at: at.parse().ok() }
}

/// A conflict of two fields, a first contact, and a deletion.
fn three() -> Vec<Conflict> {
    let phone = field("phone", Some(text("030-0074321")), text("030-1"), text("030-2"));
    let limit = field("limit", Some(Value::Number(100.into())), Value::Number(200.into()), Value::Blank);
    let mut fields = conflict(7, "Alfreds Futterkiste", ConflictKind::Fields(vec![phone, limit]));
    fields.authors =
        Pair::new(author("ANNA", "2026-01-30T09:12:00Z"), author("Bob Stone", "2026-01-30T10:40:00Z"));
    fields.suggestion =
        Some(Answer::PerField(BTreeMap::from([(FieldId::new("phone"), Choice::Value(text("030-3")))])));
    let email = field("email", None, text("info@bolido.es"), text("hola@bolido.es"));
    let first_contact = conflict(8, "Bólido Comidas \"preparadas\"", ConflictKind::Fields(vec![email]));
    let mut deleted = conflict(9, "Eastern Connection", ConflictKind::Deleted { on: Side::Right });
    deleted.authors = Pair::new(author("ANNA", "2026-01-29T16:05:00Z"), Author::default());
    vec![fields, first_contact, deleted]
}

fn rendered(conflicts: &[Conflict]) -> String {
    render(conflicts, &faces(), &names(), &Notes::default())
}

fn read(text: &str, conflicts: &[Conflict]) -> Parsed {
    parse(text, conflicts, &faces(), &names())
}

/// Renders again with what the parsing left over.
fn again(parsed: &Parsed, conflicts: &[Conflict]) -> String {
    render(conflicts, &faces(), &names(), &parsed.notes)
}

/// Replaces the nth `from` in the file.
fn edited(text: &str, nth: usize, from: &str, to: &str) -> String {
    let at = text.match_indices(from).nth(nth).unwrap().0;
    format!("{}{to}{}", &text[..at], &text[at + from.len()..])
}

fn answers(parsed: &Parsed) -> Vec<(u64, Answer)> {
    parsed.answers.iter().map(|Answered { conflict, answer, .. }| (conflict.0, answer.clone())).collect()
}

fn per_field(choices: &[(&str, Choice)]) -> Answer {
    Answer::PerField(choices.iter().map(|(id, choice)| (FieldId::new(*id), choice.clone())).collect())
}

/// Writes the nth answer of the file (0 C7, 1 phone, 2 limit, 3 C8, 4 email, 5 C9) and reads the file.
fn check_answer(nth: usize, line: &str, expected: &[(u64, Answer)]) {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), nth, "answer = \"\"", line);
    let parsed = read(&file, &conflicts);
    assert_eq!(answers(&parsed), expected, "{line}: {:?}", parsed.problems);
    let once = again(&parsed, &conflicts);
    assert_eq!(answers(&read(&once, &conflicts)), expected, "{once}");
    assert_eq!(again(&read(&once, &conflicts), &conflicts), once);
}

/// Writes something wrong, and looks for the explanation in the file that comes back, above what was written.
fn check_problem(nth: usize, line: &str, explanation: &str, kept: &str) {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), nth, "answer = \"\"", line);
    let parsed = read(&file, &conflicts);
    assert_eq!(parsed.answers, []);
    let [problem] = &parsed.problems[..] else { panic!("{:?}", parsed.problems) };
    assert!(problem.explanation.contains(explanation), "{problem:?}");
    let once = again(&parsed, &conflicts);
    assert!(once.contains(&format!("{}\n{kept}", problem.explanation)), "{once}");
    let reread = read(&once, &conflicts);
    assert_eq!(reread.problems.len(), 1);
    assert_eq!(again(&reread, &conflicts), once);
}

#[test]
fn the_file_reads_well() {
    insta::assert_snapshot!(rendered(&three()), @r##"
        #| 3 conflicts wait for your decision. Until then, both systems keep what they have.
        #|
        #| To decide, write one of these between the quotes after answer = and save this file.
        #| That is all: Tandem sees it by itself.
        #|
        #|   business-central  take the value of business-central
        #|   dataverse         take the value of dataverse
        #|   later             leave it open
        #|   uncouple          stop keeping these two rows in step
        #|   blank             empty this field in both (for a field)
        #|
        #| The first answer of a conflict is for all its fields, one below a field for that field alone.
        #| To have a value of your own in a field, write it after value = instead.
        #| Notes of your own begin with # and are kept; lines that begin with #| are rewritten.

        [[conflict]]
        id = "C7"
        row = "CUSTOMER · Alfreds Futterkiste"
        stamp = "a674f6de8605"
        #| Changed in business-central by ANNA on 2026-01-30 at 09:12 UTC.
        #| Changed in dataverse by Bob Stone on 2026-01-30 at 10:40 UTC.
        #| Your earlier answer, Phone = "030-3", was for other values. Write it again if it still holds.
        answer = ""

        [[conflict.field]]
        name = "Phone"
        was = "030-0074321"
        business-central = "030-1"
        dataverse = "030-2"
        answer = ""
        value = ""

        [[conflict.field]]
        name = "Credit limit"
        was = "100"
        business-central = "200"
        dataverse = ""
        answer = ""
        value = ""

        [[conflict]]
        id = "C8"
        row = 'CUSTOMER · Bólido Comidas "preparadas"'
        stamp = "d4bfb9831e74"
        #| First contact: the two rows differed when they were coupled.
        answer = ""

        [[conflict.field]]
        name = "E-mail"
        business-central = "info@bolido.es"
        dataverse = "hola@bolido.es"
        answer = ""
        value = ""

        [[conflict]]
        id = "C9"
        row = "CUSTOMER · Eastern Connection"
        stamp = "bb2faef8c321"
        #| Deleted in dataverse.
        #| Changed in business-central by ANNA on 2026-01-29 at 16:05 UTC.
        #| restore: create the row again in dataverse. delete: delete it in business-central too.
        #| Write restore, delete, later or uncouple.
        answer = ""
    "##);
}

#[test]
fn an_untouched_file_says_nothing() {
    let conflicts = three();
    let file = rendered(&conflicts);
    let parsed = read(&file, &conflicts);
    assert_eq!((&parsed.answers[..], &parsed.problems[..]), (&[][..], &[][..]));
    assert_eq!(parsed.undecided.len(), 3);
    assert_eq!(parsed.notes, Notes::default());
    assert_eq!(again(&parsed, &conflicts), file);
}

#[test]
fn answers_are_understood_however_they_are_written() {
    let left = [(7, Answer::Take(Side::Left))];
    for line in [
        "answer = \"business-central\"",
        "answer = ' Business Central '",
        "answer = business-central # Anna knows",
        "answer = “LEFT”",
        "\t answer=\"left\"  ",
        "ANSWER = \"left\"",
        "answer = \"\"\nanswer = \"left\"",
    ] {
        check_answer(0, line, &left);
    }
    check_answer(0, "answer = \"Later\"", &[(7, Answer::Later)]);
    check_answer(0, "answer = \"uncouple\"", &[(7, Answer::Uncouple)]);
    check_answer(5, "answer = \"restore\"", &[(9, Answer::Restore)]);
    check_answer(5, "answer = delete", &[(9, Answer::Delete)]);
}

#[test]
fn a_field_is_answered_on_its_own() {
    let phone = |choice| [(7, per_field(&[("phone", choice)]))];
    check_answer(1, "answer = \"dataverse\"", &phone(Choice::Side(Side::Right)));
    check_answer(1, "answer = \"blank\"", &phone(Choice::Value(Value::Blank)));
    check_answer(1, "answer = dataverse", &phone(Choice::Side(Side::Right)));
    check_answer(1, "answer = \"later\"", &[]);
    let conflicts = three();
    let file = edited(&rendered(&conflicts), 1, "value = \"\"", "value = 12,5");
    let limit = Choice::Value(Value::Number("12.5".parse().unwrap()));
    assert_eq!(answers(&read(&file, &conflicts)), [(7, per_field(&[("limit", limit.clone())]))]);
    let file = edited(&file, 0, "answer = \"\"", "answer = \"left\"");
    let both = per_field(&[("phone", Choice::Side(Side::Left)), ("limit", limit)]);
    assert_eq!(answers(&read(&file, &conflicts)), [(7, both)]);
}

#[test]
fn what_is_not_understood_stays_with_an_explanation() {
    check_problem(
        0,
        "answer = \"bizness\"",
        "I did not understand \"bizness\": write business-central, dataverse, later or uncouple",
        "answer = \"bizness\"",
    );
    check_problem(1, "answer = \"030-3\"", "a value of your own goes after value =", "answer = \"030-3\"");
    check_problem(
        2,
        "value = \"lots\"\nanswer = \"\"\n#",
        "this field takes a number",
        "answer = \"\"\nvalue = \"lots\"",
    );
    check_problem(
        5,
        "answer = \"dataverse\"",
        "restore, delete, later or uncouple",
        "answer = \"dataverse\"",
    );
    check_problem(0, "anwser = \"left\"\nanswer = \"\"", "I do not know \"anwser\"", "anwser = \"left\"");
}

#[test]
fn comments_are_kept_where_they_were_written() {
    let conflicts = three();
    let file = rendered(&conflicts);
    let file = edited(&file, 1, "answer = \"\"", "answer = \"\" # ask Bob");
    let file = edited(&file, 0, "id = \"C8\"", "# above the id\nid = \"C8\"");
    let file = edited(&file, 2, "[[conflict]]", "# above the block\n[[conflict]]");
    let file = format!("# my file\n{file}# at the end\n");
    let parsed = read(&file, &conflicts);
    let places: Vec<_> =
        parsed.notes.kept.iter().map(|kept| (kept.place.clone(), kept.text.as_str())).collect();
    assert_eq!(
        places,
        [
            (KeptPlace::Head, "# my file"),
            (KeptPlace::Field(ConflictId(7), FieldId::new("phone")), "# ask Bob"),
            (KeptPlace::Conflict(ConflictId(8)), "# above the id"),
            (KeptPlace::Conflict(ConflictId(9)), "# above the block"),
            (KeptPlace::Conflict(ConflictId(9)), "# at the end"),
        ]
    );
    let once = again(&parsed, &conflicts);
    assert_eq!(again(&read(&once, &conflicts), &conflicts), once);
    let settled = again(&parsed, &conflicts[..1]);
    assert!(settled.contains("# above the block"), "{settled}");
    assert_eq!(again(&read(&settled, &conflicts[..1]), &conflicts[..1]), settled);
}

#[test]
fn a_broken_block_stays_in_place_and_spoils_no_other() {
    let conflicts = three();
    let file = rendered(&conflicts);
    let file = edited(&file, 5, "answer = \"\"", "answer = \"restore\"");
    let file = edited(&file, 1, "answer = \"\"", "answer = \"dataverse");
    let line = file.lines().position(|line| line == "answer = \"dataverse").unwrap() + 1;
    let parsed = read(&file, &conflicts);
    assert_eq!(answers(&parsed), [(9, Answer::Restore)]);
    assert_eq!((parsed.problems.len(), parsed.problems[0].line), (1, line));
    let once = again(&parsed, &conflicts);
    assert!(once.contains("\nanswer = \"dataverse\n"), "{once}");
    assert_eq!(again(&read(&once, &conflicts), &conflicts), once);
    let mended = edited(&once, 0, "answer = \"dataverse\n", "answer = \"dataverse\"\n");
    assert_eq!(answers(&read(&mended, &conflicts)).len(), 2);
}

#[test]
fn a_damaged_file_is_kept_and_answers_nothing() {
    let conflicts = three();
    for damage in
        ["", "\u{FEFF}", "PK\u{3}\u{4}\u{0}junk\u{FFFD}\n[[confl", "Dear Anna,\n\nplease call me.\n"]
    {
        let parsed = read(damage, &conflicts);
        assert_eq!((parsed.answers.len(), parsed.undecided.len()), (0, 3));
        assert_eq!(parsed.problems.is_empty(), damage.trim_start_matches('\u{FEFF}').is_empty());
        let once = again(&parsed, &conflicts);
        for line in damage.trim_start_matches('\u{FEFF}').lines() {
            assert!(once.contains(line), "{once}");
        }
        assert_eq!(again(&read(&once, &conflicts), &conflicts), once);
    }
}

#[test]
fn a_file_that_was_cut_off_gives_no_half_answer() {
    let conflicts = three();
    let file = rendered(&conflicts);
    let file = edited(&file, 0, "answer = \"\"", "answer = \"left\"");
    let whole = edited(&file, 0, "value = \"\"", "value = 030-12345");
    let expected = answers(&read(&whole, &conflicts));
    assert_eq!(expected.len(), 1);
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let cut = answers(&read(&whole[..end], &conflicts));
        assert!(cut.is_empty() || cut == expected, "{}", &whole[..end]);
    }
}

#[test]
fn an_answer_for_other_values_is_delivered_with_its_stamp() {
    let mut conflicts = three();
    let file = edited(&rendered(&conflicts), 0, "answer = \"\"", "answer = \"left\"");
    let shown = conflicts[0].stamp.clone();
    conflicts[0].stamp = Stamp::new("other");
    let parsed = read(&file, &conflicts);
    assert_eq!(parsed.answers[0].stamp, shown);
    let once = again(&parsed, &conflicts);
    assert!(read(&once, &conflicts).answers.is_empty(), "{once}");
}

#[test]
fn an_answer_to_a_conflict_that_is_not_open_is_reported_and_kept() {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), 5, "answer = \"\"", "answer = \"restore\"");
    let parsed = read(&file, &conflicts[..2]);
    assert_eq!((parsed.answers.len(), parsed.problems.len()), (0, 1));
    let once = again(&parsed, &conflicts[..2]);
    assert!(once.contains("# answer = \"restore\""), "{once}");
    assert_eq!(read(&once, &conflicts[..2]).problems, []);
}

#[test]
fn an_accepted_answer_stands_in_the_file() {
    let mut conflicts = three();
    let accepted =
        per_field(&[("phone", Choice::Value(text("a\n\"b\"\\"))), ("limit", Choice::Side(Side::Left))]);
    conflicts[0].answer = Some(accepted.clone());
    conflicts[2].answer = Some(Answer::Later);
    let file = rendered(&conflicts);
    let parsed = read(&file, &conflicts);
    assert_eq!(answers(&parsed), [(7, accepted), (9, Answer::Later)]);
    assert_eq!(again(&parsed, &conflicts), file);
    conflicts[0].answer = Some(Answer::Take(Side::Right));
    assert_eq!(answers(&read(&again(&parsed, &conflicts), &conflicts))[0].1, Answer::Take(Side::Right));
}

#[test]
fn a_value_that_was_typed_over_is_reported_and_kept() {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), 0, "dataverse = \"030-2\"", "dataverse = \"030-9\"");
    let parsed = read(&file, &conflicts);
    assert_eq!((parsed.answers.len(), parsed.problems.len()), (0, 1));
    assert!(again(&parsed, &conflicts).contains("# You wrote dataverse = \"030-9\""));
}

#[test]
fn at_most_a_hundred_conflicts_are_shown_and_answered_ones_stay() {
    let kind = ConflictKind::Deleted { on: Side::Left };
    let conflicts: Vec<_> = (1..=137).map(|id| conflict(id, "Row", kind.clone())).collect();
    let file = rendered(&conflicts);
    assert!(file.contains("100 conflicts are shown, and 37 more follow"));
    assert_eq!(file.matches("[[conflict]]").count(), BLOCK_LIMIT);
    let last = edited(&file, 99, "answer = \"\"", "answer = \"later\"");
    let mut more = vec![conflict(500, "Row", kind)];
    more.extend(conflicts.clone());
    assert!(again(&read(&last, &conflicts), &more).contains("answer = \"later\""));
}

#[test]
fn the_command_line_takes_the_same_words() {
    let conflicts = three();
    let check = |at: usize, words: &[&str], expected: Result<Answer, &str>| {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let answer = answer_from_words(&words, &conflicts[at], &faces(), &names());
        match (answer, expected) {
            (Err(problem), Err(part)) => assert!(problem.explanation.contains(part), "{problem:?}"),
            (answer, expected) => assert_eq!(answer.ok(), expected.ok(), "{words:?}"),
        }
    };
    check(0, &["dataverse"], Ok(Answer::Take(Side::Right)));
    check(0, &["Business", "Central"], Ok(Answer::Take(Side::Left)));
    let choices = [("phone", Choice::Side(Side::Right)), ("limit", Choice::Value(Value::Number(5.into())))];
    check(0, &["phone=dataverse", "Credit limit=5"], Ok(per_field(&choices)));
    check(0, &["phone='dataverse'"], Ok(per_field(&[("phone", Choice::Value(text("dataverse")))])));
    check(0, &["phone=blank"], Ok(per_field(&[("phone", Choice::Value(Value::Blank))])));
    check(2, &["delete"], Ok(Answer::Delete));
    check(0, &["fax=1"], Err("write Phone or Credit limit"));
    check(0, &["limit=lots"], Err("takes a number"));
    check(0, &["phone="], Err("write blank"));
    check(0, &[], Err("write business-central, dataverse, later or uncouple"));
    check(2, &["phone=1"], Err("has no fields"));
}

fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\"".to_owned()),
        Just("'''".to_owned()),
        Just("\"\"\"".to_owned()),
        Just("\n[[conflict]]\n".to_owned()),
        Just("\r\n# x".to_owned()),
        Just("\\u".to_owned()),
        Just("]] = #! #| ".to_owned()),
        Just("\u{0}\u{7f}\u{85}\u{2028}\u{202E}\u{FEFF}".to_owned()),
        Just("x".repeat(3000)),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        odd_text().prop_map(Value::text),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        any::<bool>().prop_map(Value::Flag),
        odd_text().prop_map(|row| Value::Reference(RowId::new(row))),
        odd_text().prop_map(|row| Value::Uncoupled(Side::Left, RowId::new(row))),
    ]
}

fn any_kind() -> impl Strategy<Value = ConflictKind> {
    let field = (odd_text(), prop::option::of(any_value()), any_value(), any_value());
    let fields = prop::collection::btree_map("phone|email|limit|[a-z]{1,4}|\\PC{1,9}", field, 1..4);
    prop_oneof![
        Just(ConflictKind::Deleted { on: Side::Left }),
        fields.prop_map(|fields| {
            let fields = fields.into_iter();
            ConflictKind::Fields(
                fields.map(|(id, (_, base, left, right))| self::field(&id, base, left, right)).collect(),
            )
        }),
    ]
}

fn any_conflicts() -> impl Strategy<Value = Vec<Conflict>> {
    let one =
        (any_kind(), odd_text(), odd_text(), any::<bool>()).prop_map(|(kind, label, name, suggests)| {
            let mut conflict = conflict(0, &label, kind);
            conflict.authors.left = Author { name: Some(name), at: None };
            conflict.suggestion = suggests.then(|| per_field(&[("phone", Choice::Value(text(&label)))]));
            conflict
        });
    prop::collection::vec(one, 0..4).prop_map(|mut conflicts| {
        for (id, conflict) in (1..).zip(&mut conflicts) {
            conflict.id = ConflictId(id);
        }
        conflicts
    })
}

/// The ways an editor or a person changes a file without changing what it says.
fn disguised(file: &str, way: usize) -> String {
    match way {
        0 => file.replace('\n', "\r\n"),
        1 => format!("\u{FEFF}{file}"),
        2 => file.lines().map(|line| format!("\t  {line} \t\n")).collect(),
        3 => {
            let mut blocks: Vec<_> = file.split("\n[[conflict]]\n").collect();
            blocks[1..].reverse();
            blocks.join("\n\n[[conflict]]\n")
        }
        _ => file.trim_end().to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_rendered_reads_back_as_undecided(conflicts in any_conflicts()) {
        let file = rendered(&conflicts);
        let parsed = read(&file, &conflicts);
        prop_assert_eq!(&parsed.answers, &[]);
        prop_assert_eq!(&parsed.problems, &[]);
        prop_assert_eq!(&parsed.notes, &Notes::default());
        prop_assert_eq!(again(&parsed, &conflicts), file);
    }

    #[test]
    fn accepted_answers_read_back_as_they_are(
        mut conflicts in any_conflicts(), values in prop::collection::vec(prop::option::of(any_value()), 4),
    ) {
        for (conflict, value) in conflicts.iter_mut().zip(values) {
            conflict.answer = match (&conflict.kind, value) {
                (_, None) => None,
                (ConflictKind::Deleted { .. }, Some(_)) => Some(Answer::Delete),
                (ConflictKind::Fields(fields), Some(value)) => {
                    Some(per_field(&[(fields[0].field.as_str(), Choice::Value(value))]))
                }
            };
        }
        let file = rendered(&conflicts);
        let parsed = read(&file, &conflicts);
        for answered in &parsed.answers {
            let conflict = conflicts.iter().find(|conflict| conflict.id == answered.conflict);
            prop_assert_eq!(conflict.and_then(|conflict| conflict.answer.clone()), Some(answered.answer.clone()));
        }
        prop_assert_eq!(&parsed.problems, &[]);
        prop_assert_eq!(again(&parsed, &conflicts), file);
    }

    #[test]
    fn exactly_the_answers_edited_in_are_read(
        conflicts in any_conflicts(), chosen in prop::collection::vec(0..3_usize, 4), way in 0..5_usize,
    ) {
        let mut file = rendered(&conflicts);
        let mut expected = Vec::new();
        for (conflict, chosen) in conflicts.iter().zip(&chosen) {
            let (word, answer) = match (chosen, &conflict.kind) {
                (0, _) => continue,
                (1, _) => ("Uncouple", Answer::Uncouple),
                (_, ConflictKind::Fields(_)) => ("dataverse", Answer::Take(Side::Right)),
                (_, ConflictKind::Deleted { .. }) => ("restore", Answer::Restore),
            };
            let block = file.find(&format!("\nid = \"{}\"\n", conflict.id)).unwrap();
            let tail = edited(&file[block..], 0, "\nanswer = \"\"", &format!("\nanswer = \"{word}\""));
            file.replace_range(block.., &tail);
            expected.push((conflict.id.0, answer));
        }
        let parsed = read(&disguised(&file, way), &conflicts);
        let mut found = answers(&parsed);
        found.sort_by_key(|(id, _)| *id);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(&parsed.problems, &[]);
        prop_assert_eq!(again(&parsed, &conflicts), file);
    }

    #[test]
    fn no_text_makes_it_fail_and_no_own_word_is_lost(
        conflicts in any_conflicts(), junk in "[a-z \\[\\]=\"#\n']{0,60}", at in any::<prop::sample::Index>(),
    ) {
        let file = rendered(&conflicts);
        let places: Vec<_> = file.char_indices().map(|(place, _)| place).collect();
        let at = if places.is_empty() { 0 } else { places[at.index(places.len())] };
        let file = format!("{}\nkept-word {junk}\n{}", &file[..at], &file[at..]);
        let once = again(&read(&file, &conflicts), &conflicts);
        prop_assert!(once.contains("kept-word"), "{}", once);
        let twice = again(&read(&once, &conflicts), &conflicts);
        prop_assert!(twice.contains("kept-word"), "{}", twice);
        prop_assert_eq!(again(&read(&twice, &conflicts), &conflicts), twice);
    }
}
