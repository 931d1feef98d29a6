//! I34: what a run counted is what the journal says.

use tandem::model::{Action, Counts, JournalEntry, MappingName, Outcome, Side};

use crate::simulation::world::World;

pub fn check(world: &mut World, wrong: &mut Vec<String>) {
    let store = world.store();
    let snapshot = store.snapshot().unwrap();
    for run in snapshot.runs(10_000).unwrap() {
        let entries = snapshot.journal(Some(run.id), None, 100_000).unwrap();
        let entries: Vec<_> = entries.into_iter().map(|(_, entry)| entry).collect();
        for (mapping, counts) in &run.counts {
            let told = Counts { read: counts.read, stale: counts.stale, ..counted(mapping, &entries) };
            if told != *counts {
                wrong.push(format!("I34: run {} counts {counts:?}, the journal {told:?}", run.id));
            }
        }
    }
}

fn counted(mapping: &MappingName, entries: &[JournalEntry]) -> Counts {
    let mut counts = Counts::default();
    for entry in entries.iter().filter(|entry| entry.mapping == *mapping) {
        let side: Side = entry.side;
        match (&entry.outcome, entry.action) {
            (Outcome::Refused { .. }, _) => counts.refused += 1,
            (Outcome::Stale, _) => {}
            (Outcome::Done | Outcome::DoneUnguarded, Action::Coupled) => counts.coupled += 1,
            (Outcome::Done | Outcome::DoneUnguarded, Action::Created) => counts.created[side] += 1,
            (Outcome::Done | Outcome::DoneUnguarded, Action::Updated) => counts.updated[side] += 1,
            (Outcome::Done | Outcome::DoneUnguarded, Action::Deleted) => counts.deleted[side] += 1,
            (Outcome::Done | Outcome::DoneUnguarded, Action::Uncoupled) => counts.uncoupled += 1,
            (Outcome::Done | Outcome::DoneUnguarded, Action::ConflictRaised) => counts.conflicts_raised += 1,
            (Outcome::Done | Outcome::DoneUnguarded, Action::ConflictSettled) => {
                counts.conflicts_settled += 1;
            }
        }
    }
    counts
}
