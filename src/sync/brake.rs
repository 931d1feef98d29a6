//! The brakes: how much may be done to one side of a mapping within a window of time before a person is asked.
//!
//! What was done within the window without being approved counts together with what is planned, so that the same changes
//! spread over passes trip a brake as one plan does (I16). Percentages are of the couplings there were when the window
//! began, and hold only where these are more than [`SMALL`]; of a smaller table most of it must not go. Work that follows
//! an absence has as many times the usual room as days went by, except for deletions and fields turning blank.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Bound, Counted, DoneInHour, FieldId, PlanVerb, PlannedWrite, Side, Trip, Tripped};

/// Tables of at most that many rows know no percentages.
pub const SMALL: u64 = 50;

/// Fewer deletions never are most of a table, however small it is.
const FEW: u64 = 5;

/// The limits of one mapping, the same for both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub window_hours: u64,
    pub creates: Limit,
    pub updates: Limit,
    pub deletions: Limit,
    /// Of one field turning blank; both have to be exceeded.
    pub blanks: Limit,
}

/// As many may be done: each of the two holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub rows: u64,
    pub percent: u64,
}

impl Limits {
    /// Never reached in daily use; always by a table that was wiped.
    pub const DEFAULT: Self = Self {
        window_hours: 24,
        creates: Limit { rows: 500, percent: 80 },
        updates: Limit { rows: 1000, percent: 80 },
        deletions: Limit { rows: 50, percent: 20 },
        blanks: Limit { rows: 20, percent: 5 },
    };
}

/// How much is (to be) done, by the side written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Side, Counted), u64>);

impl Tally {
    /// Sums up what was done.
    #[must_use]
    pub fn of(done: &[DoneInHour]) -> Self {
        let mut tally = Self::default();
        for done in done {
            *tally.0.entry((done.on, done.what.clone())).or_default() += done.count;
        }
        tally
    }

    /// Counts a planned write.
    pub fn add(&mut self, planned: &PlannedWrite) {
        for what in counted(planned) {
            *self.0.entry((planned.on, what)).or_default() += 1;
        }
    }

    /// Returns whether nothing is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, on: Side, what: &Counted) -> u64 {
        self.0.get(&(on, what.clone())).copied().unwrap_or_default()
    }

    fn deletions(&self, on: Side) -> u64 {
        [Counted::Delete, Counted::Uncouple, Counted::Ask].iter().map(|what| self.get(on, what)).sum()
    }

    fn total(&self, what: &Counted) -> u64 {
        Side::BOTH.into_iter().map(|side| self.get(side, what)).sum()
    }

    fn blanked(&self) -> BTreeSet<(Side, FieldId)> {
        let blanked = |(on, what): &(Side, Counted)| match what {
            Counted::Blank(field) => Some((*on, field.clone())),
            _ => None,
        };
        self.0.keys().filter_map(blanked).collect()
    }
}

/// Returns all that a write counts as.
#[must_use]
pub fn counted(planned: &PlannedWrite) -> Vec<Counted> {
    let mut counted = vec![Counted::from(planned.verb)];
    if planned.verb == PlanVerb::Update {
        let blanked = planned.fields.iter().filter(|change| {
            change.after.is_blank() && change.before.as_ref().is_some_and(|before| !before.is_blank())
        });
        counted.extend(blanked.map(|change| Counted::Blank(change.field.clone())));
    }
    counted
}

/// What a plan is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    pub limits: Limits,
    /// The mapping's couplings at this moment.
    pub couplings: u64,
    /// Days without passes before the window's work; 1 where there was no absence.
    pub days: u64,
    /// The first sync is under way: its creates and updates were approved as such.
    pub is_first_sync: bool,
    /// What was done within the window without being approved.
    pub done: Tally,
}

impl Situation {
    /// Returns the limits that a plan is over.
    #[must_use]
    pub fn check(&self, planned: &Tally) -> Vec<Trip> {
        let mut trips = Vec::new();
        for on in Side::BOTH {
            trips.extend(self.check_deletions(on, planned));
            if self.is_first_sync {
                continue;
            }
            for (what, tripped, limit) in [
                (Counted::Create, Tripped::Creates, self.limits.creates),
                (Counted::Update, Tripped::Updates, self.limits.updates),
            ] {
                let counts = Counts { planned: planned.get(on, &what), before: self.done.get(on, &what) };
                let bound = self.exceeded(counts, self.stretched(limit));
                trips.extend(bound.map(|bound| counts.trip(on, tripped, bound)));
            }
        }
        if !self.is_first_sync {
            trips.extend(self.check_blanks(planned));
        }
        trips
    }

