//! What a rendered file tells, and what it carries along of the last reading.

use super::super::{KeptText, RawField, Written};
use super::{
    Answer, Author, BLOCK_LIMIT, Choice, Conflict, ConflictKind, FieldId, KeptPlace, Notes, Pair, Raw, Side,
    Stamp, Value, conflict, edited, faces, field, names, per_field, read, render, rendered, text, three,
};

fn with_notes(conflicts: &[Conflict], notes: &Notes) -> String {
    render(conflicts, &faces(), &names(), notes)
}

/// Returns the lines for people in the nth block of a file, without their mark.
fn story(file: &str, nth: usize) -> Vec<&str> {
    let block = file.split("\n[[conflict]]\n").nth(nth + 1).unwrap();
    block.lines().filter_map(|line| line.strip_prefix("#| ")).collect()
}

#[test]
fn the_heading_counts_what_waits() {
    assert_eq!(rendered(&[]), "#| No conflict is open. Tandem writes here when two edits collide.\n");
    let conflicts = three();
    assert!(rendered(&conflicts[..1]).starts_with("#| One conflict waits for your decision."));
    assert!(rendered(&conflicts[..2]).starts_with("#| 2 conflicts wait for your decision."));
    let kind = ConflictKind::Deleted { on: Side::Left };
    let many: Vec<_> = (1..=BLOCK_LIMIT as u64).map(|id| conflict(id, "Row", kind.clone())).collect();
    assert!(!rendered(&many).contains("are shown"));
}

#[test]
fn the_story_tells_who_changed_what_as_far_as_it_is_known() {
    let told = |author: Author, kind: ConflictKind| {
        let mut conflict = conflict(1, "Row", kind);
        conflict.authors = Pair::new(author, Author::default());
        story(&rendered(&[conflict]), 0)[0].to_owned()
    };
    let base = Some(text("0"));
    let fields = || ConflictKind::Fields(vec![field("phone", base.clone(), text("1"), text("2"))]);
    let name = Some("ANNA".to_owned());
    let at = "2026-01-30T09:12:00Z".parse().ok();
    assert_eq!(
        told(Author { name: name.clone(), at: None }, fields()),
        "Changed in business-central by ANNA."
    );
    assert_eq!(
        told(Author { name: None, at }, fields()),
        "Changed in business-central on 2026-01-30 at 09:12 UTC."
    );
    let unknown = conflict(1, "Row", fields());
    assert!(story(&rendered(&[unknown]), 0).is_empty());
    let deleted = ConflictKind::Deleted { on: Side::Left };
    assert_eq!(told(Author::default(), deleted.clone()), "Deleted in business-central.");
    assert_eq!(told(Author { name, at: None }, deleted), "Deleted in business-central by ANNA.");
}

#[test]
fn only_a_conflict_without_any_base_is_told_as_first_contact() {
    let of = |bases: [Option<Value>; 2]| {
        let fields = bases.into_iter().zip(["phone", "email"]);
        let fields = fields.map(|(base, id)| field(id, base, text("1"), text("2"))).collect();
        rendered(&[conflict(1, "Row", ConflictKind::Fields(fields))]).contains("First contact")
    };
    assert!(of([None, None]) && !of([None, Some(text("0"))]));
}

#[test]
fn an_answer_that_is_noted_is_told() {
    let told = |answer: Answer| {
        let mut conflicts = three();
        conflicts[0].answer = Some(answer);
        conflicts[0].suggestion = None;
        story(&rendered(&conflicts), 0).last().map(|line| (*line).to_owned()).unwrap()
    };
    assert_eq!(told(Answer::Later), "You left this for later.");
    assert_eq!(
        told(Answer::Take(Side::Right)),
        "Your answer, dataverse, is noted and takes effect with the next pass."
    );
}

fn raw(whole: &str, fields: &[(&str, &str)]) -> Raw {
    let fields = fields.iter().map(|(id, value)| {
        (FieldId::new(*id), RawField { answer: String::new(), value: (*value).to_owned() })
    });
    Raw { whole: whole.to_owned(), fields: fields.collect() }
}

