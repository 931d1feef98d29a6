//! A system behind the port, held in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tandem::http::Usage;
use tandem::model::{
    Column, ColumnKind, ColumnName, ConnectionName, PageLink, Row, RowId, Side, TableAbilities,
    TableDescription, TableName, Timestamp, Value,
};
use tandem::systems::{
    Abilities, ChangePage, ChangeQuery, Facts, IdPage, KeyedRead, Line, Refusal, RowError, Search, System,
    SystemError, Verb, Write, WriteOutcome,
};
use uuid::Uuid;

use super::ambush::Request;
use super::clock::Clock;
use super::gate::Gate;
use super::machine::Machine;
use super::server::{Applied, Effect, Stored, Traits, version_of};
use super::tables::{KEY, POISON, columns};
use super::trouble::strikes;

/// How long an accepted request may still take effect.
pub const SETTLE_SECS: i64 = 600;

/// The client's end of a machine.
#[derive(Clone, Debug)]
pub struct MemorySystem {
    pub(super) name: ConnectionName,
    machine: Arc<Mutex<Machine>>,
    gate: Gate,
    pub(super) clock: Clock,
}

impl MemorySystem {
    pub fn new(name: &str, machine: Arc<Mutex<Machine>>, gate: Gate, clock: Clock) -> Self {
        Self { name: ConnectionName::new(name), machine, gate, clock }
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a request: time passes, the process may die, the system may be away.
    async fn request(&self) -> Result<(), SystemError> {
        self.gate.pass().await;
        let now = self.clock.tick();
        let mut machine = self.machine();
        let machine = &mut *machine;
        machine.server.pass_time(now);
        let connection = self.name.clone();
        if machine.is_away || strikes(&mut machine.random, machine.rates.unreachable) {
            return Err(SystemError::Unreachable { connection, detail: "no line".to_owned() });
        }
        if strikes(&mut machine.random, machine.rates.throttled) {
            return Err(SystemError::Throttled { connection, retry_after: None });
        }
        Ok(())
    }

    fn spring(&self, on: Request) -> Result<(), SystemError> {
        self.machine().spring(on, &self.name, self.clock.now())
    }

    pub(super) fn row(&self, id: &RowId, stored: &Stored, columns: &BTreeSet<ColumnName>) -> Row {
        let value =
            |column: &ColumnName| (column.clone(), stored.values.get(column).cloned().unwrap_or_default());
        Row {
            id: id.clone(),
            version: Some(version_of(stored)),
            modified_at: Some(moment(stored.stamp)),
            modified_by: None,
            values: columns.iter().map(value).collect(),
        }
    }

    pub(super) fn read(&self, machine: &mut Machine, row: Row) -> Result<Row, RowError> {
        if strikes(&mut machine.random, machine.rates.unreadable_row) {
            return Err(RowError { id: Some(row.id), message: "torn".to_owned() });
        }
        Ok(row)
    }

    /// Applies one write and says what a client that hears the answer would hear.
    fn carry_out(&self, machine: &mut Machine, write: &Write) -> WriteOutcome {
        let now = self.clock.now();
        let locked = strikes(&mut machine.random, machine.rates.locked);
        if locked {
            let connection = self.name.clone();
            return WriteOutcome::RowBusy(SystemError::Unavailable {
                connection,
                status: 409,
                retry_after: None,
            });
        }
        let effect = self.effect(machine, write);
        if is_poisoned(write) {
            return WriteOutcome::Refused(refusal("no such thing"));
        }
        match machine.server.apply(&effect, now) {
            Applied::Stale => WriteOutcome::Stale,
            Applied::Missing => WriteOutcome::Missing,
            Applied::Exists => WriteOutcome::AlreadyThere,
            Applied::NumberTaken => WriteOutcome::DuplicateKey(refusal("the number is taken")),
            Applied::Done => self.answered(machine, write, &effect, now),
        }
    }

    fn answered(&self, machine: &mut Machine, write: &Write, effect: &Effect, now: i64) -> WriteOutcome {
        match effect {
            Effect::Delete { table, id, .. } => {
                machine.deleted.push((table.clone(), id.clone()));
                WriteOutcome::Deleted
            }
            Effect::Create { table, id, .. } | Effect::Update { table, id, .. } => {
                let row = self.row(id, &machine.server.table(table).rows[id], &write.returning);
                if strikes(&mut machine.random, machine.rates.plug_in) {
                    let column = ColumnName::new("phone");
                    let phone = machine.server.table(table).rows[id].values.get(&column).cloned();
                    if let Some(Value::Text(phone)) = phone {
                        let values = vec![(column, Value::text(phone.replace('.', "-")))];
                        let (table, id) = (table.clone(), id.clone());
                        machine.server.apply(&Effect::Update { table, id, version: None, values }, now);
                    }
                }
                WriteOutcome::Written(row)
            }
        }
    }

    fn effect(&self, machine: &mut Machine, write: &Write) -> Effect {
        let table = write.table.clone();
        match &write.verb {
            Verb::Create { id, values } => {
                let minted = || RowId::from(Uuid::from_u128(machine.random.u128(..)));
                Effect::Create { table, id: id.clone().unwrap_or_else(minted), values: values.clone() }
            }
            Verb::Update { id, version, values } => Effect::Update {
                table,
                id: id.clone(),
                version: Some(version.clone()),
                values: values.clone(),
            },
            Verb::Delete { id, version } => {
                Effect::Delete { table, id: id.clone(), version: Some(version.clone()) }
            }
        }
    }

    fn lost(&self) -> WriteOutcome {
        let connection = self.name.clone();
        WriteOutcome::InDoubt(SystemError::Unreachable { connection, detail: "the line went".to_owned() })
    }

    /// Sends a batch; the line may go before, while or after it is applied.
    fn send(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let mut machine = self.machine();
        let machine = &mut *machine;
        machine.writes += writes.len() as u64;
        let now = self.clock.now();
        let lost: Vec<_> = writes.iter().map(|_| self.lost()).collect();
        if strikes(&mut machine.random, machine.rates.cut_before) {
            return lost;
        }
        if strikes(&mut machine.random, machine.rates.delayed) {
            for write in writes.iter().filter(|write| !is_poisoned(write)) {
                let effect = self.effect(machine, write);
                let at = now + machine.random.i64(1..SETTLE_SECS);
                machine.server.delay(effect, at);
            }
            return lost;
        }
        let midway = strikes(&mut machine.random, machine.rates.cut_midway);
        let applied = if midway { machine.random.usize(..=writes.len()) } else { writes.len() };
        let outcomes: Vec<_> = writes[..applied].iter().map(|write| self.carry_out(machine, write)).collect();
        if midway || strikes(&mut machine.random, machine.rates.cut_after) {
            return lost;
        }
        outcomes
    }
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

pub fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

impl System for MemorySystem {
    fn name(&self) -> &ConnectionName {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        let batch_size = self.machine().random.usize(1..5);
        let settle = Duration::from_secs(SETTLE_SECS.unsigned_abs());
        Abilities { settle, batch_size, parallelism: 2 }
    }

    fn line(&self) -> Line {
        let usage = Usage { requests: 0, requests_limit: 6000, window: Duration::from_secs(300), day: None };
        Line { usage, credential_end: None }
    }

    fn made_elsewhere<'a>(&'a self, _: &'a TableName) -> BoxFuture<'a, Result<Vec<RowId>, SystemError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn facts(&self) -> BoxFuture<'_, Result<Facts, SystemError>> {
        Box::pin(async move {
            self.request().await?;
            Ok(Facts {
                identity: self.name.to_string(),
                display_name: self.name.to_string(),
                base_currency_code: None,
                base_currency: None,
                other_engine: None,
                server_time: Some(moment(self.clock.now())),
            })
        })
    }

    fn describe<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDescription, SystemError>> {
        Box::pin(async move {
            self.request().await?;
            let Traits { takes_ids, lists_deletions, dirty_reads } = Traits::of(self.machine().server.side);
            let column = |(name, kind, target): (&str, ColumnKind, Option<&str>)| {
                let targets = target.into_iter().map(TableName::new).collect();
                let (max_chars, scale) = (None, None);
                let column = Column { kind, max_chars, scale, creatable: true, updatable: true, targets };
                (ColumnName::new(name), column)
            };
            Ok(TableDescription {
                table: table.clone(),
                key: KEY.into(),
                columns: columns(table).into_iter().map(column).collect(),
                abilities: TableAbilities { takes_ids, lists_deletions, dirty_reads },
            })
        })
    }

    fn changes<'a>(&'a self, query: &'a ChangeQuery) -> BoxFuture<'a, Result<ChangePage, SystemError>> {
        Box::pin(async move {
            self.request().await?;
            self.spring(Request::Page)?;
            let lists_deletions = Traits::of(self.machine().server.side).lists_deletions;
            if lists_deletions { self.by_version(query) } else { Ok(self.by_stamp(query)) }
        })
    }

    fn rows<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        ids: &'a [RowId],
    ) -> BoxFuture<'a, Result<Vec<KeyedRead>, SystemError>> {
        Box::pin(async move {
            self.request().await?;
            let mut machine = self.machine();
            let mut reads = Vec::new();
            for id in ids {
                let row =
                    machine.server.table(table).rows.get(id).map(|stored| self.row(id, stored, columns));
                reads.push(match row.map(|row| self.read(&mut machine, row)) {
                    None => KeyedRead::Absent,
                    Some(Ok(row)) => KeyedRead::Found(row),
                    Some(Err(error)) => KeyedRead::Unreadable(error),
                });
            }
            Ok(reads)
        })
    }

    fn search<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        search: &'a Search,
    ) -> BoxFuture<'a, Result<Vec<Result<Row, RowError>>, SystemError>> {
        Box::pin(async move {
            self.request().await?;
            let now = self.clock.now();
            let mut machine = self.machine();
            let matches = |id: &RowId, row: &Stored| match search {
                Search::ModifiedSince(floor) => moment(row.stamp) >= *floor,
                Search::Equals(column, Value::Reference(wanted)) if column.as_str() == KEY => id == wanted,
                Search::Equals(column, value) => row.values.get(column).unwrap_or(&Value::Blank) == value,
            };
            let listed = machine.server.listed(table, now);
            let found = listed.into_iter().filter(|(id, row)| matches(id, row));
            let found: Vec<_> = found.map(|(id, row)| self.row(id, row, columns)).collect();
            Ok(found.into_iter().map(|row| self.read(&mut machine, row)).collect())
        })
    }

    fn ids<'a>(
        &'a self,
        table: &'a TableName,
        page: Option<&'a PageLink>,
    ) -> BoxFuture<'a, Result<IdPage, SystemError>> {
        Box::pin(async move {
            self.request().await?;
            let now = self.clock.now();
            let mut machine = self.machine();
            let after = page.map(|page| RowId::new(page.as_str()));
            let size = machine.random.usize(1..6);
            let listed = machine.server.listed(table, now);
            let mut ids: Vec<_> = listed
                .into_iter()
                .map(|(id, _)| id.clone())
                .filter(|id| after.as_ref().is_none_or(|after| id > after))
                .collect();
            let more = ids.len() > size;
            ids.truncate(size);
            let next = ids.last().filter(|_| more).map(|last| PageLink::new(last.as_str()));
            Ok(IdPage { ids, next })
        })
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>> {
        Box::pin(async move {
            if let Err(error) = self.request().await.and_then(|()| self.spring(Request::Write)) {
                return writes.iter().map(|_| WriteOutcome::NotApplied(error.clone())).collect();
            }
            let outcomes = self.send(writes);
            self.gate.pass().await;
            outcomes
        })
    }
}

/// Returns the side's name as mappings name it.
pub const fn connection(side: Side) -> &'static str {
    match side {
        Side::Left => "business-central",
        Side::Right => "dataverse",
    }
}
