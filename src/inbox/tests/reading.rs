//! What a reading makes of text that is in the wrong place or broken, and where it goes.

use super::{Answer, ConflictId, KeptPlace, Parsed, again, answers, edited, read, rendered, three};

fn problems(parsed: &Parsed) -> Vec<(Option<ConflictId>, usize, &str)> {
    parsed.problems.iter().map(|found| (found.conflict, found.line, found.text.as_str())).collect()
}

/// Returns the texts kept at the end of the file.
fn tail(parsed: &Parsed) -> Vec<&str> {
    let kept = parsed.notes.kept.iter().filter(|kept| kept.place == KeptPlace::Tail);
    kept.map(|kept| kept.text.as_str()).collect()
}

#[test]
fn text_outside_of_blocks_is_one_problem_for_each_piece() {
    let conflicts = three();
    let file = format!("Dear Anna,\nplease call\n\n# mine\n  me\n{}", rendered(&conflicts));
    let parsed = read(&file, &conflicts);
    assert_eq!(problems(&parsed), [(None, 1, "Dear Anna,\nplease call"), (None, 5, "me")]);
    assert_eq!(tail(&parsed), ["# Dear Anna,\n# please call", "#   me"]);
    assert_eq!(again(&read(&again(&parsed, &conflicts), &conflicts), &conflicts), again(&parsed, &conflicts));
}

#[test]
fn what_has_no_place_in_a_block_is_told_with_its_line() {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), 0, "id = \"C8\"", "id = \"C8\"\nnote = '''a\nb'''");
    let line = file.lines().position(|line| line == "note = '''a").unwrap() + 1;
    let parsed = read(&file, &conflicts);
    assert_eq!(problems(&parsed), [(Some(ConflictId(8)), line, "note = '''a\nb'''")]);
    assert_eq!(tail(&parsed), ["# note = '''a\n# b'''"]);
}

#[test]
fn a_second_block_of_one_conflict_counts_only_as_a_note() {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), 5, "answer = \"\"", "answer = \"restore\"");
    let block = file.rfind("\n[[conflict]]").unwrap();
    let second = file[block..].replace("restore\"", "delete\"\n# twice");
    let twice = format!("{file}{second}");
    let parsed = read(&twice, &conflicts);
    assert_eq!(answers(&parsed), [(9, Answer::Restore)]);
    let line = twice.lines().count() - second.lines().count() + 2;
    assert_eq!(problems(&parsed), [(Some(ConflictId(9)), line, "C9")]);
    assert_eq!(parsed.problems[0].explanation, "C9 has two blocks: only the first one counts");
    assert_eq!(tail(&parsed)[0], "# twice");
    assert!(tail(&parsed)[1].contains("# answer = \"delete\""), "{:?}", tail(&parsed));
}

#[test]
fn a_block_without_an_open_conflict_says_why_its_answer_goes_nowhere() {
    let conflicts = three();
    let check = |id: &str, answer: &str| {
        let file = edited(&rendered(&conflicts), 0, "id = \"C9\"", id);
        let file = edited(&file, 5, "answer = \"\"", answer);
        let parsed = read(&file, &conflicts);
        assert!(parsed.answers.is_empty() && parsed.undecided.len() == 3);
        parsed.problems.into_iter().map(|problem| problem.explanation).collect::<Vec<_>>()
    };
    let answer = "answer = \"restore\"";
    assert_eq!(check("", answer), ["this block has lost its id, so the answer cannot be placed"]);
    assert_eq!(check("id = \"C10\"", answer), ["no conflict C10 is open: it may be settled already"]);
    // Nothing was written: there is nothing to tell.
    assert!(check("id = \"C10\"", "answer = \"\" # mine").is_empty());
}

/// A block that cannot be read stays in its place only if the person can still put it right there.
#[test]
fn an_unreadable_block_goes_to_the_end_where_its_place_is_gone() {
    let conflicts = three();
    let broken = |file: &str| edited(file, 0, "answer = \"\"", "answer = \"left");
    let instead =
        |parsed: &Parsed| parsed.notes.kept.iter().any(|kept| matches!(kept.place, KeptPlace::Instead(_)));
    let file = broken(&rendered(&conflicts));
    let parsed = read(&file, &conflicts);
    let line = file.lines().position(|line| line == "answer = \"left").unwrap() + 1;
    assert_eq!(problems(&parsed), [(Some(ConflictId(7)), line, "answer = \"left")]);
    assert!(instead(&parsed) && tail(&parsed).is_empty());
    let outdated = edited(&file, 0, conflicts[0].stamp.as_str(), "old");
    assert!(!instead(&read(&outdated, &conflicts)) && !tail(&read(&outdated, &conflicts)).is_empty());
    let gone = read(&file, &conflicts[1..]);
    assert!(!instead(&gone) && gone.problems[0].conflict.is_none());
    // Of a block that was cut off nobody knows what else stood there.
    let field = file.find("\n[[conflict.field]]\nname = \"Credit limit\"").unwrap();
    let cut = read(&file[..field], &conflicts);
    assert!(!instead(&cut) && tail(&cut)[0].contains("# answer = \"left"));
    let second = format!("{file}{}", &file[file.find("\n[[conflict]]").unwrap()..]);
    let twice = read(&second, &conflicts);
    let kept = twice.notes.kept.iter().filter(|kept| matches!(kept.place, KeptPlace::Instead(_)));
    assert_eq!(kept.count(), 1);
}

#[test]
fn comments_above_an_unreadable_block_stay_with_it() {
    let conflicts = three();
    let file = edited(&rendered(&conflicts), 0, "answer = \"\"", "answer = \"left");
    let file = edited(&file, 0, "[[conflict]]", "# mine\n[[conflict]]");
    let parsed = read(&file, &conflicts);
    assert!(
        again(&parsed, &conflicts).contains("\n# mine\n#! I cannot read"),
        "{}",
        again(&parsed, &conflicts)
    );
    let gone = read(&file, &conflicts[1..]);
    assert_eq!(tail(&gone)[0], "# mine");
}
