//! The words of answers, and what each means.

use super::*;
use crate::model::{ConflictId, MappingName, Pair, RowId, Stamp};

fn names() -> Names {
    Names { left: "erp".to_owned(), right: "crm".to_owned() }
}

fn conflict(kind: ConflictKind) -> Conflict {
    Conflict {
        id: ConflictId(7),
        mapping: MappingName::new("M"),
        rows: Pair::new(RowId::new("l"), RowId::new("r")),
        label: String::new(),
        kind,
        authors: Pair::default(),
        raised_at: jiff::Timestamp::UNIX_EPOCH,
        stamp: Stamp::new("s"),
        answer: None,
        answered_in: None,
        suggestion: None,
    }
}

fn field(id: &str, base: Option<Value>) -> FieldConflict {
    FieldConflict { field: id.into(), base, values: Pair::new(Value::text("1"), Value::text("2")) }
}

fn fields(ids: &[&str]) -> Conflict {
    conflict(ConflictKind::Fields(ids.iter().map(|id| field(id, None)).collect()))
}

/// Understands `whole` and the words of fields `a` and `b`, where `=x` is a value of its own.
fn understood(whole: &str, words: [&str; 2]) -> Result<Option<Answer>, Vec<Option<FieldId>>> {
    let fields_written = ["a", "b"].into_iter().zip(words).map(|(id, word)| {
        let (answer, value) = word.split_once('=').unwrap_or((word, ""));
        (FieldId::new(id), RawField { answer: answer.to_owned(), value: value.to_owned() })
    });
    let raw = Raw { whole: whole.to_owned(), fields: fields_written.collect() };
    let understood = understand(&raw, &fields(&["a", "b"]), &Faces::new(), &names());
    match understood.faults.is_empty() {
        true => Ok(understood.answer),
        false => Err(understood.faults.into_iter().map(|fault| fault.field).collect()),
    }
}

fn per_field(choices: &[(&str, Choice)]) -> Option<Answer> {
    let choices = choices.iter().map(|(id, choice)| (FieldId::new(*id), choice.clone()));
    Some(Answer::PerField(choices.collect()))
}

#[test]
fn an_answer_for_all_fields_gives_way_where_a_field_has_its_own() {
    let (left, right) = (Choice::Side(Side::Left), Choice::Side(Side::Right));
    let typed = Choice::Value(Value::text("3"));
    assert_eq!(understood("erp", ["", ""]), Ok(Some(Answer::Take(Side::Left))));
    assert_eq!(understood("erp", ["crm", ""]), Ok(per_field(&[("a", right.clone()), ("b", left.clone())])));
    assert_eq!(understood("erp", ["later", ""]), Ok(per_field(&[("b", left)])));
    assert_eq!(understood("", ["crm", ""]), Ok(per_field(&[("a", right.clone())])));
    assert_eq!(understood("", ["crm", "later"]), Ok(per_field(&[("a", right)])));
    // A value counts, whatever stands beside it.
    assert_eq!(understood("", ["crm=3", ""]), Ok(per_field(&[("a", typed)])));
    assert_eq!(understood("", ["", "blank"]), Ok(per_field(&[("b", Choice::Value(Value::Blank))])));
}

#[test]
fn a_conflict_is_left_for_later_only_if_all_of_it_is() {
    assert_eq!(understood("later", ["", ""]), Ok(Some(Answer::Later)));
    assert_eq!(understood("", ["later", "later"]), Ok(Some(Answer::Later)));
    assert_eq!(understood("", ["later", ""]), Ok(None));
    assert_eq!(understood("", ["", ""]), Ok(None));
}

#[test]
fn one_wrong_word_holds_the_whole_answer_back_and_is_told_where_it_stands() {
    let at = |field: &str| Some(FieldId::new(field));
    assert_eq!(understood("bizness", ["crm", ""]), Err(vec![None]));
    assert_eq!(understood("erp", ["bizness", ""]), Err(vec![at("a")]));
    assert_eq!(understood("restore", ["value", "uncouple"]), Err(vec![None, at("a"), at("b")]));
    for whole in ["later", "uncouple"] {
        assert_eq!(understood(whole, ["crm", ""]), Err(vec![None]));
    }
}

fn from_words(words: &[&str], conflict: &Conflict) -> Result<Answer, (String, String)> {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    answer_from_words(&words, conflict, &Faces::new(), &names())
        .map_err(|problem| (problem.text, problem.explanation))
}

