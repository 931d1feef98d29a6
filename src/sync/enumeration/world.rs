//! Two systems in miniature: rows, a coupling, and what systems and store make of a decision.

use super::super::compare::{agreed, in_step};
use super::super::decide::{Decision, Pending, Seen, decide};
use super::super::example::{conflict, mirrored as mirrored_mapping};
use super::super::merge::Merge;
use crate::mapping::{Field, Mapping};
use crate::model::{
    Answer, Choice, Conflict, ConflictKind, Coupling, CouplingId, CouplingState, Evidence, FieldConflict,
    Pair, Reason, Record, RowId, Side, Timestamp, Value, Version, WakeCondition,
};

/// A coupling, the two rows as their systems hold them, and what is known of them.
#[derive(Clone, Debug)]
pub struct World {
    pub mapping: Mapping,
    /// None where the row is deleted.
    pub rows: Pair<Option<Record>>,
    pub versions: Pair<u32>,
    /// The side whose row was changed later, as far as stamps tell.
    pub newer: Option<Side>,
    pub pending: Pending,
    /// Cleared when the coupling is forgotten.
    pub is_coupled: bool,
}

impl World {
    pub fn new(mapping: Mapping, base: Record, left: Record, right: Record) -> Self {
        let coupling = Coupling {
            id: CouplingId(1),
            mapping: mapping.name.clone(),
            rows: Pair::new(RowId::new("l"), RowId::new("r")),
            base,
            versions: Pair::new(Some(version(1)), Some(version(1))),
            state: CouplingState::IN_SCOPE,
            label: "row".into(),
        };
        let pending = Pending { coupling, seen: Pair::default(), was_read: Pair::default(), conflict: None };
        let rows = Pair::new(Some(left), Some(right));
        let mut world =
            Self { mapping, rows, versions: Pair::new(1, 1), newer: None, pending, is_coupled: true };
        world.observe();
        world
    }

    pub fn decide(&self) -> Decision {
        decide(&self.mapping, &self.pending)
    }

    /// Returns what is read of a row, whatever is known of it.
    pub fn read(&self, side: Side) -> Seen {
        match &self.rows[side] {
            Some(record) => Seen::Record {
                record: record.clone(),
                version: Some(version(self.versions[side])),
                modified_at: Some(self.stamp(side)),
            },
            None => Seen::Gone(Evidence::Tombstone),
        }
    }

    fn stamp(&self, side: Side) -> Timestamp {
        let seconds = if self.newer == Some(side) { 1000 } else { 0 };
        Timestamp::from_second(seconds).expect("a second in 1970")
    }

    /// Both rows are looked at: what is in step leaves nothing to settle.
    pub fn observe(&mut self) {
        for side in Side::BOTH {
            let in_step = match &self.rows[side] {
                Some(record) => in_step(&self.mapping, &self.pending.coupling.base, record),
                None => false,
            };
            self.pending.seen[side] = (!in_step).then(|| self.read(side));
        }
    }

    /// Raises that conflict, perhaps answered already.
    pub fn ask(&mut self, kind: ConflictKind, answer: Option<Answer>) {
        self.pending.conflict = Some(Conflict {
            mapping: self.mapping.name.clone(),
            rows: self.pending.coupling.rows.clone(),
            ..conflict(kind, answer)
        });
    }

    /// Does what a decision says, as both systems and the store would.
    pub fn carry_out(&mut self, decision: &Decision) {
        match decision {
            Decision::Settle(merge) => {
                self.agree(merge);
                self.pending.conflict = None;
                self.observe();
            }
            Decision::Write { merge, versions } => self.write(merge, versions),
            Decision::Reread(side) => {
                self.pending.seen[*side] = Some(self.read(*side));
                self.pending.was_read[*side] = true;
                let found = self.rows[*side].is_some().then(|| version(self.versions[*side]));
                self.pending.coupling.versions[*side] = found;
            }
            Decision::Delete { on, version: guard } => {
                assert_eq!(*guard, version(self.versions[*on]), "I2: deleted by another version");
                self.rows[*on] = None;
                self.is_coupled = false;
            }
            Decision::Restore { on } => self.restore(*on),
            Decision::LeaveDeletion { .. } => {
                self.pending.coupling.state = CouplingState::Broken;
                self.pending.conflict = None;
            }
            Decision::AskDeletion { on } => self.ask(ConflictKind::Deleted { on: *on }, None),
            Decision::Uncouple | Decision::Forget => {
                self.is_coupled = false;
                self.pending.conflict = None;
            }
            Decision::Park { .. } | Decision::Wait => {}
        }
    }

