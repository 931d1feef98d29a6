//! Mappings that people change between two runs (I38).

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Books, Scenario, Values, answers, edits, in_step};

const ALFREDS: Values = &[("name", "Alfreds"), ("phone", "1"), ("city", "Berlin")];
const PHONE: &str = "[[field]]\nid = \"phone\"\nleft = \"phone\"\nright = \"phone\"\ndirection = \"<->\"\n";
const LEFT: &str = "table = \"customers\"";
const WITHOUT_PHONE: Books = Books::changed(&[(PHONE, "")]);
const IN_BERLIN: Books = Books::changed(&[(LEFT, "table = \"customers\"\nfilter = \"city eq 'BERLIN'\"")]);

pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            books: WITHOUT_PHONE,
            before: in_step(&[("a", ALFREDS), ("b", &[("name", "Bon app")])]),
            acts: vec![edits(Right, "b", &[("phone", "2")]), Act::Remap(Books::CUSTOMERS), Act::Run],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "left: tag b, number of b, name Bon app, phone 2",
                "right: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag b, number of b, name Bon app, phone 2",
            ],
            ..Scenario::of("a field comes into the mapping")
        },
        Scenario {
            books: WITHOUT_PHONE,
            before: [in_step(&[("a", ALFREDS)]), vec![edits(Right, "a", &[("phone", "2")]), Act::Run]]
                .concat(),
            acts: vec![Act::Remap(Books::CUSTOMERS), Act::Run, answers("a", "business-central")],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag a, number of a, name Alfreds, phone 1, city BERLIN",
            ],
            ..Scenario::of("a field comes into the mapping and differs")
        },
        Scenario {
            before: in_step(&[("a", ALFREDS), ("b", &[("name", "Bon app"), ("city", "Bern")])]),
            acts: vec![
                edits(Left, "b", &[("phone", "2")]),
                Act::Remap(IN_BERLIN),
                Act::Run,
                edits(Right, "b", &[("phone", "3")]),
                Act::Run,
                Act::Remap(Books::CUSTOMERS),
                Act::Run,
            ],
            quiet: &[
                "asked, Bon app: phone 2 or 3, was ",
                "left: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "left: tag b, number of b, name Bon app, phone 2, city BERN",
                "right: tag a, number of a, name Alfreds, phone 1, city BERLIN",
                "right: tag b, number of b, name Bon app, phone 3, city BERN",
            ],
            ..Scenario::of("a filter comes and goes")
        },
    ]
}