#[test]
fn a_word_of_the_command_line_is_a_side_a_keyword_or_a_value() {
    let check = |words: &[&str], choice: Choice| {
        assert_eq!(from_words(words, &fields(&["a", "b"])).ok(), per_field(&[("a", choice)]), "{words:?}");
    };
    check(&["a=ERP"], Choice::Side(Side::Left));
    check(&["a=right"], Choice::Side(Side::Right));
    check(&["a=Blank"], Choice::Value(Value::Blank));
    check(&["a=\"erp\""], Choice::Value(Value::text("erp")));
    check(&["a=“later”"], Choice::Value(Value::text("later")));
    check(&["a=somebody", "b=later"], Choice::Value(Value::text("somebody")));
    assert_eq!(from_words(&["a=later", "b=later"], &fields(&["a", "b"])), Ok(Answer::Later));
    for (words, text, explanation) in [
        (["a=uncouple"], "uncouple", "uncouple is an answer for the whole conflict"),
        (["a="], "value", "the value itself is missing"),
        (["c=1"], "c", "no field of this name is in conflict: write a or b"),
        (["bizness"], "bizness", "write erp, crm, later or uncouple"),
        ([""], "", "write erp, crm, later or uncouple"),
    ] {
        let (found, told) = from_words(&words, &fields(&["a", "b"])).unwrap_err();
        assert_eq!(found, text);
        assert!(told.contains(explanation), "{told}");
    }
}

#[test]
fn a_deletion_takes_words_of_its_own() {
    let deleted = conflict(ConflictKind::Deleted { on: Side::Left });
    for (word, answer) in [
        ("restore", Answer::Restore),
        ("delete", Answer::Delete),
        ("later", Answer::Later),
        ("uncouple", Answer::Uncouple),
    ] {
        assert_eq!(from_words(&[word], &deleted), Ok(answer));
    }
    let (_, told) = from_words(&["erp"], &deleted).unwrap_err();
    assert!(told.ends_with("write restore, delete, later or uncouple"), "{told}");
    assert!(from_words(&["delete"], &fields(&["a"])).is_err());
    // Where there are no fields, silence is not "later for all of them".
    assert!(from_words(&[], &deleted).is_err());
}

#[test]
fn an_answer_is_told_in_the_words_that_give_it() {
    let face = |label: &str, kind| super::super::FieldFace { label: label.to_owned(), kind };
    let euro = RowId::new("eur");
    let currency = FaceKind::Reference([(euro.clone(), "Euro".to_owned())].into());
    let known = [("a".into(), face("Phone", FaceKind::Text)), ("c".into(), face("Currency", currency))];
    let faces = Faces::from([(MappingName::new("M"), known.into())]);
    let told = |answer: &Answer| describe(answer, &fields(&["a", "b"]), &faces, &names());
    for (answer, expected) in [
        (Answer::Take(Side::Right), "crm"),
        (Answer::Later, "later"),
        (Answer::Uncouple, "uncouple"),
        (Answer::Delete, "delete"),
        (Answer::Restore, "restore"),
    ] {
        assert_eq!(told(&answer), expected);
    }
    let choices = per_field(&[
        ("a", Choice::Value(Value::text("030"))),
        ("b", Choice::Side(Side::Left)),
        // Fields that are no longer in conflict.
        ("c", Choice::Value(Value::Reference(euro))),
        ("d", Choice::Value(Value::Blank)),
    ]);
    let expected = "Phone = \"030\", b = erp, Currency = \"Euro\", d = blank";
    assert_eq!(told(&choices.unwrap()), expected);
}

/// A row is written by its name, or by its id where the name would mean another.
#[test]
fn an_accepted_answer_is_written_so_that_it_reads_back() {
    let id = "5c1e0000-0000-4000-8000-00000000000";
    let rows = ["Euro", "Krone", "Krone"].iter().zip(1..);
    let rows = rows.map(|(name, n)| (RowId::new(format!("{id}{n}")), (*name).to_owned())).collect();
    let face = super::super::FieldFace { label: "A".to_owned(), kind: FaceKind::Reference(rows) };
    let faces = Faces::from([(MappingName::new("M"), [("a".into(), face)].into())]);
    let written = |choice: Choice| {
        let answer = per_field(&[("a", choice)]).unwrap();
        let raw = raw_of(&answer, &fields(&["a", "b"]), &faces, &names())?;
        Some((
            raw.fields.len(),
            raw.fields[&"a".into()].answer.clone(),
            raw.fields[&"a".into()].value.clone(),
        ))
    };
    let row = |n: u32| Choice::Value(Value::Reference(RowId::new(format!("{id}{n}"))));
    let expected = |answer: &str, value: &str| Some((1, answer.to_owned(), value.to_owned()));
    assert_eq!(written(row(1)), expected("", "Euro"));
    assert_eq!(written(row(2)), expected("", &format!("{id}2")));
    assert_eq!(written(Choice::Value(Value::Blank)), expected("blank", ""));
    assert_eq!(written(Choice::Side(Side::Right)), expected("crm", ""));
    // No words give a number in a field of rows.
    assert_eq!(written(Choice::Value(Value::Number(5.into()))), None);
}

#[test]
fn what_is_quoted_back_is_at_most_sixty_characters() {
    assert_eq!(short(&format!(" {} ", "é".repeat(60))), "é".repeat(60));
    assert_eq!(short(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
}

#[test]
fn a_first_contact_is_one_of_all_fields() {
    assert!(is_first_contact(&[field("a", None), field("b", None)]));
    assert!(!is_first_contact(&[field("a", None), field("b", Some(Value::Blank))]));
}
