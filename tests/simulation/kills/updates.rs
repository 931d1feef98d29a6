//! Edits: passed on, merged, rewritten by the server, decided anew where the row moved on meanwhile.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Books, Deed, Meets, Scenario, Values, creates, edits, in_step};
use crate::simulation::ambush::Request;
use crate::simulation::trouble::Rates;

const ALFREDS: Values =
    &[("name", "Alfreds"), ("phone", "1"), ("street", "Obere Str. 57"), ("city", "Berlin")];
const ANSWERS_LOST: Rates = Rates { cut_after: 1000, ..Rates::CALM };

pub fn scenarios() -> Vec<Scenario> {
    let before = || in_step(&[("a", ALFREDS)]);
    vec![
        Scenario {
            before: before(),
            acts: vec![edits(Left, "a", &[("phone", "2")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("edited left")
        },
        Scenario {
            before: before(),
            acts: vec![
                edits(Right, "a", &[("phone", "2"), ("city", "")]),
                Act::Run,
                Act::Shows("left: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57"),
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57",
                "right: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57",
            ],
            ..Scenario::of("edited right, one field emptied")
        },
        Scenario {
            before: before(),
            acts: vec![
                edits(Left, "a", &[("phone", "2")]),
                edits(Right, "a", &[("name", "Alfred")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("edited on both sides in different fields")
        },
        Scenario {
            before: before(),
            acts: vec![edits(Left, "a", &[("phone", "2")]), edits(Right, "a", &[("phone", "2")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("edited on both sides to the same")
        },
        Scenario {
            before: before(),
            acts: vec![
                Act::Trouble(Left, Rates { plug_in: 1000, ..Rates::CALM }),
                edits(Right, "a", &[("phone", "0.30")]),
                Act::Run,
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 0-30, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 0-30, street Obere Str. 57, city BERLIN",
            ],
            // Where the answer is lost, nothing tells the plug-in's value from a person's: it is asked.
            or: vec![vec![
                Act::Trouble(Left, Rates { plug_in: 1000, cut_after: 1000, ..Rates::CALM }),
                edits(Right, "a", &[("phone", "0.30")]),
                Act::Run,
                Act::Trouble(Left, Rates { plug_in: 1000, ..Rates::CALM }),
                Act::Run,
            ]],
            ..Scenario::of("edited right, rewritten by a plug-in on the left")
        },
        Scenario {
            before: before(),
            acts: vec![
                edits(Left, "a", &[("phone", "2")]),
                Act::Ambush {
                    side: Right,
                    on: Request::Write,
                    after: 0,
                    meets: Meets::Person(Deed::Edit("a", &[("name", "Alfred")])),
                },
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("edited left, the version on the right stale by then")
        },
        Scenario {
            before: before(),
            acts: vec![
                edits(Left, "a", &[("phone", "2")]),
                Act::Trouble(Right, ANSWERS_LOST),
                Act::Run,
                Act::Trouble(Right, Rates::CALM),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("edited left, the answer of the right lost")
        },
        Scenario {
            before: before(),
            acts: vec![
                edits(Left, "a", &[("phone", "2")]),
                Act::Run,
                edits(Right, "a", &[("phone", "3")]),
                Act::Restart,
                Act::Run,
                edits(Left, "a", &[("phone", "4")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 4, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 4, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("edited left, right and left again")
        },
        Scenario {
            books: Books {
                deletion: "delete",
                ..Books::changed(&[(
                    "table = \"customers\"",
                    "table = \"customers\"\nfilter = \"city eq 'BERLIN'\"",
                )])
            },
            before: before(),
            acts: vec![
                edits(Left, "a", &[("city", "Bern"), ("phone", "2")]),
                Act::Run,
                edits(Right, "a", &[("name", "Alfred")]),
                Act::Run,
                edits(Left, "a", &[("city", "Berlin")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("left the filter and came back")
        },
        Scenario {
            acts: vec![
                creates(Left, "a", &[("name", "Alfreds"), ("note", "poison")]),
                Act::Run,
                edits(Left, "a", &[("note", "fine")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, note fine",
                "right: tag a, number of a, name Alfreds, note fine",
            ],
            ..Scenario::of("refused as a new row, corrected by a person")
        },
        Scenario {
            before: before(),
            acts: vec![
                edits(Left, "a", &[("note", "poison"), ("phone", "2")]),
                Act::Run,
                edits(Left, "a", &[("note", "fine")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN, note fine",
                "right: tag a, number of a, name Alfreds, phone 2, street Obere Str. 57, city BERLIN, note fine",
            ],
            ..Scenario::of("refused as an edit, corrected by a person")
        },
    ]
}
