//! The engine between two systems in memory, with everything going wrong that can, decided by one seed.

mod ambush;
mod clock;
mod disk;
mod feeds;
mod gate;
#[cfg(test)]
mod kills;
mod machine;
mod memory_system;
mod oracle;
mod people;
pub mod series;
mod server;
mod tables;
mod trouble;
mod world;

use world::World;

/// What became of one seed.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub kills: u64,
    /// What was wrong in the end.
    pub wrong: Vec<String>,
}

/// Lives through one seed and judges what is left.
pub fn live(seed: u64, steps: u64) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed);
        for _ in 0..steps {
            world.step().await;
        }
        let wrong = oracle::judge(&mut world).await;
        Verdict { kills: world.kills, wrong }
    })
}