    fn agree(&mut self, merge: &Merge) {
        for (field, value) in &merge.agreed.0 {
            self.pending.coupling.base.set(field.clone(), value.clone());
        }
    }

    fn write(&mut self, merge: &Merge, versions: &Pair<Option<Version>>) {
        self.agree(merge);
        for side in Side::BOTH {
            if merge.writes[side].0.is_empty() {
                continue;
            }
            let at = version(self.versions[side]);
            assert_eq!(versions[side].as_ref(), Some(&at), "I2: written by another version");
            let row = self.rows[side].as_mut().expect("only rows that are there are written");
            for (field, value) in &merge.writes[side].0 {
                row.set(field.clone(), value.clone());
                self.pending.coupling.base.set(field.clone(), value.clone());
            }
            self.versions[side] += 1;
            self.pending.coupling.versions[side] = Some(version(self.versions[side]));
        }
        self.pending.conflict = None;
        if !has_writes(merge) {
            self.ask(ConflictKind::Fields(merge.conflicts.clone()), None);
        }
        self.observe();
    }

    fn restore(&mut self, on: Side) {
        let survivor = self.rows[on.other()].clone().expect("there is a row to restore from");
        let sent: Record = self
            .mapping
            .fields
            .iter()
            .filter(|field| field.is_sent_on_restore(on))
            .filter_map(|field| Some((field.id.clone(), survivor.get(&field.id)?.clone())))
            .collect();
        assert!(!has_uncoupled(&sent), "I12: a reference to a row without partner is sent");
        let value = |field: &Field| sent.get(&field.id).cloned().unwrap_or_default();
        let row: Record = self.mapping.fields.iter().map(|field| (field.id.clone(), value(field))).collect();
        let mut base = agreed(&self.mapping, &row, &survivor);
        base.0.extend(sent.0);
        let (left, right) = match on {
            Side::Left => (row, survivor),
            Side::Right => (survivor, row),
        };
        *self = Self::new(self.mapping.clone(), base, left, right);
    }

    /// Goes on deciding and carrying out until nothing more is written. Returns the decisions.
    pub fn settle(&mut self) -> Vec<Decision> {
        let mut decisions = Vec::new();
        while self.is_coupled && decisions.len() < 8 {
            let decision = self.decide();
            self.carry_out(&decision);
            let goes_on = writes(&decision) || matches!(decision, Decision::Reread(_));
            decisions.push(decision);
            if !goes_on {
                break;
            }
        }
        decisions
    }

    /// Returns the same world with its sides swapped.
    pub fn mirrored(&self) -> Self {
        let mut world = self.clone();
        world.mapping = mirrored_mapping(&self.mapping);
        world.rows = self.rows.clone().swap().map(|row| row.map(|row| mirror_record(&row)));
        world.versions = self.versions.swap();
        world.newer = self.newer.map(Side::other);
        let (pending, coupling) = (&mut world.pending, &self.pending.coupling);
        pending.seen = self.pending.seen.clone().swap().map(|seen| {
            seen.map(|seen| match seen {
                Seen::Record { record, version, modified_at } => {
                    Seen::Record { record: mirror_record(&record), version, modified_at }
                }
                seen => seen,
            })
        });
        pending.was_read = self.pending.was_read.swap();
        pending.coupling.rows = coupling.rows.clone().swap();
        pending.coupling.versions = coupling.versions.clone().swap();
        if let CouplingState::Active { in_filter } = &mut pending.coupling.state {
            *in_filter = in_filter.swap();
        }
        if let Some(conflict) = &mut pending.conflict {
            conflict.rows = conflict.rows.clone().swap();
            match &mut conflict.kind {
                ConflictKind::Deleted { on } => *on = on.other(),
                ConflictKind::Fields(fields) => fields.iter_mut().for_each(mirror_conflict),
            }
            conflict.answer = conflict.answer.take().map(mirror_answer);
        }
        world
    }
}

