//! Edits that collide: asked once, answered by command or in the file, asked again where the values moved on.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Scenario, Values, answers, edits, in_step};
use crate::simulation::trouble::Rates;

const ALFREDS: Values =
    &[("name", "Alfreds"), ("phone", "1"), ("street", "Obere Str. 57"), ("city", "Berlin")];
const NO_ANSWER: &str = "answer = \"\"";

/// Both change the phone, the left the city as well.
fn collide() -> Vec<Act> {
    vec![
        edits(Left, "a", &[("phone", "2"), ("city", "Bern")]),
        edits(Right, "a", &[("phone", "3"), ("name", "Alfred")]),
        Act::Run,
    ]
}

/// The conflict is open before the first kill may come.
fn asked() -> Vec<Act> {
    [in_step(&[("a", ALFREDS)]), collide()].concat()
}

pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            before: in_step(&[("a", ALFREDS)]),
            acts: collide(),
            quiet: &[
                "asked, Alfreds: phone 2 or 3, was 1",
                "left: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("a field edited differently on both sides")
        },
        Scenario {
            before: in_step(&[("a", ALFREDS)]),
            acts: vec![
                edits(Left, "a", &[("street", "2"), ("city", "Bern")]),
                edits(Right, "a", &[("street", "3"), ("city", "BERN")]),
                Act::Run,
                edits(Left, "a", &[("city", "Berlin")]),
                Act::Run,
            ],
            quiet: &[
                "asked, Alfreds: street 2 or 3, was Obere Str. 57; city BERLIN or BERN, was BERLIN",
                "left: tag a, number of a, name Alfreds, phone 1, street 2, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 1, street 3, city BERN",
            ],
            ..Scenario::of("what was equal in a group in conflict moves")
        },
        Scenario {
            before: asked(),
            acts: vec![answers("a", "business-central")],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered with the left side's value")
        },
        Scenario {
            before: asked(),
            acts: vec![answers("a", "dataverse")],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered with the right side's value")
        },
        Scenario {
            before: in_step(&[("a", ALFREDS)]),
            acts: vec![
                edits(Left, "a", &[("phone", "2"), ("name", "Alfreds Futterkiste")]),
                edits(Right, "a", &[("phone", "3"), ("name", "Alfred")]),
                Act::Run,
                answers("a", "phone=business-central name=dataverse"),
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("answered field by field")
        },
        Scenario {
            before: in_step(&[("a", ALFREDS)]),
            acts: vec![
                edits(Left, "a", &[("phone", "2"), ("name", "Alfreds Futterkiste")]),
                edits(Right, "a", &[("phone", "3"), ("name", "Alfred")]),
                Act::Run,
                answers("a", "name=business-central"),
            ],
            quiet: &[
                "asked, Alfreds: phone 2 or 3, was 1; once answered PerField({FieldId(\"name\"): Side(Left)})",
                "left: tag a, number of a, name Alfreds Futterkiste, phone 2, street Obere Str. 57, city BERLIN",
                "right: tag a, number of a, name Alfreds Futterkiste, phone 3, street Obere Str. 57, city BERLIN",
            ],
            ..Scenario::of("answered in one field of two")
        },
        Scenario {
            before: asked(),
            acts: vec![answers("a", "phone=4")],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 4, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 4, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered with a value of one's own")
        },
        Scenario {
            before: asked(),
            acts: vec![answers("a", "uncouple"), edits(Left, "a", &[("name", "Other")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Other, phone 2, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered with uncouple")
        },
        Scenario {
            before: asked(),
            acts: vec![
                Act::Write { row: "a", nth: 0, line: NO_ANSWER, becomes: "answer = \"dataverse\"" },
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered in the inbox file")
        },
        Scenario {
            before: asked(),
            acts: vec![
                Act::Write {
                    row: "a",
                    nth: 0,
                    line: "value = \"\"",
                    becomes: "value = \"4\"\n# as Ida said",
                },
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 4, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 4, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered with a value and a note in the inbox file")
        },
        Scenario {
            before: asked(),
            acts: vec![
                edits(Right, "a", &[("phone", "5")]),
                Act::Write { row: "a", nth: 0, line: NO_ANSWER, becomes: "answer = \"dataverse\"" },
                Act::Run,
            ],
            quiet: &[
                "asked, Alfreds: phone 2 or 5, was 1; once answered Take(Right)",
                "left: tag a, number of a, name Alfred, phone 2, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 5, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered for values that changed meanwhile")
        },
        Scenario {
            before: asked(),
            acts: vec![
                Act::Trouble(Left, Rates { cut_after: 1000, ..Rates::CALM }),
                answers("a", "phone=4"),
                Act::Trouble(Left, Rates::CALM),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 4, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 4, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("answered, the answer of one side's write lost")
        },
        Scenario {
            before: asked(),
            acts: vec![edits(Left, "a", &[("phone", "3")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
                "right: tag a, number of a, name Alfred, phone 3, street Obere Str. 57, city BERN",
            ],
            ..Scenario::of("settled by people in the rows themselves")
        },
    ]
}
