//! Going through everything of a mapping that is ready, without doing anything: what would be done, row by row.
//!
//! Bounded: of each row only a key and a digest are kept.

use std::collections::BTreeMap;

use crate::agent::engine::Engine;
use crate::agent::plan::create::{self, Derived};
use crate::agent::plan::gather::{Gathered, Tries, gather};
use crate::agent::plan::judge::{Judged, Verdict, judge};
use crate::agent::prepare::Prepared;
use crate::agent::write::in_doubt::InDoubt;
use crate::model::{
    Content, Coupling, CouplingState, DecisionHash, Evidence, Observation, Pair, PlanKey, PlannedWrite,
    RowId, Side, Standing, Version,
};
use crate::store::{Snapshot, StoreError};
use crate::sync::{self, Seen, Tally};

/// What a pass would do.
#[derive(Default)]
pub struct Survey {
    /// Everything that nobody approved yet.
    pub planned: BTreeMap<PlanKey, DecisionHash>,
    /// The same, counted.
    pub tally: Tally,
    /// Rows to be read before it can be said what would be done.
    pub rereads: Pair<Vec<RowId>>,
    /// Approvals of something else than would be done by now.
    pub outdated: Vec<PlanKey>,
    /// Braked rows that need not wait: a person approved what is to be done, or nothing is to be written.
    pub free: Vec<(Side, RowId)>,
    /// Some row stands as braked.
    pub is_any_braked: bool,
    /// Rows that are perhaps deleted: each with whether a person approved what would follow.
    pub suspects: Pair<BTreeMap<RowId, bool>>,
}

/// How a planned write counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Counted,
    /// A person approved the plan it is part of.
    Approved,
    /// A person asked for this very write.
    Consent,
}

/// Is shown each planned write as it is found.
pub type Visit<'a> = dyn FnMut(&PlannedWrite, DecisionHash, Weight) -> Result<(), StoreError> + 'a;

/// Says what a pass would do.
pub fn survey(
    engine: &Engine,
    prepared: &Prepared,
    tries: &Tries,
    visit: &mut Visit<'_>,
) -> Result<Survey, StoreError> {
    let snapshot = &engine.store().snapshot()?;
    let in_doubt = InDoubt::gather(prepared, snapshot)?;
    let mut walk = Walk { engine, prepared, snapshot, in_doubt, tries, visit, survey: Survey::default() };
    for side in Side::BOTH {
        snapshot.visit_observations(prepared.name(), side, |observation| walk.observation(observation))?;
    }
    Ok(walk.survey)
}

/// Returns whether a row is part of the plan.
#[must_use]
pub fn takes_part(standing: &Standing) -> bool {
    matches!(standing, Standing::Ready | Standing::Braked)
}

struct Walk<'a, 'v> {
    engine: &'a Engine,
    prepared: &'a Prepared,
    snapshot: &'a Snapshot,
    in_doubt: InDoubt,
    tries: &'a Tries,
    visit: &'a mut Visit<'v>,
    survey: Survey,
}

impl Walk<'_, '_> {
    fn observation(&mut self, observation: Observation) -> Result<(), StoreError> {
        let (side, name) = (observation.side, self.prepared.name());
        self.survey.is_any_braked |= observation.standing == Standing::Braked;
        if self.in_doubt.holds(side, &observation.row) {
            return Ok(());
        }
        let coupling = self.snapshot.coupling_of(name, side, &observation.row)?;
        match (&observation.content, coupling) {
            (Content::Missing { .. }, Some(coupling)) => return self.suspect(side, coupling),
            (Content::Missing { .. }, None) => return Ok(()),
            _ if !takes_part(&observation.standing) => return Ok(()),
            (Content::Unreadable(_), _) => self.reread(side, observation.row),
            (_, Some(coupling)) => {
                let other = side.other();
                if !self.in_doubt.holds(other, &coupling.rows[other]) && !self.is_twin(side, &coupling)? {
                    let gathered = gather(self.engine, self.prepared, self.snapshot, coupling, self.tries)?;
                    let judged = judge(self.engine, self.prepared, gathered)?;
                    self.judged(&judged)?;
                }
            }
            (Content::Row(row), None) if !self.in_doubt.holds_creates_from(side) => {
                let derived = create::derive(self.engine, self.prepared, self.snapshot, side, row)?;
                let mut is_held = false;
                if let Derived::Work(work) = derived {
                    is_held = self.write(&work.planned(side.other()), false)? == Weight::Counted;
                }
                if !is_held && observation.standing == Standing::Braked {
                    self.survey.free.push((side, observation.row));
                }
            }
            (Content::Row(_) | Content::Gone(_), None) => {}
        }
        Ok(())
    }

