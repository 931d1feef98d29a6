//! A system behind the port, held in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tandem::http::Usage;
use tandem::model::{
    Column, ColumnKind, ColumnName, ConnectionName, PageLink, Row, RowId, Side, TableAbilities,
    TableDescription, TableName, Timestamp, Value,
};
use tandem::systems::{
    Abilities, ChangePage, ChangeQuery, Cursor, Facts, IdPage, KeyedRead, Line, RowError, Search, System,
    SystemError, Write, WriteOutcome,
};

use super::ambush::Request;
use super::clock::Clock;
use super::gate::Gate;
use super::lasting::Lasting;
use super::machine::Machine;
use super::people::People;
use super::server::{Stored, Traits, version_of};
use super::tables::{KEY, columns};
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
    people: People,
}

impl MemorySystem {
    pub fn new(name: &str, machine: Arc<Mutex<Machine>>, gate: Gate, clock: Clock, people: People) -> Self {
        Self { name: ConnectionName::new(name), machine, gate, clock, people }
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the system's own clock shows.
    pub(super) fn now(&self) -> i64 {
        self.clock.now() + self.machine().skew
    }

    /// Starts a request: time passes, the process may die, people work meanwhile, the system may be away.
    async fn request(&self) -> Result<(), SystemError> {
        self.gate.pass().await;
        self.clock.tick();
        let now = self.now();
        let mut machine = self.machine();
        let machine = &mut *machine;
        machine.server.pass_time(now);
        if strikes(&mut machine.random, machine.rates.busy) {
            self.people.act(machine, now);
        }
        let connection = self.name.clone();
        let is_down = machine.is_away || machine.lasting == Some(Lasting::Down);
        if is_down || strikes(&mut machine.random, machine.rates.unreachable) {
            return Err(SystemError::Unreachable { connection, detail: "no line".to_owned() });
        }
        if strikes(&mut machine.random, machine.rates.throttled) {
            let retry_after = machine.random.bool().then(|| Duration::from_secs(machine.random.u64(1..90)));
            return Err(SystemError::Throttled { connection, retry_after });
        }
        if strikes(&mut machine.random, machine.rates.signed_out) {
            return Err(SystemError::SignIn { connection, detail: "the token has run out".to_owned() });
        }
        Ok(())
    }

    fn spring(&self, on: Request) -> Result<(), SystemError> {
        self.machine().spring(on, &self.name, self.clock.now())
    }

    /// Starts a request that reads a table.
    async fn read_request(&self, table: &TableName) -> Result<(), SystemError> {
        self.request().await?;
        match &self.machine().lasting {
            Some(Lasting::UnreadableTable(unreadable)) if unreadable == table => {
                Err(SystemError::Forbidden {
                    connection: self.name.clone(),
                    what: format!("reading {table}"),
                })
            }
            _ => Ok(()),
        }
    }

    /// Lets others go first.
    async fn dawdle(&self) {
        let turns = self.machine().random.usize(..3);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
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

    /// Shows a row, or says that it cannot be decoded.
    pub(super) fn read(&self, machine: &mut Machine, row: Row) -> Result<Row, RowError> {
        let is_unreadable = machine.lasting == Some(Lasting::UnreadableRow(row.id.clone()));
        if is_unreadable || strikes(&mut machine.random, machine.rates.unreadable_row) {
            return Err(RowError { id: Some(row.id), message: "torn".to_owned() });
        }
        self.show(machine, &row);
        Ok(row)
    }

    /// Notes that Tandem knows this version.
    pub(super) fn show(&self, machine: &mut Machine, row: &Row) {
        machine.deeds.shown.extend(row.version.clone().map(|version| (row.id.clone(), version)));
    }
}

pub fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

impl System for MemorySystem {
    fn name(&self) -> &ConnectionName {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        let mut machine = self.machine();
        let sizes = machine.sizes;
        let batch_size = machine.random.usize(1..=sizes.most_in_batch);
        let settle = Duration::from_secs(SETTLE_SECS.unsigned_abs());
        Abilities { settle, batch_size, parallelism: sizes.parallelism }
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
                currencies: BTreeMap::new(),
                other_engine: None,
                companion: None,
                server_time: Some(moment(self.now())),
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
            self.read_request(&query.table).await?;
            self.spring(Request::Page)?;
            {
                let mut machine = self.machine();
                let rate = machine.rates.page_refused;
                let is_page = matches!(query.cursor, Cursor::Page(_));
                if is_page && strikes(&mut machine.random, rate) {
                    return Err(SystemError::BadRequest {
                        connection: self.name.clone(),
                        what: query.table.to_string(),
                        status: 400,
                        code: "SkipToken".to_owned(),
                        message: "no such page".to_owned(),
                    });
                }
            }
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
            self.read_request(table).await?;
            self.spring(Request::Keyed)?;
            let mut machine = self.machine();
            let mut reads = Vec::new();
            for id in ids {
                machine.server.await_commit(table, id);
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
            self.read_request(table).await?;
            let now = self.now();
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
            self.read_request(table).await?;
            let now = self.now();
            let mut machine = self.machine();
            let after = page.map(|page| RowId::new(page.as_str()));
            let most = machine.sizes.most_in_page;
            let size = machine.random.usize(1..=most);
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
            self.dawdle().await;
            if let Err(error) = self.request().await.and_then(|()| self.spring(Request::Write)) {
                return writes.iter().map(|_| WriteOutcome::NotApplied(error.clone())).collect();
            }
            let outcomes = self.send(writes);
            self.dawdle().await;
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