/// Renders the first conflict where a person had written that, for values of this stamp.
fn rendered_over(conflict: &Conflict, stamp: &Stamp, raw: Raw, answer: Option<Answer>) -> String {
    let written = Written { stamp: stamp.clone(), raw, answer };
    let notes = Notes { written: [(conflict.id, written)].into(), kept: Vec::new() };
    with_notes(std::slice::from_ref(conflict), &notes)
}

#[test]
fn what_a_person_wrote_stays_until_another_answer_is_accepted() {
    let mut conflict = three().remove(0);
    conflict.suggestion = None;
    let stamp = conflict.stamp.clone();
    let left = Some(Answer::Take(Side::Left));
    let shown = |conflict: &Conflict, answer: Option<Answer>| {
        let file = rendered_over(conflict, &stamp, raw(" LEFT", &[]), answer);
        file.lines().find(|line| line.starts_with("answer = ")).unwrap().to_owned()
    };
    assert_eq!(shown(&conflict, left.clone()), "answer = \" LEFT\"");
    conflict.answer = left.clone();
    assert_eq!(shown(&conflict, left.clone()), "answer = \" LEFT\"");
    conflict.answer = Some(Answer::Take(Side::Right));
    assert_eq!(shown(&conflict, left), "answer = \"dataverse\"");
    // What was not understood is still the person's to put right.
    assert_eq!(shown(&conflict, None), "answer = \" LEFT\"");
}

#[test]
fn words_for_other_values_become_notes_unless_they_are_told_as_an_earlier_answer() {
    let mut conflict = three().remove(0);
    let old = Stamp::new("old");
    let words = || raw("later", &[("phone", "030-5"), ("fax", "030-6")]);
    let answer = Some(per_field(&[("phone", Choice::Value(text("030-5")))]));
    let told = rendered_over(&conflict, &old, words(), answer.clone());
    assert!(!told.contains("You wrote"), "{told}");
    conflict.suggestion = None;
    let kept = rendered_over(&conflict, &old, words(), answer);
    let lines: Vec<_> = kept.lines().collect();
    let at = |line: &str| lines.iter().position(|found| *found == line).unwrap_or_else(|| panic!("{kept}"));
    let whole = at("# You wrote answer = \"later\" for other values.");
    let fax = at("# You wrote value = \"030-6\" for other values.");
    let phone = at("# You wrote value = \"030-5\" for other values.");
    // What is of no field shown stands above the first answer, what is of one above that field's.
    let answers: Vec<_> = (0..lines.len()).filter(|line| lines[*line] == "answer = \"\"").collect();
    assert!(whole < answers[0] && fax < answers[0]);
    assert_eq!(phone + 1, answers[1]);
    for note in ["\"later\"", "\"030-5\"", "\"030-6\""] {
        assert_eq!(kept.matches(note).count(), 1, "{kept}");
    }
    conflict.suggestion = Some(Answer::Later);
    let not_understood = rendered_over(&conflict, &old, words(), None);
    assert!(not_understood.contains("You wrote"), "{not_understood}");
}

fn kept(place: KeptPlace, text: &str) -> KeptText {
    KeptText { place, text: text.to_owned(), explanation: None }
}

#[test]
fn what_was_kept_stands_where_it_belongs_and_nowhere_else() {
    let conflicts = three();
    let (first, absent) = (conflicts[0].id, crate::model::ConflictId(99));
    let phone = FieldId::new("phone");
    let notes = Notes {
        kept: vec![
            kept(KeptPlace::Head, "# of the head"),
            kept(KeptPlace::Tail, "of the tail"),
            kept(KeptPlace::Conflict(first), "# of C7"),
            kept(KeptPlace::Field(first, phone.clone()), "# of its phone"),
            kept(KeptPlace::Field(first, FieldId::new("fax")), "# of its fax"),
            kept(KeptPlace::Conflict(absent), "# of C99"),
            kept(KeptPlace::Field(absent, phone), "# of the phone of C99"),
        ],
        ..Notes::default()
    };
    let file = with_notes(&conflicts, &notes);
    let (body, tail) = file.split_once("#| Kept:").unwrap();
    let lines: Vec<_> = body.lines().filter(|line| line.starts_with("# ")).collect();
    assert_eq!(lines, ["# of the head", "# of C7", "# of its fax", "# of its phone"]);
    let lines: Vec<_> = tail.lines().skip(1).collect();
    assert_eq!(lines, ["# of the tail", "# of C99", "# of the phone of C99"]);
    assert_eq!(with_notes(&conflicts, &read(&file, &conflicts).notes), file);
}

