//! Lines and servers that fail midway: tokens that end, brakes of the service, feeds that begin anew, rows nobody can read.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Meets, Scenario, Values, creates, deletes, edits, in_step};
use crate::simulation::ambush::Request;
use crate::simulation::trouble::Rates;

const A: Values = &[("name", "Alfreds"), ("phone", "1")];

fn ambush(side: tandem::model::Side, on: Request, after: u64, meets: Meets) -> Act {
    Act::Ambush { side, on, after, meets }
}

/// More than one page, and more than one batch.
fn many(side: tandem::model::Side) -> Vec<Act> {
    ["a", "b", "c", "d", "e", "f", "g"].map(|row| creates(side, row, A)).into()
}

pub fn scenarios() -> Vec<Scenario> {
    let with = |side, more: Vec<Act>| [many(side), more].concat();
    vec![
        Scenario {
            acts: with(Right, vec![ambush(Right, Request::Page, 1, Meets::SignedOut), Act::Run, Act::Run]),
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Alfreds, phone 1",
                "left: tag c, number of c, name Alfreds, phone 1",
                "left: tag d, number of d, name Alfreds, phone 1",
                "left: tag e, number of e, name Alfreds, phone 1",
                "left: tag f, number of f, name Alfreds, phone 1",
                "left: tag g, number of g, name Alfreds, phone 1",
                "right: tag a, name Alfreds, phone 1",
                "right: tag b, name Alfreds, phone 1",
                "right: tag c, name Alfreds, phone 1",
                "right: tag d, name Alfreds, phone 1",
                "right: tag e, name Alfreds, phone 1",
                "right: tag f, name Alfreds, phone 1",
                "right: tag g, name Alfreds, phone 1",
            ],
            ..Scenario::of("the token ends between two pages")
        },
        Scenario {
            acts: with(Left, vec![ambush(Left, Request::Page, 1, Meets::Forgotten), Act::Run]),
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Alfreds, phone 1",
                "left: tag c, number of c, name Alfreds, phone 1",
                "left: tag d, number of d, name Alfreds, phone 1",
                "left: tag e, number of e, name Alfreds, phone 1",
                "left: tag f, number of f, name Alfreds, phone 1",
                "left: tag g, number of g, name Alfreds, phone 1",
                "right: tag a, number of a, name Alfreds, phone 1",
                "right: tag b, number of b, name Alfreds, phone 1",
                "right: tag c, number of c, name Alfreds, phone 1",
                "right: tag d, number of d, name Alfreds, phone 1",
                "right: tag e, number of e, name Alfreds, phone 1",
                "right: tag f, number of f, name Alfreds, phone 1",
                "right: tag g, number of g, name Alfreds, phone 1",
            ],
            ..Scenario::of("a page link is refused midway")
        },
        Scenario {
            acts: with(
                Left,
                vec![
                    ambush(Left, Request::Page, 1, Meets::Throttled),
                    ambush(Right, Request::Write, 1, Meets::Throttled),
                    Act::Run,
                    Act::Run,
                    Act::Run,
                ],
            ),
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Alfreds, phone 1",
                "left: tag c, number of c, name Alfreds, phone 1",
                "left: tag d, number of d, name Alfreds, phone 1",
                "left: tag e, number of e, name Alfreds, phone 1",
                "left: tag f, number of f, name Alfreds, phone 1",
                "left: tag g, number of g, name Alfreds, phone 1",
                "right: tag a, number of a, name Alfreds, phone 1",
                "right: tag b, number of b, name Alfreds, phone 1",
                "right: tag c, number of c, name Alfreds, phone 1",
                "right: tag d, number of d, name Alfreds, phone 1",
                "right: tag e, number of e, name Alfreds, phone 1",
                "right: tag f, number of f, name Alfreds, phone 1",
                "right: tag g, number of g, name Alfreds, phone 1",
            ],
            ..Scenario::of("slowed down while it reads and while it writes")
        },
        Scenario {
            before: in_step(&[("a", A), ("b", &[("name", "Bon app")]), ("c", &[("name", "Chop-suey")])]),
            acts: vec![
                edits(Right, "a", &[("phone", "2")]),
                deletes(Right, "b"),
                creates(Right, "d", &[("name", "Drachenblut")]),
                Act::Forget(Right),
                Act::Run,
                Act::Wait(1000),
                Act::Run,
                Act::Shows("waits, right (gone): DeletionIgnored"),
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "left: tag c, number of c, name Chop-suey",
                "left: tag d, number of d, name Drachenblut",
                "right: tag a, number of a, name Alfreds, phone 2",
                "right: tag c, number of c, name Chop-suey",
                "right: tag d, name Drachenblut",
                "waits, right (gone): DeletionIgnored",
            ],
            ..Scenario::of("the delta token is refused and all is compared")
        },
        Scenario {
            before: in_step(&[("a", A)]),
            acts: vec![
                edits(Right, "a", &[("phone", "2")]),
                Act::Trouble(Right, Rates { unreadable_row: 1000, ..Rates::CALM }),
                Act::Run,
                Act::Trouble(Right, Rates::CALM),
                Act::Wait(400),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "right: tag a, number of a, name Alfreds, phone 2",
            ],
            ..Scenario::of("an edited row cannot be read for a while")
        },
        Scenario {
            acts: vec![
                creates(Left, "a", &[("number", "K1"), ("name", "Alfreds")]),
                creates(Right, "a", &[("number", "K1"), ("name", "Alfreds")]),
                Act::Trouble(Right, Rates { unreadable_row: 1000, ..Rates::CALM }),
                Act::Run,
                Act::Trouble(Right, Rates::CALM),
                Act::Wait(400),
                Act::Run,
            ],
            quiet: &["left: tag a, number K1, name Alfreds", "right: tag a, number K1, name Alfreds"],
            ..Scenario::of("the partner of a new row cannot be read for a while")
        },
        Scenario {
            before: in_step(&[("a", A)]),
            acts: vec![
                edits(Left, "a", &[("phone", "2")]),
                Act::Trouble(Right, Rates { locked: 1000, ..Rates::CALM }),
                Act::Run,
                Act::Trouble(Right, Rates::CALM),
                Act::Wait(100),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "right: tag a, number of a, name Alfreds, phone 2",
            ],
            ..Scenario::of("the row to be written is locked")
        },
    ]
}
