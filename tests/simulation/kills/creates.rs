//! New rows: made on the other side, found again where the answer was lost, never made twice.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Books, Scenario, Values, creates, edits, mints};
use crate::simulation::trouble::Rates;

const ALFREDS: Values = &[("name", "Alfreds"), ("phone", "1"), ("city", "Berlin")];
/// The answers to all writes are lost.
const ANSWERS_LOST: Rates = Rates { cut_after: 1000, ..Rates::CALM };
/// Writes take effect when nobody waits for them any more.
const DELAYED: Rates = Rates { delayed: 1000, ..Rates::CALM };

pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            acts: vec![creates(Left, "a", ALFREDS), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 1, city BERLIN",
            ],
            ..Scenario::of("created left, made right under an id of ours")
        },
        Scenario {
            acts: vec![creates(Right, "a", ALFREDS), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag a, name Alfreds, phone 1, city Berlin",
            ],
            ..Scenario::of("created right, made left where ids are not taken")
        },
        Scenario {
            acts: vec![
                creates(Left, "a", ALFREDS),
                Act::Trouble(Right, ANSWERS_LOST),
                Act::Run,
                calm(),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 1, city BERLIN",
            ],
            ..Scenario::of("created left, the answer of the right lost")
        },
        Scenario {
            acts: vec![
                creates(Right, "a", ALFREDS),
                Act::Trouble(Left, ANSWERS_LOST),
                Act::Run,
                Act::Trouble(Left, Rates::CALM),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag a, name Alfreds, phone 1, city Berlin",
            ],
            ..Scenario::of("created right, the answer of the left lost")
        },
        Scenario {
            acts: vec![
                creates(Right, "a", ALFREDS),
                Act::Trouble(Left, DELAYED),
                Act::Run,
                Act::Trouble(Left, Rates::CALM),
                Act::Run,
                Act::Wait(600),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag a, name Alfreds, phone 1, city Berlin",
            ],
            ..Scenario::of("created right, made left long after the line went")
        },
        Scenario {
            acts: vec![
                creates(Left, "a", &[("name", "Alfreds")]),
                creates(Left, "b", &[("name", "Bon app")]),
                creates(Left, "c", &[("name", "Chop-suey")]),
                creates(Left, "d", &[("name", "Drachenblut")]),
                creates(Left, "e", &[("name", "Ernst")]),
                creates(Left, "f", &[("name", "Folk och fä")]),
                creates(Left, "g", &[("name", "Galería")]),
                creates(Right, "h", &[("name", "Hanari")]),
                creates(Right, "i", &[("name", "Island Trading")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds",
                "left: tag b, number of b, name Bon app",
                "left: tag c, number of c, name Chop-suey",
                "left: tag d, number of d, name Drachenblut",
                "left: tag e, number of e, name Ernst",
                "left: tag f, number of f, name Folk och fä",
                "left: tag g, number of g, name Galería",
                "left: tag h, number of h, name Hanari",
                "left: tag i, number of i, name Island Trading",
                "right: tag a, number of a, name Alfreds",
                "right: tag b, number of b, name Bon app",
                "right: tag c, number of c, name Chop-suey",
                "right: tag d, number of d, name Drachenblut",
                "right: tag e, number of e, name Ernst",
                "right: tag f, number of f, name Folk och fä",
                "right: tag g, number of g, name Galería",
                "right: tag h, name Hanari",
                "right: tag i, name Island Trading",
            ],
            ..Scenario::of("nine created at once, in pages and batches")
        },
        Scenario {
            books: Books::WITH_CURRENCIES,
            acts: vec![
                mints(Left, "SEK"),
                creates(Left, "a", &[("name", "Alfreds"), ("currency", "SEK")]),
                Act::Run,
            ],
            quiet: &[
                "left currency: code SEK, name sek",
                "left: tag a, number of a, name Alfreds, currency SEK",
                "right currency: code SEK, name sek",
                "right: tag a, number of a, name Alfreds, currency SEK",
            ],
            ..Scenario::of("a customer and its currency in one run")
        },
        Scenario {
            acts: vec![creates(Left, "a", ALFREDS), Act::Run, edits(Right, "a", &[("phone", "2")]), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 2, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 2, city BERLIN",
            ],
            ..Scenario::of("created left, its copy edited right after")
        },
    ]
}

const fn calm() -> Act {
    Act::Trouble(Right, Rates::CALM)
}
