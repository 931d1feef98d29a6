//! A kill at every single step of scenarios that people know, and a second one while Tandem recovers from the first.
//!
//! A step is a request before it is sent, one that the server applied before the answer is heard, and everything that makes
//! the store or the inbox file durable, before and after. Each scenario is played without a kill, then once for each of its
//! steps, and the quiet worlds must be the same up to what servers give out: ids, numbers, versions.

mod conflicts;
mod contact;
mod creates;
mod deletions;
mod files;
mod interventions;
mod lines;
mod orders;
mod policies;
mod portrait;
mod remaps;
mod runner;
mod scenario;
mod stage;
mod updates;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use runner::{Opening, Outcome, Second};
use scenario::Scenario;

/// Fewer would not be every step of what happens to people.
const SCENARIOS: usize = 25;

fn scenarios() -> Vec<Scenario> {
    let themes = [
        creates::scenarios(),
        updates::scenarios(),
        conflicts::scenarios(),
        contact::scenarios(),
        deletions::scenarios(),
        lines::scenarios(),
        remaps::scenarios(),
        policies::scenarios(),
        interventions::scenarios(),
    ];
    let mut all = themes.concat();
    if let Ok(wanted) = std::env::var("TANDEM_TEST_SCENARIO") {
        all.retain(|scenario| scenario.name.contains(&wanted));
    }
    all
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn without_a_kill_scenarios_end_as_they_say() {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        match block_on(Opening::of(&scenario)) {
            Err(problems) => wrong.push(format!("{}: {problems:#?}", scenario.name)),
            Ok(opening) if opening.reachable[0].seen != scenario.quiet => {
                wrong.push(format!("{} ends so: {:#?}", scenario.name, opening.reachable[0].seen));
            }
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// I20, I3, I4, I21, I22, I32, I34: `TANDEM_TEST_SCENARIO` chooses scenarios by a part of their names,
/// `TANDEM_TEST_PAIRS=all` tries every pair of kills.
#[test]
fn a_kill_at_any_step_leads_where_no_kill_leads() {
    let scenarios = scenarios();
    let second = if std::env::var_os("TANDEM_TEST_PAIRS").is_some() { Second::All } else { Second::Some };
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let work = || {
            while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outcome = block_on(runner::run(scenario, second));
                outcomes.lock().unwrap().push(outcome);
            }
        };
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    println!("{}", table(&outcomes));
    let wrong: Vec<_> = outcomes.iter().filter(|outcome| !outcome.wrong.is_empty()).collect();
    let told = wrong.iter().map(|outcome| {
        let (first, count) = (&outcome.wrong[0], outcome.wrong.len());
        format!("{} ({count} times): {first}", outcome.name)
    });
    assert!(wrong.is_empty(), "{}", told.collect::<Vec<_>>().join("\n"));
    for outcome in &outcomes {
        let steps = usize::try_from(outcome.steps).unwrap();
        assert_eq!(outcome.kills, steps, "{}: not every kill came", outcome.name);
    }
    if std::env::var_os("TANDEM_TEST_SCENARIO").is_none() {
        assert!(outcomes.len() >= SCENARIOS, "only {} scenarios", outcomes.len());
    }
}

fn table(outcomes: &[Outcome]) -> String {
    let mut lines = vec![format!(
        "{:<64} {:>5} {:>5} {:>10} {:>6}",
        "scenario", "steps", "kills", "recoveries", "second"
    )];
    for Outcome { name, steps, kills, recoveries, second_kills, .. } in outcomes {
        lines.push(format!("{name:<64} {steps:>5} {kills:>5} {recoveries:>10} {second_kills:>6}"));
    }
    let sum = |count: fn(&Outcome) -> usize| outcomes.iter().map(count).sum::<usize>();
    let (kills, recoveries) = (sum(|outcome| outcome.kills), sum(|outcome| outcome.recoveries));
    let (total, second) = (format!("{} scenarios", outcomes.len()), sum(|outcome| outcome.second_kills));
    lines.push(format!("{total:<64} {:>5} {kills:>5} {recoveries:>10} {second:>6}", ""));
    lines.join("\n")
}
