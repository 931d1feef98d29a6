//! Seeded lives of the engine between two systems in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails right there")]

#[path = "mod.rs"]
mod simulation;

use simulation::circumstances::Sizes;
use simulation::comparisons;
use simulation::scenarios;
use simulation::series::{Failure, Series};
use tandem::model::{Side, Value};

const SEEDS: u64 = 1000;
const STEPS: u64 = 200;

/// A test that fails that often has said enough.
const MOST_FAILURES: usize = 3;

/// Seeds that found a fault once, each with what it was.
const REGRESSIONS: [(u64, &str); 24] = [
    (79, "an answer to restore a row whose partner nobody had edited was never carried out"),
    (165, "the same, after a kill"),
    (16, "a table that could not be read held up its whole connection"),
    (76, "the same, where a watermark was refused"),
    (91, "the same"),
    (388, "a row that was made and not looked up yet had a partner made for it"),
    (183, "another row of that name was taken for the one whose answer was lost"),
    (487, "the same"),
    (1721, "a create that took effect late, after its row had left the filter, had a partner made for it"),
    (744, "a field of a group in conflict went back to its old value unnoticed"),
    (10028, "a deletion on its way took effect after a person had wanted the row back"),
    (12465, "a create that took effect late, when it was sent again, gave its old values to the edited row"),
    (13451, "the same"),
    (11235, "a row that waited for a reference did not get what the other had"),
    (204047, "a create that took effect as it was sent first filled a field that was emptied since"),
    (204314, "rows that Tandem deleted for one mapping were missed by another"),
    (
        420058,
        "nobody minded that a table which people emptied stops its connection while another one cannot be read",
    ),
    (423230, "a row made late that could not be read was taken for absent, and had a partner made for it"),
    (315982, "an edit was taken back while its arrival was in doubt, and that was taken for an echo"),
    (214038, "a restored row and the one it was restored from differed for good in a field left blank"),
    (525759, "a question stayed open after its edit had been taken back"),
    (533961, "a row that had been there before was taken for the one that a create made"),
    (545963, "nobody reckoned with a deletion of Tandem's own that took effect later"),
    (547945, "a value for a field that a create in doubt had left out was taken for a collision"),
];

#[test]
fn what_once_went_wrong_goes_right() {
    for (seed, fault) in REGRESSIONS {
        let verdict = simulation::live(seed, STEPS);
        assert!(verdict.wrong.is_empty(), "seed {seed} ({fault}): {:#?}", verdict.wrong);
    }
}

/// I1–I5, I8, I9, I11, I12, I20–I23, I25–I27, I32, I34: one seed decides everything; `TANDEM_TEST_SEED` and
/// `TANDEM_TEST_SEEDS` choose others, `TANDEM_TEST_LOUD` tells what happens.
#[test]
fn whatever_happens_nothing_is_lost_and_nothing_doubled() {
    let chosen = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let (from, seeds) =
        (chosen("TANDEM_TEST_SEED").unwrap_or(1), chosen("TANDEM_TEST_SEEDS").unwrap_or(SEEDS));
    let series = Series { from, seeds, steps: STEPS, threads: 2 };
    let tally = series.live(|tally| tally.failures.len() < MOST_FAILURES);
    let failures: Vec<_> = tally.failures.iter().map(Failure::report).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let kills = tally.kills;
    assert!(kills >= seeds, "only {kills} kills in {seeds} lives: the trouble has gone");
}

/// I28: clocks that are off by days change no write, no id and no version.
#[test]
fn wrong_clocks_change_nothing() {
    for seed in 1..=10 {
        let [right, wrong] = simulation::alone(comparisons::with_skewed_clocks(seed, 100));
        assert!(right.len() > 6, "{right:?}");
        assert_eq!(right, wrong, "seed {seed}");
    }
}

/// I24: neither sizes nor order nor faults change what both systems hold in the end.
#[test]
fn sizes_and_faults_do_not_change_the_result() {
    let small = Sizes { most_in_page: 1, most_in_batch: 1, parallelism: 1 };
    let middle = Sizes { most_in_page: 6, most_in_batch: 5, parallelism: 3 };
    let large = Sizes { most_in_page: 500, most_in_batch: 100, parallelism: 8 };
    for seed in 9..=18 {
        let calm = simulation::alone(comparisons::in_phases(seed, middle, false));
        assert!(calm.last().is_some_and(|rest| rest.len() > 6));
        for (sizes, has_faults) in [(small, false), (large, false), (middle, true)] {
            let other = simulation::alone(comparisons::in_phases(seed, sizes, has_faults));
            let difference = comparisons::first_difference(&calm, &other);
            assert_eq!(difference, None, "seed {seed}, {sizes:?}, with faults: {has_faults}");
        }
    }
}

