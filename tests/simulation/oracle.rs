//! What must be true when all is quiet, checked against everything people did.

use std::collections::{BTreeMap, BTreeSet};

use tandem::model::{
    ConflictKind, Content, Coupling, CouplingState, MappingName, RowId, Side, Standing, Value,
};

use super::memory_system::SETTLE_SECS;
use super::people::Edit;
use super::tables::{POISON, customers};
use super::world::World;

/// More than anything waits for.
const PAUSE_SECS: i64 = 4000;
const RUNS_TO_QUIET: usize = 8;

/// Heals the world, waits for quiet, and returns what is wrong.
pub async fn judge(world: &mut World) -> Vec<String> {
    world.heal();
    world.clock.advance(SETTLE_SECS);
    let mut writes = u64::MAX;
    for _ in 0..RUNS_TO_QUIET {
        world.clock.advance(PAUSE_SECS);
        let before = total_writes(world);
        let report = world.run_sweeping(true).await;
        if !report.failures.is_empty() {
            return vec![format!("I27: a healed world fails: {:?}", report.failures)];
        }
        writes = total_writes(world) - before;
    }
    let mut wrong = Vec::new();
    if writes > 0 {
        wrong.push(format!("I21: a quiet world is written to: {writes}"));
    }
    let books = Books::read(world);
    books.check_rows(world, &mut wrong);
    books.check_couplings(world, &mut wrong);
    books.check_deletions(world, &mut wrong);
    wrong
}

fn total_writes(world: &World) -> u64 {
    Side::BOTH.into_iter().map(|side| world.machine(side).writes).sum()
}

/// What the store says at the end.
struct Books {
    couplings: Vec<Coupling>,
    conflicts: BTreeMap<(Side, RowId), ConflictKind>,
    waiting: BTreeMap<(Side, RowId), Standing>,
    unsettled: Vec<String>,
}

fn mapping() -> MappingName {
    MappingName::new("CUSTOMER")
}

impl Books {
    fn read(world: &mut World) -> Self {
        let store = world.store();
        let snapshot = store.snapshot().unwrap();
        let couplings = snapshot.couplings(&mapping(), None, 10_000).unwrap();
        let mut conflicts = BTreeMap::new();
        for conflict in snapshot.conflicts().unwrap() {
            for side in Side::BOTH {
                conflicts.insert((side, conflict.rows[side].clone()), conflict.kind.clone());
            }
        }
        let (mut waiting, mut unsettled, mut seen) = (BTreeMap::new(), Vec::new(), Vec::new());
        for side in Side::BOTH {
            snapshot
                .visit_observations(&mapping(), side, |observation| {
                    seen.push((side, observation));
                    Ok(())
                })
                .unwrap();
        }
        let waits = |side: Side, row: &RowId| {
            let partner = couplings.iter().find(|coupling| coupling.rows[side] == *row);
            let other = partner.map(|coupling| &coupling.rows[side.other()]);
            other.is_some_and(|other| {
                seen.iter().any(|(at, observation)| {
                    *at == side.other()
                        && observation.row == *other
                        && observation.standing != Standing::Ready
                })
            })
        };
        for (side, observation) in &seen {
            let is_ready = observation.standing == Standing::Ready && !waits(*side, &observation.row);
            if is_ready || matches!(observation.content, Content::Missing { .. }) {
                let coupling = couplings.iter().find(|coupling| coupling.rows[*side] == observation.row);
                unsettled
                    .push(format!("{side:?} {}: {:?} of {coupling:?}", observation.row, observation.content));
            }
            waiting.insert((*side, observation.row.clone()), observation.standing.clone());
        }
        if !snapshot.intents().unwrap().is_empty() {
            unsettled.push("an intent is open".to_owned());
        }
        Self { couplings, conflicts, waiting, unsettled }
    }

    /// I3, I22: each row people made is there once on each side, or says why not.
    fn check_rows(&self, world: &World, wrong: &mut Vec<String>) {
        wrong.extend(self.unsettled.iter().map(|row| format!("I22: unsettled: {row}")));
        for side in Side::BOTH {
            let machine = world.machine(side);
            let mut tags: BTreeMap<&Value, Vec<&RowId>> = BTreeMap::new();
            for (id, row) in &machine.server.table(&customers(side)).rows {
                tags.entry(row.value("tag")).or_default().push(id);
            }
            for (tag, rows) in &tags {
                if rows.len() > 1 && !self.may_be_twice(world, tag) {
                    wrong.push(format!("I3: {tag:?} is {} times on the {side:?}: {rows:?}", rows.len()));
                }
            }
            for (tag, rows) in tags {
                let is_coupled =
                    |row: &&&RowId| self.couplings.iter().any(|coupling| coupling.rows[side] == ***row);
                let lone = rows.iter().find(|row| !is_coupled(row));
                let explained = |row: &RowId| self.waiting.contains_key(&(side, row.clone()));
                if let Some(lone) = lone.filter(|row| !explained(row)) {
                    wrong.push(format!(
                        "I1: {tag:?}, row {lone} on the {side:?}, is alone and nothing says why"
                    ));
                }
            }
        }
    }

