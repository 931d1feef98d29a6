//! What goes wrong, decided by one seed.

use fastrand::Rng;

/// How often, in thousandths, each kind of trouble comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// No line.
    pub unreachable: u32,
    /// Too many requests, with or without a word how long to wait.
    pub throttled: u32,
    /// The sign-in is refused: its token has run out.
    pub signed_out: u32,
    /// The link to the next page is refused.
    pub page_refused: u32,
    pub unreadable_row: u32,
    /// A list shows a new row whose transaction is rolled back afterwards.
    pub rolled_back: u32,
    pub cut_before: u32,
    pub cut_midway: u32,
    pub cut_after: u32,
    pub delayed: u32,
    pub locked: u32,
    /// A person's edit shows up in lists after newer ones.
    pub late: u32,
    /// The server changes a row right after Tandem wrote it.
    pub plug_in: u32,
    /// Somebody works in the system while Tandem does: before a request is answered.
    pub busy: u32,
}

impl Rates {
    pub const CALM: Self = Self {
        unreachable: 0,
        throttled: 0,
        signed_out: 0,
        page_refused: 0,
        unreadable_row: 0,
        rolled_back: 0,
        cut_before: 0,
        cut_midway: 0,
        cut_after: 0,
        delayed: 0,
        locked: 0,
        late: 0,
        plug_in: 0,
        busy: 0,
    };

    /// Draws rates: each kind is absent in half of the worlds.
    pub fn draw(random: &mut Rng) -> Self {
        let mut rate = |most: u32| if random.bool() { random.u32(..most) } else { 0 };
        Self {
            unreachable: rate(40),
            throttled: rate(40),
            signed_out: rate(20),
            page_refused: rate(60),
            unreadable_row: rate(30),
            rolled_back: rate(60),
            cut_before: rate(80),
            cut_midway: rate(80),
            cut_after: rate(120),
            delayed: rate(80),
            locked: rate(60),
            late: rate(300),
            plug_in: rate(150),
            busy: rate(150),
        }
    }
}

/// Decides whether something that happens so often happens now.
pub fn strikes(random: &mut Rng, per_thousand: u32) -> bool {
    per_thousand > 0 && random.u32(..1000) < per_thousand
}
