//! What people do to Tandem itself: approve what a limit holds, undo a run, repair, go back to a copy.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Books, Order, Scenario, Values, creates, deletes, edits, in_step};

const ALFREDS: Values = &[("name", "Alfreds"), ("phone", "1")];
const BON_APP: Values = &[("name", "Bon app")];
/// Two deletions are one too many.
const LIMITED: Books =
    Books { deletion: "delete", limits: "deletes = 1\ndeletes_percent = 100", ..Books::CUSTOMERS };

fn four() -> Vec<Act> {
    in_step(&[("a", ALFREDS), ("b", BON_APP), ("c", &[("name", "Chop-suey")]), ("d", &[("name", "Ernst")])])
}

/// An edit that arrived on the right.
fn edited() -> Vec<Act> {
    [in_step(&[("a", ALFREDS), ("b", BON_APP)]), vec![edits(Left, "a", &[("phone", "2")]), Act::Run]].concat()
}

pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            books: LIMITED,
            before: four(),
            acts: vec![
                deletes(Right, "a"),
                deletes(Right, "b"),
                edits(Right, "d", &[("phone", "4")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Bon app",
                "left: tag c, number of c, name Chop-suey",
                "left: tag d, number of d, name Ernst",
                "right: tag c, number of c, name Chop-suey",
                "right: tag d, number of d, name Ernst, phone 4",
                "waits, right (gone): Braked",
                "waits, right (gone): Braked",
                "waits, right d: Braked",
            ],
            ..Scenario::of("more deletions than allowed wait")
        },
        Scenario {
            books: LIMITED,
            before: four(),
            acts: vec![
                deletes(Right, "a"),
                deletes(Right, "b"),
                edits(Right, "d", &[("phone", "4")]),
                Act::Run,
                Act::Order(Order::Approve),
                Act::Run,
            ],
            quiet: &[
                "left: tag c, number of c, name Chop-suey",
                "left: tag d, number of d, name Ernst, phone 4",
                "right: tag c, number of c, name Chop-suey",
                "right: tag d, number of d, name Ernst, phone 4",
            ],
            ..Scenario::of("more deletions than allowed, approved")
        },
        Scenario {
            books: LIMITED,
            before: four(),
            acts: vec![
                deletes(Right, "a"),
                deletes(Right, "b"),
                deletes(Right, "c"),
                Act::Run,
                edits(Left, "a", &[("phone", "2")]),
                Act::Run,
                Act::Order(Order::Approve),
            ],
            quiet: &[
                "asked, Alfreds: gone on the right",
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag d, number of d, name Ernst",
                "right: tag d, number of d, name Ernst",
            ],
            ..Scenario::of("edited before it was approved, and so not part of it")
        },
        Scenario {
            before: vec![
                creates(Left, "a", ALFREDS),
                creates(Left, "b", BON_APP),
                creates(Right, "c", &[("name", "Chop-suey")]),
                Act::Run,
            ],
            acts: vec![Act::Order(Order::UndoLast), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Bon app",
                "right: tag c, name Chop-suey",
                "waits, left a: Held",
                "waits, left b: Held",
                "waits, right c: Held",
            ],
            ..Scenario::of("a first sync undone")
        },
        Scenario {
            before: edited(),
            acts: vec![Act::Order(Order::UndoLast), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number of a, name Alfreds, phone 1",
                "right: tag b, number of b, name Bon app",
                "waits, left a: Held",
            ],
            ..Scenario::of("an update undone")
        },
        Scenario {
            before: [edited(), vec![Act::Order(Order::UndoLast)]].concat(),
            acts: vec![Act::Order(Order::Resume), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number of a, name Alfreds, phone 2",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("undone, and let go on")
        },
        Scenario {
            before: [
                in_step(&[("a", ALFREDS), ("b", BON_APP)]),
                vec![Act::Smuggle(Left, "a", &[("phone", "2")]), Act::Smuggle(Right, "b", &[("phone", "3")])],
            ]
            .concat(),
            acts: vec![Act::Order(Order::Repair), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app, phone 3",
                "right: tag a, number of a, name Alfreds, phone 2",
                "right: tag b, number of b, name Bon app, phone 3",
            ],
            ..Scenario::of("changed unnoticed, and repaired")
        },
        Scenario {
            before: [
                in_step(&[("a", ALFREDS), ("b", BON_APP)]),
                vec![
                    Act::Keep(Right),
                    edits(Left, "a", &[("phone", "2")]),
                    creates(Left, "c", &[("name", "Chop-suey")]),
                    Act::Run,
                    Act::SetBack(Right),
                ],
            ]
            .concat(),
            acts: vec![Act::Run, Act::Order(Order::Rebaseline(Right)), Act::Run],
            quiet: &[
                "asked, Alfreds: phone 2 or 1, was ?",
                "asked, Chop-suey: gone on the right",
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "left: tag c, number of c, name Chop-suey",
                "right: tag a, number of a, name Alfreds, phone 1",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("a system set back, and rebaselined")
        },
        Scenario {
            before: [
                in_step(&[("a", ALFREDS), ("b", BON_APP)]),
                vec![
                    Act::BackUp,
                    edits(Left, "a", &[("phone", "2")]),
                    creates(Left, "c", &[("name", "Chop-suey")]),
                    Act::Run,
                    edits(Right, "b", &[("phone", "3")]),
                    Act::Restore,
                ],
            ]
            .concat(),
            acts: vec![Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app, phone 3",
                "left: tag c, number of c, name Chop-suey",
                "right: tag a, number of a, name Alfreds, phone 2",
                "right: tag b, number of b, name Bon app, phone 3",
                "right: tag c, number of c, name Chop-suey",
            ],
            ..Scenario::of("the store went back to a copy")
        },
    ]
}
