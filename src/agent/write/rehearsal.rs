//! A system that is read for real and written only in appearance: previews run the very code of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::model::{
    ColumnKind, ColumnName, ConnectionName, PageLink, Row, RowId, TableDescription, TableName, Value,
    Version, Watermark,
};
use crate::systems::{
    Abilities, ChangePage, ChangeQuery, Facts, Fate, IdPage, KeyedRead, LastKnown, Line, RowError, Search,
    System, SystemError, Verb, Write, WriteOutcome,
};

/// Wraps a system so that writes are answered as if they had been applied.
#[derive(Debug)]
pub struct Rehearsal {
    system: Arc<dyn System>,
    /// Rows as they would be by now.
    written: Mutex<BTreeMap<(TableName, RowId), Option<Row>>>,
}

impl Rehearsal {
    /// Wraps a system.
    #[must_use]
    pub fn new(system: Arc<dyn System>) -> Self {
        Self { system, written: Mutex::default() }
    }

    fn remember(&self, table: &TableName, id: &RowId, row: Option<Row>) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert((table.clone(), id.clone()), row);
    }

    fn remembered(&self, table: &TableName, id: &RowId) -> Option<Option<Row>> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.get(&(table.clone(), id.clone())).cloned()
    }

    /// Returns the id of a row that its system would name: the same in every rehearsal, so that plans can be compared.
    fn likely_id(&self, table: &TableName, values: &[(ColumnName, Value)]) -> RowId {
        let candidates = (0..).map(|turn: u32| {
            let text = format!("{table} {values:?} {turn}");
            RowId::from(Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()))
        });
        let mut free = candidates.filter(|id| self.remembered(table, id).is_none());
        free.next().expect("invariant: fewer rows are rehearsed than there are numbers")
    }

    async fn appear(&self, write: &Write) -> WriteOutcome {
        match &write.verb {
            Verb::Create { id, values } => {
                let id = id.clone().unwrap_or_else(|| self.likely_id(&write.table, values));
                let table = match self.system.describe(&write.table).await {
                    Ok(table) => table,
                    Err(error) => return WriteOutcome::NotApplied(error),
                };
                let blank = write.returning.iter().map(|column| (column.clone(), initial(&table, column)));
                let row = Row {
                    id: id.clone(),
                    version: Some(next_version(None)),
                    modified_at: None,
                    modified_by: None,
                    values: blank.chain(values.iter().cloned()).collect(),
                };
                self.remember(&write.table, &id, Some(row.clone()));
                WriteOutcome::Written(row)
            }
            Verb::Update { id, version, values } => {
                match self.read(&write.table, &write.returning, id).await {
                    Ok(KeyedRead::Found(row)) if row.version.as_ref() != Some(version) => WriteOutcome::Stale,
                    Ok(KeyedRead::Found(mut row)) => {
                        row.values.extend(values.iter().cloned());
                        row.version = Some(next_version(row.version.as_ref()));
                        self.remember(&write.table, id, Some(row.clone()));
                        WriteOutcome::Written(row)
                    }
                    Ok(KeyedRead::Absent | KeyedRead::Unreadable(_)) => WriteOutcome::Missing,
                    Err(error) => WriteOutcome::NotApplied(error),
                }
            }
            Verb::Delete { id, .. } => {
                self.remember(&write.table, id, None);
                WriteOutcome::Deleted
            }
        }
    }

    async fn read(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        id: &RowId,
    ) -> Result<KeyedRead, SystemError> {
        if let Some(row) = self.remembered(table, id) {
            return Ok(row.map_or(KeyedRead::Absent, KeyedRead::Found));
        }
        let mut reads = self.system.rows(table, columns, std::slice::from_ref(id)).await?;
        Ok(reads.pop().unwrap_or(KeyedRead::Absent))
    }
}

/// Returns what a column of a new row most likely holds where nothing was sent for it.
fn initial(table: &TableDescription, column: &ColumnName) -> Value {
    match table.columns.get(column).map(|column| column.kind) {
        Some(ColumnKind::Flag) => Value::Flag(false),
        // Dataverse: a new row is active.
        Some(ColumnKind::Choice) if column.as_str() == "statecode" => Value::Number(0.into()),
        _ => Value::Blank,
    }
}

fn next_version(version: Option<&Version>) -> Version {
    Version::new(format!("rehearsed after {}", version.map_or("nothing", Version::as_str)))
}

impl System for Rehearsal {
    fn name(&self) -> &ConnectionName {
        self.system.name()
    }

    fn abilities(&self) -> Abilities {
        self.system.abilities()
    }

    fn line(&self) -> Line {
        self.system.line()
    }

    fn facts(&self) -> BoxFuture<'_, Result<Facts, SystemError>> {
        self.system.facts()
    }

    fn check_past(&self, read: &[Watermark]) -> Result<(), SystemError> {
        self.system.check_past(read)
    }

    fn describe<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDescription, SystemError>> {
        self.system.describe(table)
    }

    fn changes<'a>(&'a self, query: &'a ChangeQuery) -> BoxFuture<'a, Result<ChangePage, SystemError>> {
        self.system.changes(query)
    }

    fn rows<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        ids: &'a [RowId],
    ) -> BoxFuture<'a, Result<Vec<KeyedRead>, SystemError>> {
        async move {
            let unwritten: Vec<_> =
                ids.iter().filter(|id| self.remembered(table, id).is_none()).cloned().collect();
            let mut reads = match unwritten.is_empty() {
                true => Vec::new(),
                false => self.system.rows(table, columns, &unwritten).await?,
            }
            .into_iter();
            let read = |id: &RowId| match self.remembered(table, id) {
                Some(row) => row.map_or(KeyedRead::Absent, KeyedRead::Found),
                None => reads.next().unwrap_or(KeyedRead::Absent),
            };
            Ok(ids.iter().map(read).collect())
        }
        .boxed()
    }

    fn search<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        search: &'a Search,
    ) -> BoxFuture<'a, Result<Vec<Result<Row, RowError>>, SystemError>> {
        self.system.search(table, columns, search)
    }

    fn ids<'a>(
        &'a self,
        table: &'a TableName,
        page: Option<&'a PageLink>,
    ) -> BoxFuture<'a, Result<IdPage, SystemError>> {
        self.system.ids(table, page)
    }

    fn fate<'a>(
        &'a self,
        table: &'a TableName,
        last: &'a LastKnown,
    ) -> BoxFuture<'a, Result<Fate, SystemError>> {
        self.system.fate(table, last)
    }

    fn made_elsewhere<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<Vec<RowId>, SystemError>> {
        self.system.made_elsewhere(table)
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>> {
        async move {
            let mut outcomes = Vec::with_capacity(writes.len());
            for write in writes {
                outcomes.push(self.appear(write).await);
            }
            outcomes
        }
        .boxed()
    }
}
