//! Playing a scenario without a kill, with a kill at each of its steps, and with a second one after that.

use std::fmt::Write as _;

use std::sync::Arc;

use fastrand::Rng;

use super::portrait::Portrait;
use super::scenario::Scenario;
use super::stage::{Known, Stage};

/// How many second kills are tried of each scenario, unless all are.
const SECOND_KILLS: usize = 10;

/// What came of one scenario.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub name: &'static str,
    /// The steps of the undisturbed course.
    pub steps: u64,
    pub kills: usize,
    /// How many of the kills left something that none before them had left: only those have a recovery of their own.
    pub recoveries: usize,
    pub second_kills: usize,
    pub wrong: Vec<String>,
}

/// Which second kills are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    Some,
    All,
}

/// A scenario at the point where kills may come.
pub struct Opening {
    stage: Stage,
    /// The worlds that undisturbed courses lead to.
    pub reachable: Vec<Portrait>,
    /// The steps of the undisturbed course.
    pub steps: u64,
}

impl Opening {
    /// Plays what was before, and the courses without a kill.
    pub async fn of(scenario: &Scenario) -> Result<Self, Vec<String>> {
        let mut stage = Stage::new(&scenario.books);
        stage.play(&scenario.before).await;
        let mut opening = Self { stage, reachable: Vec::new(), steps: 0 };
        for (at, acts) in [&scenario.acts].into_iter().chain(&scenario.or).enumerate() {
            let mut stage = opening.stage.copy(&[]);
            stage.play(acts).await;
            if at == 0 {
                opening.steps = stage.steps();
            }
            let portrait = stage.go_quiet().await;
            let mut wrong = stage.wrong;
            wrong.extend(portrait.wrong.iter().cloned());
            if !wrong.is_empty() {
                return Err(wrong);
            }
            opening.reachable.push(portrait);
        }
        Ok(opening)
    }

    /// Plays the scenario with kills after so many steps of each life.
    async fn kill(&mut self, scenario: &Scenario, fates: &[u64], known: Option<&Arc<Known>>) -> Ended {
        let mut stage = self.stage.copy(fates);
        let never = Arc::default();
        let known = match known {
            Some(known) => {
                stage.skip_what_is_known(known);
                known
            }
            None => &never,
        };
        let portrait = tokio::select! {
            biased;
            () = known.met.notified() => None,
            portrait = async {
                stage.play(&scenario.acts).await;
                stage.go_quiet().await
            } => Some(portrait),
        };
        let mut ended = Ended { kills: stage.kills, ..Ended::default() };
        let Some(portrait) = portrait else { return ended };
        ended.steps_after = Some(stage.steps() - fates.first().copied().unwrap_or_default());
        let mut wrong = stage.wrong;
        wrong.extend(portrait.wrong.iter().cloned());
        if !self.reachable.contains(&portrait) {
            wrong.push(difference(&self.reachable[0], &portrait));
        }
        ended.wrong = wrong.into_iter().map(|wrong| format!("killed at {fates:?}: {wrong}")).collect();
        ended
    }
}

/// How a play with kills ended.
#[derive(Debug, Default)]
struct Ended {
    kills: usize,
    /// The steps from the first kill to the end; none where it left what is known.
    steps_after: Option<u64>,
    wrong: Vec<String>,
}

/// Plays a scenario with all its kills.
pub async fn run(scenario: &Scenario, second: Second) -> Outcome {
    let mut outcome = Outcome { name: scenario.name, ..Outcome::default() };
    let mut opening = match Opening::of(scenario).await {
        Ok(opening) => opening,
        Err(wrong) => return Outcome { wrong, ..outcome },
    };
    outcome.steps = opening.steps;
    let known = Arc::default();
    let mut after_kill = Vec::new();
    for step in 1..=opening.steps {
        let ended = opening.kill(scenario, &[step], Some(&known)).await;
        outcome.kills += ended.kills;
        outcome.recoveries += usize::from(ended.steps_after.is_some());
        after_kill.extend(ended.steps_after.map(|steps| (step, steps)));
        outcome.wrong.extend(ended.wrong);
    }
    for (first, then) in pairs(&after_kill, second) {
        let ended = opening.kill(scenario, &[first, then], None).await;
        outcome.second_kills += ended.kills / 2;
        outcome.wrong.extend(ended.wrong);
    }
    outcome
}

/// Returns which pairs of kills are tried: all, or a sample that takes the first kills in turn.
fn pairs(after_kill: &[(u64, u64)], second: Second) -> Vec<(u64, u64)> {
    match second {
        Second::All => {
            after_kill.iter().flat_map(|(first, rest)| (1..=*rest).map(|then| (*first, then))).collect()
        }
        Second::Some => {
            let mut random = Rng::with_seed(after_kill.len() as u64);
            let stride = after_kill.len().div_ceil(SECOND_KILLS).max(1);
            let from = random.usize(..stride);
            let sampled = after_kill.iter().skip(from).step_by(stride);
            sampled.map(|(first, rest)| (*first, random.u64(1..=*rest))).collect()
        }
    }
}

/// Says what another world has and lacks.
fn difference(expected: &Portrait, found: &Portrait) -> String {
    let mut text = "I20: it ends otherwise than without a kill:".to_owned();
    for (expected, found) in [(&expected.seen, &found.seen), (&expected.books, &found.books)] {
        let (mut lacking, mut more) = (expected.clone(), found.clone());
        lacking.retain(|line| match more.iter().position(|other| other == line) {
            Some(at) => {
                more.remove(at);
                false
            }
            None => true,
        });
        for line in lacking {
            let _ = write!(text, "\n  - {line}");
        }
        for line in more {
            let _ = write!(text, "\n  + {line}");
        }
    }
    text
}
