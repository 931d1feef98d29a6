//! Policies of a mapping: who owns a field, what a collision does, what becomes of a value on the wrong side.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Books, Scenario, Values, creates, edits, in_step};

const ALFREDS: Values = &[("name", "Alfreds"), ("phone", "1"), ("note", "pays late")];
const PHONE: &str = "left = \"phone\"\nright = \"phone\"\ndirection = \"<->\"";
const NOTE: &str = "left = \"note\"\nright = \"note\"\ndirection = \"->\"";

pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            books: Books::changed(&[("conflict = \"ask\"", "conflict = \"newer\"")]),
            before: in_step(&[("a", ALFREDS)]),
            acts: vec![
                edits(Left, "a", &[("phone", "2")]),
                Act::Wait(300),
                edits(Right, "a", &[("phone", "3")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 3, note pays late",
                "right: tag a, number of a, name Alfreds, phone 3, note pays late",
            ],
            ..Scenario::of("edited on both sides, the newer counts")
        },
        Scenario {
            books: Books::changed(&[("conflict = \"ask\"", "conflict = \"left\"")]),
            before: in_step(&[("a", ALFREDS)]),
            acts: vec![
                edits(Left, "a", &[("phone", "2")]),
                edits(Right, "a", &[("phone", "3"), ("name", "Alfred")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 2, note pays late",
                "right: tag a, number of a, name Alfred, phone 2, note pays late",
            ],
            ..Scenario::of("edited on both sides, the left counts")
        },
        Scenario {
            before: in_step(&[("a", ALFREDS)]),
            acts: vec![edits(Right, "a", &[("note", "pays"), ("phone", "2")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, note pays late",
                "right: tag a, number of a, name Alfreds, phone 2, note pays late",
            ],
            ..Scenario::of("edited where another owns it, written back")
        },
        Scenario {
            books: Books::changed(&[(
                NOTE,
                "left = \"note\"\nright = \"note\"\ndirection = \"->\"\ndrift = \"keep\"",
            )]),
            before: in_step(&[("a", ALFREDS), ("b", &[("name", "Bon app"), ("note", "far")])]),
            acts: vec![
                edits(Right, "a", &[("note", "pays"), ("phone", "2")]),
                edits(Right, "b", &[("note", "near")]),
                Act::Run,
                edits(Left, "b", &[("note", "moved")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, note pays late",
                "left: tag b, number of b, name Bon app, note moved",
                "right: tag a, number of a, name Alfreds, phone 2, note pays",
                "right: tag b, number of b, name Bon app, note moved",
                "waits, right a: DriftKept",
            ],
            ..Scenario::of("edited where another owns it, kept until that one changes")
        },
        Scenario {
            books: Books::changed(&[(
                PHONE,
                "left = \"phone\"\nright = \"phone\"\ndirection = \"create only\"",
            )]),
            acts: vec![
                creates(Left, "a", ALFREDS),
                Act::Run,
                edits(Left, "a", &[("phone", "2"), ("name", "Alfred")]),
                edits(Right, "a", &[("phone", "3")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 2, note pays late",
                "right: tag a, number of a, name Alfred, phone 3, note pays late",
            ],
            ..Scenario::of("sent when the row is created and never again")
        },
        Scenario {
            books: Books::changed(&[(
                PHONE,
                "left = \"phone\"\nright = \"phone\"\ndirection = \"left unless blank\"",
            )]),
            before: in_step(&[("a", ALFREDS), ("b", &[("name", "Bon app")])]),
            acts: vec![edits(Right, "a", &[("phone", "3")]), edits(Right, "b", &[("phone", "4")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, note pays late",
                "left: tag b, number of b, name Bon app, phone 4",
                "right: tag a, number of a, name Alfreds, phone 1, note pays late",
                "right: tag b, number of b, name Bon app, phone 4",
            ],
            ..Scenario::of("the left's unless it is blank")
        },
    ]
}