    fn check_deletions(&self, on: Side, planned: &Tally) -> Option<Trip> {
        let counts = Counts { planned: planned.deletions(on), before: self.done.deletions(on) };
        let limit = self.limits.deletions;
        let bound = self.exceeded(counts, limit).or_else(|| {
            let (of, total) = (self.couplings_then(), counts.total());
            let is_most = of <= SMALL && limit.percent < 100 && total >= FEW && total * 2 > of;
            (is_most && counts.planned > 0).then_some(Bound::MostOf(of))
        });
        bound.map(|bound| counts.trip(on, Tripped::Deletions, bound))
    }

    fn check_blanks<'a>(&'a self, planned: &'a Tally) -> impl Iterator<Item = Trip> + 'a {
        let limit = self.limits.blanks;
        planned.blanked().into_iter().filter_map(move |(on, field)| {
            let what = Counted::Blank(field.clone());
            let counts = Counts { planned: planned.get(on, &what), before: self.done.get(on, &what) };
            let of = planned.get(on, &Counted::Update) + self.done.get(on, &Counted::Update);
            let is_over = counts.total() > limit.rows && counts.total() * 100 > limit.percent * of;
            let bound = Bound::Percent { percent: limit.percent, of };
            is_over.then(|| counts.trip(on, Tripped::Blanks(field), bound))
        })
    }

    fn exceeded(&self, counts: Counts, limit: Limit) -> Option<Bound> {
        let of = self.couplings_then();
        let total = counts.total();
        match counts.planned {
            0 => None,
            _ if total > limit.rows => Some(Bound::Rows(limit.rows)),
            _ if of > SMALL && total * 100 > limit.percent * of => {
                Some(Bound::Percent { percent: limit.percent, of })
            }
            _ => None,
        }
    }

    /// The couplings when the window began: creates made some, deletions removed some.
    fn couplings_then(&self) -> u64 {
        let (made, removed) = (self.done.total(&Counted::Create), self.done.total(&Counted::Delete));
        (self.couplings + removed).saturating_sub(made)
    }

    fn stretched(&self, limit: Limit) -> Limit {
        let days = self.days.max(1);
        Limit { rows: limit.rows.saturating_mul(days), percent: limit.percent.saturating_mul(days) }
    }
}

#[derive(Clone, Copy)]
struct Counts {
    planned: u64,
    before: u64,
}

impl Counts {
    const fn total(self) -> u64 {
        self.planned + self.before
    }

