//! What must be true: checked against everything people did, when all is quiet and at every death.

mod bases;
mod books;
mod cards;
mod counts;
mod deletions;
mod liveness;
mod rows;
mod values;
mod watermarks;

use tandem::agent::{Failure, RunReport};
use tandem::model::{Coupling, CouplingState, MappingName, Side, Value};

use super::memory_system::SETTLE_SECS;
use super::tables;
use super::world::World;
use books::Books;

pub use liveness::judge as judge_while;
pub use values::normal;
pub use watermarks::after_death;

/// More than anything waits for.
const PAUSE_SECS: i64 = 4000;
/// Absence is proved in two looks, and what follows from it is done in the next.
const FEWEST_RUNS: usize = 4;
const MOST_RUNS: usize = 10;

fn customer() -> MappingName {
    MappingName::new("CUSTOMER")
}

fn card() -> MappingName {
    MappingName::new("CARD")
}

/// Heals the world, waits for quiet, and returns what is wrong.
pub async fn judge(world: &mut World) -> Vec<String> {
    world.heal();
    let mut wrong = std::mem::take(&mut world.wrong);
    let (last, is_quiet) = quiet(world).await;
    if !last.failures.is_empty() {
        if !(last.failures.iter().all(is_about_an_empty_table) && may_stop_for_an_empty_table(world)) {
            wrong.push(format!("I27: a healed world fails: {:?}", last.failures));
        }
        return wrong;
    }
    if !is_quiet {
        wrong.push("I21: a healed world does not come to rest".to_owned());
    }
    for side in Side::BOTH {
        wrong.extend(std::mem::take(&mut world.machine(side).deeds.wrong));
    }
    let view = View::of(world);
    view.check_unsettled(&mut wrong);
    view.check_rows(&mut wrong);
    view.check_couplings(&mut wrong);
    view.check_deletions(&mut wrong);
    view.check_cards(&mut wrong);
    view.check_bases(&mut wrong);
    view.check_echoes(&mut wrong);
    counts::check(world, &mut wrong);
    wrong
}

/// Runs until two runs one after the other change nothing. Returns the last report, and whether they came.
pub async fn quiet(world: &mut World) -> (RunReport, bool) {
    world.clock.advance(SETTLE_SECS);
    let mut idle = 0;
    let mut report = RunReport::default();
    for run in 1..=MOST_RUNS {
        world.clock.advance(PAUSE_SECS);
        let before = (total_writes(world), Books::read(world, &customer()));
        report = world.run_sweeping(true).await;
        let after = (total_writes(world), Books::read(world, &customer()));
        idle = if before == after { idle + 1 } else { 0 };
        if run >= FEWEST_RUNS && idle >= 2 {
            return (report, true);
        }
    }
    (report, false)
}

/// Returns whether Tandem says that it stopped because it found no row of a table any more (I14).
fn is_about_an_empty_table(failure: &Failure) -> bool {
    failure.problem.contains("the table was emptied")
}

/// Returns whether it may say so: people deleted most of the few rows that there were. Others may have been missing from one
/// list.
fn may_stop_for_an_empty_table(world: &mut World) -> bool {
    let (deleted, couplings) = (world.history().deleted, world.customers_coupled());
    let is_kept = |coupling: &&Coupling| {
        matches!(coupling.state, CouplingState::Active { .. }) && !coupling.base.0.is_empty()
    };
    let kept: Vec<_> = couplings.iter().filter(is_kept).collect();
    let is_emptied = |side: Side| {
        let is_deleted = |coupling: &&&Coupling| deleted.contains_key(&(side, coupling.rows[side].clone()));
        kept.iter().filter(is_deleted).count() * 2 >= kept.len()
    };
    Side::BOTH.into_iter().any(is_emptied)
}

fn total_writes(world: &World) -> u64 {
    Side::BOTH.into_iter().map(|side| world.machine(side).deeds.writes).sum()
}

/// All that is judged: both servers, the history, and the books.
struct View<'a> {
    world: &'a World,
    history: super::history::History,
    customers: Books,
    cards: Option<Books>,
    scope: Scope,
}

/// What need not hold while some trouble lasts.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// Rows of that tag are out of reach.
    except: Option<Value>,
    /// Rows may wait for references.
    references_are_missing: bool,
}

impl<'a> View<'a> {
    fn of(world: &'a mut World) -> Self {
        let customers = Books::read(world, &customer());
        let cards = world.circumstances.has_cards.then(|| Books::read(world, &card()));
        let mut history = world.history();
        for side in Side::BOTH {
            history.forget_rows_but(side, &world.machine(side).server.table(&tables::customers(side)).rows);
        }
        Self { history, world, customers, cards, scope: Scope::default() }
    }

    /// Returns whether rows of that tag are judged.
    fn is_judged(&self, tag: &Value) -> bool {
        self.scope.except.as_ref() != Some(tag)
    }
}