/// I29: who starts over without the store finds the rows of before.
#[test]
fn a_lost_store_doubles_and_deletes_nothing() {
    for seed in 1..=15 {
        let wrong = simulation::alone(comparisons::with_lost_store(seed, 100));
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
    }
}

/// I26: a row that one side refuses still gives the other side what it has, once that can be written.
#[test]
fn a_refused_row_still_gives_what_it_has() {
    let streets = simulation::alone(scenarios::a_refused_row_beside_a_side_that_cannot_be_written());
    assert_eq!(streets, ["street 1", "street 2"]);
}

/// I3: a row that was made under an id of ours, and is not looked up yet, is nobody's new row.
#[test]
fn a_row_in_doubt_has_no_partner_made_for_it() {
    for after in 0..5 {
        let rows = simulation::alone(scenarios::a_created_row_that_cannot_be_looked_up(after));
        assert_eq!(rows, [2, 2], "the read after {after} others fails");
    }
}

/// I3: the same where it was looked for in vain, and its row is not to be created for the time being.
#[test]
fn a_create_that_comes_late_has_no_partner_made_for_it() {
    assert_eq!(simulation::alone(scenarios::a_create_that_comes_late_while_its_row_is_outside()), [1, 1]);
}

/// I3: the same where the row that it made cannot be read at first.
#[test]
fn a_row_that_cannot_be_read_is_there_all_the_same() {
    assert_eq!(simulation::alone(scenarios::a_create_that_comes_late_as_a_row_that_cannot_be_read()), [1, 1]);
}

/// I3: a row that was there before a create was sent is not the one it made, however alike the two are.
#[test]
fn a_row_that_was_there_before_is_not_the_one_that_was_made() {
    let rows = simulation::alone(scenarios::a_create_that_comes_late_beside_one_that_was_there());
    assert_eq!(rows, [3, 2]);
}

/// I1, I5: what a create left out was blank: a value it gets meanwhile is an edit of one side, also where others of its group
/// were sent.
#[test]
fn what_a_create_in_doubt_left_out_can_be_filled() {
    for on in Side::BOTH {
        let (city, conflicts) = simulation::alone(scenarios::a_create_in_doubt_whose_row_gets_a_city(on));
        assert_eq!((city, conflicts), (Value::text("OSLO"), 0), "made on the {on}");
    }
}

/// I5: a question whose edit was taken back is none, although the other row shows still what it showed.
#[test]
fn an_edit_that_is_taken_back_is_asked_about_no_longer() {
    let streets = simulation::alone(scenarios::an_edit_in_question_that_is_taken_back());
    assert_eq!(streets, ["street 2", "street 2"]);
}

/// I1, I22: a row that is as its base again was edited all the same, while what it had before was on its way.
#[test]
fn an_edit_taken_back_while_its_arrival_is_in_doubt_is_no_echo() {
    let streets = simulation::alone(scenarios::an_edit_taken_back_while_its_arrival_is_in_doubt());
    assert_eq!(streets, ["street 1", "street 1"]);
}

/// I8: a deletion that a person has taken back may be on its way; when it takes effect, nobody has deleted anything.
#[test]
fn a_deletion_that_comes_late_deletes_nothing_else() {
    assert_eq!(simulation::alone(scenarios::a_deletion_that_comes_late()), 0);
}

/// I1: a create that was looked for in vain says what its row was made with.
#[test]
fn a_create_that_comes_late_brings_nothing_back() {
    let names = simulation::alone(scenarios::a_create_that_comes_late_before_its_row_is_sent_again());
    assert_eq!(names, [Value::text("name 2"), Value::text("name 2")]);
}

/// I1: a create that was repeated with a field emptied meanwhile, and took effect as it was sent first, fills nothing.
#[test]
fn a_create_that_comes_late_fills_no_emptied_field() {
    for is_sent_again in [false, true] {
        let phones =
            simulation::alone(scenarios::a_create_that_comes_late_with_a_value_emptied_since(is_sent_again));
        for phone in phones {
            assert!(phone.is_blank(), "{phone:?}, sent again: {is_sent_again}");
        }
    }
}

/// I14: rows that Tandem deleted itself, for another mapping, are no sign that their table was emptied.
#[test]
fn rows_that_tandem_deleted_are_not_missed() {
    let failures = simulation::alone(scenarios::cards_out_of_reach_while_customers_are_deleted());
    assert!(failures.is_empty(), "{failures:?}");
}

/// I22: a row that is restored has the blanks it had, whatever the other side made of them.
#[test]
fn a_restored_row_keeps_its_blanks() {
    for phone in simulation::alone(scenarios::a_customer_restored_from_a_card_that_differs()) {
        assert!(phone.is_blank(), "{phone:?}");
    }
}