pub fn version(number: u32) -> Version {
    Version::new(number.to_string())
}

/// Returns whether anything is written by a decision.
pub fn writes(decision: &Decision) -> bool {
    match decision {
        Decision::Write { merge, .. } => has_writes(merge),
        Decision::Delete { .. } | Decision::Restore { .. } => true,
        _ => false,
    }
}

pub fn has_writes(merge: &Merge) -> bool {
    Side::BOTH.iter().any(|side| !merge.writes[*side].0.is_empty())
}

pub fn has_uncoupled(record: &Record) -> bool {
    record.0.values().any(|value| matches!(value, Value::Uncoupled(..)))
}

/// Returns what the same decision is called with the sides swapped.
pub fn mirror(decision: Decision) -> Decision {
    match decision {
        Decision::Settle(merge) => Decision::Settle(mirror_merge(merge)),
        Decision::Write { merge, versions } => {
            Decision::Write { merge: mirror_merge(merge), versions: versions.swap() }
        }
        Decision::Reread(side) => Decision::Reread(side.other()),
        Decision::Park { reason, wake } => Decision::Park {
            reason: match reason {
                Reason::NoVersion { on } => Reason::NoVersion { on: on.other() },
                Reason::PartnerDeleted { on } => Reason::PartnerDeleted { on: on.other() },
                Reason::WaitingForReference { field, mapping, side, row } => {
                    Reason::WaitingForReference { field, mapping, side: side.other(), row }
                }
                reason => reason,
            },
            wake: match wake {
                WakeCondition::Coupled { mapping, side, row } => {
                    WakeCondition::Coupled { mapping, side: side.other(), row }
                }
                wake => wake,
            },
        },
        Decision::Delete { on, version } => Decision::Delete { on: on.other(), version },
        Decision::LeaveDeletion { on, became } => Decision::LeaveDeletion { on: on.other(), became },
        Decision::AskDeletion { on } => Decision::AskDeletion { on: on.other() },
        Decision::Restore { on } => Decision::Restore { on: on.other() },
        same @ (Decision::Uncouple | Decision::Forget | Decision::Wait) => same,
    }
}

fn mirror_merge(mut merge: Merge) -> Merge {
    merge.writes = merge.writes.swap().map(|record| mirror_record(&record));
    merge.agreed = mirror_record(&merge.agreed);
    merge.conflicts.iter_mut().for_each(mirror_conflict);
    for drift in &mut merge.drifts {
        drift.on = drift.on.other();
    }
    for waiting in &mut merge.waiting {
        waiting.side = waiting.side.other();
    }
    merge
}

fn mirror_conflict(conflict: &mut FieldConflict) {
    conflict.values = std::mem::take(&mut conflict.values).swap().map(|value| mirror_value(&value));
}

fn mirror_record(record: &Record) -> Record {
    record.0.iter().map(|(field, value)| (field.clone(), mirror_value(value))).collect()
}

fn mirror_value(value: &Value) -> Value {
    match value {
        Value::Uncoupled(side, row) => Value::Uncoupled(side.other(), row.clone()),
        value => value.clone(),
    }
}

fn mirror_answer(answer: Answer) -> Answer {
    match answer {
        Answer::Take(side) => Answer::Take(side.other()),
        Answer::PerField(choices) => {
            let mirrored = choices.into_iter().map(|(field, choice)| match choice {
                Choice::Side(side) => (field, Choice::Side(side.other())),
                choice => (field, choice),
            });
            Answer::PerField(mirrored.collect())
        }
        answer => answer,
    }
}
