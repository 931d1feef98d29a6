//! The engine between two systems in memory, with everything going wrong that can, decided by one seed.

mod ambush;
pub mod series;

mod answers;
pub mod circumstances;
mod clock;
pub mod comparisons;
mod disk;
mod feeds;
mod gate;
mod history;
#[cfg(test)]
mod kills;
mod lasting;
mod machine;
mod memory_system;
mod oracle;
mod people;
pub mod scenarios;
mod server;
mod steps;
mod tables;
mod trouble;
mod voice;
mod world;
mod writes;

use mimalloc::MiMalloc;
use world::World;

/// Lives take a tenth less time with it than with the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What became of one seed.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub kills: u64,
    /// What was wrong in the end.
    pub wrong: Vec<String>,
}

/// Lives through one seed and judges what is left.
pub fn live(seed: u64, steps: u64) -> Verdict {
    alone(async {
        let mut world = World::new(seed);
        let mut wrong = Vec::new();
        let lasting = world.draw_lasting();
        for step in 0..steps {
            if step == steps / 2
                && let Some(kind) = lasting
            {
                world.strike(kind);
            }
            world.step().await;
        }
        if let Some(kind) = lasting {
            wrong.extend(oracle::judge_while(&mut world, kind).await);
        }
        wrong.extend(oracle::judge(&mut world).await);
        Verdict { kills: world.kills, wrong }
    })
}

/// Runs a world on a thread of its own.
pub fn alone<T>(life: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(life)
}