    const fn trip(self, on: Side, what: Tripped, bound: Bound) -> Trip {
        Trip { on, what, planned: self.planned, before: self.before, bound }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{FieldChange, RowId, Value};

    fn write(verb: PlanVerb, blanks: bool) -> PlannedWrite {
        let after = if blanks { Value::Blank } else { Value::text("2") };
        let fields = vec![FieldChange { field: "phone".into(), before: Some(Value::text("1")), after }];
        PlannedWrite { on: Side::Right, verb, row: RowId::new("r"), label: String::new(), fields }
    }

    fn tally(verb: PlanVerb, count: u64) -> Tally {
        let mut tally = Tally::default();
        (0..count).for_each(|_| tally.add(&write(verb, false)));
        tally
    }

    fn situation(couplings: u64) -> Situation {
        let limits = Limits::DEFAULT;
        Situation { limits, couplings, days: 1, is_first_sync: false, done: Tally::default() }
    }

    fn trips(situation: &Situation, verb: PlanVerb, count: u64) -> bool {
        !situation.check(&tally(verb, count)).is_empty()
    }

    /// I16: what the store summed up hour by hour is what was counted write by write.
    #[test]
    fn what_was_done_in_several_hours_is_summed_up() {
        let done = |on, what, hour, count| DoneInHour { mapping: "EXAMPLE".into(), on, what, hour, count };
        let stored = [
            done(Side::Right, Counted::Delete, 7, 30),
            done(Side::Right, Counted::Delete, 8, 12),
            done(Side::Left, Counted::Delete, 8, 40),
            done(Side::Right, Counted::Update, 8, 1),
        ];
        let before = Situation { done: Tally::of(&stored), ..situation(1000) };
        let found = before.check(&tally(PlanVerb::Delete, 9));
        let bound = Bound::Rows(50);
        assert_eq!(
            found,
            [Trip { on: Side::Right, what: Tripped::Deletions, planned: 9, before: 42, bound }]
        );
        assert!(!trips(&before, PlanVerb::Delete, 8));
    }

    #[test]
    fn a_tally_is_empty_until_something_is_counted() {
        assert!(Tally::default().is_empty() && Tally::of(&[]).is_empty());
        assert!(!tally(PlanVerb::Update, 1).is_empty());
    }

    /// I15
    #[test]
    fn a_wiped_table_trips_however_small_it_is() {
        for couplings in [5, 8, 30, 50, 51, 90, 1000, 100_000] {
            for verb in [PlanVerb::Delete, PlanVerb::Uncouple, PlanVerb::Ask] {
                assert!(trips(&situation(couplings), verb, couplings), "{verb:?} of {couplings}");
            }
        }
    }

    #[test]
    fn a_days_work_does_not_trip() {
        for couplings in [0, 4, 30, 90, 5000] {
            assert!(!trips(&situation(couplings), PlanVerb::Delete, 4));
            assert!(!trips(&situation(couplings), PlanVerb::Update, 60));
            assert!(!trips(&situation(couplings), PlanVerb::Create, 60));
        }
        assert!(!trips(&situation(5000), PlanVerb::Delete, 50));
    }

    #[test]
    fn each_limit_trips_one_beyond_it() {
        let check = |verb, couplings, limit| {
            assert!(!trips(&situation(couplings), verb, limit), "{verb:?} {limit} of {couplings}");
            assert!(trips(&situation(couplings), verb, limit + 1), "{verb:?} {limit} of {couplings}");
        };
        check(PlanVerb::Create, 100_000, 500);
        check(PlanVerb::Update, 100_000, 1000);
        check(PlanVerb::Delete, 100_000, 50);
        check(PlanVerb::Create, 100, 80);
        check(PlanVerb::Update, 100, 80);
        check(PlanVerb::Delete, 100, 20);
        // Percentages hold only above 50 rows.
        check(PlanVerb::Create, 50, 500);
        check(PlanVerb::Update, 50, 1000);
        check(PlanVerb::Delete, 50, 25);
        check(PlanVerb::Delete, 6, 4);
    }

    #[test]
    fn a_trip_says_what_is_over_which_limit() {
        let trip = |couplings, count| situation(couplings).check(&tally(PlanVerb::Delete, count)).remove(0);
        let expected =
            |planned, bound| Trip { on: Side::Right, what: Tripped::Deletions, planned, before: 0, bound };
        assert_eq!(trip(1000, 51), expected(51, Bound::Rows(50)));
        assert_eq!(trip(100, 21), expected(21, Bound::Percent { percent: 20, of: 100 }));
        assert_eq!(trip(30, 16), expected(16, Bound::MostOf(30)));
    }

    /// I16: percentages are of what there was when the window began.
    #[test]
    fn rows_made_and_removed_within_the_window_move_no_limit() {
        let with = |couplings, verb, count| Situation { done: tally(verb, count), ..situation(couplings) };
        let removed = |planned| trips(&with(90, PlanVerb::Delete, 10), PlanVerb::Delete, planned);
        assert!(!removed(10) && removed(11));
        let made = |planned| trips(&with(140, PlanVerb::Create, 40), PlanVerb::Delete, planned);
        assert!(!made(20) && made(21));
        let bound = with(140, PlanVerb::Create, 40).check(&tally(PlanVerb::Delete, 21)).remove(0).bound;
        assert_eq!(bound, Bound::Percent { percent: 20, of: 100 });
    }

    #[test]
    fn nothing_planned_trips_nothing() {
        for (couplings, done) in [(1, 5), (1000, 900)] {
            let over = Situation { done: tally(PlanVerb::Delete, done), ..situation(couplings) };
            assert_eq!(over.check(&Tally::default()), []);
        }
    }

    #[test]
    fn a_limit_of_a_hundred_percent_lets_a_small_table_go() {
        let mut open = situation(30);
        open.limits.deletions = Limit { rows: 50, percent: 100 };
        assert!(!trips(&open, PlanVerb::Delete, 30));
        open.limits.deletions.percent = 99;
        assert!(trips(&open, PlanVerb::Delete, 30));
    }

    #[test]
    fn the_two_directions_are_counted_apart() {
        let mut both = tally(PlanVerb::Delete, 15);
        for _ in 0..15 {
            both.add(&PlannedWrite { on: Side::Left, ..write(PlanVerb::Delete, false) });
        }
        assert_eq!(situation(100).check(&both), []);
    }

    /// I16
    #[test]
    fn an_absence_gives_room_for_updates_and_creates_but_never_for_deletions() {
        let away = Situation { days: 3, ..situation(100_000) };
        assert!(!trips(&away, PlanVerb::Update, 3000) && trips(&away, PlanVerb::Update, 3001));
        assert!(!trips(&away, PlanVerb::Create, 1500) && trips(&away, PlanVerb::Create, 1501));
        assert!(!trips(&away, PlanVerb::Delete, 50) && trips(&away, PlanVerb::Delete, 51));
    }

    #[test]
    fn the_first_sync_is_approved_but_for_deletions() {
        let first = Situation { is_first_sync: true, ..situation(1000) };
        assert!(!trips(&first, PlanVerb::Create, 5000) && !trips(&first, PlanVerb::Update, 5000));
        assert!(trips(&first, PlanVerb::Delete, 51));
        assert_eq!(first.check(&blanking(500, 0)), []);
    }

    #[test]
    fn what_is_over_a_limit_already_stops_nothing_else() {
        let lowered = Situation { done: tally(PlanVerb::Delete, 200), ..situation(1000) };
        assert!(!trips(&lowered, PlanVerb::Update, 10));
        assert!(trips(&lowered, PlanVerb::Delete, 1));
    }

    fn blanking(blanked: u64, others: u64) -> Tally {
        let mut tally = tally(PlanVerb::Update, others);
        (0..blanked).for_each(|_| tally.add(&write(PlanVerb::Update, true)));
        tally
    }

    /// I36
    #[test]
    fn a_field_turning_blank_on_many_rows_trips_a_brake_of_its_own() {
        let trips = |blanked, others| situation(100_000).check(&blanking(blanked, others));
        assert_eq!(trips(20, 0), []);
        assert_eq!(trips(21, 21 * 19), []);
        let found = trips(22, 21 * 19);
        let expected = Trip {
            on: Side::Right,
            what: Tripped::Blanks("phone".into()),
            planned: 22,
            before: 0,
            bound: Bound::Percent { percent: 5, of: 421 },
        };
        assert_eq!(found, [expected]);
        let spread = Situation { done: blanking(15, 0), ..situation(100_000) };
        assert_eq!(spread.check(&blanking(6, 0)).len(), 1);
        let among_others = Situation { done: blanking(11, 39), ..situation(100_000) };
        let bound = among_others.check(&blanking(10, 0)).remove(0).bound;
        assert_eq!(bound, Bound::Percent { percent: 5, of: 60 });
    }

    fn any_verb() -> impl Strategy<Value = PlanVerb> {
        prop_oneof![Just(PlanVerb::Create), Just(PlanVerb::Update), Just(PlanVerb::Delete)]
    }

    proptest! {
        /// I16: what trips as one plan trips as well where it comes in portions, and what does not, does not.
        #[test]
        fn the_same_changes_spread_over_passes_trip_as_one_plan_does(
            verb in any_verb(),
            couplings in 0_u64..1500,
            portions in proptest::collection::vec(1_u64..400, 1..12),
        ) {
            let whole = trips(&situation(couplings), verb, portions.iter().sum());
            let mut situation = situation(couplings);
            let mut has_tripped = false;
            for portion in portions {
                // Nothing is deleted that is not there.
                prop_assume!(verb != PlanVerb::Delete || portion <= situation.couplings);
                if trips(&situation, verb, portion) {
                    has_tripped = true;
                    break;
                }
                for _ in 0..portion {
                    situation.done.add(&write(verb, false));
                }
                match verb {
                    PlanVerb::Create => situation.couplings += portion,
                    PlanVerb::Delete => situation.couplings -= portion,
                    _ => {}
                }
            }
            prop_assert_eq!(has_tripped, whole);
        }
    }
}
