//! Deletions: passed on, asked about, left alone, as the mapping says; proved before anything follows.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Books, Deed, Meets, Scenario, Values, answers, deletes, edits, in_step};
use crate::simulation::ambush::Request;
use crate::simulation::trouble::Rates;

const ALFREDS: Values = &[("name", "Alfreds"), ("phone", "1")];
const PHONE: &str = "[[field]]\nid = \"phone\"\nleft = \"phone\"\nright = \"phone\"\ndirection = \"<->\"\n";
const BON_APP: Values = &[("name", "Bon app")];
const ANSWERS_LOST: Rates = Rates { cut_after: 1000, ..Rates::CALM };

/// Two in step: one to be deleted, one beside it by which reading can be seen to work.
fn before() -> Vec<Act> {
    in_step(&[("a", ALFREDS), ("b", BON_APP)])
}

/// The phone belongs to the right alone: a row made anew would lack it.
fn with_a_phone_of_its_own() -> Vec<Act> {
    [before(), vec![edits(Right, "a", &[("phone", "2")]), Act::Run]].concat()
}

/// Deleted on the left, where only sweeps tell.
fn gone_left() -> Vec<Act> {
    vec![deletes(Left, "a"), Act::Sweep, Act::Wait(1000), Act::Run]
}

pub fn scenarios() -> Vec<Scenario> {
    let (delete, ask) = (Books::deleting("delete"), Books::deleting("ask"));
    vec![
        Scenario {
            books: delete,
            before: before(),
            acts: vec![deletes(Right, "a"), Act::Run],
            quiet: &["left: tag b, number of b, name Bon app", "right: tag b, number of b, name Bon app"],
            ..Scenario::of("deleted right and so left, by tombstone")
        },
        Scenario {
            books: delete,
            before: before(),
            acts: gone_left(),
            quiet: &["left: tag b, number of b, name Bon app", "right: tag b, number of b, name Bon app"],
            ..Scenario::of("deleted left and so right, confirmed twice")
        },
        Scenario {
            books: delete,
            before: before(),
            acts: vec![
                deletes(Right, "a"),
                Act::Trouble(Left, ANSWERS_LOST),
                Act::Run,
                Act::Trouble(Left, Rates::CALM),
                Act::Run,
            ],
            quiet: &["left: tag b, number of b, name Bon app", "right: tag b, number of b, name Bon app"],
            ..Scenario::of("deleted right and so left, the answer lost")
        },
        Scenario {
            books: delete,
            before: before(),
            acts: vec![
                deletes(Right, "a"),
                Act::Ambush {
                    side: Left,
                    on: Request::Write,
                    after: 0,
                    meets: Meets::Person(Deed::Edit("a", &[("phone", "2")])),
                },
                Act::Run,
            ],
            quiet: &[
                "asked, Alfreds: gone on the right",
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("deleted right, edited left just before the delete")
        },
        Scenario {
            before: before(),
            acts: vec![
                deletes(Right, "a"),
                Act::Run,
                Act::Shows("waits, right (gone): DeletionIgnored"),
                edits(Left, "a", &[("phone", "2")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "right: tag b, number of b, name Bon app",
                "waits, left a: PartnerDeleted",
                "waits, right (gone): DeletionIgnored",
            ],
            ..Scenario::of("deleted right, left alone")
        },
        Scenario {
            books: Books::deleting("uncouple"),
            before: before(),
            acts: vec![deletes(Right, "a"), Act::Run, edits(Left, "a", &[("phone", "2")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("deleted right, uncoupled")
        },
        Scenario {
            books: delete,
            before: before(),
            acts: vec![deletes(Right, "a"), edits(Left, "a", &[("phone", "2")]), Act::Run],
            quiet: &[
                "asked, Alfreds: gone on the right",
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("deleted right, edited left: asked")
        },
        Scenario {
            books: delete,
            before: before(),
            acts: vec![
                deletes(Right, "a"),
                edits(Left, "a", &[("phone", "2")]),
                Act::Run,
                answers("a", "restore"),
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number of a, name Alfreds, phone 2",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("deleted right, edited left: restored")
        },
        Scenario {
            books: delete,
            before: before(),
            acts: vec![
                deletes(Right, "a"),
                edits(Left, "a", &[("phone", "2")]),
                Act::Run,
                answers("a", "delete"),
            ],
            quiet: &["left: tag b, number of b, name Bon app", "right: tag b, number of b, name Bon app"],
            ..Scenario::of("deleted right, edited left: deleted")
        },
        Scenario {
            books: ask,
            before: [before(), gone_left()].concat(),
            acts: vec![answers("a", "restore")],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number N0001, name Alfreds, phone 1",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("deleted left, not edited: restored where ids are not taken")
        },
        Scenario {
            books: ask,
            before: before(),
            acts: vec![deletes(Right, "a"), Act::Run, answers("a", "restore")],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number of a, name Alfreds, phone 1",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("deleted right, not edited: restored")
        },
        Scenario {
            books: ask,
            before: before(),
            acts: vec![
                deletes(Right, "a"),
                Act::Run,
                Act::Write { row: "a", nth: 0, line: "answer = \"\"", becomes: "answer = \"delete\"" },
                Act::Run,
            ],
            quiet: &["left: tag b, number of b, name Bon app", "right: tag b, number of b, name Bon app"],
            ..Scenario::of("deleted right, the inbox file says delete")
        },
        Scenario {
            books: Books { deletion: "delete", ..Books::changed(&[(PHONE, "")]) },
            before: with_a_phone_of_its_own(),
            acts: vec![
                deletes(Left, "a"),
                Act::Sweep,
                Act::Wait(300),
                Act::Person(Left, Deed::Revive("a")),
                Act::Sweep,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number of a, name Alfreds, phone 2",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("deleted left and brought back before the second look")
        },
        Scenario {
            books: Books { deletion: "delete", ..Books::changed(&[(PHONE, "")]) },
            before: with_a_phone_of_its_own(),
            acts: vec![Act::Hide(Left, "a", 5000), Act::Sweep, Act::Wait(1000), Act::Sweep],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number of a, name Alfreds, phone 2",
                "right: tag b, number of b, name Bon app",
            ],
            ..Scenario::of("missing from lists and not deleted")
        },
        Scenario {
            books: delete,
            before: before(),
            acts: vec![deletes(Right, "a"), deletes(Left, "a"), Act::Run],
            quiet: &["left: tag b, number of b, name Bon app", "right: tag b, number of b, name Bon app"],
            ..Scenario::of("deleted on both sides")
        },
    ]
}
