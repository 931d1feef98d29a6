//! What kind of world a seed makes: its mappings, its sizes, its clocks.

use fastrand::Rng;
use tandem::model::Pair;

/// What a world is like from its first day to its last.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// What the mapping of customers does about deletions.
    pub deletion: &'static str,
    /// Blocked rows are outside the mapping's filters.
    pub has_filter: bool,
    /// Customers are matched by their tags too: what tells them where both lack a number.
    pub matches_tags: bool,
    /// Customers also become cards, which only the left side writes.
    pub has_cards: bool,
    /// Customers that are there on the left before Tandem comes.
    pub rows: usize,
    pub sizes: Sizes,
    /// How far the clock of each server is off.
    pub skews: Pair<i64>,
    /// How far Tandem's own clock is off.
    pub own_skew: i64,
}

/// How much goes into one request, and how many are under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub most_in_page: usize,
    pub most_in_batch: usize,
    pub parallelism: usize,
}

const DAY: i64 = 24 * 60 * 60;

impl Circumstances {
    /// An empty world where all clocks are right, for scenarios that are written down.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests play scenarios"))]
    pub fn plain(deletion: &'static str) -> Self {
        Self {
            deletion,
            has_filter: false,
            matches_tags: false,
            has_cards: false,
            rows: 0,
            sizes: Sizes { most_in_page: 4, most_in_batch: 4, parallelism: 2 },
            skews: Pair::default(),
            own_skew: 0,
        }
    }

    pub fn draw(random: &mut Rng) -> Self {
        let is_large = random.u32(..40) == 0;
        let sizes = match is_large {
            true => Sizes { most_in_page: 60, most_in_batch: 40, parallelism: 4 },
            false => Sizes { most_in_page: 6, most_in_batch: 5, parallelism: random.usize(1..4) },
        };
        // Whole days, so that it is the same second of a coarse stamp everywhere.
        let is_skewed = random.u32(..4) == 0;
        let mut skew = || if is_skewed { DAY * random.i64(-9..10) } else { 0 };
        let (skews, own_skew) = (Pair::new(skew(), skew()), skew());
        Self {
            deletion: ["ignore", "ask", "delete"][random.usize(..3)],
            has_filter: random.u32(..3) == 0,
            matches_tags: false,
            has_cards: random.u32(..3) == 0,
            rows: if is_large { random.usize(50..150) } else { random.usize(..4) },
            sizes,
            skews,
            own_skew,
        }
    }
}