    /// A row that was deleted and restored, or deleted by a person while it was created, may be made again.
    fn may_be_twice(&self, world: &World, tag: &Value) -> bool {
        let deleted = |(side, row): &(Side, RowId)| {
            world
                .history
                .tags
                .get(&(*side, row.clone()))
                .is_some_and(|known| Value::text(known.clone()) == *tag)
        };
        world.history.deleted.iter().any(deleted)
    }

    /// I1, I4, I5, I22: coupled rows agree with what people wrote last, or are asked about.
    fn check_couplings(&self, world: &World, wrong: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for coupling in &self.couplings {
            for side in Side::BOTH {
                if !seen.insert((side, coupling.rows[side].clone())) {
                    wrong.push(format!("I4: {:?} is coupled twice", coupling.rows[side]));
                }
            }
            if coupling.state == CouplingState::IN_SCOPE {
                self.check_values(world, coupling, wrong);
            }
        }
    }

    fn check_values(&self, world: &World, coupling: &Coupling, wrong: &mut Vec<String>) {
        let row = |side: Side| {
            world.machine(side).server.table(&customers(side)).rows.get(&coupling.rows[side]).cloned()
        };
        let (Some(left), Some(right)) = (row(Side::Left), row(Side::Right)) else { return };
        let in_conflict: BTreeSet<_> = match self.conflicts.get(&(Side::Left, coupling.rows.left.clone())) {
            Some(ConflictKind::Fields(fields)) => {
                fields.iter().map(|field| field.field.as_str().to_owned()).collect()
            }
            Some(ConflictKind::Deleted { .. }) => return,
            None => BTreeSet::new(),
        };
        let refused = *left.value("note") == Value::text(POISON);
        for field in ["name", "phone", "street", "city", "note"] {
            let values = [&left, &right].map(|row| normal(field, row.value(field).clone()));
            let is_asked = in_conflict.contains(field);
            if is_asked && !refused && values[0] == values[1] {
                wrong.push(format!("I5: {field} of {:?} is asked, and equal", coupling.rows));
            }
            if is_asked || refused {
                continue;
            }
            if values[0] != values[1] {
                wrong.push(format!("I22: {field} of {:?} differs: {values:?}", coupling.rows));
            }
            wrong.extend(lost_edit(world, coupling, left.value("tag"), field, &values[0]));
        }
    }

    /// I8: Tandem deletes only where a mapping or an answer allows it, and never where nobody deleted anything.
    fn check_deletions(&self, world: &World, wrong: &mut Vec<String>) {
        let may_delete = world.deletion != "ignore" || world.answered > 0;
        for side in Side::BOTH {
            let deleted = &world.machine(side).deleted;
            let by_people = world.history.deleted.iter().filter(|(at, _)| *at == side.other()).count();
            if !deleted.is_empty() && !may_delete {
                wrong.push(format!("I8: {deleted:?} deleted on the {side:?} where deletions are left alone"));
            }
            if deleted.len() > by_people {
                wrong.push(format!(
                    "I8: {deleted:?} deleted on the {side:?}, people deleted {by_people} opposite"
                ));
            }
        }
    }
}

/// I1: what was written last is there, unless a person chose the other side's value in a conflict.
fn lost_edit(world: &World, coupling: &Coupling, tag: &Value, field: &str, found: &Value) -> Option<String> {
    let of_row = |edit: &&Edit| edit.field == field && edit.tag == *tag;
    let edits: Vec<_> = world.history.edits.iter().filter(of_row).collect();
    let counts = |edit: &&Edit| !edit.is_gone && (field != "note" || edit.side == Side::Left);
    let last = edits.iter().copied().rev().find(counts)?;
    let is_same = |edit: &Edit, value: &Value| plugged(field, &edit.value) == plugged(field, value);
    // Systems that tell states, not edits, cannot tell an edit taken back from none.
    let taken_back = edits.iter().any(|edit| !std::ptr::eq(*edit, last) && is_same(edit, &last.value));
    let chosen = world.answered > 0 && edits.iter().any(|edit| is_same(edit, found));
    if is_same(last, found) || taken_back || chosen {
        return None;
    }
    Some(format!("I1: {field} of {:?} is {found:?}, but the last edit was {last:?}", coupling.rows))
}

/// Brings a value into the form both sides share.
fn normal(field: &str, value: Value) -> Value {
    match value {
        Value::Text(text) if field == "city" => Value::text(text.trim().to_uppercase()),
        Value::Text(text) => Value::text(text.trim()),
        other => other,
    }
}

/// The same, and as the plug-in leaves it.
fn plugged(field: &str, value: &Value) -> Value {
    match normal(field, value.clone()) {
        Value::Text(text) if field == "phone" => Value::text(text.replace('.', "-")),
        other => other,
    }
}