    /// A coupling of which both rows take part is looked at through the left one.
    fn is_twin(&self, side: Side, coupling: &Coupling) -> Result<bool, StoreError> {
        if side == Side::Left {
            return Ok(false);
        }
        let left = self.snapshot.observation(self.prepared.name(), Side::Left, &coupling.rows.left)?;
        Ok(left.is_some_and(|left| {
            takes_part(&left.standing) && !matches!(left.content, Content::Missing { .. })
        }))
    }

    fn judged(&mut self, judged: &Judged) -> Result<(), StoreError> {
        if let Verdict::Reread(side) = judged.verdict {
            self.reread(side, judged.coupling.rows[side].clone());
            return Ok(());
        }
        let (mut is_held, mut is_let) = (false, false);
        for planned in judged.planned() {
            match self.write(&planned, judged.cause.is_some())? {
                Weight::Counted => is_held = true,
                Weight::Approved | Weight::Consent => is_let = true,
            }
        }
        if is_let || !is_held {
            for side in Side::BOTH {
                let row = &judged.coupling.rows[side];
                let seen = self.snapshot.observation(self.prepared.name(), side, row)?;
                if seen.is_some_and(|seen| seen.standing == Standing::Braked) {
                    self.survey.free.push((side, row.clone()));
                }
            }
        }
        Ok(())
    }

    /// A row that is perhaps deleted counts as if it were, before anything is read to prove it (I8).
    fn suspect(&mut self, side: Side, coupling: Coupling) -> Result<(), StoreError> {
        if coupling.state != CouplingState::IN_SCOPE {
            return Ok(());
        }
        let row = coupling.rows[side].clone();
        let now = self.engine.now();
        let Gathered { mut pending, rows } =
            gather(self.engine, self.prepared, self.snapshot, coupling, self.tries)?;
        pending.seen[side] = Some(Seen::Gone(Evidence::ConfirmedAbsent { first: now, second: now }));
        // Which version the other row has is read when it comes to that.
        let unknown = || Some(Version::new("unknown"));
        match &mut pending.seen[side.other()] {
            Some(Seen::Record { version, .. }) => *version = version.take().or_else(unknown),
            _ => {
                let version = &mut pending.coupling.versions[side.other()];
                *version = version.take().or_else(unknown);
            }
        }
        let judged = judge(self.engine, self.prepared, Gathered { pending, rows })?;
        for planned in judged.planned() {
            let weight = self.write(&planned, judged.cause.is_some())?;
            self.survey.suspects[side].insert(row.clone(), weight != Weight::Counted);
        }
        Ok(())
    }

    fn write(&mut self, planned: &PlannedWrite, is_consent: bool) -> Result<Weight, StoreError> {
        let name = self.prepared.name();
        let (key, hash) = (planned.key(), sync::decision_hash(name, planned));
        let approved = self.snapshot.approved_row(name, &key)?;
        let weight = match approved {
            Some(approved) if approved.planned.hash == hash => Weight::Approved,
            _ if is_consent => Weight::Consent,
            approved => {
                if approved.is_some() {
                    self.survey.outdated.push(key);
                }
                self.survey.tally.add(planned);
                self.survey.planned.insert(key, hash);
                Weight::Counted
            }
        };
        (self.visit)(planned, hash, weight)?;
        Ok(weight)
    }

    fn reread(&mut self, side: Side, row: RowId) {
        if !self.tries.was_read(side, &row) {
            self.survey.rereads[side].push(row);
        }
    }
}
