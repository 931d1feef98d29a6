//! Blocks of one conflict of two fields, `phone` and `city`, as people leave them.

use super::super::face::{FaceKind, FieldFace};
use super::super::{block, chunks, stamp_of};
use super::*;
use crate::model::{Answer, Author, Choice, MappingName, RowId};

fn conflict() -> Conflict {
    let field = |id: &str, left: &str, right: &str| FieldConflict {
        field: FieldId::new(id),
        base: None,
        values: Pair::new(Value::text(left), Value::text(right)),
    };
    let kind = ConflictKind::Fields(vec![field("phone", "030-1", "030-2"), field("city", "Ulm", "Bonn")]);
    Conflict {
        id: ConflictId(7),
        mapping: MappingName::new("CUSTOMER"),
        rows: Pair::new(RowId::new("l"), RowId::new("r")),
        label: "Alfred".to_owned(),
        stamp: stamp_of(&kind),
        kind,
        authors: Pair::new(Author::default(), Author::default()),
        raised_at: "2026-01-31T10:00:00Z".parse().unwrap(),
        answer: None,
        answered_in: None,
        suggestion: None,
    }
}

/// Reads a block whose two fields hold these lines; `{stamp}` stands for the stamp of what is in conflict.
fn reading(phone: &str, city: &str, rest: &str) -> BlockReading {
    let conflict = conflict();
    let text = format!(
        "#| A heading.\n\n[[conflict]]\nid = \"C7\"\nstamp = \"{}\"\nanswer = \"\"\n\
         [[conflict.field]]\nname = \"Phone\"\n{phone}\n\
         [[conflict.field]]\nname = \"city\"\n{city}\n{rest}",
        conflict.stamp.as_str()
    );
    read_text(&text, &conflict)
}

fn read_text(text: &str, conflict: &Conflict) -> BlockReading {
    let faces = Faces::from([(
        MappingName::new("CUSTOMER"),
        BTreeMap::from([(
            FieldId::new("phone"),
            FieldFace { label: "Phone".to_owned(), kind: FaceKind::Text },
        )]),
    )]);
    let names = Names { left: "erp".to_owned(), right: "crm".to_owned() };
    let chunks = chunks::split(text);
    let written = &chunks.blocks[0];
    read(written, &block::read(&written.text).unwrap(), conflict, false, (&faces, &names))
}

const SILENT: &str = "answer = \"\"\nvalue = \"\"";

fn problems(reading: &BlockReading) -> Vec<(usize, &str)> {
    reading.problems.iter().map(|problem| (problem.line, problem.text.as_str())).collect()
}

fn kept(reading: &BlockReading) -> Vec<(Option<FieldId>, &str)> {
    let place = |kept: &KeptText| match &kept.place {
        KeptPlace::Field(_, field) => Some(field.clone()),
        _ => None,
    };
    reading.kept.iter().map(|kept| (place(kept), kept.text.as_str())).collect()
}

#[test]
fn an_answer_for_a_field_that_is_not_in_conflict_is_kept_as_a_note() {
    let silent = reading(SILENT, SILENT, &format!("[[conflict.field]]\nname = \"fax\"\n{SILENT}\n"));
    assert_eq!((problems(&silent), kept(&silent)), (vec![], vec![]));
    let rest = "[[conflict.field]]\nname = \"fax\"\nanswer = \"\"\nvalue = \"12\"\n";
    let spoken = reading(SILENT, SILENT, rest);
    assert_eq!(problems(&spoken), [(16, "fax")]);
    assert_eq!(kept(&spoken), [(None, "# You wrote for fax: value = \"12\"")]);
    assert!(spoken.written.is_none());
}

#[test]
fn a_field_named_twice_is_answered_by_its_first_part() {
    let rest = "[[conflict.field]]\nname = \"Phone\"\nanswer = \"crm\"\nvalue = \"\"\n";
    let twice = reading("answer = \"erp\"\nvalue = \"\"", SILENT, rest);
    assert_eq!(problems(&twice), [(16, "Phone")]);
    assert_eq!(kept(&twice), [(None, "# You wrote for Phone: answer = \"crm\"")]);
    assert_eq!(twice.written.unwrap().raw.fields[&FieldId::new("phone")].answer, "erp");
}

#[test]
fn a_key_nobody_knows_is_a_problem_unless_it_repeats_a_value_shown() {
    let repeats = reading(&format!("old-name = \"030-2\"\n{SILENT}"), SILENT, "");
    assert_eq!((problems(&repeats), kept(&repeats)), (vec![], vec![]));
    let other = reading(&format!("old-name = \"030-9\"\n{SILENT}"), SILENT, "");
    assert_eq!(problems(&other), [(9, "old-name = \"030-9\"")]);
    assert_eq!(kept(&other), [(Some("phone".into()), "old-name = \"030-9\"")]);
    let second = reading(&format!("{SILENT}\nANSWER = \"erp\"\nAnswer = \"crm\""), SILENT, "");
    assert_eq!(problems(&second), [(12, "Answer = \"crm\"")]);
    assert_eq!(second.written.unwrap().raw.fields[&FieldId::new("phone")].answer, "erp");
}

