//! First contact: rows that were there on both sides before Tandem was.

use tandem::model::Side::{Left, Right};

use super::scenario::{Act, Books, Order, Scenario, answers, creates, deletes, edits, mints};

pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            acts: vec![
                creates(Left, "a", &[("number", "K1"), ("name", "Alfreds"), ("phone", "1")]),
                creates(Right, "a", &[("number", "K1"), ("name", "Alfreds"), ("phone", "1")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number K1, name Alfreds, phone 1",
                "right: tag a, number K1, name Alfreds, phone 1",
            ],
            ..Scenario::of("met by number, equal")
        },
        Scenario {
            acts: vec![
                creates(Left, "a", &[("number", "K1"), ("name", "Alfreds"), ("phone", "1")]),
                creates(Right, "a", &[("number", "K1"), ("name", "Alfreds"), ("phone", "2")]),
                Act::Run,
                answers("a", "business-central"),
            ],
            quiet: &[
                "left: tag a, number K1, name Alfreds, phone 1",
                "right: tag a, number K1, name Alfreds, phone 1",
            ],
            ..Scenario::of("met by number, different, and answered")
        },
        Scenario {
            acts: vec![
                creates(Left, "a", &[("number", "K1"), ("name", "Alfreds"), ("city", "Berlin")]),
                creates(Right, "a", &[("number", "K1"), ("name", "Alfreds"), ("phone", "1")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number K1, name Alfreds, phone 1, city BERLIN",
                "right: tag a, number K1, name Alfreds, phone 1, city BERLIN",
            ],
            ..Scenario::of("met by number, blank on one side")
        },
        Scenario {
            books: Books::changed(&[("match_by = [[\"number\"]]", "match_by = [[\"name\"]]")]),
            acts: vec![
                creates(Left, "a", &[("name", "Alfreds"), ("phone", "1")]),
                creates(Right, "a", &[("name", "Alfreds"), ("phone", "1")]),
                creates(Right, "b", &[("name", "Alfreds"), ("phone", "2")]),
                Act::Run,
                edits(Right, "b", &[("name", "Bon app")]),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "left: tag b, number of b, name Bon app, phone 2",
                "right: tag a, name Alfreds, phone 1",
                "right: tag b, name Bon app, phone 2",
            ],
            ..Scenario::of("two that could be the partner, until one is renamed")
        },
        Scenario {
            books: Books::changed(&[("match_by = [[\"number\"]]", "match_by = [[\"name\"]]")]),
            acts: vec![
                creates(Left, "a", &[("name", "Alfreds"), ("phone", "1")]),
                creates(Right, "a", &[("name", "Alfreds"), ("phone", "1")]),
                creates(Right, "b", &[("name", "Alfreds"), ("phone", "2")]),
                Act::Run,
                deletes(Right, "b"),
                Act::Run,
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds, phone 1",
                "right: tag a, name Alfreds, phone 1",
            ],
            ..Scenario::of("two that could be the partner, until one is deleted")
        },
        Scenario {
            books: Books { approved: false, ..Books::CUSTOMERS },
            acts: vec![
                creates(Left, "a", &[("name", "Alfreds")]),
                Act::Run,
                creates(Right, "b", &[("name", "Bon app")]),
                Act::Order(Order::FirstSync),
            ],
            quiet: &[
                "left: tag a, number of a, name Alfreds",
                "left: tag b, number of b, name Bon app",
                "right: tag a, number of a, name Alfreds",
                "right: tag b, name Bon app",
            ],
            ..Scenario::of("the first sync approved in between")
        },
        Scenario {
            books: Books::WITH_CURRENCIES,
            before: vec![mints(Left, "EUR"), mints(Right, "EUR"), mints(Right, "GBP"), Act::Run],
            acts: vec![
                creates(Right, "a", &[("name", "Alfreds"), ("currency", "GBP")]),
                Act::Run,
                mints(Left, "GBP"),
                Act::Run,
            ],
            quiet: &[
                "left currency: code EUR, name eur",
                "left currency: code GBP, name gbp",
                "left: tag a, number of a, name Alfreds, currency GBP",
                "right currency: code EUR, name eur",
                "right currency: code GBP, name gbp",
                "right: tag a, name Alfreds, currency GBP",
            ],
            ..Scenario::of("a customer waits for its currency to find a partner")
        },
        Scenario {
            books: Books::WITH_CURRENCIES,
            before: vec![
                mints(Left, "EUR"),
                mints(Right, "GBP"),
                creates(Left, "a", &[("name", "Alfreds"), ("currency", "EUR")]),
                Act::Run,
            ],
            acts: vec![
                edits(Right, "a", &[("currency", "GBP"), ("phone", "1")]),
                Act::Run,
                mints(Left, "GBP"),
                Act::Run,
            ],
            quiet: &[
                "left currency: code EUR, name eur",
                "left currency: code GBP, name gbp",
                "left: tag a, number of a, name Alfreds, phone 1, currency GBP",
                "right currency: code EUR, name eur",
                "right currency: code GBP, name gbp",
                "right: tag a, number of a, name Alfreds, phone 1, currency GBP",
            ],
            ..Scenario::of("an edit waits for the currency it names")
        },
    ]
}
