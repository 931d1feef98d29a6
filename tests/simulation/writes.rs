//! What becomes of writes: applied or not, heard of or not.

use tandem::model::{ColumnName, RowId, Value};
use tandem::systems::{Refusal, SystemError, Verb, Write, WriteOutcome};
use uuid::Uuid;

use super::lasting::Lasting;
use super::machine::Machine;
use super::memory_system::{MemorySystem, SETTLE_SECS};
use super::server::{Applied, Effect};
use super::tables::POISON;
use super::trouble::strikes;
use super::voice;

impl MemorySystem {
    /// Sends a batch, and tells what became of it.
    pub(super) fn send(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let outcomes = self.deliver(writes);
        for (write, outcome) in writes.iter().zip(&outcomes) {
            voice::say(self.clock.now(), || format!("Tandem: {} {:?}: {outcome:?}", write.table, write.verb));
        }
        outcomes
    }

    /// Lets a batch come to the server; the line may go before, while or after it is applied.
    fn deliver(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let now = self.now();
        let mut machine = self.machine();
        let machine = &mut *machine;
        machine.deeds.writes += writes.len() as u64;
        writes.iter().for_each(|write| machine.inspect(write));
        if machine.lasting == Some(Lasting::ThrottledWrites) {
            let error = SystemError::Throttled { connection: self.name.clone(), retry_after: None };
            return writes.iter().map(|_| WriteOutcome::NotApplied(error.clone())).collect();
        }
        let lost: Vec<_> = writes.iter().map(|_| self.lost()).collect();
        if strikes(&mut machine.random, machine.rates.cut_before) {
            return lost;
        }
        if strikes(&mut machine.random, machine.rates.delayed) {
            for write in writes.iter().filter(|write| !is_hopeless(machine, write)).collect::<Vec<_>>() {
                let effect = effect(machine, write);
                let at = now + machine.random.i64(1..SETTLE_SECS);
                machine.server.delay(effect, at);
            }
            return lost;
        }
        let midway = strikes(&mut machine.random, machine.rates.cut_midway);
        let applied = if midway { machine.random.usize(..=writes.len()) } else { writes.len() };
        let outcomes: Vec<_> =
            writes[..applied].iter().map(|write| self.carry_out(machine, write, now)).collect();
        if midway || strikes(&mut machine.random, machine.rates.cut_after) {
            let heard_of = writes.iter().zip(&outcomes);
            let updated = heard_of.filter(|(_, outcome)| matches!(outcome, WriteOutcome::Written(_)));
            machine.server.updated_unheard.extend(updated.filter_map(|(write, _)| write.verb.row().cloned()));
            return lost;
        }
        outcomes
    }

    fn lost(&self) -> WriteOutcome {
        let connection = self.name.clone();
        WriteOutcome::InDoubt(SystemError::Unreachable { connection, detail: "the line went".to_owned() })
    }

    /// Applies one write and says what a client that hears the answer would hear.
    fn carry_out(&self, machine: &mut Machine, write: &Write, now: i64) -> WriteOutcome {
        let is_locked = machine.lasting.is_some() && is_hopeless(machine, write) && !is_poisoned(write);
        if is_locked || strikes(&mut machine.random, machine.rates.locked) {
            let connection = self.name.clone();
            return WriteOutcome::RowBusy(SystemError::Unavailable {
                connection,
                status: 409,
                retry_after: None,
            });
        }
        let effect = effect(machine, write);
        if is_poisoned(write) {
            return WriteOutcome::Refused(refusal("no such thing"));
        }
        let tag = machine.server.tag(&effect);
        match machine.server.apply(&effect, now) {
            Applied::Stale => WriteOutcome::Stale,
            Applied::Missing => WriteOutcome::Missing,
            Applied::Exists => WriteOutcome::AlreadyThere,
            Applied::NumberTaken => WriteOutcome::DuplicateKey(refusal("the number is taken")),
            Applied::Done => self.answered(machine, write, &effect, &tag, now),
        }
    }

    fn answered(
        &self,
        machine: &mut Machine,
        write: &Write,
        effect: &Effect,
        tag: &Value,
        now: i64,
    ) -> WriteOutcome {
        match effect {
            Effect::Delete { table, id, .. } => {
                machine.deeds.deleted.push((table.clone(), id.clone(), tag.clone()));
                WriteOutcome::Deleted
            }
            Effect::Create { table, id, .. } | Effect::Update { table, id, .. } => {
                if matches!(effect, Effect::Update { .. }) {
                    *machine.deeds.updates.entry(tag.clone()).or_default() += 1;
                }
                let row = self.row(id, &machine.server.table(table).rows[id], &write.returning);
                self.show(machine, &row);
                if strikes(&mut machine.random, machine.rates.plug_in) {
                    let column = ColumnName::new("phone");
                    let phone = machine.server.table(table).rows[id].values.get(&column).cloned();
                    if let Some(Value::Text(phone)) = phone.filter(|_| table.as_str() != "cards") {
                        *machine.deeds.plug_ins.entry(tag.clone()).or_default() += 1;
                        let values = vec![(column, Value::text(phone.replace('.', "-")))];
                        let (table, id) = (table.clone(), id.clone());
                        machine.server.apply(&Effect::Update { table, id, version: None, values }, now);
                    }
                }
                WriteOutcome::Written(row)
            }
        }
    }
}

fn effect(machine: &mut Machine, write: &Write) -> Effect {
    let table = write.table.clone();
    match &write.verb {
        Verb::Create { id, values } => {
            let minted = || RowId::from(Uuid::from_u128(machine.random.u128(..)));
            Effect::Create { table, id: id.clone().unwrap_or_else(minted), values: values.clone() }
        }
        Verb::Update { id, version, values } => {
            let (id, version, values) = (id.clone(), Some(version.clone()), values.clone());
            Effect::Update { table, id, version, values }
        }
        Verb::Delete { id, version } => {
            Effect::Delete { table, id: id.clone(), version: Some(version.clone()) }
        }
    }
}

/// Returns whether a write cannot land.
fn is_hopeless(machine: &Machine, write: &Write) -> bool {
    let locked = match &machine.lasting {
        Some(Lasting::LockedRow(row)) => Some(row),
        _ => None,
    };
    is_poisoned(write) || write.verb.row().is_some_and(|row| Some(row) == locked)
}

fn is_poisoned(write: &Write) -> bool {
    match &write.verb {
        Verb::Create { values, .. } | Verb::Update { values, .. } => {
            values.iter().any(|(_, value)| *value == Value::text(POISON))
        }
        Verb::Delete { .. } => false,
    }
}

fn refusal(message: &str) -> Refusal {
    Refusal { status: Some(400), code: "Refused".to_owned(), message: message.to_owned() }
}