#[test]
fn an_unreadable_block_stays_in_place_only_while_it_shows_the_values_in_conflict() {
    let conflicts = three();
    let place = |stamp: &str| {
        let broken = format!("[[conflict]]\nid = \"C7\"\nstamp = \"{stamp}\"\nanswer = \"le");
        let mut instead = kept(KeptPlace::Instead(conflicts[0].id), &broken);
        instead.explanation = Some("no\nend".to_owned());
        let notes = Notes { kept: vec![instead], ..Notes::default() };
        with_notes(&conflicts[..1], &notes)
    };
    let current = place(conflicts[0].stamp.as_str());
    assert!(current.ends_with("answer = \"le\n") && current.contains("\n#! no end\n[[conflict]]\n"));
    assert_eq!(current.matches("[[conflict]]").count(), 1);
    let outdated = place("old");
    assert!(outdated.contains("\n# answer = \"le\n") && !outdated.contains("#! no"), "{outdated}");
}

#[test]
fn words_for_a_conflict_that_is_gone_are_kept_unless_they_were_an_answer() {
    let conflicts = three();
    let told = |answer: Option<Answer>| {
        let written = Written { stamp: Stamp::new("s"), raw: raw("bizness", &[]), answer };
        let notes = Notes { written: [(conflicts[0].id, written)].into(), kept: Vec::new() };
        with_notes(&conflicts[1..], &notes)
    };
    assert!(told(None).ends_with("\n# You wrote answer = \"bizness\" for C7.\n"));
    assert!(!told(Some(Answer::Later)).contains("bizness"));
}

#[test]
fn blocks_that_people_wrote_in_are_shown_however_many_there_are() {
    let kind = ConflictKind::Deleted { on: Side::Left };
    let limit = BLOCK_LIMIT as u64;
    let conflicts: Vec<_> = (1..=limit + 20).map(|id| conflict(id, "Row", kind.clone())).collect();
    let last = || conflicts[BLOCK_LIMIT + 15..].iter().map(|conflict| conflict.id);
    let shown = |notes: &Notes| {
        let file = with_notes(&conflicts, notes);
        let ids: Vec<u64> = file
            .lines()
            .filter_map(|line| line.strip_prefix("id = \"C")?.strip_suffix('"')?.parse().ok())
            .collect();
        assert_eq!(ids.len(), BLOCK_LIMIT);
        ids
    };
    let expected: Vec<_> = (1..=limit - 5).chain(limit + 16..=limit + 20).collect();
    let notes = |place: &dyn Fn(crate::model::ConflictId) -> KeptPlace| Notes {
        kept: last().map(|id| kept(place(id), "# mine")).collect(),
        ..Notes::default()
    };
    assert_eq!(shown(&notes(&KeptPlace::Conflict)), expected);
    assert_eq!(shown(&notes(&|id| KeptPlace::Field(id, FieldId::new("fax")))), expected);
    let written = |id| (id, Written { stamp: Stamp::new("s"), raw: raw("later", &[]), answer: None });
    assert_eq!(shown(&Notes { written: last().map(written).collect(), kept: Vec::new() }), expected);
    assert_eq!(shown(&Notes::default()), (1..=limit).collect::<Vec<_>>());
}

#[test]
fn what_is_wrong_is_said_above_the_words_it_is_about() {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), 2, "answer = \"\"", "answer = \"lots\"");
    let again = with_notes(&conflicts, &read(&file, &conflicts).notes);
    assert_eq!(again.matches("\n#! ").count(), 1);
    let (_, after) = again.split_once("\n#! ").unwrap();
    assert_eq!(after.lines().nth(1), Some("answer = \"lots\""));
}
