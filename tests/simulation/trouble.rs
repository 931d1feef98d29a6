//! What goes wrong, decided by one seed.

use fastrand::Rng;

/// How often, in thousandths, each kind of trouble comes.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    pub unreachable: u32,
    pub throttled: u32,
    pub unreadable_row: u32,
    pub cut_before: u32,
    pub cut_midway: u32,
    pub cut_after: u32,
    pub delayed: u32,
    pub locked: u32,
    pub late: u32,
    pub plug_in: u32,
}

impl Rates {
    pub const CALM: Self = Self {
        unreachable: 0,
        throttled: 0,
        unreadable_row: 0,
        cut_before: 0,
        cut_midway: 0,
        cut_after: 0,
        delayed: 0,
        locked: 0,
        late: 0,
        plug_in: 0,
    };

    /// Draws rates: each kind is absent in half of the worlds.
    pub fn draw(random: &mut Rng) -> Self {
        let mut rate = |most: u32| if random.bool() { random.u32(..most) } else { 0 };
        Self {
            unreachable: rate(40),
            throttled: rate(40),
            unreadable_row: rate(30),
            cut_before: rate(80),
            cut_midway: rate(80),
            cut_after: rate(120),
            delayed: rate(80),
            locked: rate(60),
            late: rate(300),
            plug_in: rate(150),
        }
    }
}

/// Decides whether something that happens so often happens now.
pub fn strikes(random: &mut Rng, per_thousand: u32) -> bool {
    per_thousand > 0 && random.u32(..1000) < per_thousand
}