#[test]
fn a_value_typed_over_is_no_answer_and_is_kept() {
    let shown = reading(&format!("erp = \"030-1\"\ncrm = \"030-2\"\n{SILENT}"), SILENT, "");
    assert_eq!((problems(&shown), kept(&shown)), (vec![], vec![]));
    let over = reading(&format!("erp = \"030-1\"\ncrm = \"030-9\"\n{SILENT}"), SILENT, "");
    assert_eq!(problems(&over), [(10, "030-9")]);
    assert_eq!(kept(&over), [(Some("phone".into()), "# You wrote crm = \"030-9\"")]);
    assert!(over.written.is_none());
}

#[test]
fn a_block_of_other_values_says_nothing_about_the_values_it_shows() {
    let conflict = conflict();
    let text = "[[conflict]]\nid = \"C7\"\nstamp = \"old\"\nanswer = \"\"\n\
                [[conflict.field]]\nname = \"Phone\"\ncrm = \"030-9\"\nold-name = \"030-8\"\nanswer = \"crm\"\nvalue = \"\"\n";
    let reading = read_text(text, &conflict);
    assert_eq!((problems(&reading), kept(&reading)), (vec![], vec![]));
    let written = reading.written.unwrap();
    assert_eq!((written.stamp.as_str(), written.answer.is_some()), ("old", true));
}

#[test]
fn what_stood_in_a_block_that_was_cut_off_stays_as_notes() {
    let conflict = conflict();
    let text = format!(
        "[[conflict]]\nid = \"C7\"\nstamp = \"{}\"\nanswer = \"later\"\n\
         [[conflict.field]]\nname = \"Phone\"\nanswer = \"crm\"\nvalue = \"1\"\n",
        conflict.stamp.as_str()
    );
    let reading = read_text(&text, &conflict);
    assert_eq!(problems(&reading), [(1, "")]);
    assert_eq!(
        kept(&reading),
        [
            (None, "# You wrote answer = \"later\" in a block that was cut off."),
            (Some("phone".into()), "# You wrote answer = \"crm\" in a block that was cut off."),
            (Some("phone".into()), "# You wrote value = \"1\" in a block that was cut off."),
        ]
    );
    assert!(reading.written.is_none());
}

/// Returns what is understood of a block of other values, which names these fields.
fn understood_then(conflict: &Conflict, whole: &str, fields: &[(&str, &str)]) -> Option<Answer> {
    let fields = fields.iter().map(|(name, answer)| {
        format!("[[conflict.field]]\nname = \"{name}\"\nanswer = \"{answer}\"\nvalue = \"\"\n")
    });
    let fields: String = fields.collect();
    let text = format!("[[conflict]]\nid = \"C7\"\nstamp = \"old\"\nanswer = \"{whole}\"\n{fields}");
    read_text(&text, conflict).written.unwrap().answer
}

#[test]
fn an_answer_for_other_values_is_understood_as_what_was_shown_then() {
    let fields = conflict();
    let deleted = Conflict { kind: ConflictKind::Deleted { on: Side::Right }, ..conflict() };
    let take = Some(Answer::Take(Side::Right));
    assert_eq!(understood_then(&deleted, "crm", &[("Phone", "")]), take);
    assert_eq!(understood_then(&fields, "crm", &[("Phone", "")]), take);
    for conflict in [&fields, &deleted] {
        assert_eq!(understood_then(conflict, "restore", &[]), Some(Answer::Restore));
        assert_eq!(understood_then(conflict, "crm", &[]), None);
    }
    // A field that is in conflict no longer is known by its face, under its label or its id.
    let ConflictKind::Fields(both) = conflict().kind else { panic!("it has fields") };
    let city = Conflict { kind: ConflictKind::Fields(vec![both[1].clone()]), ..conflict() };
    let right = Choice::Side(Side::Right);
    for name in ["PHONE", "phone", "Ph one"] {
        let answer = Answer::PerField([("phone".into(), right.clone())].into());
        assert_eq!(understood_then(&city, "", &[(name, "crm"), ("city", "")]), Some(answer), "{name}");
    }
    let answer = Answer::PerField([("city".into(), right)].into());
    assert_eq!(understood_then(&city, "", &[("city", "crm"), ("Phone", "")]), Some(answer));
}

#[test]
fn a_block_that_lacks_a_line_of_its_own_is_taken_to_be_cut_off_at_the_end_of_the_file_only() {
    let stamp = conflict().stamp;
    let whole = format!(
        "[[conflict]]\nid = \"C7\"\nstamp = \"{}\"\nanswer = \"later\"\n\
         [[conflict.field]]\nname = \"Phone\"\nanswer = \"\"\nvalue = \"\"\n\
         [[conflict.field]]\nname = \"city\"\nanswer = \"\"\nvalue = \"\"\n",
        stamp.as_str()
    );
    let answer = |text: &str| read_text(text, &conflict()).written.and_then(|written| written.answer);
    assert_eq!(answer(&whole), Some(Answer::Later));
    let lines: Vec<_> = whole.lines().collect();
    let without = |missing: usize| {
        let rest = (0..lines.len()).filter(|line| *line != missing).map(|line| lines[line]);
        rest.collect::<Vec<_>>().join("\n") + "\n"
    };
    for missing in lines.len() - 3..lines.len() {
        let rest = without(missing);
        assert_eq!(answer(&rest), None, "{rest}");
        assert_eq!(answer(&format!("{rest}#| Kept:\n")), Some(Answer::Later), "{rest}");
    }
    let rest = without(3).replacen("answer = \"\"", "answer = \"crm\"", 1);
    assert_eq!(answer(&rest), None, "{rest}");
    assert!(answer(&format!("{rest}#| Kept:\n")).is_some(), "{rest}");
}
