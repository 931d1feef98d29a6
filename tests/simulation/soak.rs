//! Lives through as many seeds as it is given time for: `cargo run --release --example soak -- --from 1 --seeds 1000`.

#![expect(clippy::unwrap_used, reason = "a simulation that cannot go on fails right there")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

#[expect(dead_code, reason = "tests compare worlds, too")]
#[path = "mod.rs"]
mod simulation;

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use simulation::series::{Series, Tally};

/// Lets the engine live through seeded trouble between two systems in memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// Steps of each seed.
    #[arg(long, default_value_t = 200)]
    steps: u64,
    /// Starts no further seed after that many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// Threads; as many as there are processors where nothing is said.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let Arguments { from, seeds, steps, minutes, threads } = Arguments::parse();
    let threads = threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get));
    let start = Instant::now();
    let end = minutes.map(|minutes| start + Duration::from_secs(60 * minutes));
    let told = Mutex::new(0);
    let tally = Series { from, seeds, steps, threads }.live(|tally| {
        tell(tally, seeds, &mut told.lock().unwrap());
        end.is_none_or(|end| Instant::now() < end)
    });
    let Tally { seeds, steps, kills, failures } = tally;
    let (secs, failed) = (start.elapsed().as_secs(), failures.len());
    println!("{steps} steps of {seeds} seeds from {from}, {kills} kills, {failed} failures, {secs} s");
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells each failure once and, at a terminal, how far it is.
fn tell(tally: &Tally, of: u64, told: &mut usize) {
    for failure in &tally.failures[*told..] {
        println!("{}", failure.report());
    }
    *told = tally.failures.len();
    if stderr().is_terminal() {
        eprint!("\r{} of {of} seeds, {} steps, {} failures ", tally.seeds, tally.steps, tally.failures.len());
    }
}
